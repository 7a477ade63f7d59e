"""A photograph: the faces in it, cut for a run.

In go the bytes of a picture; out comes a `Photo` with its faces, or an `ImageFault` that says why
there are none. Decoding follows `ingest`: a large JPEG is decoded at the coarsest scale that still
shows the detector enough, and again where a face turns out to need more, so that a photograph of
the data set gives the very face that was stored.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fertools.flows._framing import Box, cut
from fertools.flows._run_crop import Crop
from fertools.image import (
    Image,
    ImageFault,
    Pixels,
    crop,
    decode,
    fit,
    from_gray,
    region,
    to_gray,
    upright_size,
)
from fertools.ingest.extract import SCALES, detector_of, largest, scale_to_look
from fertools.runs import Contract

MULTIPLE = ("all", "largest", "best", "skip")
Boxes = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Found:
    """A face: its box and the part of the picture that was cut, in pixels of the upright picture
    in full, the detector's score (None where none looked), and the face as the network takes it."""

    box: Box
    taken: Box
    score: float | None
    face: Pixels


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture that could be read; `width` and `height` are those of the upright picture."""

    width: int
    height: int
    found: tuple[Found, ...]


class Cutter:
    """Finds the faces of pictures and cuts them; holds the detector.

    `multiple` is all, largest, best or skip.
    """

    def __init__(self, how: Crop, contract: Contract, multiple: str) -> None:
        self.how, self.contract, self.multiple = how, contract, multiple
        self.options = how.options
        self.detector = None if how.way == "as-is" else detector_of(how.options)

    def __call__(self, data: bytes) -> Photo:
        """The faces of a picture. Raises `ImageFault` and says why there are none."""
        if self.detector is None:
            return self._as_is(data)
        image = decode(data, reduce=scale_to_look(data, self.options))
        boxes, scores = self.detector(image.pixels, None)
        boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
        found = tuple(
            self._one(data, image, _box(boxes[at] * image.reduce), float(scores[at]))
            for at in self._chosen(boxes, scores)
        )
        return Photo(*upright_size(image), found)

    def _as_is(self, data: bytes) -> Photo:
        image = decode(data)
        own = self.options
        face = fit(image.pixels, self.contract.size, aspect=own.aspect,
                   interpolation=own.interpolation)  # fmt: skip
        width, height = upright_size(image)
        whole = (0.0, 0.0, float(width), float(height))
        return Photo(width, height, (Found(whole, whole, None, self._taken_in(face)),))

    def _chosen(self, boxes: Boxes, scores: npt.NDArray[np.float32]) -> list[int]:
        """Which of the boxes, best first, are looked at; as `ingest` chooses."""
        name, least = self.options.detector, self.options.min_score
        if not len(boxes):
            raise ImageFault("no_face", f"{name} sees no face")
        if len(boxes) > 1 and self.multiple == "skip":
            raise ImageFault("many_faces", f"{name} sees {len(boxes)} faces")
        chosen = list(range(len(boxes))) if self.multiple == "all" else [0]
        if self.multiple == "largest":
            chosen = [largest(boxes)]
        sure = [at for at in chosen if scores[at] >= least]
        if not sure:
            raise ImageFault("low_score", f"score {scores[chosen[0]]:.3f}, least is {least:g}")
        return sure

    def _one(self, data: bytes, image: Image, box: Box, score: float) -> Found:
        """A face, from the picture at a scale at which it has pixels enough."""
        side = self._side(box)
        if image.reduce > 1 and side / image.reduce < self._size(side):
            scale = next(s for s in SCALES if s == 1 or side / s >= self._size(side))
            image = decode(data, gray=self.options.channels == 1, reduce=scale)
        whole = [edge / image.reduce for edge in box]
        own, size = self.options, self._size(side)
        if self.how.framing is not None:
            square = self.how.framing.square(whole)
            face = cut(image.pixels, square, size, own.interpolation)
        else:
            square = _box(region(whole, *image.pixels.shape[:2], margin=own.margin,
                                 aspect=own.aspect))  # fmt: skip
            face = crop(image.pixels, whole, size=size, margin=own.margin, aspect=own.aspect,
                        interpolation=own.interpolation)  # fmt: skip
        taken = _box(edge * image.reduce for edge in square)
        return Found(box, taken, score, self._taken_in(face))

    def _size(self, side: float) -> int:
        """Side of the stored face; where the data set keeps each as it is, that of the cut."""
        return self.options.size or max(round(side / (1 + 2 * self.options.margin)), 1)

    def _side(self, box: Box) -> float:
        """Side of what is cut out around a box, in pixels of the picture in full."""
        if self.how.framing is not None:
            return self.how.framing.side * (box[2] - box[0])
        return max(box[2] - box[0], box[3] - box[1]) * (1 + 2 * self.options.margin)

    def _taken_in(self, face: Pixels) -> Pixels:
        """A face as it was stored becomes one as the network takes it, as `faces.Faces` reads."""
        if self.how.margin > 0:
            inner = max(1, round(face.shape[0] / (1 + 2 * self.how.margin)))
            start = (face.shape[0] - inner) // 2
            face = face[start : start + inner, start : start + inner]
        if self.options.channels == 1 or self.contract.channels == 1:
            face = to_gray(face)
        face = fit(face, self.contract.size)
        return from_gray(face) if self.contract.channels == 3 else face


def _box(edges: Iterable[float]) -> Box:
    x0, y0, x1, y1 = map(float, edges)
    return x0, y0, x1, y1
