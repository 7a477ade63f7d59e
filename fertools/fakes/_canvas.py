"""A canvas in face units: filled outlines, strokes and soft spots on a float32 RGB image.

The image is drawn several times too large and shrunk by area at the end, so no primitive needs to
be anti-aliased by itself.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fertools.fakes._person import Colour

Floats = NDArray[np.float32]
Points = NDArray[np.float64]  # (n, 2): x, y in face units

_SUBPIXEL_BITS = 4  # cv2 draws with 1/16 pixel


@dataclass(frozen=True, slots=True)
class Canvas:
    """An image that is painted on, and the (2, 3) matrix from face units to its pixels."""

    image: Floats  # (h, w, 3), 0..255
    matrix: NDArray[np.float64]

    @property
    def scale(self) -> float:
        """Pixels per face unit."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix[:, :2]))))

    def pixels(self, points: Points) -> Points:
        """Points of the face as (n, 2) pixel coordinates; pixel centres are whole numbers."""
        placed: Points = points @ self.matrix[:, :2].T + self.matrix[:, 2]
        return placed

    def fill(self, outline: Points, colour: Colour) -> None:
        """Fill a closed outline."""
        cv2.fillPoly(self.image, [self._fixed(outline)], colour, shift=_SUBPIXEL_BITS)

    def stroke(self, points: Points, colour: Colour, width: float) -> None:
        """Draw an open line of a width in face units, never thinner than a pixel."""
        thick = max(1, round(width * self.scale))
        cv2.polylines(self.image, [self._fixed(points)], False, colour, thick, shift=_SUBPIXEL_BITS)

    def mask(self, outline: Points) -> Floats:
        """1 inside an outline and 0 outside, (h, w)."""
        inside = np.zeros(self.image.shape[:2], np.float32)
        cv2.fillPoly(inside, [self._fixed(outline)], (1.0,), shift=_SUBPIXEL_BITS)
        return inside

    def soft(
        self,
        centre: tuple[float, float],
        radii: tuple[float, float],
        colour: Colour,
        alpha: float,
        within: Floats | None = None,
    ) -> None:
        """Blend a colour in as a Gaussian spot; the radii are its standard deviations."""
        far = 2.7 * np.array([radii[0] + 0.15 * radii[1], radii[1] + 0.15 * radii[0]])
        middle = np.array(centre)
        rows, columns = self.window(np.array([middle - far, middle + far]))
        part = self.image[rows, columns]
        if not part.size:
            return
        x, y = self.units(rows, columns)
        spread = ((x - centre[0]) / radii[0]) ** 2 + ((y - centre[1]) / radii[1]) ** 2
        weight = alpha * np.exp(-spread / 2)
        if within is not None:
            weight *= within[rows, columns]
        part += (np.array(colour, np.float32) - part) * weight[..., None].astype(np.float32)

    def window(self, points: Points) -> tuple[slice, slice]:
        """Rows and columns of the image that hold all points; empty where they lie outside."""
        placed = self.pixels(points)
        low = np.maximum(placed.min(axis=0).astype(int) - 1, 0)
        high = np.clip(placed.max(axis=0).astype(int) + 2, low, None)
        height, width = self.image.shape[:2]
        columns = slice(min(int(low[0]), width), min(int(high[0]), width))
        return slice(min(int(low[1]), height), min(int(high[1]), height)), columns

    def units(self, rows: slice, columns: slice) -> tuple[Floats, Floats]:
        """The face coordinates (x, y) of every pixel of a part of the image."""
        back = np.linalg.inv(self.matrix[:, :2])
        x = np.arange(columns.start, columns.stop, dtype=np.float32) - self.matrix[0, 2]
        y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] - self.matrix[1, 2]
        across = (back[0, 0] * x + back[0, 1] * y).astype(np.float32)
        down = (back[1, 0] * x + back[1, 1] * y).astype(np.float32)
        return across, down

    def _fixed(self, points: Points) -> NDArray[np.int32]:
        return np.rint(self.pixels(points) * (1 << _SUBPIXEL_BITS)).astype(np.int32)


def placement(centre: tuple[float, float], scale: float, degrees: float) -> NDArray[np.float64]:
    """The (2, 3) matrix that puts a face at a pixel, with so many pixels per unit, turned."""
    turn = np.deg2rad(degrees)
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    return np.array([[cos, -sin, centre[0]], [sin, cos, centre[1]]])
