"""From a frame to a face: read, decode, find, cut, scale; every failure is a reason.

In goes a `Frame` of a source with its unit; out come the row's columns and the face, uint8 (S, S)
or (S, S, 3), or None with `status` and `detail` saying why there is none.

A large JPEG is decoded at a half, a quarter or an eighth where the face stays at least as large as
the output, and in gray where the output is gray and no detector looks at it: of several faces one
may seem the surest in gray and another in colour. Where the face turns out smaller than that, the
photograph is decoded again at the scale it needs.
"""

import functools
import json
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fertools import folder
from fertools.errors import unknown
from fertools.face_options import FaceOptions
from fertools.frame import DESCRIBED, Batch, Box, Frame, Pixels
from fertools.image import (
    Image,
    ImageFault,
    align,
    crop,
    decode,
    digest,
    file_digest,
    fit,
    from_gray,
    read_header,
    to_gray,
    upright_size,
)
from fertools.manifest import TYPES, VOTE_WORDS, clean_path, spread
from fertools.roots import READ_ERROR, Member, ReadFault, Unit

SMALL = 2_000_000  # pixels; below this an image is decoded in full, and has an image_hash
LOOK = 600  # pixels of the shorter side that a detector gets to see at least
SCALES = (8, 4, 2, 1)


@functools.lru_cache(maxsize=2)
def _detector(name: str, options: str) -> Any:
    """One detector per process: it holds a net."""
    module = folder.load("detectors", name)
    return module.load(module.Options(**json.loads(options)))


def detector_of(options: FaceOptions) -> Any:
    """The loaded detector of settled options."""
    return _detector(options.detector, json.dumps(options.detector_options, sort_keys=True))


def largest(boxes: npt.NDArray[np.floating[Any]]) -> int:
    """Which of the boxes (n, 4) has the largest area."""
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return int(area.argmax())


def is_large(data: bytes | Pixels, options: FaceOptions) -> bool:
    """Whether a picture may be decoded at a fraction of its size."""
    if isinstance(data, np.ndarray) or options.decode == "full":
        return False
    header = read_header(data)
    return header.height * header.width > SMALL


def scale_to_look(data: bytes | Pixels, options: FaceOptions) -> int:
    """The coarsest scale at which a detector sees enough of a large picture."""
    if options.size is None or isinstance(data, np.ndarray) or not is_large(data, options):
        return 1
    header = read_header(data)
    least, shorter = max(LOOK, 4 * options.size), min(header.height, header.width)
    return next(s for s in SCALES if s == 1 or shorter >= s * least)


def detector_facts(options: FaceOptions) -> dict[str, str]:
    """What determined the detector's answers, for the card."""
    found: dict[str, str] = detector_of(options).facts()
    return {"detector": options.detector, **found}


def given_up(frame: Frame, why: str) -> dict[str, Any]:
    """The row of a frame on which the process has died or hung, `why` being the status."""
    row = _described(frame)
    if frame.status == "ok":
        row |= {"status": why, "detail": f"{frame.path}: the process ended on it twice ({why})"}
    return row


def taken_apart(pieces: Iterable[Frame | Batch], options: FaceOptions) -> Iterator[Frame | Batch]:
    """What a source reads, with batches row by row where their faces are not taken as they are."""
    for piece in pieces:
        if isinstance(piece, Batch) and options.faces != "as-is":
            yield from piece.frames()
        else:
            yield piece


class Extractor:
    """Turns frames into faces by one set of options."""

    def __init__(self, options: FaceOptions) -> None:
        options.check()
        self.options = options

    def __call__(self, frame: Frame, unit: Unit) -> tuple[dict[str, Any], Pixels | None]:
        """The row of a frame, and its face or None."""
        row = _described(frame)
        if frame.status != "ok":
            return row, None
        try:
            face = self._coloured(self._face(frame, self._data(frame, unit), row))
        except ImageFault as fault:
            return row | {"status": fault.reason, "detail": f"{frame.path}: {fault}"}, None
        except ReadFault as fault:  # which names its file
            return row | {"status": fault.reason, "detail": str(fault)}, None
        except OSError as error:
            return row | {"status": READ_ERROR, "detail": f"{frame.path}: {error}"}, None
        row["face_hash"] = digest(face)
        return row, face

    def batch(self, batch: Batch, limit: int) -> tuple[pa.Table, Pixels]:
        """The rows of a batch, at most `limit`, and the faces of those that are ok, as they are."""
        batch.check()
        table = pa.table({k: pa.array(v, TYPES.get(k)) for k, v in batch.columns.items()})
        table = table.rename_columns(["id" if k == "key" else k for k in table.column_names])
        table = table.slice(0, limit)
        has = pc.equal(table["status"], "ok")
        faces = batch.faces[: int(pc.sum(has).as_py() or 0)]
        hashes = [digest(face) for face in faces]
        stored, stored_hashes = faces, hashes
        if len(faces) and self._fitted(faces[0]).shape != faces[0].shape:
            stored = np.stack([self._fitted(face) for face in faces])
            stored_hashes = [digest(face) for face in stored]
        columns = {
            "width": [batch.faces.shape[2]] * len(faces),
            "height": [batch.faces.shape[1]] * len(faces),
            "image_hash": hashes,
            "face_hash": stored_hashes,
        }
        for name, values in columns.items():
            table = table.append_column(name, spread(pa.array(values, TYPES[name]), has))
        return table, stored

    def _data(self, frame: Frame, unit: Unit) -> bytes | Pixels:
        """What the frame's image is made of: bytes of a file, or pixels."""
        image = frame.image
        if image is None:
            raise ImageFault("no_image", "the record has no image")
        if isinstance(image, np.ndarray) and (
            image.dtype != np.uint8 or image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,))
        ):
            what = f"{image.dtype} pixels of shape {image.shape}"
            raise ImageFault("not_an_image", f"{what}, not uint8 of (H, W) or (H, W, 3)")
        return unit.read(image) if isinstance(image, Member) else image

    def _face(self, frame: Frame, data: bytes | Pixels, row: dict[str, Any]) -> Pixels:
        way = self.options.faces
        if way == "auto":
            way = "detect" if frame.box is None else "annotation"
        if way == "annotation" and frame.box is None:
            raise ImageFault("no_box", "the data set gives no box for it")
        scale = self._scale(data, frame.box if way == "annotation" else None)
        image = self._image(data, scale, looked_at=way == "detect")
        self._note(image, data, row)
        if self.options.align and frame.landmarks is not None:
            return self._aligned(frame, data, image)
        if way == "as-is":
            height, width = image.pixels.shape[:2]
            row |= _box((0, 0, width, height), "image")
            return self._fitted(image.pixels)
        box = frame.box if way == "annotation" else self._found(frame, image, row)
        assert box is not None
        row |= _box(box, "annotation" if way == "annotation" else "detector")
        if image.reduce > 1 and self._too_coarse(box, image.reduce):
            image = self._image(data, self._scale(data, box))
            self._note(image, data, row)
        return self._cut(image, box)

    def _cut(self, image: Image, box: Box) -> Pixels:
        return crop(
            image.pixels,
            [side / image.reduce for side in box],
            size=self.options.size or round(max(box[2] - box[0], box[3] - box[1])),
            margin=self.options.margin,
            aspect=self.options.aspect,
            interpolation=self.options.interpolation,
        )

    def _aligned(self, frame: Frame, data: bytes | Pixels, image: Image) -> Pixels:
        """The face by its landmarks, cut from the photograph in full."""
        if image.reduce > 1:
            image = self._image(data, 1)
        points = np.asarray(frame.landmarks, np.float64).reshape(-1, 2)
        size = self.options.size or max(image.pixels.shape[:2])
        return align(image.pixels, points, size=size, margin=self.options.margin)

    def _found(self, frame: Frame, image: Image, row: dict[str, Any]) -> Box:
        """The box of the face that the detector sees, in pixels of the image in full."""
        options = self.options
        detector = detector_of(options)
        given = None if frame.box is None else np.array([frame.box]) / image.reduce
        boxes, scores = detector(image.pixels, given)
        row["detector"] = options.detector
        if not len(boxes):
            raise ImageFault("no_face", f"{options.detector} sees no face")
        if len(boxes) > 1 and options.multiple == "skip":
            raise ImageFault("many_faces", f"{options.detector} sees {len(boxes)} faces")
        at = largest(boxes) if options.multiple == "largest" else 0
        row["detector_score"] = float(scores[at])
        if scores[at] < options.min_score:
            raise ImageFault("low_score", f"score {scores[at]:.3f}, least is {options.min_score:g}")
        x0, y0, x1, y1 = (float(side) * image.reduce for side in boxes[at])
        return x0, y0, x1, y1

    def _image(self, data: bytes | Pixels, scale: int, *, looked_at: bool = False) -> Image:
        if isinstance(data, np.ndarray):
            return Image(data, data.shape[1], data.shape[0], 1, 1)
        # luma alone is quicker, but is another image: small ones keep their colours for the hash
        gray = self.options.channels == 1 and is_large(data, self.options) and not looked_at
        return decode(data, gray=gray, reduce=scale)

    def _scale(self, data: bytes | Pixels, box: Box | None) -> int:
        """The coarsest scale at which the face is large enough, or a detector sees enough."""
        if self.options.faces == "as-is":
            return 1
        if box is None:
            return scale_to_look(data, self.options)
        whole = self.options.size is None or not is_large(data, self.options)
        if whole or isinstance(data, np.ndarray):
            return 1
        box = _within(box, data)
        return next(s for s in SCALES if s == 1 or not self._too_coarse(box, s))

    def _too_coarse(self, box: Box, scale: int) -> bool:
        """Whether what is cut out at this scale has fewer pixels than the stored face."""
        side = max(box[2] - box[0], box[3] - box[1]) * (1 + 2 * self.options.margin)
        return self.options.size is not None and side / scale < self.options.size

    def _note(self, image: Image, data: bytes | Pixels, row: dict[str, Any]) -> None:
        row |= {"width": image.width, "height": image.height}
        if isinstance(data, bytes) and "file_hash" not in row:  # a second look is at the same file
            row["file_hash"] = file_digest(data)
            row["orientation"] = image.orientation
        luma = self.options.channels == 1 and is_large(data, self.options)
        row["image_hash"] = digest(image.pixels) if image.reduce == 1 and not luma else None

    def _fitted(self, image: Pixels) -> Pixels:
        side = self.options.size or max(image.shape[:2])
        aspect, interpolation = self.options.aspect, self.options.interpolation
        return self._coloured(fit(image, side, aspect=aspect, interpolation=interpolation))

    def _coloured(self, face: Pixels) -> Pixels:
        if self.options.channels == 1 and face.ndim == 3:
            return to_gray(face)
        return from_gray(face) if self.options.channels == 3 and face.ndim == 2 else face


def _described(frame: Frame) -> dict[str, Any]:
    """What the source says of a frame, as columns."""
    row = {name: getattr(frame, name) for name in DESCRIBED}
    if strange := {*(frame.votes or {})} - {*VOTE_WORDS}:
        raise unknown("vote", min(strange), list(VOTE_WORDS))
    return {
        "id": clean_path(frame.key),
        "path": clean_path(frame.path),
        "status": frame.status,
        "detail": frame.detail,
        **row,
        **frame.extra,
    }


def _within(box: Box, data: bytes) -> Box:
    """What of a box lies in the upright picture of a file: no more of it is cut out."""
    width, height = upright_size(read_header(data))
    x0, y0, x1, y1 = box
    return max(x0, 0.0), max(y0, 0.0), min(x1, float(width)), min(y1, float(height))


def _box(box: Box, source: str) -> dict[str, Any]:
    names = ("box_x0", "box_y0", "box_x1", "box_y1")
    return {**dict(zip(names, box, strict=True)), "box_source": source}
