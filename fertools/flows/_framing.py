"""Where the crops of a data set lie about the box that a detector sees: measured, and applied.

In go stored faces and a detector; out comes a `Framing`: the square of the crop in widths of the
detected box. A data set that came as ready crops (FER2013, CK+48) is met again this way in a new
photograph.

Each stored face is enlarged, laid on a plain ground of its mean gray and shown to the detector. The
pixels around a crop are not known, and the ground changes what the detector sees. Of mean gray,
replicated border, mirrored border and a ramp to gray, gray at 1 to 2 sides of room disturbed the
middle of the box least, against the boxes of the same faces in their photographs: middle and width
are off by 0 to 1.5 % of the crop, the height by 7 to 10 %. So the width is the measure
(`tests/benchmarks/bench_predict.py`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fertools.errors import FerError
from fertools.image import Pixels, fit

Detector = Callable[[Pixels], tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]
Box = tuple[float, float, float, float]

SIDE = 144  # pixels that a smaller crop is enlarged to, at least: detectors miss smaller faces
ROOMS = (1.0, 1.5, 2.0)  # ground on each side, in sides of the crop, one after another
FEWEST = 20  # faces that a median may rest on
NORMAL = 1.4826  # of a median absolute deviation, to be read as a standard deviation


@dataclass(frozen=True, slots=True)
class Framing:
    """The crop about a detected box, all in widths of the box.

    The crop is a square of `side`, its middle `right` and `down` of the middle of the box. Medians
    over the `found` of `asked` faces on which the detector fires; `spread` are the robust standard
    deviations of the three between faces.
    """

    side: float
    right: float
    down: float
    spread: tuple[float, ...]
    found: int
    asked: int

    def square(self, box: Iterable[float]) -> Box:
        """The crop `x0, y0, x1, y1` that belongs to a box; it may reach out of the picture."""
        x0, y0, x1, y1 = box
        width = x1 - x0
        x, y = (x0 + x1) / 2 + self.right * width, (y0 + y1) / 2 + self.down * width
        half = self.side * width / 2
        return x - half, y - half, x + half, y + half

    def __str__(self) -> str:
        share, (side, right, down) = 100 * self.found / self.asked, self.spread
        return (
            f"on {self.found:,} of {self.asked:,} training faces ({share:.1f} %) the crop is "
            f"{self.side:.3f} (±{side:.3f}) widths of the box, its middle {self.right:+.3f} "
            f"(±{right:.3f}) right and {self.down:+.3f} (±{down:.3f}) down of the box's"
        )


def measure(faces: Iterable[Pixels], detector: Detector, name: str) -> Framing:
    """The framing of square faces, uint8 (S, S[, 3]), by a detector called `name`.

    Raises `FerError` where it fires on too few of them to tell.
    """
    found: list[tuple[float, float, float]] = []
    asked = 0
    for face in faces:
        box = seen(face, detector, ROOMS[asked % len(ROOMS)])
        asked += 1
        if box is not None:
            width = box[2] - box[0]
            x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
            found.append((1 / width, (0.5 - x) / width, (0.5 - y) / width))
    if len(found) < FEWEST:
        raise FerError(
            f"{name} sees a face on {len(found)} of {asked} training faces, too few to measure "
            "their crop; give another --detector, or the crop itself: --margin"
        )
    middle = np.median(found, axis=0)
    spread = NORMAL * np.median(np.abs(np.array(found) - middle), axis=0)
    side, right, down = (round(float(value), 4) for value in middle)
    spreads = tuple(round(float(value), 4) for value in spread)
    return Framing(side, right, down, spreads, len(found), asked)


def seen(face: Pixels, detector: Detector, room: float) -> Box | None:
    """The surest box that is centred on a face laid on a ground, in sides of the face; or None."""
    ground, start, side = on_ground(face, room)
    boxes = (np.asarray(detector(ground)[0], np.float64) - start) / side
    for box in boxes.reshape(-1, 4):
        if all(0 < (box[i] + box[i + 2]) / 2 < 1 for i in (0, 1)) and box[2] > box[0]:
            return float(box[0]), float(box[1]), float(box[2]), float(box[3])
    return None


def on_ground(face: Pixels, room: float) -> tuple[Pixels, int, int]:
    """A face with `room` sides of its mean colour around it; where it starts, and its side."""
    side = max(SIDE, face.shape[0])
    large = fit(face, side, interpolation="cubic")
    start = round(room * side)
    around = side + 2 * start
    ground = np.empty((around, around, *face.shape[2:]), np.uint8)
    ground[:] = np.round(face.mean(axis=(0, 1))).astype(np.uint8)
    ground[start : start + side, start : start + side] = large
    return ground, start, side


def cut(image: Pixels, square: Iterable[float], size: int, interpolation: str) -> Pixels:
    """The square of a picture as (size, size[, 3]); the border is replicated where it ends.

    `image.crop` clips a box to the picture before it makes it square, which would move the crop of
    a face at the border; here the square stays where the framing wants it.
    """
    x0, y0, x1, y1 = square
    side = max(round(x1 - x0), 1)
    left, top = round((x0 + x1 - side) / 2), round((y0 + y1 - side) / 2)
    rows = np.clip(np.arange(top, top + side), 0, image.shape[0] - 1)
    columns = np.clip(np.arange(left, left + side), 0, image.shape[1] - 1)
    return fit(image[np.ix_(rows, columns)], size, interpolation=interpolation)
