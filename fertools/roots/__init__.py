"""Where raw data lies: a folder, an archive, a table; opened for reading, never unpacked.

In goes a path, also of an object store (`s3://bucket/raw`); out come its members (files, also those
inside archives) in one naming, and units: the pieces that are read in one pass and are finished or
not. Archives are `.zip`, `.tar`, `.tar.gz`, `.tgz` and split downloads (`x.zip.part0`,
`x.zip.part1`, ..), also when they lie inside a folder; an archive inside an archive is a member
like any other.
"""

import contextlib
import functools
import gc
import hashlib
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath, PurePosixPath
from typing import IO, Any

from fertools.errors import FerError
from fertools.locations import Location, at, within
from fertools.manifest import clean_path
from fertools.roots import archives, listing
from fertools.roots.archives import (
    CANNOT_OPEN,
    FAULTS,
    JOINT,
    MAX_MEMBER,
    MAX_RATIO,
    PART,
    SMALL,
    decoded,
)

# hidden files, but not `..`: a name that climbs out of its archive is a row with a reason
LITTER = re.compile(
    r"(^|/)(\.(?!\.?(/|$))[^/]+|__MACOSX|Thumbs\.db|desktop\.ini)(/|$)", re.IGNORECASE
)
UNSAFE = re.compile(r"[^\w.-]+")  # in a file name
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


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of a root that is read in one pass: the grain of resume and of parallel work."""

    name: str
    members: tuple[Member, ...]
    digest: str
    options: Any = None
    labels: str | None = None

    def __str__(self) -> str:
        return f"unit {self.name} ({self.members[0].path} ..)" if self.members else self.name

    def read(self, member: Member) -> bytes:
        """The bytes of a member. Raises `ReadFault` where they cannot be had."""
        most = MAX_MEMBER
        if member.suffix in COMPRESSED:
            most = min(most, max(SMALL, MAX_RATIO * member.size))
        with open_member(member) as stream:
            data = stream.read(min(most, member.size) + 1)  # room is taken for what is asked for
            if len(data) > member.size:
                data += stream.read(most + 1 - len(data))
        if len(data) > most:
            raise ReadFault("too_large", f"{member.path}: more than {most} bytes")
        return data

    def open(self, member: Member) -> contextlib.AbstractContextManager[IO[bytes]]:
        """A member as a stream, to be used in `with`; see `open_member`."""
        return open_member(member)


class Root:
    """A RAW argument of `fertools ingest` with the options of the source that reads it.

    `beside` are the other RAW arguments of the same command.
    """

    def __init__(self, path: str | os.PathLike[str] | Location, options: Any = None) -> None:
        self.path = at(path)
        self.options = options
        self.beside: tuple[Root, ...] = ()
        if not self.path.exists():
            raise FerError(f"{self.path}: there is no such file or folder")

    def __str__(self) -> str:
        return str(self.path)

    @functools.cached_property
    def members(self) -> tuple[Member, ...]:
        """Every file, archives opened, by path; the system's litter (`.DS_Store`, ..) left out.

        Members of a tar stand in its own order, since it can only be read forward.
        """
        if self.path.is_dir():
            base = self.path
            files = [f for f in listing.walk(base) if not LITTER.search(within(f, base).as_posix())]
        else:
            base = self.path.parent
            files = listing.with_other_parts(self.path)
        found: list[Member] = []
        for group in listing.joined(files):
            relative = _readable(within(group[0], base))
            found.extend(
                m for m in _expand(group, relative) if not (m.archive and LITTER.search(m.inner))
            )
        return tuple(sorted(found, key=_reading_order))

    def units(
        self,
        members: Iterable[Member],
        key: Callable[[Member], str] | None = None,
        size: int = 2000,
    ) -> list[Unit]:
        """Slices of at most `size` members that share a `key`.

        By default the key is the archive's name and the first folder. The slices are named
        `<key>-<nnn>`; the same members give the same names, packed or not, when the key does.
        """
        groups: dict[str, list[Member]] = {}
        for member in members:
            groups.setdefault(slug((key or first_folder)(member)), []).append(member)
        return [
            make_unit(f"{name}-{start // size:03d}", chunk[start : start + size], self.options)
            for name, chunk in sorted(groups.items())
            for start in range(0, len(chunk), size)
        ]


def forget(roots: Iterable[Root]) -> None:
    """Let go of all that is known of the files: the lists of the roots and of open archives.

    Who asks a root again gets a new list.
    """
    for root in roots:
        vars(root).pop("members", None)
    archives.close_all()
    gc.collect()  # what lies between the lists would keep their room


def make_unit(name: str, members: Iterable[Member], options: Any = None) -> Unit:
    """A unit of members read in their order; its digest covers their names, sizes and checksums."""
    chosen = tuple(members)
    digest = hashlib.sha256()
    for member in chosen:
        digest.update(f"{member.path}\0{member.size}\0{member.check}\n".encode())
    return Unit(slug(name), chosen, digest.hexdigest()[:32], options)


def table_unit(name: str, member: Member, options: Any = None) -> Unit:
    """A unit of one table. Its bytes are hashed whole: a label mended in place changes it."""
    digest = hashlib.sha256(f"{member.path}\n".encode())
    with _guarded(member) as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return Unit(slug(name), (member,), digest.hexdigest()[:32], options)


def slug(text: str) -> str:
    """A name that is safe in a file name: letters of any script, digits, `_`, `.`, `-`; at most 80
    bytes."""
    flat = UNSAFE.sub("_", clean_path(text)).strip("._") or "root"
    if len(flat.encode()) <= 80:
        return flat
    return flat[:16] + "-" + hashlib.sha256(flat.encode()).hexdigest()[:12]


def first_folder(member: Member) -> str:
    """The archive's name and first folder of a member, as far as it has them."""
    folder = member.inner.split("/")[0] if "/" in member.inner else ""
    return "-".join(part for part in (member.archive, folder) if part)


@contextlib.contextmanager
def open_member(member: Member) -> Iterator[IO[bytes]]:
    """A member as a stream of its bytes; compressed tables are read as what they hold.

    Raises `ReadFault` where it cannot be opened, and for what goes wrong while it is read.
    """
    codec = COMPRESSED.get(member.suffix)
    with _guarded(member) as stream:
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
def _guarded(member: Member) -> Iterator[IO[bytes]]:
    """The stored bytes of a member; whatever is wrong with them becomes a `ReadFault`."""
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


def _expand(group: list[Location], relative: str) -> Iterator[Member]:
    """The members that a file stands for: itself, or what its archive holds."""
    first = group[0]
    if not first.is_file():  # a link to nothing
        yield Member(relative, first.name, str(first.parent), 0, fault="unreadable")
        return
    if not archives.is_archive(first.name):
        yield Member(relative, first.name, str(first.parent), first.stat().st_size)
        return
    if found := PART.match(first.name):
        relative = relative[: len(relative) - len(first.name)] + clean_path(found["name"])
    container = JOINT.join(str(path) for path in group)
    for e in archives.entries(container):
        path = f"{relative}!{e.name}"
        yield Member(path, e.raw, container, e.size, e.check, e.fault, relative, e.place)


def _readable(path: PurePath) -> str:
    """A path as manifests hold it, also where a name on the disk is no UTF-8."""
    return clean_path(decoded(os.fsencode(path)) if os.sep == "/" else str(path))


def _reading_order(member: Member) -> tuple[str, int, str]:
    if member.archive and archives.in_order(member.container):
        return member.archive, member.place, ""
    return member.path, 0, ""
