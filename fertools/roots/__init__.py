"""Where raw data lies: a folder, an archive, a table; opened for reading, never unpacked.

In goes a path, also of an object store (`s3://bucket/raw`); out come its members (files, also those
inside archives) in one naming, and units: the pieces that are read in one pass and are finished or
not. Archives are `.zip`, `.tar`, `.tar.gz`, `.tgz` and split downloads (`x.zip.part0`,
`x.zip.part1`, .. or `x.zip.001`, `x.zip.002`, ..), also when they lie inside a folder; an archive
inside an archive is a member like any other.
"""

import contextlib
import functools
import gc
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import IO, Any

from fertools.errors import FerError
from fertools.locations import Location, at, within
from fertools.manifest import clean_path
from fertools.roots import archives, listing
from fertools.roots.archives import JOINT, MAX_MEMBER, MAX_RATIO, PART, SMALL, decoded
from fertools.roots.member import COMPRESSED, open_stored
from fertools.roots.member import READ_ERROR as READ_ERROR
from fertools.roots.member import Member as Member
from fertools.roots.member import ReadFault as ReadFault
from fertools.roots.member import open_member as open_member

UNSAFE = re.compile(r"[^\w.-]+")  # in a file name


@dataclass(frozen=True, slots=True)
class Named:
    """Files that a table names: how many are not there (yet), and the others.

    `digest` covers names and sizes of the files that are there, `size` is their bytes.
    """

    absent: int
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of a root that is read in one pass: the grain of resume and of parallel work.

    `named` is for a table whose images are files of their own, which its digest does not cover;
    `rows` is how many rows it gives, where that is known and may be another number than its files'.
    """

    name: str
    members: tuple[Member, ...]
    digest: str
    options: Any = None
    labels: str | None = None
    named: Named | None = None
    rows: int | None = None

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
            files = [
                f
                for f in listing.walk(base)
                if not listing.LITTER.search(within(f, base).as_posix())
            ]
        else:
            base = self.path.parent
            files = listing.with_other_parts(self.path)
        found: list[Member] = []
        for group in listing.joined(files):
            relative = _readable(within(group[0], base))
            found.extend(
                m
                for m in _expand(group, relative)
                if not (m.archive and listing.LITTER.search(m.inner))
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
    with open_stored(member) as stream:
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


def _expand(group: list[Location], relative: str) -> Iterator[Member]:
    """The members that a file stands for: itself, or what its archive holds."""
    first = group[0]
    if not first.is_file():  # a link to nothing
        yield Member(relative, first.name, str(first.parent), 0, fault="unreadable")
        return
    if not archives.is_archive(first.name):
        yield Member(relative, first.name, str(first.parent), first.stat().st_size)
        return
    if PART.match(first.name):
        relative = relative.rpartition(".")[0]  # less `.part0`
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
