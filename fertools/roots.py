"""Where raw data lies: a folder, an archive, a table; opened for reading, never unpacked.

In goes a path; out come its members (files, also those inside archives) in one naming, and units:
the pieces that are read in one pass and are finished or not. Archives are `.zip`, `.tar`,
`.tar.gz`, `.tgz` and split downloads (`x.zip.part0`, `x.zip.part1`, ..), also when they lie inside
a folder.

Nothing of a stranger's archive reaches the disk. A member with an absolute path or `..` in it, an
encrypted one, and one that would unpack to more than `MAX_MEMBER` bytes or to `MAX_RATIO` times its
packed size are listed with the fault and never opened.
"""

import functools
import hashlib
import io
import os
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from fertools.errors import FerError
from fertools.manifest import clean_path

MAX_MEMBER = 2 << 30  # bytes; FER2013's CSV has 301 MB
MAX_RATIO = 200  # a CSV of pixels packs 4:1, a black PNG about 100:1
SMALL = 1 << 20  # below this a high ratio does no harm
LITTER = re.compile(r"(^|/)(\.[^/]*|__MACOSX|Thumbs\.db|desktop\.ini)(/|$)", re.IGNORECASE)
ZIP = re.compile(r"\.zip$", re.IGNORECASE)
TAR = re.compile(r"\.(tar|tar\.gz|tgz)$", re.IGNORECASE)
PART = re.compile(r"^(?P<name>.+\.zip)\.part(?P<number>\d+)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Member:
    """A file below a root. `path` is the manifest's name of it, `raw` the container's own."""

    path: str
    raw: str
    container: str
    size: int
    check: str = ""
    fault: str | None = None

    @property
    def name(self) -> str:
        """Last component of the path."""
        return PurePosixPath(self.path.rsplit("!", 1)[-1]).name

    @property
    def inner(self) -> str:
        """Path within its container: what does not change when an archive is unpacked."""
        return self.path.rsplit("!", 1)[-1]

    @property
    def parts(self) -> tuple[str, ...]:
        """Components of the whole path; an archive's name is one of them."""
        return tuple(self.path.replace("!", "/").split("/"))

    @property
    def suffix(self) -> str:
        """Lower-case extension with its dot."""
        return PurePosixPath(self.name).suffix.lower()


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
        """The bytes of a member. Raises `OSError` or `ReadFault` where they cannot be had."""
        with self.open(member) as stream:
            return stream.read(MAX_MEMBER)

    def open(self, member: Member) -> IO[bytes]:
        """A member as a stream."""
        return open_member(member)


class ReadFault(Exception):
    """A member that cannot be read: `reason` is the row's status, the text its detail."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Root:
    """A RAW argument of `fertools ingest` with the options of the source that reads it."""

    def __init__(self, path: str | os.PathLike[str], options: Any = None) -> None:
        self.path = Path(path)
        self.options = options
        if not self.path.exists():
            raise FerError(f"{self.path}: there is no such file or folder")

    def __str__(self) -> str:
        return str(self.path)

    @functools.cached_property
    def members(self) -> tuple[Member, ...]:
        """Every file, archives opened, by path; the system's litter (`.DS_Store`, ..) left out."""
        if self.path.is_dir():
            files = list(_walk(self.path))
            prefix = ""
        else:
            files = [self.path]
            prefix = f"{self.path.parent}{os.sep}"
        base = self.path if self.path.is_dir() else Path(prefix)
        found: list[Member] = []
        for group in _joined(files):
            relative = clean_path(str(group[0].relative_to(base)))
            found.extend(_expand(group, relative))
        return tuple(sorted((m for m in found if not LITTER.search(m.inner)), key=_by_path))

    def units(
        self,
        members: Iterable[Member],
        key: Callable[[Member], str] | None = None,
        size: int = 2000,
    ) -> list[Unit]:
        """Slices of at most `size` members that share a container and a `key`.

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
    with _raw_stream(member) as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return Unit(slug(name), (member,), digest.hexdigest()[:32], options)


def slug(text: str) -> str:
    """A name that is safe in a file name, on an object store and in a URL."""
    flat = re.sub(r"[^\w.-]+", "_", clean_path(text)).strip("._") or "root"
    if len(flat.encode()) <= 80:
        return flat
    return flat[:20] + "-" + hashlib.sha256(flat.encode()).hexdigest()[:12]


def first_folder(member: Member) -> str:
    """The archive's name and first folder of a member, as far as it has them."""
    archive, bang, inner = member.path.rpartition("!")
    folder = inner.split("/")[0] if "/" in inner else ""
    return "-".join(part for part in (archive if bang else "", folder) if part)


def open_member(member: Member) -> IO[bytes]:
    """A member as a stream of its bytes; compressed tables are read as what they hold."""
    stream = _raw_stream(member)
    kind = member.name.lower()
    for suffix, codec in ((".gz", "gzip"), (".zst", "zstd")):
        if kind.endswith(suffix):
            import pyarrow as pa

            return io.BufferedReader(_Forward(pa.CompressedInputStream(stream, codec)), 1 << 20)
    return stream


class _Forward(io.RawIOBase):
    """A pyarrow stream as a raw Python stream."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _raw_stream(member: Member) -> IO[bytes]:
    if member.fault:
        raise ReadFault(member.fault, f"{member.path}: {member.fault.replace('_', ' ')}")
    if "!" not in member.path:
        return Path(member.container, member.raw).open("rb")
    try:
        archive = _archive(member.container)
        if isinstance(archive, zipfile.ZipFile):
            return archive.open(member.raw)
        stream = archive.extractfile(member.raw)
        if stream is None:
            raise ReadFault("unreadable", f"{member.path}: no plain file")
        return stream
    except (zipfile.BadZipFile, tarfile.TarError, KeyError, NotImplementedError, EOFError) as error:
        raise ReadFault("unreadable", f"{member.path}: {error}") from error


@functools.lru_cache(maxsize=4)
def _archive(container: str) -> zipfile.ZipFile | tarfile.TarFile:
    """An open archive; `container` is its path, or the paths of its parts, one a line."""
    paths = [Path(line) for line in container.split("\n")]
    try:
        if len(paths) > 1 or PART.match(paths[0].name):
            return zipfile.ZipFile(io.BufferedReader(_Parts(paths)))
        if TAR.search(paths[0].name):
            return tarfile.open(paths[0], encoding="utf-8", errors="surrogateescape")
        return zipfile.ZipFile(paths[0])
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise FerError(
            f"{paths[0]}: a broken archive ({error}); download it again, or take it away"
        ) from error


class _Parts(io.RawIOBase):
    """The parts of a split download as one seekable file."""

    def __init__(self, paths: list[Path]) -> None:
        self._files = [path.open("rb") for path in paths]
        sizes = [path.stat().st_size for path in paths]
        self._starts = [sum(sizes[:i]) for i in range(len(sizes) + 1)]
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._starts[-1]}[whence]
        self._at = max(0, start + offset)
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


def _walk(folder: Path) -> Iterator[Path]:
    """Every file below a folder, links followed, each real folder once (links may form a loop)."""
    seen: set[tuple[int, int]] = set()
    for top, folders, files in os.walk(folder, followlinks=True):
        status = Path(top).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders.sort()
        yield from (Path(top, name) for name in sorted(files))


def _joined(files: list[Path]) -> Iterator[list[Path]]:
    """Files one by one; the parts of a split zip together, in the order of their numbers."""
    parts: dict[Path, list[tuple[int, Path]]] = {}
    for file in files:
        if found := PART.match(file.name):
            whole = file.with_name(found["name"])
            parts.setdefault(whole, []).append((int(found["number"]), file))
        else:
            yield [file]
    for whole, numbered in sorted(parts.items()):
        numbered.sort()
        for expected, (number, _) in enumerate(numbered, start=numbered[0][0]):
            if number != expected:
                raise FerError(f"{whole}.part{expected}: this part is missing; download it")
        yield [file for _, file in numbered]


def _expand(group: list[Path], relative: str) -> Iterator[Member]:
    """The members that a file stands for: itself, or what its archive holds."""
    first = group[0]
    container = "\n".join(str(path) for path in group)
    if found := PART.match(first.name):
        relative = relative[: len(relative) - len(first.name)] + clean_path(found["name"])
        yield from _zip_members(container, relative)
    elif ZIP.search(first.name):
        yield from _zip_members(container, relative)
    elif TAR.search(first.name):
        yield from _tar_members(container, relative)
    else:
        size = first.stat().st_size if first.exists() else 0
        fault = None if first.is_file() else "unreadable"
        yield Member(relative, first.name, str(first.parent), size, fault=fault)


def _zip_members(container: str, relative: str) -> Iterator[Member]:
    archive = _archive(container)
    assert isinstance(archive, zipfile.ZipFile)
    for info in archive.infolist():
        if info.is_dir():
            continue
        name = clean_path(_zip_name(info))
        fault = _fault(name, info.file_size, info.compress_size)
        if info.flag_bits & 0x1:
            fault = "encrypted"
        path = f"{relative}!{name}"
        yield Member(path, info.filename, container, info.file_size, f"{info.CRC:08x}", fault)


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name as meant: without the UTF-8 flag, Korean tools write UTF-8 or CP949 all the same."""
    if info.flag_bits & 0x800:
        return info.filename
    raw = info.filename.encode("cp437", errors="replace")
    for encoding in ("utf-8", "cp949"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def _tar_members(container: str, relative: str) -> Iterator[Member]:
    archive = _archive(container)
    assert isinstance(archive, tarfile.TarFile)
    try:
        for info in archive:
            if not info.isfile():
                continue
            name = clean_path(
                info.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            )
            fault = _fault(name, info.size, info.size)
            yield Member(f"{relative}!{name}", info.name, container, info.size, fault=fault)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise FerError(f"{relative}: a broken archive ({error}); download it again") from error


def _fault(name: str, size: int, packed: int) -> str | None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or re.match(r"^[A-Za-z]:", name):
        return "unsafe_path"
    if size > MAX_MEMBER or (size > SMALL and size > MAX_RATIO * max(packed, 1)):
        return "too_large"
    return None


def _by_path(member: Member) -> str:
    return member.path
