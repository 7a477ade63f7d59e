"""Archives as lists of entries that can be opened: `.zip`, `.tar`, `.tar.gz`, split downloads.

In goes a container: the path of an archive, or the paths of its parts (`x.zip.part0`, ..) joined by
`JOINT`; out come entries in the archive's order, and streams of their bytes. Nothing is unpacked to
the disk. An entry that must not be opened carries the fault: an absolute path, `..` or a drive in
its name, an encrypted one, a symbolic link, one that would unpack to more than `MAX_MEMBER` bytes
or to `MAX_RATIO` times its packed size.
"""

import functools
import io
import itertools
import lzma
import pickle
import re
import shlex
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from fertools.errors import FerError
from fertools.locations import Location, at, stamp
from fertools.manifest import clean_path
from fertools.roots import tars
from fertools.roots.parts import Parts, ends_a_split

PAGE = 32  # entries of a listing that are packed together: all are unpacked to open one
JOINT = "\0"  # between the parts of a container: no path can hold it
MAX_MEMBER = 2 << 30  # bytes; FER2013's CSV has 301 MB
MAX_RATIO = 200  # a CSV of pixels packs 4:1, a black PNG about 100:1
SMALL = 1 << 20  # below this a high ratio does no harm
ZIP = re.compile(r"\.zip$", re.IGNORECASE)
TAR = re.compile(r"\.(tar|tar\.gz|tgz)$", re.IGNORECASE)
PART = re.compile(
    r"^(?P<name>.+\.zip)\.(?P<way>part(?=\d)|(?=\d{2}))(?P<number>\d+)$", re.IGNORECASE
)  # AI-Hub's `.part0`, 7-Zip's `.001`; wget's `.1` is another copy
FAULTS = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
)
CANNOT_OPEN = (
    *FAULTS,
    KeyError,  # a hard link to nothing
    NotImplementedError,  # a compression that Python does not know
    UnicodeDecodeError,  # a name marked as UTF-8 that is not
)
IMPOSTORS = (
    (b"version https://git-lfs", "a Git LFS pointer, not the data"),
    (b"<!doctype html", "a web page, not the data"),
    (b"<html", "a web page, not the data"),
)

_Facts = tuple[Any, ...]  # what a `ZipInfo` holds, slot by slot


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of an archive: its place in the listing, name as the archive holds it and as meant."""

    place: int
    raw: str
    name: str
    size: int
    check: str
    fault: str | None


class _Zip:
    """An open zip. Its listing is packed, page by page: open, each entry would take half a KiB."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self.file = file
        self._pages = [
            zlib.compress(pickle.dumps(_facts(file.filelist[start : start + PAGE])), 1)
            for start in range(0, len(file.filelist), PAGE)
        ]
        file.filelist.clear()
        file.NameToInfo.clear()
        self._held: tuple[int, list[_Facts]] = (-1, [])

    def __iter__(self) -> Iterator[zipfile.ZipInfo]:
        pages = map(self._page, range(len(self._pages)))
        return map(_info, itertools.chain.from_iterable(pages))

    def open(self, place: int) -> IO[bytes]:
        return self.file.open(_info(self._page(place // PAGE)[place % PAGE]))

    def _page(self, number: int) -> list[_Facts]:
        held, facts = self._held
        if held != number:
            facts = pickle.loads(zlib.decompress(self._pages[number]))
            self._held = number, facts
        return facts


def _facts(infos: Iterable[zipfile.ZipInfo]) -> list[_Facts]:
    """What entries hold: an unpickler that is given a class keeps a copy of its name for good."""
    return [
        tuple(getattr(info, name, None) for name in zipfile.ZipInfo.__slots__) for info in infos
    ]


def _info(facts: _Facts) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo.__new__(zipfile.ZipInfo)
    for name, value in zip(zipfile.ZipInfo.__slots__, facts, strict=True):
        setattr(info, name, value)
    return info


def is_archive(name: str) -> bool:
    """Whether a file of this name is opened as an archive."""
    return bool(ZIP.search(name) or TAR.search(name) or PART.match(name))


def unpacked(name: str) -> str:
    """What the folder is called that an archive unpacks to; another file's name as it is."""
    part = PART.match(name)
    whole = part["name"] if part else name
    return ZIP.sub("", whole) if ZIP.search(whole) else TAR.sub("", whole)


@functools.lru_cache(maxsize=64)
def in_order(container: str) -> bool:
    """Whether the archive can only be read forward: going back starts over at its first byte."""
    return bool(TAR.search(at(container.split(JOINT)[0]).name))  # settings may follow an address


def entries(container: str) -> Iterator[Entry]:
    """The files of an archive. Raises `FerError` where it is broken or is no archive."""
    archive = _archive(container)
    if isinstance(archive, _Zip):
        return _zip_entries(archive)
    return _tar_entries(archive, at(container))


def open_entry(container: str, place: int) -> IO[bytes]:
    """A stream of one entry's bytes. Raises one of `CANNOT_OPEN`; reading, one of `FAULTS`."""
    archive = _archive(container)
    if isinstance(archive, _Zip):
        return archive.open(place)
    stream = archive.extractfile(archive.getmembers()[place])
    if stream is None:
        raise tarfile.TarError("no plain file")
    return stream


def close_all() -> None:
    """Close the archives that are kept open, which hold their listings."""
    _open.cache_clear()


def impostor(start: bytes) -> str | None:
    """What a file really is, by its first bytes, where somebody saved an error for the data."""
    head = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for sign, what in IMPOSTORS:
        if head.startswith(sign):
            return what
    return None if head else "empty"


def _archive(container: str) -> _Zip | tarfile.TarFile:
    """An open archive, kept open until a few others are, and opened again when it has changed."""
    return _open(container, tuple(map(stamp, container.split(JOINT))))


@functools.lru_cache(maxsize=4)
def _open(container: str, stamps: tuple[tuple[int, int], ...]) -> _Zip | tarfile.TarFile:
    paths = [at(path) for path in container.split(JOINT)]
    try:
        if len(paths) > 1 or PART.match(paths[0].name):
            return _Zip(zipfile.ZipFile(io.BufferedReader(Parts(paths))))
        if TAR.search(paths[0].name):
            return tars.opened(paths[0])
        return _Zip(_zip(paths[0]))
    except CANNOT_OPEN as error:
        raise _broken(paths[0], error) from error


def _zip(path: Location) -> zipfile.ZipFile:
    with path.open("rb") as file:
        if ends_a_split(file):
            whole = shlex.quote(str(path.with_name("whole.zip")))
            join = f"zip -s 0 {shlex.quote(str(path))} --out {whole}"
            # the name may be a class, a part or an id
            cure = f"join its parts ({join}), take them away and call whole.zip {path.name}"
            raise FerError(f"{path} is the last part of a split archive; {cure}")
    return zipfile.ZipFile(path if isinstance(path, Path) else path.open())


def _broken(path: Location, error: Exception) -> FerError:
    try:
        with path.open("rb") as file:
            what = impostor(file.read(256)) or f"a broken archive ({error})"
    except OSError as fault:
        cure = "let it be read, or take it away"
        return FerError(f"{path}: cannot be read ({fault.strerror}); {cure}")
    return FerError(f"{path} is {what}; download it again, or take it away")


def _zip_entries(archive: _Zip) -> Iterator[Entry]:
    for place, info in enumerate(archive):
        if _is_folder(info):
            continue
        name = _meant(_zip_name(info))
        fault = _fault(name, info.file_size, info.compress_size)
        if info.flag_bits & 0x1:
            fault = "encrypted"
        yield Entry(place, info.filename, name, info.file_size, f"{info.CRC:08x}", fault)


def _is_folder(info: zipfile.ZipInfo) -> bool:
    """Whether an entry is a folder: is_dir() fails on an empty name, and knows no `\\`."""
    return info.filename.endswith("/") or (info.filename.endswith("\\") and not info.file_size)


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name as meant: without the UTF-8 flag, Korean tools write UTF-8 or CP949 all the same."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return decoded(info.filename.encode("cp437"), otherwise=info.filename)
    except UnicodeEncodeError:
        return info.filename  # Python has found the name in an extra field


def _meant(name: str) -> str:
    """The path that unpacking would give: `tar -c .` writes `./a/b.png` for `a/b.png`."""
    path = clean_path(name)
    top = "/" if path.startswith("/") else ""
    return top + "/".join(p for p in path.split("/") if p not in ("", ".")) or path


def decoded(raw: bytes, otherwise: str | None = None) -> str:
    """A file name of unknown encoding: UTF-8, else CP949 (Korean Windows), else `otherwise`."""
    for encoding in ("utf-8", "cp949"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "replace") if otherwise is None else otherwise


def _tar_entries(archive: tarfile.TarFile, path: Location) -> Iterator[Entry]:
    whole = path.stat().st_size
    try:
        for place, info in enumerate(archive):
            if not (info.isfile() or info.islnk() or info.issym()):
                continue
            name = _meant(decoded(info.name.encode("utf-8", "surrogateescape")))
            holes: list[tuple[int, int]] | None = getattr(info, "sparse", None)
            stored = sum(size for _, size in holes) if holes else info.size
            fault = "symbolic_link" if info.issym() else _fault(name, info.size, min(stored, whole))
            yield Entry(place, info.name, name, info.size, f"{info.chksum:x}", fault)
    except FAULTS as error:
        raise _broken(path, error) from error


def _fault(name: str, size: int, packed: int) -> str | None:
    if name.startswith("/") or ".." in name.split("/") or re.match(r"^[A-Za-z]:", name):
        return "unsafe_path"
    if size > MAX_MEMBER or (size > SMALL and size > MAX_RATIO * max(packed, 1)):
        return "too_large"
    return None
