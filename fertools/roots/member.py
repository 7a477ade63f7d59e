"""A file below a root, plain or in an archive, opened as a stream.

In goes a `Member`; out come its bytes, or a `ReadFault` that says why they cannot be had.
"""

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any

from fertools.errors import FerError
from fertools.locations import at
from fertools.roots import archives
from fertools.roots.archives import CANNOT_OPEN, FAULTS

READ_ERROR = "read_error"  # of the disk or the network, not of the file: it may pass
COMPRESSED = {".gz": "gzip", ".zst": "zstd"}


class ReadFault(FerError):
    """A member that cannot be read: `reason` is the row's status, the text its detail."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason

    def __reduce__(self) -> tuple[type["ReadFault"], tuple[str, str]]:
        return ReadFault, (self.reason, str(self))  # it travels between worker processes


@dataclass(frozen=True, slots=True)
class Member:
    """A file below a root.

    `path` is the manifest's name of it, `raw` the container's own; the container is the folder or
    the archive, as `locations.at` takes it. `archive` is the path of the archive relative to the
    root, "" for a plain file, and `place` the member's place in it. `fault` says why it must not be
    opened.
    """

    path: str
    raw: str
    container: str
    size: int
    check: str = ""
    fault: str | None = None
    archive: str = ""
    place: int = 0

    @property
    def inner(self) -> str:
        """Path within its archive: what does not change when the archive is unpacked."""
        return self.path[len(self.archive) + 1 :] if self.archive else self.path

    @property
    def name(self) -> str:
        """Last component of the path."""
        last = self.inner.rpartition("/")[2]  # a Path takes longer, and keeps each name for good
        return last if last not in ("", ".") else PurePosixPath(self.inner).name

    @property
    def parts(self) -> tuple[str, ...]:
        """Components of the whole path; an archive's name is one of them."""
        above = self.archive.split("/") if self.archive else []
        return (*above, *self.inner.split("/"))

    @property
    def suffix(self) -> str:
        """Lower-case extension with its dot."""
        dot = self.name.rfind(".")
        return self.name[dot:].lower() if 0 < dot < len(self.name) - 1 else ""


@contextlib.contextmanager
def open_member(member: Member) -> Iterator[IO[bytes]]:
    """A member as a stream of its bytes; compressed tables are read as what they hold.

    Raises `ReadFault` where it cannot be opened, and for what goes wrong while it is read.
    """
    codec = COMPRESSED.get(member.suffix)
    with open_stored(member) as stream:
        if codec is None:
            yield stream
            return
        peeked: Any = stream
        if what := archives.impostor(peeked.peek(256)[:256]):
            raise ReadFault("unreadable", f"{member.path} is {what}; download it again")
        import pyarrow as pa

        with io.BufferedReader(_Forward(pa.CompressedInputStream(stream, codec)), 1 << 20) as plain:
            yield plain


class _Forward(io.RawIOBase):
    """A pyarrow stream as a raw Python stream."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return int(self._stream.readinto(buffer))

    def close(self) -> None:
        self._stream.close()
        super().close()


@contextlib.contextmanager
def open_stored(member: Member) -> Iterator[IO[bytes]]:
    """A member as a stream of the bytes that are stored; else as `open_member`."""
    if member.fault:
        raise ReadFault(member.fault, f"{member.path}: {member.fault.replace('_', ' ')}")
    try:
        with _stored(member) as stream:
            yield stream
    except FAULTS as error:
        raise _unreadable(member, error) from error


def _stored(member: Member) -> IO[bytes]:
    if not member.archive:
        return (at(member.container) / member.raw).open("rb")
    try:
        return archives.open_entry(member.container, member.place)
    except CANNOT_OPEN as error:
        raise _unreadable(member, error) from error


def _unreadable(member: Member, error: Exception) -> ReadFault:
    if isinstance(error, OSError) and error.errno:  # gzip's errors have no number
        return ReadFault(READ_ERROR, f"{member.path}: cannot be read ({error.strerror})")
    return ReadFault("unreadable", f"{member.path}: cannot be read ({error})")
