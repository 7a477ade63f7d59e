"""Where files lie: on a disk, or in an object store that every machine sees (`s3://bucket/path`).

In goes what a user calls a place; out comes a `Path`, or an `ObjectPath`, which answers to the
names of a `Path` that reading and writing data sets need. Settings of a store follow its address as
in pyarrow (`s3://bucket/path?endpoint_override=host:9000&scheme=http`); keys come from the
environment or the files of the AWS tools, never from the address: it ends up in cards and logs. A
key may hold `#`, and `?` where no settings could begin.

A file is made by `create` and `put`: it is there whole, or not at all. Whoever maps a file into
memory asks for its `local_copy`, kept in the user's cache under its digest.
"""

import functools
import hashlib
import os
import posixpath
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, BinaryIO, cast

from fertools.errors import FerError
from fertools.locations.objects import COPIED
from fertools.locations.objects import ObjectPath as ObjectPath

ADDRESS = re.compile(r"^(?P<kind>[a-z][a-z0-9+.-]+)://", re.IGNORECASE)  # `C:\` is a disk
SETTINGS = re.compile(r"\?(?P<query>\w+(=[^?&]*)?(&\w+(=[^?&]*)?)*)$")  # a key may hold `?` and `#`
FRESH = 60  # seconds for which an archive is taken to be what it was

Location = Path | ObjectPath


def at(place: "str | os.PathLike[str] | Location") -> Location:
    """A place by what the user calls it; raises `FerError` for what is no path."""
    if isinstance(place, ObjectPath):
        return place
    if not isinstance(place, str | os.PathLike):
        raise FerError(f"{type(place).__name__} {place!r:.60}: is no path; give a text or a Path")
    text = os.fspath(place)
    found = ADDRESS.match(text)
    if found is None:
        return Path(place)
    kind, rest = found["kind"].lower(), text[found.end() :]
    if kind == "file":
        return Path("/" + rest.partition("/")[2])
    settings = SETTINGS.search(rest)
    rest = rest[: settings.start()] if settings else rest
    bucket, path = rest.partition("/")[0], posixpath.normpath(rest)
    if "@" in bucket:
        raise FerError(
            f"{kind}://..@{path.partition('@')[2]}: a key in an address ends up in cards and logs; "
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead"
        )
    if not bucket:
        raise FerError(f"{text}: there is no bucket in it; write {kind}://bucket/path")
    return ObjectPath(kind, path.strip("/"), settings["query"] if settings else "")


def on_disk(place: Location) -> Path:
    """A place that is on a disk of this machine; raises `FerError` for another."""
    if isinstance(place, ObjectPath):
        raise FerError(f"{place}: this works with files of this machine alone; copy them to a disk")
    return place


def listed(folder: Location, pattern: str) -> list[Location]:
    """What of a folder fits a pattern of `glob`, by name."""
    return sorted(folder.glob(pattern), key=str)


def within(place: Location, folder: Location) -> PurePath:
    """A place as it is seen from a folder above it."""
    if isinstance(place, ObjectPath):
        assert isinstance(folder, ObjectPath)
        return PurePosixPath(place.path).relative_to(folder.path)
    return place.relative_to(str(folder))


def way(place: Location, start: Location) -> str:
    """The relative path that leads from one folder to another; "" where none does."""
    if isinstance(place, Path) and isinstance(start, Path):
        return Path(os.path.relpath(place, start)).as_posix()
    if isinstance(place, ObjectPath) and isinstance(start, ObjectPath) and place.beside(start):
        return posixpath.relpath(place.path, start.path)
    return ""


def source(place: Location) -> Any:
    """What pyarrow reads a Parquet file from."""
    return place.opened() if isinstance(place, ObjectPath) else place


def sha256(file: Location) -> str:
    """64 hex characters that name the bytes of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def stamp(place: str) -> tuple[int, int]:
    """What changes when a file does: its time and size; an object's hold for a minute."""
    location = at(place)
    if isinstance(location, Path):
        status = location.stat()
        return status.st_mtime_ns, status.st_size
    return _stamp(location, int(time.monotonic() // FRESH))


@functools.lru_cache(maxsize=64)
def _stamp(path: ObjectPath, minute: int) -> tuple[int, int]:
    facts = path.stat()
    return facts.st_mtime_ns, facts.st_size


def create(place: Location, tag: str = "") -> BinaryIO:
    """A new file that is to be `put` in a place; `tag` keeps those apart who make the same."""
    if isinstance(place, ObjectPath):
        return cast(BinaryIO, tempfile.TemporaryFile())  # gone with the process, however it ends
    partial = place.with_name(f".{place.name}.{tag}partial")
    if partial.is_symlink():  # somebody's folder may bring one, and it would be written through
        partial.unlink()
    return partial.open("wb")


def put(file: BinaryIO, place: Location) -> None:
    """Close a file of `create` and put it in its place, once its bytes are on the disk."""
    if isinstance(place, ObjectPath):
        file.seek(0)
        place.upload(file)
        file.close()
        return
    file.flush()
    os.fsync(file.fileno())  # a power cut leaves it whole or not
    file.close()
    Path(file.name).replace(place)


def cache_folder() -> Path:
    """Where this user's copies are kept: `$XDG_CACHE_HOME/fertools`, or `~/.cache/fertools`."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path("~/.cache").expanduser()) / "fertools"


def local_copy(place: Location, name: str, check: Callable[[Path], None] | None = None) -> Path:
    """A file on this machine's disk: itself, or a copy that is kept under `name`, a digest.

    A copy is made once; `check` looks at it, and raises where it is not what it should be.
    """
    if isinstance(place, Path):
        return place
    kept = cache_folder() / "copies" / name
    if kept.is_file():
        return kept
    part = kept.with_name(f".{kept.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with place.open() as stream, part.open("wb") as file:
            shutil.copyfileobj(stream, file, COPIED)
        if check is not None:
            check(part)
        part.replace(kept)
    except FileNotFoundError as error:
        raise FerError(f"{place}: is missing; run the same ingest again") from error
    except OSError as error:
        cure = "make room, or set XDG_CACHE_HOME to a folder that can be written"
        raise FerError(f"{kept}: cannot be written ({error.strerror}); {cure}") from error
    finally:
        part.unlink(missing_ok=True)
    return kept
