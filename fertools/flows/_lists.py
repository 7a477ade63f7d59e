"""Rows of a list: what tells them in any copy of the data set, and what a protocol says of them."""

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fertools.columns import put
from fertools.faces import open_faces
from fertools.image import decode, digest, encode
from fertools.manifest import Manifest
from fertools.protocol import HASHED, LIST

TOLD = ("id", "official_split", "raw_label", "native_label")


def identity(manifest: Manifest, data: str, hidden: NDArray[np.bool_] | None = None) -> pa.Table:
    """The columns of `LIST` that tell the rows of a data set whose faces are its pictures.

    The JPEG is OpenCV's of quality 95: byte for byte what Pillow writes of a gray picture. Rows in
    `hidden` (n,) get no hash. An id begins with `data`, whatever the copy is called.
    """
    table = manifest.table
    faces = open_faces(manifest, channels=1)
    jpegs = [
        digest(decode(encode(faces[row], "jpeg", quality=95)).pixels)[:HASHED]
        for row in range(len(table))
    ]
    found = put(table.select(TOLD), "id", pc.replace_substring_regex(table["id"], "^[^/]*", data))
    number = table["source_row"] if "source_row" in table.column_names else None
    none = pa.nulls(len(table), pa.int32())
    found = put(found, "source_row", none if number is None else number)
    shown = pa.array(np.ones(len(table), np.bool_) if hidden is None else ~hidden)
    for name, hashes in (
        ("image_hash", pc.utf8_slice_codeunits(table["image_hash"], 0, HASHED)),
        ("jpeg_hash", pa.array(jpegs)),
    ):
        found = put(found, name, pc.if_else(shown, hashes, pa.scalar(None, pa.string())))
    return found


def listed(base: pa.Table, *, draw: int | None = None, **said: pa.Array) -> pa.Table:
    """The rows of a list in its schema; what is not said is null."""
    rows = len(base)
    table = put(base, "draw", pa.array([draw] * rows, pa.int16()))
    for name in LIST.names:
        if name in said:
            table = put(table, name, said[name])
        elif name not in table.column_names:
            table = put(table, name, pa.nulls(rows, LIST.field(name).type))
    return table.select(LIST.names).cast(LIST)


def content_digest(manifest: Manifest) -> str:
    """SHA-256 of what the rows are, whatever they came in: key, picture, part and label."""
    table = manifest.table.sort_by("id")
    keys = pc.replace_substring_regex(table["id"], "^[^/]*/", "")
    columns = [keys, *(table[name] for name in ("image_hash", "official_split", "raw_label"))]
    rows = zip(*(column.to_pylist() for column in columns), strict=True)
    lines = ("\t".join(word or "" for word in row) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
