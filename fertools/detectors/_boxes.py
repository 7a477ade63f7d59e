"""What every detector shares: the shape of its answer, and the arithmetic of boxes.

Boxes are float32 (n, 4), `x0, y0, x1, y1` in pixels of the image; scores are float32 (n,).
"""

import importlib
from types import ModuleType
from typing import Protocol

import numpy as np
import numpy.typing as npt

from fertools.errors import FerError
from fertools.image import Pixels

Floats = npt.NDArray[np.float32]
Detection = tuple[Floats, Floats]

INSTALL = "pip install 'fertools[faces]'"


class Detector(Protocol):
    """One loaded detector; made once per process and never shared between threads."""

    def __call__(self, image: Pixels, given: npt.ArrayLike | None = None) -> Detection:
        """Find the faces of an RGB (H, W, 3) or gray (H, W) uint8 image.

        `given` are the boxes (n, 4) that the data set itself states, in pixels of this image; only
        `annotation` looks at them. Returned boxes lie within the image, those whose middle was
        outside are gone, and scores fall.
        """
        ...

    def facts(self) -> dict[str, str]:
        """What determined the result, for the card: backend, versions, digests of the weights."""
        ...


def package(name: str, purpose: str) -> ModuleType:
    """Import a package of the `faces` extra, or say how to get it (`FerError`)."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise FerError(f"{purpose} needs the package {name} ({error}): {INSTALL}") from error


def tidy(boxes: npt.ArrayLike, scores: npt.ArrayLike, height: int, width: int) -> Detection:
    """Boxes clipped to a height x width image, without those centred outside it, best first.

    Equal scores are ordered by box, so that the order never depends on the detector's.
    """
    found = np.asarray(boxes, np.float32).reshape(-1, 4)
    sure = np.asarray(scores, np.float32).reshape(-1)
    x, y = (found[:, 0] + found[:, 2]) / 2, (found[:, 1] + found[:, 3]) / 2
    inside = (x >= 0) & (x <= width) & (y >= 0) & (y <= height)
    found = np.clip(found[inside], 0, np.array([width, height, width, height], np.float32))
    order = np.lexsort((*found.T[::-1], -sure[inside]))
    return found[order], sure[inside][order]


def overlap(box: Floats, others: Floats) -> Floats:
    """Intersection over union of one box with n others, (n,); 0 where both are empty."""
    start = np.maximum(box[:2], others[:, :2])
    sides = np.clip(np.minimum(box[2:], others[:, 2:]) - start, 0, None)
    shared = sides[:, 0] * sides[:, 1]
    areas = (others[:, 2] - others[:, 0]) * (others[:, 3] - others[:, 1])
    union = (box[2] - box[0]) * (box[3] - box[1]) + areas - shared
    share: Floats = shared / np.maximum(union, np.finfo(np.float32).tiny)
    return share


def suppress(boxes: Floats, scores: Floats, most: float) -> npt.NDArray[np.intp]:
    """Rows kept by greedy non-maximum suppression, best first.

    A box goes when its intersection over union with a better one that is kept exceeds `most`.
    """
    rest = np.argsort(-scores, kind="stable")
    kept = []
    while len(rest):
        best, rest = rest[0], rest[1:]
        kept.append(best)
        rest = rest[overlap(boxes[best], boxes[rest]) <= most]
    return np.array(kept, np.intp)
