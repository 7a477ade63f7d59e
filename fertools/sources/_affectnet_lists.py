"""AffectNet's lists of 2017: which line speaks of which picture, and what it says.

In goes a list (`training.csv`); out come its lines by their place in the file, so that half a
gigabyte of landmarks is never held, and on demand the cells of one.
"""

import csv
import hashlib
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import IO

from fertools.frame import Box, Frame
from fertools.roots import Member, open_member
from fertools.sources._together import copied, whole_path

COLUMNS = (
    "subDirectory_filePath", "face_x", "face_y", "face_width", "face_height", "facial_landmarks",
    "expression", "valence", "arousal",
)  # fmt: skip
NAME = re.compile(r"^(training|validation|automatically_annotated)\.csv$", re.IGNORECASE)
PLACE = re.compile(r"^\d+/[^/]+\.\w+$")
HOMES = {  # where the pictures of a list lie
    "training": "manually_annotated_images",
    "validation": "manually_annotated_images",
    "automatically_annotated": "automatically_annotated_images",
}
PACKED = r"(?:\.(?:zip|tar|tgz|gz))*"  # a folder may be an archive
POINTS = 68
LONGEST = 1 << 16  # bytes of a line; 136 coordinates take 1,300


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a list: where it stands, and the picture it names (None where that is missing).

    `copy_of` is the picture that is read for the line, where this one is another of its name.
    """

    part: str  # training, validation or automatically_annotated
    list: Member
    number: int  # counts rows from 0
    at: int  # bytes
    size: int  # bytes
    columns: tuple[str, ...]
    digest: str
    picture: Member | None
    copy_of: str | None = None

    @property
    def files(self) -> tuple[Member, ...]:
        """The picture."""
        return () if self.picture is None else (self.picture,)

    @property
    def said(self) -> str:
        """What determines the row besides its picture."""
        return f"{self.part} {self.number} {self.digest}"


def list_name(member: Member) -> str | None:
    """Which list a file is, by its name and its first line; None for any other file."""
    found = NAME.match(member.name)
    if found is None or member.fault:
        return None
    with open_member(member) as stream:
        cells = split(stream.readline(LONGEST))
    listed = cells[:1] == [COLUMNS[0]] or (len(cells) >= len(COLUMNS) and PLACE.match(cells[0]))
    return found[1].lower() if listed or COLUMNS[0] in cells else None


def lines(member: Member, name: str, pictures: Mapping[str, Sequence[Member]]) -> Iterator[Line]:
    """The rows of a list with their pictures, which `pictures` holds by `place_of`.

    Of several pictures that a line may name the one in the authors' folder is meant, else the
    first; each of the others is a row behind it.
    """
    with open_member(member) as stream:
        columns: tuple[str, ...] = COLUMNS
        at = number = 0
        while raw := stream.readline(LONGEST):
            start, at = at, at + len(raw)
            cells = split(raw)
            if start == 0 and COLUMNS[0] in cells:
                columns = tuple(cells)
            elif any(cells):
                path = dict(zip(columns, cells, strict=False)).get(COLUMNS[0], "")
                digest = hashlib.sha256(raw).hexdigest()[:16]
                found = _by_home(pictures.get(place_of(path), ()), name)
                meant = found[0] if found else None
                line = Line(name, member, number, start, len(raw), columns, digest, meant)
                yield line
                for other in found[1:]:
                    yield replace(line, picture=other, copy_of=found[0].path)
                number += 1


def _by_home(pictures: Sequence[Member], name: str) -> list[Member]:
    """The pictures of a line, those in the authors' folder first."""
    if len(pictures) < 2:
        return list(pictures)
    home = re.compile(rf"/{HOMES[name]}{PACKED}/\d+/[^/]+$", re.IGNORECASE)
    return sorted(pictures, key=lambda m: home.search(whole_path(m)) is None)


def place_of(path: str) -> str:
    """What a picture is found by: its folder and name, without regard to case."""
    return "/".join(path.replace("\\", "/").split("/")[-2:]).casefold()


def split(raw: bytes) -> list[str]:
    """The cells of a line; none where it is no line of a CSV."""
    try:
        cells = next(csv.reader(io.StringIO(raw.decode("utf-8-sig", "replace"))), [])
    except csv.Error:
        return []
    return [cell.strip() for cell in cells]


def frame_of(line: Line, stream: IO[bytes], parts: Mapping[str, str]) -> Frame:
    """The row of a line, whose list is open as `stream`; `parts` names the official parts."""
    stream.seek(line.at)
    cells = dict(zip(line.columns, split(stream.read(line.size)), strict=False))
    path = cells.get(COLUMNS[0], "").replace("\\", "/")
    where = f"{line.list.path}#{line.number}"
    status, detail = "ok", None
    if line.picture is None:
        status, detail = "missing", f"{where}: there is no picture {path}"
    elif line.copy_of:
        status, detail = "duplicate_id", copied(line.picture, line.copy_of)
    return Frame(
        key=path or f"{line.part}/row-{line.number}",
        path=where if line.picture is None else line.picture.path,
        image=line.picture if status == "ok" else None,
        status=status,
        detail=detail,
        raw_label=cells.get("expression", "").removesuffix(".0") or None,
        official_split=parts.get(line.part),
        valence=affect(number(cells.get("valence"))),
        arousal=affect(number(cells.get("arousal"))),
        landmarks=landmarks(cells.get("facial_landmarks", "").split(";")),
        box=_box(cells),
        extra={"labelled_by": "person" if line.part in parts else "network"},
    )


def number(text: str | None) -> float | None:
    """A cell as a finite number, or None."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def affect(value: float | None) -> float | None:
    """Valence or arousal; None beyond -1 .. 1, where -2 stands for none."""
    return value if value is not None and -1 <= value <= 1 else None


def landmarks(words: list[str]) -> list[float] | None:
    """68 points as x0 y0 x1 y1 .., or None."""
    points = [value for word in words if (value := number(word)) is not None]
    return points if len(points) == len(words) == 2 * POINTS else None


def _box(cells: Mapping[str, str]) -> Box | None:
    sides = [number(cells.get(name)) for name in COLUMNS[1:5]]
    x, y, width, height = (math.nan if side is None else side for side in sides)
    box = x, y, x + width, y + height
    return box if width > 0 and height > 0 and all(map(math.isfinite, box)) else None
