"""A finished unit on disk: `units/<unit>.parquet`, written after the shards it speaks of.

In go rows and faces, in reading order; out comes a Parquet file whose metadata holds the unit's
digest and its shards. That the file is there means that the unit is done.
"""

import hashlib
import json
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fertools import engine
from fertools.errors import FerError
from fertools.frame import Pixels
from fertools.locations import Location, create, put, source
from fertools.manifest import TYPES, spread
from fertools.manifest.card import is_shard
from fertools.roots import READ_ERROR, Unit
from fertools.shards import ShardWriter, check_shard

SHARD_BYTES = 1 << 30
HELD = 1 << 23  # bytes of faces kept before they are written
NO_FAULT = ("ok", "pending")
PASSING = (READ_ERROR, engine.TIMEOUT)  # another day may do: such a unit is read again


def unit_file(out: Location, name: str) -> Location:
    """Where a unit's rows lie."""
    return out / "units" / f"{name}.parquet"


def unit_facts(file: Location) -> dict[str, Any]:
    """Digest and shards of a finished unit. Raises `FerError` where the file is broken."""
    try:
        facts: dict[str, Any] = json.loads(pq.read_schema(source(file)).metadata[b"unit"])
        if not isinstance(facts["digest"], str) or not all(map(is_shard, facts["shards"].values())):
            raise ValueError("these are not the facts of a unit")
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise FerError(f"{file}: a broken unit; delete it and run the same ingest again") from error
    return facts


def unit_table(file: Location) -> tuple[pa.Table, str]:
    """The rows of a finished unit, and the sha256 of its file.

    Raises `FerError` where the file is broken.
    """
    data = file.read_bytes()
    try:
        table = pq.read_table(pa.BufferReader(data), page_checksum_verification=True)
    except (pa.ArrowException, OSError) as error:
        raise FerError(f"{file}: a broken unit; delete it and run the same ingest again") from error
    return table, hashlib.sha256(data).hexdigest()


def unit_rows(file: Location) -> int:
    """Rows of a finished unit; 0 where the file is broken, for it is read again."""
    try:
        return int(pq.read_metadata(source(file)).num_rows)
    except (pa.ArrowException, OSError):
        return 0


def finished(out: Location, unit: Unit) -> bool:
    """Whether a unit is done, its shards are there, and nothing can be read now that could not.

    Raises `FerError` where it was done from other bytes.
    """
    file = unit_file(out, unit.name)
    if not file.is_file():
        return False
    try:
        facts = unit_facts(file)
    except FerError:
        return False  # cut: its data is at hand, so it is read again
    come = _come(facts, unit)
    if facts["digest"] != unit.digest or (_replaced(facts, unit) and not come):
        raise FerError(
            f"{out}: unit {unit.name} was read from other data than it is now; give the RAW of "
            "that time as well, before the others and with --add, another -o, or --force to start "
            "over"
        )
    if facts.get("again") or come:
        return False
    try:
        for shard, entry in facts["shards"].items():
            check_shard(out / shard, entry)
    except FerError:
        return False  # read again: a shard is missing or cut
    return True


def _come(facts: dict[str, Any], unit: Unit) -> bool:
    """Whether files that a table names are there now and were missing when it was read."""
    return bool(unit.named and "named" in facts and unit.named.absent < facts["named"]["absent"])


def _replaced(facts: dict[str, Any], unit: Unit) -> bool:
    """Whether the files that a table names are others than those that were read."""
    return bool(unit.named and "named" in facts and unit.named.digest != facts["named"]["digest"])


class UnitWriter:
    """Collects a unit's rows, writes its faces to shards, and finishes it with one rename.

    `tag` keeps two writers of one unit apart: on a cluster, one may not know that it is given up.
    """

    def __init__(self, out: Location, unit: Unit, tag: str = "") -> None:
        self.rows = self._again = 0
        self._out, self._unit, self._tag = out, unit, tag
        self._tables: list[pa.Table] = []
        self._pending: list[dict[str, Any]] = []
        self._held: list[tuple[dict[str, Any], Pixels]] = []
        self._shards: dict[str, Any] = {}
        self._writer: ShardWriter | None = None
        self._faults: list[dict[str, Any]] = []

    def add(self, row: dict[str, Any], face: Pixels | None) -> None:
        """Add one row, with its face or without."""
        self.rows += 1
        self._again += row["status"] in PASSING
        self._pending.append(row)
        if row["status"] not in NO_FAULT:
            self._faults.append(row)
        if face is not None:
            self._held.append((row, face))
            if len(self._held) * face.nbytes >= HELD:
                self._flush()

    def add_batch(self, table: pa.Table, faces: Pixels) -> None:
        """Add rows, with a face for each whose status is ok, in order."""
        self._flush()
        self.rows += table.num_rows
        bad = table.filter(pc.invert(pc.is_in(table["status"], pa.array(NO_FAULT))))
        self._faults += bad.to_pylist()
        has = pc.equal(table["status"], "ok")
        writer = self._shard(faces.nbytes)
        first = writer.append(faces) if len(faces) else writer.rows
        rows = spread(pa.array(range(first, first + len(faces)), pa.int32()), has)
        names = pc.if_else(has, writer.path.name, pa.scalar(None, pa.string()))
        self._tables.append(table.append_column("row", rows).append_column("shard", names))

    def refuse_faults(self) -> None:
        """Raise `FerError` for the first row that gave no face."""
        for row in self._faults[:1]:
            what = row["detail"] or f"{row['path']}: {row['status']}"
            raise FerError(f"{what}; mend it, or leave --on-error stop out to keep it as a row")

    def close(self) -> tuple[str, int, int]:
        """Finish the unit; returns its name, its rows, and how many of them have a face."""
        self._flush()
        self._close_shard()
        try:
            table = pa.concat_tables(self._tables, promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise FerError(f"{self._unit}: a column changes its type: {error}") from error
        facts: dict[str, Any] = {"digest": self._unit.digest, "shards": self._shards}
        if self._again:
            facts["again"] = self._again
        if named := self._unit.named:
            facts["named"] = {"absent": named.absent, "digest": named.digest}
        text = json.dumps(facts, sort_keys=True, ensure_ascii=False)
        table = table.replace_schema_metadata({b"unit": text.encode()})
        file = unit_file(self._out, self._unit.name)
        with create(file, self._tag) as stream:
            pq.write_table(table, stream, compression="zstd", write_page_checksum=True)
            put(stream, file)
        return self._unit.name, self.rows, sum(e["rows"] for e in self._shards.values())

    def _flush(self) -> None:
        """Write the faces held back, and turn the rows since the last time into a table."""
        if self._held:
            writer = self._shard(sum(face.nbytes for _, face in self._held))
            for row, face in self._held:  # one by one: together they would be here twice
                row |= {"shard": writer.path.name, "row": writer.append(face[None])}
            self._held = []
        if self._pending or not self._tables:
            self._tables.append(_table(self._pending, self._unit))
            self._pending = []

    def _shard(self, size: int) -> ShardWriter:
        """The shard that has room for so many bytes."""
        if self._writer is not None and self._writer.bytes + size > SHARD_BYTES:
            self._close_shard()
        if self._writer is None:
            name = f"faces-{self._unit.name}-{len(self._shards)}.npy"
            self._writer = ShardWriter(self._out / name, self._tag)
        return self._writer

    def _close_shard(self) -> None:
        if self._writer is not None and (entry := self._writer.close()):
            self._shards[self._writer.path.name] = entry
        self._writer = None


def _table(rows: list[dict[str, Any]], unit: Unit) -> pa.Table:
    """Rows as columns. Raises `FerError` for a value that its column cannot hold."""
    columns: dict[str, pa.Array] = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        try:
            columns[name] = pa.array([row.get(name) for row in rows], TYPES.get(name))
        except (pa.ArrowException, OverflowError, UnicodeEncodeError) as error:
            raise FerError(f"{unit}: column {name!r}: {error}") from error
    return pa.table(columns or {"id": pa.array([], pa.string())})
