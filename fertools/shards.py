"""Shards of a face store: `.npy` files of uint8 faces, written forward and memory-mapped.

In go faces of one shape; out come a file (n, H, W[, 3]) and its entry for the card: rows, shape,
and the sha256 of the pixels. A shard that is not what its entry says is refused by name. One of an
object store is copied to the user's cache before it is mapped.
"""

import hashlib
import math
import re
import struct
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from fertools.errors import FerError
from fertools.locations import Location, create, local_copy, put

Pixels = npt.NDArray[np.uint8]
MAGIC = b"\x93NUMPY\x01\x00"
HEADER = 128  # bytes: fixed, so that the number of rows can be written when it is known


class ShardWriter:
    """Writes faces of one shape to a shard, one after another; in place only once closed.

    `tag` keeps two writers of the same shard apart.
    """

    def __init__(self, path: Location, tag: str = "") -> None:
        self.path, self._tag = path, tag
        self.rows = self.bytes = 0
        self.shape: tuple[int, ...] | None = None
        self._file: BinaryIO | None = None
        self._digest = hashlib.sha256()

    def append(self, faces: Pixels) -> int:
        """Add faces (n, H, W[, 3]); returns the row of the first."""
        if self._file is None:
            self._file = create(self.path, self._tag)
            self._file.write(b"\0" * HEADER)
            self.shape = faces.shape[1:]
        if faces.shape[1:] != self.shape:
            raise ValueError(f"a face of shape {faces.shape[1:]} in a shard of {self.shape}")
        data = np.ascontiguousarray(faces).data.cast("B")
        self._file.write(data)
        self._digest.update(data)
        first = self.rows
        self.rows += len(faces)
        self.bytes += faces.nbytes
        return first

    def close(self) -> dict[str, Any] | None:
        """Finish the shard; returns its entry for the card, or None where nothing was added."""
        if self._file is None or self.shape is None:
            return None
        self._file.seek(0)
        self._file.write(npy_header((self.rows, *self.shape)))
        put(self._file, self.path)
        return {"rows": self.rows, "shape": list(self.shape), "sha256": self._digest.hexdigest()}


def npy_header(shape: tuple[int, ...]) -> bytes:
    """The header of a C-order uint8 `.npy` file, version 1.0, padded to `HEADER` bytes."""
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}"
    return MAGIC + struct.pack("<H", HEADER - 10) + text.ljust(HEADER - 11).encode() + b"\n"


def shard_digest(path: Location) -> str:
    """sha256 of a shard's pixels, as the card holds it."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        file.seek(HEADER)
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def open_shard(path: Location, expected: dict[str, Any]) -> Pixels:
    """A shard as a read-only map. Raises `FerError` where it is not what the card expects."""

    def check(copy: Path) -> None:
        if shard_digest(copy) != digest:
            raise FerError(f"{path}: its pixels have changed; delete it and run the ingest again")

    shape, digest = (expected["rows"], *expected["shape"]), str(expected.get("sha256"))
    if not isinstance(path, Path):
        if not re.fullmatch("[0-9a-f]{64}", digest):
            raise FerError(f"{path}: the card has no digest of it; run the same ingest again")
        path = local_copy(path, f"{digest}-{'x'.join(map(str, shape))}.npy", check)
    check_shard(path, expected)
    # a plain view of the map: the class memmap costs as much per look as the look itself
    return np.asarray(np.memmap(path, np.uint8, "r", HEADER, shape))


def check_shard(path: Location, expected: dict[str, Any]) -> None:
    """Raise `FerError` where a shard by its header and size is not what the card expects."""
    shape = (expected["rows"], *expected["shape"])
    try:
        with path.open("rb") as file:
            header = file.read(HEADER)
    except OSError as error:
        raise FerError(f"{path}: the shard is missing; run the same ingest again") from error
    size = HEADER + math.prod(shape)  # exact: a stranger may claim more than 64 bits hold
    if header != npy_header(shape):
        raise FerError(f"{path}: not the shard that the card describes; run the same ingest again")
    if path.stat().st_size != size:
        raise FerError(
            f"{path}: {path.stat().st_size} bytes instead of {size}; run the same ingest again"
        )
