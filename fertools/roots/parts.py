"""Archives that lie in several files: downloads cut into pieces, and zips that were split.

In go paths; out comes a download as one stream, or whether a zip is the end of a split one, whose
entries say in which file they begin: it must be joined first.
"""

import io
from typing import IO, Any

from fertools.errors import FerError
from fertools.locations import Location

END = 22 + (1 << 16)  # bytes: a zip's last record with the longest comment
LARGE = 20  # bytes before it, in a zip of more than 4 GB


class Parts(io.RawIOBase):
    """The parts of a split download as one seekable file. Raises `FerError` where one is shut."""

    def __init__(self, paths: list[Location]) -> None:
        self._first = paths[0]
        self._files = [opened(path) for path in paths]
        sizes = [file.seek(0, io.SEEK_END) for file in self._files]
        self._starts = [sum(sizes[:i]) for i in range(len(sizes) + 1)]
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._starts[-1]}[whence]
        if start + offset < 0:
            raise OSError(f"{self._first}: ends before it should")
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        for file, start, end in zip(self._files, self._starts, self._starts[1:], strict=False):
            if start <= self._at < end:
                file.seek(self._at - start)
                count = file.readinto(memoryview(buffer)[: end - self._at])
                self._at += count
                return count
        return 0

    def close(self) -> None:
        for file in self._files:
            file.close()
        super().close()


def opened(part: Location) -> io.BufferedReader:
    """A part of a download as a stream. Raises `FerError` where it cannot be read."""
    try:
        return part.open("rb")
    except OSError as error:
        cure = "let it be read, or download it again"
        raise FerError(f"{part}: this part cannot be read ({error.strerror}); {cure}") from error


def ends_a_split(zip_file: IO[bytes]) -> bool:
    """Whether a zip is the last file of a split archive (`x.z01`, `x.z02`, `x.zip`).

    By the number that its end gives this file: APPNOTE.TXT, 4.3.16, and 4.3.15 for a large zip.
    """
    size = zip_file.seek(0, io.SEEK_END)
    zip_file.seek(max(0, size - END - LARGE))
    tail = zip_file.read()
    at = tail.rfind(b"PK\5\6")
    record = tail[at:] if at >= 0 else b""
    if len(record) < 22 or len(record) != 22 + _number(record[20:22]):
        return False  # broken, or no zip
    if tail[:at][-LARGE:].startswith(b"PK\6\7"):
        return _number(tail[at - 4 : at]) > 1
    return 0 < _number(record[4:6]) < 0xFFFF


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")
