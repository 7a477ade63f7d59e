"""Faces as they would be after a transformation, read by the near-twin search as if they existed.

In go small faces and a function on blocks of them (n, H, W) to (n, H, W); out come views of them,
all or both (the faces and, after them, the transformed ones). Nothing is kept.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from fertools.checks._small import Integers, Pixels, Small

Turn = Callable[[Pixels], Pixels]


@dataclass(frozen=True, slots=True)
class Each:
    """The faces after the transformation, each in its place."""

    faces: Small
    turn: Turn

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, places: slice | Integers, /) -> Pixels:
        return self.turn(self.faces[places])


@dataclass(frozen=True, slots=True)
class Both:
    """The n faces, and after them the n faces again, transformed."""

    faces: Small
    turn: Turn

    def __len__(self) -> int:
        return 2 * len(self.faces)

    def __getitem__(self, places: slice | Integers, /) -> Pixels:
        wanted = np.arange(len(self))[places]
        turned = wanted >= len(self.faces)
        plain = self.faces[wanted[~turned]]
        return np.concatenate([plain, self.turn(self.faces[wanted[turned] - len(self.faces)])])


def equalised(faces: Pixels) -> Pixels:
    """Every face with its histogram equalised."""
    return np.stack([cv2.equalizeHist(face) for face in faces]) if len(faces) else faces


def blurred(sigma: float) -> Turn:
    """A Gaussian blur, edges repeated."""

    def turn(faces: Pixels) -> Pixels:
        return np.round(soften(faces.astype(np.float32), sigma)).astype(np.uint8)

    return turn


def quarters(times: int) -> Turn:
    """Quarter turns, counter-clockwise; the faces must be square."""

    def turn(faces: Pixels) -> Pixels:
        return np.ascontiguousarray(np.rot90(faces, times, axes=(1, 2)))

    return turn


def rotated(degrees: float) -> Turn:
    """A rotation about the centre, counter-clockwise, edges repeated."""

    def turn(faces: Pixels) -> Pixels:
        return np.stack([rotate(face, degrees) for face in faces]) if len(faces) else faces

    return turn


def rotate(face: Pixels, degrees: float) -> Pixels:
    """One face rotated about its centre, bilinear, edges repeated."""
    height, width = face.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    turned = cv2.warpAffine(face, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return turned.astype(np.uint8, copy=False)


def soften(faces: npt.NDArray[np.float32], sigma: float) -> npt.NDArray[np.float32]:
    """A Gaussian blur of faces (n, H, W) by two matrix products, edges repeated."""
    rows, columns = (_kernel(side, sigma) for side in faces.shape[1:])
    return np.asarray(rows @ faces @ columns.T)


def _kernel(side: int, sigma: float) -> npt.NDArray[np.float32]:
    reach = int(np.ceil(4 * sigma))
    offset = np.arange(-reach, reach + 1)
    weight = np.exp(-0.5 * (offset / sigma) ** 2)
    matrix = np.zeros((side, side))
    for row in range(side):
        np.add.at(matrix[row], (row + offset).clip(0, side - 1), weight)
    return np.asarray(matrix / weight.sum(), np.float32)
