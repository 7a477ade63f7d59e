"""Batch augmentation: Keras' matrices, the resampling, each step alone, seeds."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import ndimage

from fertools.data.augment import BatchAugment, keras_matrices, mirrored, warp
from fertools.recipe import Augment, load
from fertools.resources import resource

SYSTEM_C = load(resource("recipes", "system_c", ".toml")).augment


def smooth_images(n: int = 6, height: int = 48, width: int = 48) -> np.ndarray:
    """Blurred noise in 0..255, float32 `(n, 1, height, width)`."""
    noise = np.random.default_rng(3).random((n, 1, height, width))
    soft = ndimage.gaussian_filter(noise, (0, 0, 1.5, 1.5))
    return (255 * (soft - soft.min()) / np.ptp(soft)).astype(np.float32)


def keras_by_hand(theta, tx, ty, shear, zx, zy, h, w) -> np.ndarray:
    """The formula of one image, term by term, in plain floats."""
    t, s = math.radians(theta), math.radians(shear)
    ox, oy = h / 2 - 0.5, w / 2 - 0.5
    a, b = math.cos(t) * zx, (-math.cos(t) * math.sin(s) - math.sin(t) * math.cos(s)) * zy
    c, d = math.sin(t) * zx, (-math.sin(t) * math.sin(s) + math.cos(t) * math.cos(s)) * zy
    x = math.cos(t) * tx - math.sin(t) * ty
    y = math.sin(t) * tx + math.cos(t) * ty
    return np.array([[a, b, x + ox - a * ox - b * oy], [c, d, y + oy - c * ox - d * oy], [0, 0, 1]])


def draws(n: int, height: int, width: int) -> tuple[np.ndarray, ...]:
    """Parameters of system C, with a shear that can be seen."""
    u = np.random.default_rng(11).uniform
    zx, zy = u(0.8, 1.2, (2, n))
    shifts = u(-0.07, 0.07, n) * height, u(-0.07, 0.07, n) * width
    return u(-40, 40, n), *shifts, u(-20, 20, n), zx, zy


@pytest.mark.parametrize(("height", "width"), [(48, 48), (40, 64)])
def test_matrices_are_keras(height: int, width: int) -> None:
    parameters = draws(20, height, width)
    matrices = keras_matrices(*parameters, height, width)
    for k, matrix in enumerate(matrices):
        expected = keras_by_hand(*(p[k] for p in parameters), height, width)
        assert np.allclose(matrix, expected, atol=1e-12)


@pytest.mark.parametrize(("height", "width"), [(48, 48), (40, 64)])
def test_warp_is_scipys_affine_transform(height: int, width: int) -> None:
    images = smooth_images(6, height, width)
    matrices = keras_matrices(*draws(6, height, width), height, width)
    ours = warp(torch.from_numpy(images), torch.from_numpy(matrices)).numpy()
    swap = np.eye(3)[[1, 0, 2]]  # scipy counts rows first
    for image, matrix, result in zip(images, matrices, ours, strict=True):
        m = swap @ matrix @ swap
        theirs = ndimage.affine_transform(image[0], m[:2, :2], m[:2, 2], order=1, mode="nearest")
        assert np.abs(theirs - result[0]).max() < 0.02


def test_a_mirror_image_comes_after_the_warp() -> None:
    images = torch.from_numpy(smooth_images(2))
    matrices = keras_matrices(*draws(2, 48, 48), 48, 48)
    both = warp(images, torch.from_numpy(mirrored(matrices, np.array([True, False]), 48)))
    plain = warp(images, torch.from_numpy(matrices))
    assert torch.allclose(both[0], plain[0].flip(2), atol=0.02)
    assert torch.equal(both[1], plain[1])


def test_known_warps_move_known_pixels() -> None:
    image = torch.zeros(1, 1, 9, 9)
    image[0, 0, 2, 6] = 1  # row 2, column 6
    zero, one = np.zeros(1), np.ones(1)

    def where(*parameters: np.ndarray) -> list[int]:
        moved = warp(image, torch.from_numpy(keras_matrices(*parameters, 9, 9)))
        assert moved.max() == pytest.approx(1, abs=1e-5)
        return [int(i) for i in np.unravel_index(int(moved.argmax()), (9, 9))]

    assert where(zero, zero, zero, zero, one, one) == [2, 6]
    assert where(zero, 2 * one, zero, zero, one, one) == [2, 4]  # an output pixel looks right
    assert where(zero, zero, 2 * one, zero, one, one) == [0, 6]
    assert where(90 * one, zero, zero, zero, one, one) == [2, 2]
    assert where(zero, zero, zero, zero, 2 * one, one) == [2, 5]  # looks twice as far: shrinks


def test_nothing_drawn_changes_nothing() -> None:
    images = torch.randint(0, 256, (4, 3, 20, 24), dtype=torch.uint8)
    assert torch.equal(BatchAugment(Augment())(images), images)
    assert torch.equal(BatchAugment(Augment(flip=1e-12))(images), images)


@pytest.mark.parametrize(
    "augment",
    [
        Augment(rotation=15, shift=0.06, zoom=0.12, flip=0.5, erase=0.5),
        Augment(noise=(4, 8)),
        SYSTEM_C,
    ],
)
def test_bytes_and_floats_agree_and_seeds_repeat(augment: Augment) -> None:
    pixels = torch.from_numpy(smooth_images()).to(torch.uint8)
    first = BatchAugment(augment, seed=(1, 2, 3))
    once, again = first(pixels), first(pixels)
    assert once.dtype == torch.uint8 and once.shape == pixels.shape
    assert not torch.equal(once, again)
    twin = BatchAugment(augment, seed=(1, 2, 3))
    assert torch.equal(twin(pixels), once) and torch.equal(twin(pixels), again)
    assert not torch.equal(BatchAugment(augment, seed=(1, 2, 4))(pixels), once)
    floats = BatchAugment(augment, seed=(1, 2, 3))(pixels / 255)
    assert floats.dtype == torch.float32 and floats.min() >= 0 and floats.max() <= 1
    assert (floats * 255 - once.float()).abs().max() <= 0.51
    half = BatchAugment(augment, seed=(1, 2, 3))((pixels / 255).to(torch.bfloat16))
    assert half.dtype == torch.bfloat16


def test_the_input_is_left_alone() -> None:
    images = torch.rand(4, 1, 16, 16)
    before = images.clone()
    BatchAugment(replace(SYSTEM_C, erase=1.0))(images)
    assert torch.equal(images, before)


@pytest.mark.parametrize("rotation", [0.0, 1e-9])  # without a warp, and as part of one
def test_half_of_the_images_are_mirrored(rotation: float) -> None:
    images = torch.rand(400, 1, 4, 4)
    out = BatchAugment(Augment(flip=0.5, rotation=rotation))(images)
    is_mirror = (out - images.flip(3)).abs().amax((1, 2, 3)) < 1e-5
    is_same = (out - images).abs().amax((1, 2, 3)) < 1e-5
    assert (is_mirror ^ is_same).all()
    assert 160 < is_mirror.sum() < 240


def test_draws_stay_in_their_units() -> None:
    ramp = torch.arange(100.0).expand(500, 1, 100, 100) / 100
    moved = BatchAugment(Augment(shift=0.07))(ramp)
    pixels = 100 * (moved - ramp)[:, 0, 50, 50]
    assert 6.5 < pixels.abs().max() <= 7.01 and pixels.min() < -6.5
    zoomed = BatchAugment(Augment(zoom=0.2))(ramp)
    slope = 100 * (zoomed[:, 0, 50, 51] - zoomed[:, 0, 50, 50])
    assert 0.8 - 1e-3 <= slope.min() < 0.81 and 1.19 < slope.max() <= 1.2 + 1e-3
    turned = BatchAugment(Augment(rotation=40))(ramp)
    cosine = 100 * (turned[:, 0, 50, 51] - turned[:, 0, 50, 50])
    assert math.cos(math.radians(40)) - 1e-3 <= cosine.min() < math.cos(math.radians(38))


@pytest.mark.parametrize(
    ("augment", "most"), [(Augment(rotation=30), 30.0), (Augment(shear=20), 20.0)]
)
def test_rotation_and_shear_go_both_ways(augment: Augment, most: float) -> None:
    ramp = torch.arange(60.0).expand(300, 1, 60, 60) / 60
    out = BatchAugment(augment)(ramp)
    lean = 60 * (out[:, 0, 31, 30] - out[:, 0, 30, 30])  # the sine of the angle
    end = math.sin(math.radians(most))
    assert end - 0.02 < lean.max() < end + 1e-3 and -end - 1e-3 < lean.min() < 0.02 - end


def test_zoom_is_joint_unless_told_otherwise() -> None:
    across = torch.arange(60.0).expand(50, 1, 60, 60) / 60
    images = torch.cat((across, across.transpose(2, 3)), 1)
    for axes, same in (("joint", True), ("separate", False)):
        out = 60 * BatchAugment(Augment(zoom=0.3, zoom_axes=axes))(images)
        x, y = out[:, 0, 30, 31] - out[:, 0, 30, 30], out[:, 1, 31, 30] - out[:, 1, 30, 30]
        assert torch.allclose(x, y, atol=1e-3) is same


def test_noise_has_the_deviation_it_says() -> None:
    gray = torch.full((200, 1, 48, 48), 0.5)
    deviation = 255 * BatchAugment(Augment(noise=(1, 5)))(gray).std((1, 2, 3))
    assert 0.9 < deviation.min() < 1.2 and 4.8 < deviation.max() < 5.2
    assert deviation.mean() == pytest.approx(3, abs=0.3)


def test_stretch_spreads_each_image_to_the_full_range() -> None:
    images = torch.rand(5, 3, 12, 12) * torch.linspace(0.1, 0.9, 5)[:, None, None, None]
    out = BatchAugment(Augment(stretch=True))(images)
    assert torch.allclose(out.amin((1, 2, 3)), torch.zeros(5))
    assert torch.allclose(out.amax((1, 2, 3)), torch.ones(5))
    flat = torch.full((1, 1, 4, 4), 0.3)
    assert torch.equal(BatchAugment(Augment(stretch=True))(flat), torch.zeros(1, 1, 4, 4))


def test_erased_rectangles_have_the_share_and_mean_they_should() -> None:
    images = torch.rand(300, 2, 40, 50)
    out = BatchAugment(Augment(erase=0.5, erase_area=(0.1, 0.3)))(images)
    changed = (out != images).any(1)
    share = changed.float().mean((1, 2))
    hit = share > 0
    assert 120 < hit.sum() < 180
    assert 0.08 < share[hit].min() < 0.14 and 0.26 < share[hit].max() < 0.33
    first = int(hit.nonzero()[0])
    rows, columns = changed[first].any(1), changed[first].any(0)
    assert torch.equal(changed[first], rows[:, None] & columns[None])
    assert torch.allclose(out[first][:, changed[first]], images[first].mean())


def test_mixup_blends_images_and_targets_alike() -> None:
    images = torch.eye(8)[:, None, None, :].expand(8, 1, 8, 8).contiguous()
    targets = torch.eye(8)
    mixed, blended = BatchAugment(Augment(mixup=0.4), seed=2).mix(images, targets)
    assert torch.allclose(mixed[:, 0, 0], blended, atol=1e-6)
    assert torch.allclose(blended.sum(1), torch.ones(8))
    assert ((blended > 0.01) & (blended < 0.99)).any()
    same = BatchAugment(Augment()).mix(images, targets)
    assert same[0] is images and same[1] is targets


def test_mixup_of_bytes_stays_bytes() -> None:
    images = torch.tensor([0, 200], dtype=torch.uint8)[:, None, None, None].expand(2, 1, 3, 3)
    mixed, targets = BatchAugment(Augment(mixup=1.0), seed=3).mix(images, torch.eye(2))
    assert mixed.dtype == torch.uint8
    assert (mixed[:, 0, 0, 0] - 200 * targets[:, 1]).abs().max() <= 0.5 + 1e-4


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_sees_the_same_geometry() -> None:
    images = torch.from_numpy(smooth_images()) / 255
    geometry = replace(SYSTEM_C, noise=(0, 0), stretch=False, erase=0.5)
    here = BatchAugment(geometry, seed=4)(images)
    there = BatchAugment(geometry, seed=4)(images.to("cuda"))
    assert there.is_cuda and torch.allclose(there.cpu(), here, atol=1e-4)
