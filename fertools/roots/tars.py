"""Tars that are whole: where Python takes a cut or damage for the end, going on is an error.

In goes the path of a tar, packed or not; out comes it open. Listing it raises `tarfile.ReadError`
at a header that cannot be read, and where its end is not marked or more than padding follows it.
"""

import tarfile
from pathlib import Path
from typing import Any, Self

from fertools.locations import Location

PADDING = 4 << 20  # most zeros after the end: tar fills up 10 KB, or a block of its tape
_KINDS: Any = tarfile  # whose stubs leave out all kinds of HeaderError


class _Header(tarfile.TarInfo):
    """What stands before each file, or after the last."""

    __slots__ = ()

    @classmethod
    def fromtarfile(cls, tarfile: Any) -> Self:
        try:
            return super().fromtarfile(tarfile)
        except _KINDS.EOFHeaderError:  # a block of zeros
            _see_the_end(tarfile)
            raise
        except (_KINDS.EmptyHeaderError, _KINDS.TruncatedHeaderError) as error:
            raise _KINDS.ReadError(f"cut off {_place(tarfile)}") from error
        except _KINDS.HeaderError as error:
            raise _KINDS.ReadError(f"damaged {_place(tarfile)}: {error}") from error


def opened(path: Location) -> tarfile.TarFile:
    """A tar, to be listed and read. Raises `tarfile.ReadError` where it does not begin as one."""
    file: dict[str, Any] = {"name": path} if isinstance(path, Path) else {"fileobj": path.open()}
    try:
        return tarfile.open(tarinfo=_Header, encoding="utf-8", errors="surrogateescape", **file)
    except tarfile.ReadError as error:
        raise tarfile.ReadError("it does not begin as a tar") from error


def _see_the_end(archive: Any) -> None:
    """Read what follows the end, which only zeros may; gzip then compares its checksum, too."""
    seen = 0
    while block := archive.fileobj.read(1 << 16):
        seen += len(block)
        if block.count(0) < len(block):
            raise tarfile.ReadError(f"zeros {_place(archive)}, and more data behind them")
        if seen > PADDING:  # a downloader took the room beforehand, and did not fill it
            raise tarfile.ReadError(f"nothing but zeros {_place(archive)}")


def _place(archive: Any) -> str:
    return f"after entry {len(archive.members)}, at byte {archive.offset} of the tar"
