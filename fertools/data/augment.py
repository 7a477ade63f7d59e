"""Augmentation of whole batches in plain torch, on the CPU or a GPU.

In goes a tensor of images `(n, channels, height, width)`, uint8 in 0..255 or float in 0..1; out
comes one of the same type and range, and of the same shape but for `crop`. What is drawn is said by
`recipe.Augment`.

The order is that of Keras' ImageDataGenerator: one affine warp (rotation, shift, shear, zoom as one
matrix, so pixels are interpolated once), mirror image, noise; then a rectangle is erased and a
window cut out. Geometry is drawn on the CPU, so a seed gives the same geometry on every device;
noise is drawn where the images are.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from fertools.recipe import Augment

Array = npt.NDArray[np.float64]


class BatchAugment:
    """Draws anew for every image of every batch; calls after one another continue one stream.

    `seed` may be several numbers: with (seed, epoch, rank) a run that is resumed at an epoch draws
    what an uninterrupted one would have drawn.
    """

    def __init__(self, augment: Augment, seed: int | Sequence[int] = 0) -> None:
        self.augment = augment
        self.rng = np.random.default_rng(seed)

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """The changed images, on the device, in the type and in the range of `images`."""
        a = self.augment
        whole = not images.is_floating_point()
        x = images.to(torch.float32)
        if a.rotation or a.shift or a.shear or a.zoom:
            matrices = self._matrices(len(x), x.shape[2], x.shape[3])
            x = warp(x, torch.from_numpy(matrices))
        elif a.flip:  # exact, and far cheaper than a warp
            flip = torch.from_numpy(self._flips(len(x))).to(x.device)
            x = torch.where(flip[:, None, None, None], x.flip(3), x)
        top = 255.0 if whole else 1.0
        if a.noise[1] or a.stretch:
            x = self._noise(x, top)
        if a.erase:
            x = self._erase(x)
        if a.crop:
            x = self._window(x)
        return x.round_().to(images.dtype) if whole else x.to(images.dtype)

    def mix(self, images: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Each image and target mixed with another's of the batch, by mixup or by cutmix.

        `targets` are probabilities `(n, classes)`. Each pair has a share of its own.
        """
        a, n = self.augment, len(images)
        cut = bool(a.cutmix) and not (a.mixup and self.rng.random() < 0.5)
        alpha = a.cutmix if cut else a.mixup
        if not alpha:
            return images, targets
        share = self.rng.beta(alpha, alpha, n)
        other = torch.from_numpy(self.rng.permutation(n)).to(images.device)
        if cut:
            images, share = self._cut(images, images[other], share)
        own = torch.from_numpy(share).to(images.device, torch.float32)
        mixed = torch.lerp(targets[other], targets, own.to(targets.dtype)[:, None])
        return images if cut else _blend(images, other, own), mixed

    def _cut(
        self, images: torch.Tensor, others: torch.Tensor, share: Array
    ) -> tuple[torch.Tensor, Array]:
        """CutMix (Yun et al. 2019): a rectangle of the image's shape, 1 - `share` of its area, from
        the other image, wholly inside; with the share that whole pixels left.
        """
        height, width = images.shape[2:]
        side = np.sqrt(1 - share)
        rows, columns = self._stripe(side * height, height), self._stripe(side * width, width)
        left = 1 - rows.mean(1) * columns.mean(1)
        hole = torch.from_numpy(rows[:, None, :, None] & columns[:, None, None, :])
        return torch.where(hole.to(images.device), others, images), left

    def _window(self, x: torch.Tensor) -> torch.Tensor:
        """A random window of `crop` pixels a side from each image, unscaled."""
        side, n = self.augment.crop, len(x)
        start = [self.rng.integers(0, of - side + 1, n) for of in x.shape[2:]]
        rows, columns = (torch.from_numpy(s[:, None] + np.arange(side)).to(x.device) for s in start)
        every = torch.arange(n, device=x.device)[:, None, None]
        return x.movedim(1, 3)[every, rows[:, :, None], columns[:, None, :]].movedim(3, 1)

    def _matrices(self, n: int, height: int, width: int) -> Array:
        """One inverse matrix per image, drawn in Keras' order, the mirror image included."""
        a, u = self.augment, self.rng.uniform
        rotation = u(-a.rotation, a.rotation, n)
        # Keras multiplies its first shift by the height and calls it x; the same on square images.
        tx, ty = u(-a.shift, a.shift, n) * height, u(-a.shift, a.shift, n) * width
        shear = u(-a.shear, a.shear, n)
        zx, zy = u(1 - a.zoom, 1 + a.zoom, (2, n))
        if a.zoom_axes == "joint":
            zy = zx
        matrices = keras_matrices(rotation, tx, ty, shear, zx, zy, height, width)
        return mirrored(matrices, self._flips(n), width)

    def _flips(self, n: int) -> npt.NDArray[np.bool_]:
        return self.rng.random(n) < self.augment.flip

    def _noise(self, x: torch.Tensor, top: float) -> torch.Tensor:
        """x + N(0, 1) * U(low, high) gray levels, then cut or spread to the range 0..`top`."""
        if self.augment.noise[1]:
            generator = torch.Generator(x.device).manual_seed(int(self.rng.integers(2**62)))
            noise = torch.randn(x.shape, generator=generator, device=x.device)
            levels = torch.from_numpy(self.rng.uniform(*self.augment.noise, len(x)) * top / 255)
            x = x + noise * levels.to(x)[:, None, None, None]
        if not self.augment.stretch:
            return x.clamp(0, top)
        lowest, highest = x.amin((1, 2, 3), keepdim=True), x.amax((1, 2, 3), keepdim=True)
        return (x - lowest) * (top / (highest - lowest).clamp_min(1e-12))

    def _erase(self, x: torch.Tensor) -> torch.Tensor:
        """Random erasing (Zhong et al. 2020), aspect 1:3 to 3:1, filled with the image's mean."""
        n, _, height, width = x.shape
        share = self.rng.uniform(*self.augment.erase_area, n)
        stretch = np.exp(self.rng.uniform(-0.5 * math.log(3), 0.5 * math.log(3), n))
        share[self.rng.random(n) >= self.augment.erase] = 0
        inside = [
            self._stripe(np.sqrt(share) * side * factor, side)
            for side, factor in ((height, stretch), (width, 1 / stretch))
        ]
        rows, columns = (torch.from_numpy(stripe).to(x.device) for stripe in inside)
        hole = (rows[:, :, None] & columns[:, None, :])[:, None]
        return torch.where(hole, x.mean((1, 2, 3), keepdim=True), x)

    def _stripe(self, length: Array, side: int) -> npt.NDArray[np.bool_]:
        """`(n, side)`: which pixels of an axis lie in a random stripe of `length`, whole pixels."""
        length = np.minimum(np.rint(length), side)
        start = np.floor(self.rng.random(len(length)) * (side - length + 1))
        at = np.arange(side)
        return (at >= start[:, None]) & (at < (start + length)[:, None])


def keras_matrices(
    rotation: Array,
    tx: Array,
    ty: Array,
    shear: Array,
    zx: Array,
    zy: Array,
    height: int,
    width: int,
) -> Array:
    """Keras' `apply_affine_transform` as `(n, 3, 3)`: where an output pixel (x, y) looks.

    The product is centre . rotation . shift . shear . zoom . -centre; angles in degrees, shifts in
    pixels. The centre is (height / 2 - 0.5, width / 2 - 0.5) although x comes first: Keras' own
    quirk, of no effect on square images.
    """
    r, s = np.deg2rad(rotation), np.deg2rad(shear)
    one = np.ones_like(r)
    centre = (height / 2 - 0.5) * one, (width / 2 - 0.5) * one
    rotate = _matrix(np.cos(r), -np.sin(r), 0 * one, np.sin(r), np.cos(r), 0 * one)
    slant = _matrix(one, -np.sin(s), 0 * one, 0 * one, np.cos(s), 0 * one)
    scale = _matrix(zx, 0 * one, 0 * one, 0 * one, zy, 0 * one)
    back = _shift(-centre[0], -centre[1])
    product: Array = _shift(*centre) @ rotate @ _shift(tx, ty) @ slant @ scale @ back
    return product


def mirrored(matrices: Array, flip: npt.NDArray[np.bool_], width: int) -> Array:
    """`matrices` with a mirror image after the warp where `flip` is true."""
    sign = np.where(flip, -1.0, 1.0)
    zero = np.zeros_like(sign)
    mirror = _matrix(sign, zero, np.where(flip, width - 1.0, 0.0), zero, zero + 1, zero)
    return matrices @ mirror


def warp(images: torch.Tensor, matrices: torch.Tensor) -> torch.Tensor:
    """Resample float `images` bilinearly at `matrices @ (x, y, 1)`, with borders replicated.

    `matrices` are `(n, 3, 3)` in pixels, pixel centres at whole numbers, x to the right, as
    `cv2.warpAffine` takes them with `WARP_INVERSE_MAP`.
    """
    height, width = images.shape[2:]
    # affine_grid counts from -1 to 1 between the outer edges of the first and last pixel.
    to_unit = torch.tensor(
        [[2 / width, 0, 1 / width - 1], [0, 2 / height, 1 / height - 1], [0, 0, 1]],
        dtype=torch.float64,
    )
    theta = (to_unit @ matrices.to("cpu", torch.float64) @ torch.linalg.inv(to_unit))[:, :2]
    grid = functional.affine_grid(theta.to(images), list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="border", align_corners=False)


def _blend(images: torch.Tensor, other: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    """Mixup (Zhang et al. 2018): the share `own` (n,) of each image, the rest of its other."""
    x = images.to(torch.float32)
    x = torch.lerp(x[other], x, own[:, None, None, None])
    return (x if images.is_floating_point() else x.round_()).to(images.dtype)


def _matrix(a: Array, b: Array, c: Array, d: Array, e: Array, f: Array) -> Array:
    """`(n, 3, 3)` of the rows (a, b, c), (d, e, f), (0, 0, 1)."""
    zero, one = np.zeros_like(a), np.ones_like(a)
    rows: list[list[Any]] = [[a, b, c], [d, e, f], [zero, zero, one]]
    return np.moveaxis(np.array(rows), 2, 0)


def _shift(x: Array, y: Array) -> Array:
    one, zero = np.ones_like(x), np.zeros_like(x)
    return _matrix(one, zero, x, zero, one, y)
