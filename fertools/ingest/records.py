"""A data set's own records, kept with its face store: `labels.parquet`.

In go the roots of a round; out comes the path of the table that unites the records of all rounds,
so that images can arrive after the labels' archive is deleted.
"""

import dataclasses
import hashlib
from collections.abc import Sequence
from types import ModuleType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fertools.locations import Location, ObjectPath, at, create, local_copy, put
from fertools.manifest.parquet import read_parquet
from fertools.roots import Root, Unit

RECORDS = "labels.parquet"
LOST = (
    "put back a copy of it, or delete it and run the ingest again with every RAW that held labels"
)


def records_of(out: Location) -> pa.Table | None:
    """The records of all rounds, None where there are none. Raises `FerError` for a broken file."""
    file = out / RECORDS
    return read_parquet(file, file, f"; {LOST}") if file.is_file() else None


def keep_records(module: ModuleType, roots: Sequence[Root], out: Location) -> str | None:
    """Write the records of this and of earlier rounds to `out`; None where a source has none."""
    if not hasattr(module, "index"):
        return None
    file = out / RECORDS
    tables = [table for root in roots if (table := module.index(root)) is not None]
    if (before := records_of(out)) is not None:
        tables.insert(0, before)
    if not tables:
        return None
    table = pa.concat_tables(tables, promote_options="permissive")
    table = module.unite(table) if hasattr(module, "unite") else _distinct(table)
    table = table.combine_chunks()  # the bytes would tell how many rounds it took
    with create(file) as stream:
        # a unit looks for its own records: small groups let it pass over those of other units
        pq.write_table(table, stream, compression="zstd", row_group_size=1 << 15)
        put(stream, file)
    return str(file)


def at_hand(unit: Unit) -> Unit:
    """A unit whose records lie on a disk of this machine, where sources look for them."""
    place = at(unit.labels) if unit.labels else None
    if not isinstance(place, ObjectPath):
        return unit
    told = f"{place} {place.stat()}"  # other records are another object
    name = f"{hashlib.sha256(told.encode()).hexdigest()}.parquet"
    return dataclasses.replace(unit, labels=str(local_copy(place, name)))


def _distinct(table: pa.Table) -> pa.Table:
    """Rows of a label index by key; of several with one key the first."""
    first = table.append_column("at", pa.array(np.arange(table.num_rows))).group_by("key")
    rows = first.aggregate([("at", "min")])["at_min"]
    return table.take(rows).sort_by("key")
