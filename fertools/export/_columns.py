"""What is told of each face beside its picture and its label: the manifest's other columns.

In goes the table of the chosen rows; out come columns with types that every format can hold, as
plain values for JSON, or flat for a CSV.
"""

import datetime
import json
import math
import re
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

# Where a face lies in our own store, and what is the same for every row that is exported.
INTERNAL = ("store", "shard", "row", "status", "detail", "label_status")
TAKEN = ("image", "file_name", "label", "part")  # the names that the formats write themselves
# Words that pandas takes for an empty cell, unless it is told otherwise.
LIKE_NOTHING = (
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>",
    "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
)  # fmt: skip
# A spreadsheet computes such a cell of a CSV; a number with its sign is none.
FORMULA = r"^\s*([=@]|[+-]\s*[^\d.\s])"
TO_READERS = re.compile("file_names?$")  # `datasets` opens what stands in such a column


def told(table: pa.Table) -> pa.Table:
    """The columns that say something, under names that no format takes for its own."""
    columns = {}
    taken = set(table.column_names)
    for name in table.column_names:
        column = table[name]
        if name in INTERNAL or column.null_count == len(column):
            continue
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if name in TAKEN or TO_READERS.search(name):
            name = free(aside(name), taken)
        columns[name] = column
    return pa.table(columns)


def aside(name: str) -> str:
    """What a column is called whose name a format needs for itself."""
    return f"{name}_in_manifest"


def free(name: str, taken: set[str]) -> str:
    """A name that no other column has, which is `taken` from now on."""
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def plain(value: Any) -> Any:
    """A cell as JSON can hold it: no NaN, no fields that are null, dates as ISO 8601."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items() if v is not None}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    return value if isinstance(value, (str, int, bool)) or value is None else str(value)


def described(table: pa.Table) -> list[dict[str, Any]]:
    """Every row as plain values, columns that are null left out; a map becomes an object."""
    maps = [field.name for field in table.schema if pa.types.is_map(field.type)]
    rows = []
    for row in table.to_pylist():
        for name in maps:
            row[name] = dict(row[name]) if row[name] is not None else None
        rows.append(plain(row))
    return rows


def flat(table: pa.Table) -> pa.Table:
    """One cell for each value: `votes` as `votes_<word>`, lists and maps as JSON text."""
    columns: dict[str, Any] = {}
    taken = set(table.column_names)
    for field in table.schema:
        column = table[field.name]
        if pa.types.is_struct(field.type):
            whole = column.combine_chunks()
            names = [free(f"{field.name}_{inner.name}", taken) for inner in field.type]
            inner = flat(pa.table(whole.flatten(), names=names))
            columns |= dict(zip(inner.column_names, inner.columns, strict=True))
        elif pa.types.is_nested(field.type) or _is_bytes(field.type):
            columns[field.name] = as_text(table, field.name)
        else:
            columns[field.name] = column
    return pa.table(columns)


def like_nothing(table: pa.Table, classes: Sequence[str], file: str) -> list[str]:
    """What is to be said where a class or a cell of text is a word that pandas reads as nothing."""
    return [
        f"{name} {pc.min(lost).as_py()!r} is an empty cell to pandas: read {file} with "
        "keep_default_na=False, na_values=['']"
        for name, column in _cells(table, classes).items()
        if len(lost := column.filter(pc.is_in(column, pa.array(LIKE_NOTHING, column.type))))
    ]


def like_formulas(table: pa.Table, classes: Sequence[str], file: str) -> list[str]:
    """What is to be said where a spreadsheet would compute a class or a cell of text."""
    return [
        f"{name} {said[0].as_py()!r} is a formula to a spreadsheet: open {file} there as text alone"
        for name, column in _cells(table, classes).items()
        if len(said := column.filter(pc.match_substring_regex(column, FORMULA)))
    ]


def _cells(table: pa.Table, classes: Sequence[str]) -> dict[str, pa.ChunkedArray]:
    """The classes and every column of text, by name."""
    return {"label": pa.chunked_array([pa.array(classes, pa.string())])} | {
        name: column
        for name, column in zip(table.column_names, table.columns, strict=True)
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    }


def as_text(table: pa.Table, name: str) -> pa.Array:
    """A column as text: that of JSON for lists and maps, ISO 8601 for dates."""
    cells = (row.get(name) for row in described(table.select([name])))
    texts = (
        json.dumps(cell, ensure_ascii=False) if isinstance(cell, (dict, list)) else cell
        for cell in cells
    )
    return pa.array([None if text is None else str(text) for text in texts], pa.string())


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
    )
