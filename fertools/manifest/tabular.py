"""Tables of strangers that speak of a manifest's rows by their `id`: Parquet, or a file `.csv`.

In goes a file; out come its columns, each named once, and the ids as texts, each once.
"""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from fertools.columns import repeated
from fertools.errors import FerError
from fertools.manifest.parquet import read_parquet
from fertools.manifest.schema import first_line


def read_tabular(file: Path, needs: str, texts: Sequence[str] = ()) -> pa.Table:
    """The columns of a file with `id`; further columns that are to be `texts` may be named.

    `needs` says in words which columns it should have. Raises `FerError` where it cannot be read,
    a column stands there twice, there is no `id`, or one is null or stands there twice.
    """
    table = _table(file, needs, ("id", *texts))
    if (twice := repeated(pa.chunked_array([table.column_names]))) is not None:
        raise FerError(f"{file}: the column {twice!r} stands there twice; give each once")
    if not {"id", *texts} <= set(table.column_names):
        raise lacks(file, needs, table)
    for name in ("id", *texts):
        where = table.column_names.index(name)
        table = table.set_column(where, name, cast(table[name], pa.string(), file, name, "texts"))
    ids = table["id"]
    if ids.null_count or len(pc.unique(ids)) < len(ids):
        raise FerError(f"{file}: an id is null or stands there twice; give one row per face")
    return table


def lacks(file: Path, needs: str, table: pa.Table) -> FerError:
    """The error for a table without the columns that it needs."""
    names = table.column_names
    cure = "; save it with commas between the columns" if len(names) == 1 else ""
    return FerError(f"{file}: needs {needs}; it has {', '.join(names)}{cure}")


def cast(
    column: pa.ChunkedArray, kind: pa.DataType, file: Path, name: str, what: str
) -> pa.ChunkedArray:
    """A column of the file as another type; raises `FerError` where it holds other values."""
    try:
        return column.cast(kind)
    except pa.ArrowException as error:
        raise FerError(f"{file}: column {name} holds {column.type}; give {what}") from error


def _table(file: Path, needs: str, texts: Sequence[str]) -> pa.Table:
    if not file.is_file():
        raise FerError(f"{file}: there is no such file; it is to hold {needs}")
    if file.suffix.lower() != ".csv":
        return read_parquet(file, file, cure=f"; write {needs} as Parquet or as .csv")
    try:
        types = csv.ConvertOptions(column_types=dict.fromkeys(texts, pa.string()))
        return csv.read_csv(file, convert_options=types)
    except (pa.ArrowException, OSError) as error:
        raise FerError(f"{file}: cannot be read as a CSV ({first_line(error)})") from error
