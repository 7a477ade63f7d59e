"""Parquet files of strangers: read whole and sound, or refused by a sentence.

In goes a file or its bytes; out comes a table whose texts are UTF-8 and whose rows the file has
room for.
"""

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fertools.errors import FerError
from fertools.locations import Location, source
from fertools.manifest.schema import first_line

ROWS_PER_BYTE = 64  # rows with ids of their own take more than a bit each, however they are packed
FEW = 1_000_000


def read_parquet(data: Location | bytes, name: str | Location, cure: str = "") -> pa.Table:
    """The table of a file, or of its bytes; `name` is what the user calls it.

    Raises `FerError` where it is no Parquet file, is damaged, or claims rows by the billion; `cure`
    ends the sentence.
    """
    what = f"{name}: this is not a Parquet file"
    try:
        size = len(data) if isinstance(data, bytes) else data.stat().st_size
        given: Any = pa.BufferReader(data) if isinstance(data, bytes) else source(data)
        with pq.ParquetFile(given) as opened:
            rows = opened.metadata.num_rows
            if rows > FEW + ROWS_PER_BYTE * size:
                raise FerError(f"{what} ({rows} rows in {size} bytes){cure}")
            table = opened.read()
        table.validate(full=True)  # else a damaged text is found by whoever looks at it first
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise FerError(f"{what} ({first_line(error)}){cure}") from error
    return table
