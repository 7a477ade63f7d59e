"""A CSV whose rows hold a 48x48 face as 2,304 numbers: read in blocks, at the speed of NumPy.

The pixels of some good rows stand in one text. Every number is computed at once, at the place where
it ends, from the three bytes before. Rows that are not 2,304 numbers from 0 to 255 are told by
counting blanks, digits and lengths, and get a reason each.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from fertools.errors import FerError
from fertools.frame import Batch, Pixels
from fertools.roots import Member, Unit, open_member
from fertools.roots.archives import impostor as not_data

SIDE = 48
COUNT = SIDE * SIDE
BLOCK = 4 << 20  # bytes of CSV at a time: lines and arrays of one block stay in the cache
TOGETHER = 32  # rows whose numbers are computed at once
LONGEST = 1 << 20  # bytes of one row; a good one has at most 9,300
FLOAT = re.compile(r"^(\d+)\.0$")  # pandas writes a column of numbers with gaps like this
PACKED = ((b"PK\x03\x04", "zip"), (b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))

Fault = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Layout:
    """What a table says besides the pixels: column names, and words of its `Usage` column in lower
    case.

    `prefix` stands before the number of a row in its key.
    """

    names: list[str]
    path: str
    usages: Mapping[str, str]
    prefix: str = ""


def impostor(start: bytes) -> str | None:
    """What a file really is, if its first bytes are not those of a table."""
    for sign, kind in PACKED:
        if start.startswith(sign):
            return f"a {kind} file under another name"
    return not_data(start)


def header(line: bytes) -> list[str]:
    """Column names of the first line: BOM, quotes and blanks stripped, in lower case."""
    text = line.decode("utf-8-sig", "replace")
    return [name.strip().strip('"').strip().lower() for name in text.rstrip("\r\n").split(",")]


def read(
    unit: Unit, member: Member, usages: Mapping[str, str], prefix: str = ""
) -> Iterator[Batch]:
    """The rows of a table in order, a block at a time; `path` is `file.csv#row`, from 0.

    A column `emotion` becomes `raw_label`; `usage` becomes `official_split` by the words of
    `usages`, which are in lower case; one that is not among them stays as the column `usage`. The
    key of a row is `prefix` and its number. Blank lines are no rows.
    """
    with unit.open(member) as stream:
        layout = Layout(header(stream.readline(LONGEST)), member.path, usages, prefix)
        if "pixels" not in layout.names:
            raise FerError(f"{member.path}: no column 'pixels' among {', '.join(layout.names)}")
        first = 0
        for lines in _lines(stream, member.path):
            rows = [_split(line, len(layout.names)) for line in lines]
            yield _batch(rows, layout, first)
            first += len(rows)


def words(member: Member, name: str) -> Iterator[str | None]:
    """The cells of a column in order, as words; none where the table lacks it."""
    with open_member(member) as stream:
        layout = Layout(header(stream.readline(LONGEST)), member.path, {})
        if name in layout.names:
            for lines in _lines(stream, member.path):
                yield from _column(
                    [_split(line, len(layout.names)) for line in lines], layout, name
                )


def _lines(stream: IO[bytes], path: str) -> Iterator[list[bytes]]:
    """Whole lines that hold something, about `BLOCK` bytes at a time."""
    rest = b""
    while block := stream.read(BLOCK):
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        if len(rest) > LONGEST:
            raise FerError(f"{path}: a line of over {LONGEST} bytes; this is no table of pixels")
        yield [line for line in lines if len(line) > 1 or line.strip()]
    if rest.strip():
        yield [rest]


def _split(line: bytes, count: int) -> list[bytes] | None:
    """The fields of a line without their quotes, or None where there are not `count` of them."""
    fields = line.replace(b'"', b"").rstrip(b"\r").split(b",")
    return fields if len(fields) == count else None


def _batch(rows: list[list[bytes] | None], layout: Layout, first: int) -> Batch:
    at = layout.names.index("pixels")
    faces, faults = parse([row[at] if row else b"" for row in rows])
    for place, row in enumerate(rows):
        if row is None:
            faults[place] = ("wrong_columns", f"not the {len(layout.names)} fields of the header")
    numbers = range(first, first + len(rows))
    usage = _column(rows, layout, "usage")
    parts = [layout.usages.get(word.lower()) if word else None for word in usage]
    strange = [None if part else word for word, part in zip(usage, parts, strict=True)]
    columns: dict[str, Sequence[Any]] = {
        "key": [f"{layout.prefix}{n:05d}" for n in numbers],
        "path": [f"{layout.path}#{n}" for n in numbers],
        "status": [faults[i][0] if i in faults else "ok" for i in range(len(rows))],
        "detail": [
            f"{layout.path}, row {n}: {faults[i][1]}" if i in faults else None
            for i, n in enumerate(numbers)
        ],
        "raw_label": _column(rows, layout, "emotion"),
        "official_split": parts,
        "source_row": numbers,
    }
    if any(strange):
        columns["usage"] = strange
    return Batch(columns, faces)


def _column(rows: list[list[bytes] | None], layout: Layout, name: str) -> list[str | None]:
    """The cells of a column as words; None where it is missing, blank or NaN."""
    if name not in layout.names:
        return [None] * len(rows)
    at = layout.names.index(name)
    cells = [row[at] if row else b"" for row in rows]
    words = {cell: _word(cell) for cell in set(cells)}
    return [words[cell] for cell in cells]


def _word(cell: bytes) -> str | None:
    word = FLOAT.sub(r"\1", cell.decode("utf-8", "replace").strip())
    return word if word.lower() not in ("", "nan") else None


def parse(texts: list[bytes]) -> tuple[Pixels, dict[int, Fault]]:
    """Faces (n, 48, 48) of the texts that are 2,304 numbers from 0 to 255, separated by blanks.

    The others have no face: their places are given, each with status and detail.
    """
    faults: dict[int, Fault] = {}
    faces = []
    for start in range(0, len(texts), TOGETHER):
        group = texts[start : start + TOGETHER]
        together = numbers(group)
        if together is not None:
            faces.append(together)
            continue
        for place, text in enumerate(group, start=start):
            face = _parse_one(text)
            if isinstance(face, tuple):
                faults[place] = face
            else:
                faces.append(face)
    whole = np.concatenate(faces) if faces else np.zeros((0, COUNT), np.uint8)
    return whole.reshape(-1, SIDE, SIDE), faults


def numbers(texts: list[bytes]) -> Pixels | None:
    """The numbers (n, 2304) of n texts, or None where any of the texts is anything else.

    A text is 2,304 numbers of one to three digits up to 255, with one blank between two.
    """
    text = np.frombuffer(b"   " + b" ".join(texts) + b" ", np.uint8)  # 3 bytes before each end
    digit = text - np.uint8(48)  # what is below "0" wraps round
    is_digit = digit < 10
    digit *= is_digit
    ends = np.flatnonzero(text[3:] == 32)
    if len(ends) != COUNT * len(texts) or np.count_nonzero(is_digit) + len(ends) + 3 != len(text):
        return None
    lengths = np.diff(ends, prepend=-1) - 1
    rows = np.cumsum([len(text) + 1 for text in texts]) - 1
    if lengths.min() < 1 or lengths.max() > 3 or (ends[COUNT - 1 :: COUNT] != rows).any():
        return None
    value = (digit[:-3] * is_digit[1:-2]).astype(np.uint16)  # hundreds, where there are tens
    value *= 10
    value += digit[1:-2]
    value *= 10
    value += digit[2:-1]
    found: npt.NDArray[np.uint16] = value[ends]
    return found.astype(np.uint8).reshape(-1, COUNT) if found.max() <= 255 else None


def _parse_one(text: bytes) -> Pixels | Fault:
    """One face (1, 2304), or status and detail of what is wrong with its text."""
    words = text.split()
    if not words:
        return "empty", "no pixels"
    if len(words) != COUNT:
        return "wrong_pixels", f"{len(words)} pixels instead of {COUNT}"
    for place, word in enumerate(words):
        digits = word.lstrip(b"0") or b"0"
        if not word.isdigit() or len(digits) > 3 or int(digits) > 255:
            shown = word[:20].decode("utf-8", "replace")
            return "bad_value", f"pixel {place} is {shown!r}, not a number from 0 to 255"
    return np.array([[int(word.lstrip(b"0") or b"0") for word in words]], np.uint8)
