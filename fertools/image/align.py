"""Align a face by its landmarks: the eyes level, everything else by scale and shift.

In go pixels and points of the upright image; out comes a square face. The template is the five mean
positions of ArcFace's alignment (Deng et al., CVPR 2019, the 112 x 112 frame of its released code),
made symmetric about the middle: our rotation comes from the eyes alone.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from fertools.image.header import ImageFault

Floats = npt.NDArray[np.float64]

# shares of the side: left eye, right eye, nose tip, left and right mouth corner as one sees them
TEMPLATE = np.array(
    [[0.3427, 0.4607], [0.6573, 0.4607], [0.5, 0.6405], [0.3697, 0.8240], [0.6303, 0.8240]]
)
EYE_POINTS = (slice(36, 42), slice(42, 48))  # of the 68-point mark-up (Sagonas et al., ICCV-W 2013)
NOSE_TIP, MOUTH_CORNERS = 30, (48, 54)


def five_points(points: npt.ArrayLike) -> Floats:
    """Eyes, nose tip and mouth corners, (5, 2), of 5 or 68 landmarks; the left one comes first.

    A point that is not known is NaN; both eyes must be known. Pairs are ordered by their x, so it
    does not matter whose left is meant; a face rolled by more than a right angle is upside down for
    `similarity`. Raises `ImageFault("bad_landmarks")` where there are no two eyes, `ValueError` for
    any other shape.
    """
    given = np.asarray(points, np.float64)
    if given.shape == (68, 2):
        eyes = [given[part].mean(axis=0) for part in EYE_POINTS]
        given = np.stack([*eyes, given[NOSE_TIP], *given[list(MOUTH_CORNERS)]])
    if given.shape != (5, 2):
        raise ValueError(f"landmarks of shape {given.shape}, not (5, 2) or (68, 2)")
    if not np.isfinite(given[:2]).all() or (given[0] == given[1]).all():
        raise ImageFault("bad_landmarks", "there are no two eyes among them")
    pairs = given.copy()
    for first, second in ((0, 1), (3, 4)):
        if pairs[first, 0] > pairs[second, 0]:
            pairs[[first, second]] = pairs[[second, first]]
    return pairs


def similarity(points: npt.ArrayLike, size: int, margin: float = 0.0) -> Floats:
    """The 2 x 3 matrix that takes points of the picture to a face of size x size.

    The rotation levels the eyes exactly; with it fixed, scale and shift are the least-squares fit
    of the known points to the template. `margin` is the context added on each side, as a share of
    the template's side. Raises `ImageFault("bad_landmarks")` as `five_points` does, and for a face
    that is upside down; of the eyes alone nobody can tell.
    """
    source = five_points(points)
    known = np.isfinite(source).all(axis=1)
    target = (TEMPLATE[known] + margin) / (1 + 2 * margin) * size
    source = source[known]
    across = source[1] - source[0]
    cosine, sine = across / np.hypot(*across)
    turn = np.array([[cosine, sine], [-sine, cosine]])
    centre, middle = source.mean(axis=0), target.mean(axis=0)
    turned = (source - centre) @ turn.T
    scale = float((turned * (target - middle)).sum() / (turned**2).sum())
    if not scale > 0:
        raise ImageFault("bad_landmarks", "they form no upright face")
    return np.column_stack([scale * turn, middle - scale * turn @ centre])


def align(
    image: npt.NDArray[np.uint8],
    points: npt.ArrayLike | Sequence[Sequence[float]],
    *,
    size: int,
    margin: float = 0.0,
) -> npt.NDArray[np.uint8]:
    """Cut a face out by its landmarks, eyes level, as (size, size[, 3]).

    `points` as in `five_points`, `margin` as in `similarity`. A larger face is shrunk by area
    averaging before it is turned (cubic), so that no pattern appears; the picture's border is
    replicated where it ends. Raises `ImageFault("bad_landmarks")` as `similarity` does.
    """
    matrix = similarity(points, size, margin)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < 1:
        height, width = (max(round(side * scale), 1) for side in image.shape[:2])
        shrunk = (width / image.shape[1], height / image.shape[0])
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
        # from the middles of the shrunk pixels back to the points of the picture
        matrix = matrix @ np.array([[1 / shrunk[0], 0, 0], [0, 1 / shrunk[1], 0], [0, 0, 1]])
    # points count from the corner of a pixel, warpAffine from its middle
    matrix = matrix.copy()
    matrix[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    warped = cv2.warpAffine(
        image, matrix, (size, size), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return warped.astype(np.uint8, copy=False)
