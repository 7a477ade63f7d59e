"""Parquet files that hold the pictures themselves, for Hugging Face and for Croissant.

In go the samples of a part and how a picture stands in a cell; out come files of at most half a
gigabyte, named as the Hub names them.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fertools.export._chosen import BATCH, Chosen, Sample

BYTES = 500_000_000
Cell = Callable[[Sample], Any]


def write_parquet(
    chosen: Chosen, part: str, stem: Path, schema: pa.Schema, table: pa.Table, cell: Cell
) -> list[Path]:
    """Write the samples of a part; `table` holds every column of `schema` but `image`.

    Returns the files `<stem>-00000-of-00002.parquet`, ..
    """
    stem.parent.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for number, batches in enumerate(_files(_batches(chosen, part, schema, table, cell))):
        written.append(stem.with_name(f"{stem.name}-{number:05d}.parquet"))
        with pq.ParquetWriter(written[-1], schema, compression="zstd") as writer:
            for batch in batches:
                writer.write_table(batch)
    return [
        path.rename(stem.with_name(f"{stem.name}-{number:05d}-of-{len(written):05d}.parquet"))
        for number, path in enumerate(written)
    ]


def _batches(
    chosen: Chosen, part: str, schema: pa.Schema, table: pa.Table, cell: Cell
) -> Iterator[pa.Table]:
    at = chosen.at(part)
    samples = chosen.samples(part)
    for start in range(0, len(at), BATCH):
        here = at[start : start + BATCH]
        cells = [cell(next(samples)) for _ in here]
        rest = table.take(pa.array(here.astype(np.int64)))
        columns = {name: rest[name] for name in rest.column_names}
        columns["image"] = pa.chunked_array([pa.array(cells, schema.field("image").type)])
        yield pa.table({name: columns[name] for name in schema.names}).cast(schema)


def _files(batches: Iterator[pa.Table]) -> Iterator[Iterator[pa.Table]]:
    """The batches, file by file: a file ends once it holds `BYTES`."""
    waiting = next(batches, None)

    def one() -> Iterator[pa.Table]:
        nonlocal waiting
        size = 0
        while waiting is not None and size < BYTES:
            size += waiting.nbytes
            yield waiting
            waiting = next(batches, None)

    while waiting is not None:
        yield one()
