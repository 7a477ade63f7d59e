"""A CSV whose rows hold a 48x48 face as 2,304 numbers: read in blocks, at the speed of NumPy.

The good rows of a block are parsed together: the numbers of all of them stand in one string, and a
number is the sum of its digits times 1, 10 and 100, computed at every byte and kept where a number
ends. A row that is not 2,304 numbers from 0 to 255 is found by counting and gets a reason.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from fertools.errors import FerError
from fertools.frame import Batch, Pixels
from fertools.roots import Member, Unit

SIDE = 48
COUNT = SIDE * SIDE
BLOCK = 4 << 20  # bytes of CSV at a time: the arrays of one block stay in the cache
LONGEST = 1 << 20  # bytes of one row; a good one has at most 9,300
IMPOSTORS = (
    (b"version https://git-lfs", "a Git LFS pointer, not the data"),
    (b"<!doctype html", "a web page, not the data"),
    (b"<html", "a web page, not the data"),
    (b"PK\x03\x04", "a zip file under another name"),
    (b"\x1f\x8b", "a gzip file under another name"),
)


def impostor(start: bytes) -> str | None:
    """What a file really is, if its first bytes are not those of a table."""
    head = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for sign, what in IMPOSTORS:
        if head.startswith(sign.lower()):
            return what
    return "empty" if not head else None


def header(line: bytes) -> list[str]:
    """Column names of the first line: BOM, quotes and blanks stripped, in lower case."""
    text = line.decode("utf-8-sig", "replace")
    return [name.strip().strip('"').strip().lower() for name in text.rstrip("\r\n").split(",")]


def read(unit: Unit, member: Member, usages: Mapping[str, str]) -> Iterator[Batch]:
    """The rows of a table in order, a block at a time; `path` is `file.csv#row`, from 0."""
    with unit.open(member) as stream:
        names = header(stream.readline())
        if "pixels" not in names:
            raise FerError(f"{member.path}: no column 'pixels' among {', '.join(names)}")
        first = 0
        for lines in _lines(stream):
            table = _Rows(lines, names, member.path, first, usages)
            yield table.batch()
            first += len(lines)


def _lines(stream: IO[bytes]) -> Iterator[list[bytes]]:
    """Whole lines, about `BLOCK` bytes at a time; blank lines at the end of the file left out."""
    rest = b""
    while block := stream.read(BLOCK):
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        if len(rest) > LONGEST:
            raise FerError(f"a line of over {LONGEST} bytes: this is no table of pixels")
        if lines:
            yield lines
    if rest.strip():
        yield [rest]


class _Rows:
    """The rows of one block with what is wrong with each."""

    def __init__(
        self,
        lines: list[bytes],
        names: list[str],
        path: str,
        first: int,
        usages: Mapping[str, str],
    ) -> None:
        self.fields = [_split(line, len(names)) for line in lines]
        self.names, self.path, self.first, self.usages = names, path, first, usages
        self.at = names.index("pixels")

    def batch(self) -> Batch:
        """The block as rows and faces."""
        texts = [row[self.at] if row else b"" for row in self.fields]
        faces = parse(texts)
        faults: list[tuple[str, str] | None] = [None] * len(texts)
        if faces is None:
            single = [_parse_one(text) for text in texts]
            faults = [f if isinstance(f, tuple) else None for f in single]
            good = [f for f in single if not isinstance(f, tuple)]
            faces = np.stack(good) if good else np.zeros((0, SIDE, SIDE), np.uint8)
        return Batch(self._columns(faults), faces)

    def _columns(self, faults: list[tuple[str, str] | None]) -> dict[str, list[Any]]:
        numbers = range(self.first, self.first + len(faults))
        usage = [self._text(row, "usage") for row in self.fields]
        return {
            "key": [f"{n:05d}" for n in numbers],
            "path": [f"{self.path}#{n}" for n in numbers],
            "status": [fault[0] if fault else "ok" for fault in faults],
            "detail": [
                f"{self.path}, row {n}: {fault[1]}" if fault else None
                for n, fault in zip(numbers, faults, strict=True)
            ],
            "raw_label": [self._text(row, "emotion") for row in self.fields],
            "official_split": [self.usages.get(u or "", None) for u in usage],
            "source_row": list(numbers),
        }

    def _text(self, row: list[bytes] | None, name: str) -> str | None:
        if row is None or name not in self.names:
            return None
        return row[self.names.index(name)].decode("utf-8", "replace").strip() or None


def _split(line: bytes, count: int) -> list[bytes] | None:
    """The fields of a line, or None where their number is another than the header's."""
    if b'"' in line:
        text = line.decode("utf-8", "replace")
        fields = [f.encode() for f in next(csv.reader(io.StringIO(text)), [])]
    else:
        fields = line.rstrip(b"\r").split(b",")
    return fields if len(fields) == count else None


def parse(texts: list[bytes]) -> Pixels | None:
    """Faces (n, 48, 48) of n texts of 2,304 numbers, or None where any text is something else."""
    if any(text.count(b" ") != COUNT - 1 for text in texts):
        return None
    joined = b" ".join([*texts, b""])
    found = numbers(np.frombuffer(joined, np.uint8))
    if found is None or len(found) != COUNT * len(texts) or (len(found) and found.max() > 255):
        return None
    return found.astype(np.uint8).reshape(-1, SIDE, SIDE)


def numbers(text: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint16] | None:
    """The numbers of up to three digits, separated by single blanks, in a text that ends in one.

    None where the text holds another character, two blanks in a row or a longer number.
    """
    pieces = []
    start = 0
    while start < len(text):  # pieces of a size that the cache holds, cut after a blank
        end = min(start + (1 << 18), len(text))
        while end < len(text) and text[end - 1] != 32:
            end -= 1
        piece = _numbers(text[start:end])
        if piece is None:
            return None
        pieces.append(piece)
        start = end
    return np.concatenate(pieces) if pieces else np.zeros(0, np.uint16)


def _numbers(text: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint16] | None:
    padded = np.full(len(text) + 3, 32, np.uint8)
    padded[3:] = text
    digit = padded - 48  # wraps round below '0': a digit is what is under 10
    is_digit = digit < 10
    here, one, two, three = (is_digit[i : len(is_digit) - 3 + i] for i in (3, 2, 1, 0))
    ends = ~here & one
    if (
        not np.array_equal(~here, text == 32)
        or (~here & ~one).any()
        or (ends & two & three & _shifted(is_digit)).any()
    ):
        return None
    value = digit[2:-1].astype(np.uint16)
    value += np.where(two, digit[1:-2], 0) * np.uint16(10)
    value += np.where(two & three, digit[:-3], 0) * np.uint16(100)
    found: npt.NDArray[np.uint16] = value[ends]
    return found


def _shifted(is_digit: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Whether the byte four places before each is a digit."""
    return np.concatenate([[False], is_digit[: len(is_digit) - 4]])


def _parse_one(text: bytes) -> Pixels | tuple[str, str]:
    """One face, or status and detail of what is wrong with its text."""
    words = text.split()
    if not words:
        return "empty", "no pixels"
    if len(words) != COUNT:
        return "wrong_pixels", f"{len(words)} pixels instead of {COUNT}"
    for place, word in enumerate(words):
        if not word.isdigit() or int(word) > 255:
            shown = word[:20].decode("utf-8", "replace")
            return "bad_value", f"pixel {place} is {shown!r}, not a number from 0 to 255"
    return np.array([int(word) for word in words], np.uint8).reshape(SIDE, SIDE)
