"""From a frame to a face: read, decode, find, cut, scale; every failure is a reason.

In goes a `Frame` of a source with its unit; out come the row's columns and the face, uint8 (S, S)
or (S, S, 3), or None with `status` and `detail` saying why there is none.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from fertools.errors import FerError, unknown
from fertools.frame import DESCRIBED, Batch, Frame, Pixels, option
from fertools.image import (
    Image,
    ImageFault,
    crop,
    decode,
    digest,
    file_digest,
    fit,
    from_gray,
    to_gray,
)
from fertools.manifest import TYPES
from fertools.roots import Member, ReadFault, Unit

WAYS = ("auto", "as-is", "annotation")


@dataclass(frozen=True, slots=True)
class FaceOptions:
    """How faces are cut and stored. All of it determines the result and stands in the card."""

    size: int | None = option(None, "side of the stored face in pixels")
    channels: int | None = option(None, "1 gray, 3 colour")
    interpolation: str = option("area", "area or cubic; area enlarges by cubic, too")
    aspect: str = option("expand", "expand, pad or squash: how a box becomes a square")
    faces: str = option("auto", f"where the face is: {', '.join(WAYS)}")
    margin: float = option(0.0, "context on each side, as a share of the box")

    def check(self) -> None:
        """Raise `FerError` for a value that is not known."""
        if self.faces not in WAYS:
            raise unknown("faces", self.faces, list(WAYS))
        if self.size is not None and not 8 <= self.size <= 4096:
            raise FerError(f"size {self.size}: from 8 to 4096 pixels")
        if self.channels not in (None, 1, 3):
            raise FerError(f"channels {self.channels}: 1 (gray) or 3 (colour)")


class Extractor:
    """Turns frames into faces by one set of options; holds what is costly to set up."""

    def __init__(self, options: FaceOptions) -> None:
        options.check()
        self.options = options

    def __call__(self, frame: Frame, unit: Unit) -> tuple[dict[str, Any], Pixels | None]:
        """The row of a frame, and its face or None."""
        row = _described(frame)
        if frame.status != "ok":
            return row, None
        try:
            face = self._face(frame, unit, row)
        except (ImageFault, ReadFault) as fault:
            row |= {"status": fault.reason, "detail": str(fault)}
            return row, None
        except OSError as error:
            row |= {"status": "unreadable", "detail": f"{frame.path}: {error}"}
            return row, None
        row["face_hash"] = digest(face)
        return row, face

    def batch(self, batch: Batch, limit: int) -> tuple[pa.Table, Pixels]:
        """The rows of a batch, at most `limit`, and the faces of those whose status is ok."""
        table = pa.table({k: pa.array(v, TYPES.get(k)) for k, v in batch.columns.items()})
        table = table.rename_columns(["id" if k == "key" else k for k in table.column_names])
        table = table.slice(0, limit)
        has = np.array(table["status"].to_numpy() == "ok")
        faces = batch.faces[: int(has.sum())]
        hashes = [digest(face) for face in faces]
        stored = np.stack([self._fitted(face) for face in faces]) if len(faces) else faces
        same = stored.shape == faces.shape
        columns = {
            "width": [batch.faces.shape[2]] * len(faces),
            "height": [batch.faces.shape[1]] * len(faces),
            "image_hash": hashes,
            "face_hash": hashes if same else [digest(face) for face in stored],
        }
        for name, values in columns.items():
            spread = np.full(len(has), None, object)
            spread[has] = values
            table = table.append_column(name, pa.array(spread, TYPES[name]))
        return table, stored

    def _fitted(self, image: Pixels) -> Pixels:
        side = self.options.size or max(image.shape[:2])
        aspect, interpolation = self.options.aspect, self.options.interpolation
        return self._coloured(fit(image, side, aspect=aspect, interpolation=interpolation))

    def _face(self, frame: Frame, unit: Unit, row: dict[str, Any]) -> Pixels:
        image = self._image(frame, unit, row)
        height, width = image.pixels.shape[:2]
        if self.options.faces == "as-is" or (self.options.faces == "auto" and frame.box is None):
            row |= _box((0, 0, width, height), "image")
            return self._fitted(image.pixels)
        if frame.box is None:
            raise ImageFault("no_box", f"{frame.path}: the data set gives no box for it")
        row |= _box(frame.box, "annotation")
        face = crop(
            image.pixels,
            frame.box,
            size=self.options.size or max(height, width),
            margin=self.options.margin,
            aspect=self.options.aspect,
            interpolation=self.options.interpolation,
        )
        return self._coloured(face)

    def _image(self, frame: Frame, unit: Unit, row: dict[str, Any]) -> Image:
        """The frame's image, upright; what is known of it goes into the row."""
        source = frame.image
        if isinstance(source, np.ndarray):
            image = Image(source, source.shape[1], source.shape[0], 1, 1)
        else:
            data = unit.read(source) if isinstance(source, Member) else source
            if data is None:
                raise ImageFault("no_image", f"{frame.path}: the record has no image")
            row["file_hash"] = file_digest(data)
            image = decode(data)
            row["orientation"] = image.orientation
        row |= {"width": image.width, "height": image.height, "image_hash": digest(image.pixels)}
        return image

    def _coloured(self, face: Pixels) -> Pixels:
        if self.options.channels == 1 and face.ndim == 3:
            return to_gray(face)
        return from_gray(face) if self.options.channels == 3 and face.ndim == 2 else face


def _described(frame: Frame) -> dict[str, Any]:
    """What the source says of a frame, as columns."""
    row = {name: getattr(frame, name) for name in DESCRIBED}
    return {
        "id": frame.key,
        "path": frame.path,
        "status": frame.status,
        "detail": frame.detail,
        **row,
        **frame.extra,
    }


def _box(box: tuple[float, float, float, float], source: str) -> dict[str, Any]:
    return dict(zip(("box_x0", "box_y0", "box_x1", "box_y1"), box, strict=True)) | {
        "box_source": source
    }


def as_dict(options: FaceOptions) -> dict[str, Any]:
    """The options as JSON holds them."""
    return dataclasses.asdict(options)
