"""What a source hands over: one image at a time (`Frame`), or many rows at once (`Batch`).

A source describes; it does not open, decode or judge. The image of a frame is usually a `Member`,
which the ingest stage reads, so that every unreadable file becomes a row with a reason.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from fertools.errors import FerError
from fertools.roots import Member

Box = tuple[float, float, float, float]
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One image of a data set, or one record that gave none.

    `key` is unique within the data set and becomes the id `<data set>/<key>`. `image` is a member
    of the unit, encoded bytes, or pixels (uint8, (H, W) gray or (H, W, 3) RGB); it is None for a
    row with a `status` other than ok. `box` is x0 y0 x1 y1 in pixels of the upright image. The
    other fields are the manifest's columns; `extra` holds columns that the manifest does not know.
    """

    key: str
    path: str
    image: Member | bytes | Pixels | None = None
    status: str = "ok"
    detail: str | None = None
    raw_label: str | None = None
    subject: str | None = None
    sequence: str | None = None
    frame: int | None = None
    gender: str | None = None
    age: str | None = None
    race: str | None = None
    background: str | None = None
    captured_at: str | None = None
    official_split: str | None = None
    valence: float | None = None
    arousal: float | None = None
    votes: Mapping[str, int] | None = None
    rater_a_label: str | None = None
    rater_b_label: str | None = None
    rater_c_label: str | None = None
    action_units: str | None = None
    landmarks: Sequence[float] | None = None
    box: Box | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of a table that holds the faces themselves.

    `columns` maps manifest columns to equally long sequences; `key`, `path` and `status` are among
    them. `faces` is uint8, (n, H, W) or (n, H, W, 3), one for each row whose status is ok, in
    order.
    """

    columns: Mapping[str, Sequence[Any]]
    faces: Pixels

    def check(self) -> None:
        """Raise `FerError` where there are more or fewer faces than rows that are ok."""
        ok = sum(status == "ok" for status in self.columns["status"])
        if ok != len(self.faces):
            first = self.columns["path"][0]
            raise FerError(f"{first}: {len(self.faces)} faces for {ok} rows that are ok")

    def frames(self) -> Iterator[Frame]:
        """The rows one by one, for faces that are not taken as they are."""
        self.check()
        faces, known = iter(self.faces), {f.name for f in dataclasses.fields(Frame)}
        for values in zip(*self.columns.values(), strict=True):
            row = dict(zip(self.columns, values, strict=True))
            extra = {name: row.pop(name) for name in self.columns if name not in known}
            yield Frame(**row, image=next(faces) if row["status"] == "ok" else None, extra=extra)


# Columns that a frame gives by a field of the same name.
DESCRIBED = tuple(
    f.name
    for f in dataclasses.fields(Frame)
    if f.name not in ("key", "path", "image", "status", "detail", "box", "extra")
)


def rejected(member: Member, reason: str, detail: str = "", *, key: str | None = None) -> Frame:
    """The row of a file that is no image of the data set, with the reason: its own fault first."""
    if member.fault:
        reason, detail = member.fault, ""
    return Frame(
        key=key or member.inner,
        path=member.path,
        status=reason,
        detail=detail or f"{member.path}: {reason.replace('_', ' ')}",
    )


def option(default: Any, help: str) -> Any:
    """A field of a source's `Options`, with the text that the command line shows."""
    return field(default=default, metadata={"help": help})
