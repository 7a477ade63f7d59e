"""Files of an object store, with the names that a `Path` has for what is done with them.

In goes the path of an object and the settings of its store; out come its facts, streams that read
by ranges, listings and uploads. A store is asked several times before it is given up; what it
refuses then becomes a sentence.
"""

import contextlib
import fnmatch
import functools
import io
import os
import posixpath
import re
import shutil
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePath, PurePosixPath
from typing import Any, BinaryIO

from fertools.errors import FerError, unknown

BLOCK = 1 << 20  # bytes asked for at once: of a zip of small images the next ones come along
COPIED = 8 << 20
ATTEMPTS = 5  # with pauses that grow: the client waits about ten seconds in all
PATIENCE = 30.0  # seconds without an answer
FLAGS = ("anonymous", "force_virtual_addressing")  # true or false; the others are texts
SETTINGS = (*FLAGS, "endpoint_override", "region", "scheme", "tls_ca_file_path")
CURES = (
    (r"NO_SUCH_BUCKET|Bucket '.*' not found", "there is no such bucket; make it, or mend its name"),
    (r"ACCESS_DENIED|ACCESS_KEY|SIGNATURE|FORBIDDEN|status 40[13]|[Cc]redentials",
     "the store refuses the credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or add "
     "?anonymous=true where no key is needed"),
    (r"NETWORK_CONNECTION|curlCode|[Tt]imeout|resolve host",
     "the store cannot be reached; look at the network and at endpoint_override, then run the same "
     "command again"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """Of an object, what `Path.stat` says of a file."""

    st_size: int
    st_mtime_ns: int


@dataclass(frozen=True, slots=True, order=True)
class ObjectPath:
    """A file or folder in an object store: `kind://path?query`; `facts` where a listing told."""

    kind: str
    path: str
    query: str = ""
    facts: Facts | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.kind}://{self.path}" + (f"?{self.query}" if self.query else "")

    def __truediv__(self, other: str | PurePath) -> "ObjectPath":
        path = posixpath.normpath(posixpath.join(self.path, PurePosixPath(other).as_posix()))
        if path.split("/")[0] != self.path.split("/")[0]:
            raise FerError(f"{self}: {other} climbs out of the bucket")
        return ObjectPath(self.kind, path, self.query)

    @property
    def name(self) -> str:
        """Last component."""
        return PurePosixPath(self.path).name

    @property
    def stem(self) -> str:
        """Name without its suffix."""
        return PurePosixPath(self.path).stem

    @property
    def suffix(self) -> str:
        """Extension with its dot."""
        return PurePosixPath(self.path).suffix

    @property
    def parent(self) -> "ObjectPath":
        """The folder it lies in; of a bucket itself."""
        above = posixpath.dirname(self.path)
        return ObjectPath(self.kind, above or self.path, self.query)

    def with_name(self, name: str) -> "ObjectPath":
        """Its neighbour of another name."""
        return self.parent / name

    def beside(self, other: "ObjectPath") -> bool:
        """Whether it lies in the same bucket."""
        bucket, its = (path.path.split("/")[0] for path in (self, other))
        return (self.kind, bucket, self.query) == (other.kind, its, other.query)

    def resolve(self) -> "ObjectPath":
        """Itself: there are no links."""
        return self

    def mkdir(self, parents: bool = False, exist_ok: bool = False) -> None:
        """Nothing to do: folders are there when they hold something."""

    def exists(self) -> bool:
        """Whether anything is there."""
        return str(self._info().type.name) != "NotFound"

    def is_dir(self) -> bool:
        """Whether it is a folder, which holds something."""
        return self.facts is None and str(self._info().type.name) == "Directory"

    def is_file(self) -> bool:
        """Whether it is an object."""
        return self.facts is not None or str(self._info().type.name) == "File"

    def stat(self) -> Facts:
        """Size and time. Raises `FileNotFoundError`."""
        if self.facts is not None:
            return self.facts
        info = self._info()
        if info.type.name != "File":
            raise FileNotFoundError(2, "there is no such object", str(self))
        return _facts(info)

    def open(self, mode: str = "rb") -> io.BufferedReader:
        """A seekable stream that reads by ranges. Raises `FileNotFoundError`."""
        if mode != "rb":
            raise ValueError(f"mode {mode!r}: objects are written by create and put")
        return io.BufferedReader(_Ranges(self), BLOCK)

    def opened(self) -> Any:
        """The object as pyarrow reads it. Raises `FileNotFoundError`."""
        with self.asking():
            return self.filesystem().open_input_file(self.path)

    def read_bytes(self) -> bytes:
        """All of it."""
        with self.open() as stream:
            return stream.read()

    def read_text(self, encoding: str = "utf-8") -> str:
        """All of it, as text."""
        return self.read_bytes().decode(encoding)

    def unlink(self, missing_ok: bool = False) -> None:
        """Remove the object. Raises `FileNotFoundError`, unless it may be `missing_ok`."""
        try:
            with self.asking():
                self.filesystem().delete_file(self.path)
        except FileNotFoundError:
            if not missing_ok:
                raise

    def iterdir(self) -> Iterator["ObjectPath"]:
        """What lies right below."""
        return iter(self._below(recursive=False, kinds=("File", "Directory")))

    def glob(self, pattern: str) -> Iterator["ObjectPath"]:
        """The objects of a folder whose names fit; the pattern may begin with inner folders."""
        folder, name = posixpath.split(pattern)
        found = (self / folder if folder else self)._below(recursive=False)
        return (path for path in found if fnmatch.fnmatchcase(path.name, name))

    def walk(self) -> Iterator["ObjectPath"]:
        """Every object below, in the order of their paths."""
        return iter(self._below(recursive=True))

    def upload(self, file: BinaryIO) -> None:
        """Let an object be what a file holds from where it stands: all of it, or nothing."""
        with self.asking():
            store = self.filesystem()
            out = store.open_output_stream(self.path)
            try:
                shutil.copyfileobj(file, out, COPIED)
                out.close()
            except BaseException:
                with contextlib.suppress(OSError):  # closing is the only end: it would be cut off
                    out.close()
                    store.delete_file(self.path)
                raise

    def filesystem(self) -> Any:
        """The store it lies in, by pyarrow. Raises `FerError` where it cannot be had."""
        return _filesystem(self.kind, self.path.split("/")[0], self.query, os.getpid())

    @contextlib.contextmanager
    def asking(self) -> Iterator[None]:
        """What the store refuses, in words: by now it has been asked several times."""
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            text = str(error)
            if error.errno:  # of this machine's disk
                raise
            for sign, cure in CURES:
                if re.search(sign, text):
                    raise FerError(f"{self}: {cure}") from error
            text = text.splitlines()[0].split(" (Request ID")[0]
            raise FerError(f"{self}: {text}; run the same command again") from error

    def _info(self) -> Any:
        with self.asking():
            return self.filesystem().get_file_info(self.path)

    def _below(self, *, recursive: bool, kinds: tuple[str, ...] = ("File",)) -> list["ObjectPath"]:
        import pyarrow.fs as fs

        with self.asking():
            selector = fs.FileSelector(self.path, allow_not_found=True, recursive=recursive)
            found = self.filesystem().get_file_info(selector)
        chosen = [info for info in found if info.type.name in kinds]
        return [
            ObjectPath(
                self.kind, i.path, self.query, _facts(i) if i.type.name == "File" else None
            )
            for i in sorted(chosen, key=lambda info: str(info.path))
        ]  # fmt: skip


def _facts(info: Any) -> Facts:
    return Facts(info.size, info.mtime_ns or 0)


class _Ranges(io.RawIOBase):
    """An object as a raw stream."""

    def __init__(self, path: ObjectPath) -> None:
        self._path = path
        self._file = path.opened()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def readinto(self, buffer: Any) -> int:
        with self._path.asking():
            return int(self._file.readinto(buffer))

    def readall(self) -> bytes:
        with self._path.asking():  # by itself it would ask for 8 kB at a time
            return bytes(self._file.read())

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


@functools.lru_cache(maxsize=16)
def _filesystem(kind: str, bucket: str, query: str, process: int) -> Any:
    """A store by pyarrow, anew in every process: its threads do not outlive a fork."""
    import pyarrow as pa
    import pyarrow.fs as fs

    address = ObjectPath(kind, bucket, query)
    if kind != "s3":
        try:
            return fs.FileSystem.from_uri(str(address))[0]
        except (pa.ArrowException, OSError) as error:
            raise FerError(f"{address}: pyarrow cannot open this ({error})") from error
    given = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
    for name in given:
        if name not in SETTINGS:
            raise unknown(f"{address}: setting", name, list(SETTINGS))
    flags = {k: given[k].lower() in ("true", "1") for k in FLAGS if k in given}
    with address.asking():
        store = fs.S3FileSystem(
            **{**given, **flags, "region": _region(bucket, given)},
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
            connect_timeout=PATIENCE / 3,
            request_timeout=PATIENCE,
        )
        there = store.get_file_info(bucket).type.name != "NotFound"
    if not there:
        raise FerError(f"{address}: {CURES[0][1]}")
    return store


def _region(bucket: str, given: dict[str, str]) -> str:
    """The region that is named, or the bucket's own; of other makers' stores it does not matter."""
    import pyarrow.fs as fs

    named = given.get("region") or os.environ.get("AWS_REGION")
    named = named or os.environ.get("AWS_DEFAULT_REGION")
    elsewhere = "endpoint_override" in given or any(
        os.environ.get(name) for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")
    )
    return named or ("us-east-1" if elsewhere else str(fs.resolve_s3_region(bucket)))
