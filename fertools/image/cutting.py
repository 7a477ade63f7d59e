"""Cut a face out of a picture by its box, square, in the size that is asked for.

In go pixels of the upright image and a box in them; out comes a square face of the same kind.
"""

from collections.abc import Sequence
from math import floor, isfinite

import cv2
import numpy as np
import numpy.typing as npt

from fertools.errors import unknown
from fertools.image.header import MAX_PIXELS, ImageFault

Pixels = npt.NDArray[np.uint8]

ASPECTS = ("expand", "pad", "squash")


def region(
    box: Sequence[float], height: int, width: int, *, margin: float = 0.0, aspect: str = "expand"
) -> tuple[int, int, int, int]:
    """The whole pixels `x0, y0, x1, y1` that `crop` takes for a box of a height x width picture.

    The box is clipped to the picture and grown on each side by `margin` times its own width or
    height. `expand`: the shorter side grows about the centre until the region is square; it may
    reach out of the picture. `pad` and `squash`: clipped again and truncated to whole pixels.
    Raises `ImageFault("bad_box")` for a box that covers no pixel of the picture.
    """
    if aspect not in ASPECTS:
        raise unknown("aspect", aspect, list(ASPECTS))
    x0, y0, x1, y1 = (float(side) for side in box)
    if not all(map(isfinite, (x0, y0, x1, y1))):
        raise ImageFault("bad_box", f"box {x0:g},{y0:g},{x1:g},{y1:g}")
    left, top, right, bottom = max(x0, 0.0), max(y0, 0.0), min(x1, width), min(y1, height)
    if int(right) <= int(left) or int(bottom) <= int(top):
        where = f"a picture of {width} x {height}"
        raise ImageFault("bad_box", f"box {x0:g},{y0:g},{x1:g},{y1:g} covers no pixel of {where}")
    dx, dy = margin * (right - left), margin * (bottom - top)
    left, top, right, bottom = left - dx, top - dy, right + dx, bottom + dy
    if aspect != "expand":
        start = int(max(left, 0.0)), int(max(top, 0.0))
        return *start, int(min(right, width)), int(min(bottom, height))
    side = floor(max(right - left, bottom - top) + 0.5)
    column = floor((left + right - side) / 2 + 0.5)
    row = floor((top + bottom - side) / 2 + 0.5)
    return column, row, column + side, row + side


def crop(
    image: Pixels,
    box: Sequence[float],
    *,
    size: int,
    margin: float = 0.0,
    aspect: str = "expand",
    interpolation: str = "area",
) -> Pixels:
    """Cut a face out and scale it to (size, size[, 3]); the pixels taken are those of `region`.

    `expand` takes more of the picture and replicates its border where it ends; `pad` makes the cut
    square by replicating the border of the cut; `squash` stretches it, the published recipe
    `cv2.resize(image[y0:y1, x0:x1], (size, size))`. `area` is INTER_AREA to shrink and INTER_CUBIC
    to enlarge; `cubic` is INTER_CUBIC for both. Raises `ImageFault("bad_box")`, see `region`, and
    `too_large` where the square would have more than `MAX_PIXELS`.
    """
    height, width = image.shape[:2]
    x0, y0, x1, y1 = region(box, height, width, margin=margin, aspect=aspect)
    cut = image[max(y0, 0) : min(y1, height), max(x0, 0) : min(x1, width)]
    if aspect == "expand":
        cut = _replicate(cut, max(-y0, 0), max(y1 - height, 0), max(-x0, 0), max(x1 - width, 0))
    elif aspect == "pad":
        tall, wide = cut.shape[:2]
        side = max(tall, wide)
        above, before = (side - tall) // 2, (side - wide) // 2
        cut = _replicate(cut, above, side - tall - above, before, side - wide - before)
    return _resize(cut, size, size, interpolation)


def fit(image: Pixels, size: int, *, aspect: str = "pad", interpolation: str = "area") -> Pixels:
    """Scale an image that is a face already to (size, size[, 3]); untouched if it has that size.

    `expand` and `pad` are the same here, since there is no picture around it to grow into.
    """
    height, width = image.shape[:2]
    if (height, width) == (size, size):
        return image
    whole = (0, 0, width, height)
    return crop(image, whole, size=size, aspect=aspect, interpolation=interpolation)


def _replicate(image: Pixels, top: int, bottom: int, left: int, right: int) -> Pixels:
    if not (top or bottom or left or right):
        return image
    height, width = image.shape[0] + top + bottom, image.shape[1] + left + right
    if height * width > MAX_PIXELS:  # a picture of 16 x 16,400 would become 269 million pixels
        raise ImageFault("too_large", f"made square it has {width} x {height} pixels")
    kind = cv2.BORDER_REPLICATE
    grown = cv2.copyMakeBorder(image, top, bottom, left, right, kind)
    return grown.astype(np.uint8, copy=False)


def _resize(image: Pixels, height: int, width: int, interpolation: str) -> Pixels:
    if interpolation not in ("area", "cubic"):
        raise unknown("interpolation", interpolation, ["area", "cubic"])
    if image.shape[:2] == (height, width):
        return image.copy()  # else a face would keep its whole photograph in memory
    shrinks = height <= image.shape[0] and width <= image.shape[1]
    area = interpolation == "area" and shrinks
    kind = cv2.INTER_AREA if area else cv2.INTER_CUBIC
    return cv2.resize(image, (width, height), interpolation=kind).astype(np.uint8, copy=False)
