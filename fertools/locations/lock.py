"""One writer of a folder at a time: two that write the same files would spoil each other's."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from fertools.errors import FerError
from fertools.locations import Location

try:
    import fcntl
except ImportError:  # Windows, where a folder cannot be locked
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def alone_in(folder: Location, what: str = "ingest") -> Iterator[None]:
    """Hold a folder that is there against everybody else who asks for it, here or over NFS.

    The system lets go of it when the process ends, however it ends. In an object store and on
    Windows nobody is held off. Raises `FerError` where somebody else has it; `what` both do.
    """
    if fcntl is None or not isinstance(folder, Path):
        yield
        return
    held = os.open(folder, os.O_RDONLY)
    try:
        _take(held, folder, what)
        yield
    finally:
        os.close(held)


def _take(held: int, folder: Path, what: str) -> None:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise FerError(
            f"{folder}: another {what} is writing to it; wait until it ends, or give another -o"
        ) from error
    except OSError:
        return  # a disk that knows no locks
