"""Columns of a manifest as arrays: codes, words, numbers.

In goes a pyarrow column; out come NumPy arrays that the measures take.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fertools.errors import FerError

Codes = npt.NDArray[np.int64]


def encode(column: pa.ChunkedArray) -> tuple[Codes, list[str]]:
    """A column of words as codes (n,), -1 for null, and the words in sorted order."""
    column = column.cast(pa.string())
    coded = pa.chunked_array(column.chunks, pa.string()).combine_chunks().dictionary_encode()
    order = pc.array_sort_indices(coded.dictionary).to_numpy()
    rank = np.empty(len(order) + 1, np.int64)
    rank[order], rank[-1] = np.arange(len(order)), -1
    codes = rank[coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)]
    return codes, coded.dictionary.take(pa.array(order)).to_pylist()


def texts(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """A column as texts; raises `FerError` that has its `name` where its values are lists, records
    or bytes that are no text.
    """
    if pa.types.is_nested(column.type):
        raise FerError(f"column {name!r}: holds {column.type}, which has no single value a row")
    try:
        return column.cast(pa.string())
    except pa.ArrowException as error:
        raise FerError(f"column {name!r}: holds {column.type}, which is no text") from error


def repeated(column: pa.ChunkedArray) -> str | None:
    """A text that a column has twice or more, None where it has each once."""
    if pc.count_distinct(column, mode="all").as_py() == len(column):
        return None
    found = pc.value_counts(column)
    twice: str = found.filter(pc.greater(found.field("counts"), 1)).field("values")[0].as_py()
    return twice


def numbers(column: pa.ChunkedArray) -> Codes:
    """A column of texts as codes (n,) in the order in which they first occur, -1 for null.

    For columns of which hardly a text occurs twice, such as hashes: to sort them takes longest.
    """
    coded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    found: Codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def folds_of(column: pa.ChunkedArray) -> Codes:
    """The column `fold` as numbers (n,), -1 for a row in none."""
    found: Codes = column.fill_null(-1).to_numpy().astype(np.int64)
    return found


def cross(*codes: Codes) -> tuple[Codes, npt.NDArray[np.int64]]:
    """Codes of the combinations that occur (-1 where any is -1), and each combination's parts."""
    known = np.all([c >= 0 for c in codes], axis=0)
    stacked = np.stack(codes, axis=1)[known]
    joint = stacked[:, 0]
    for column in stacked.T[1:]:  # numbered anew each time, so that no product overflows
        joint = np.unique(joint * (column.max(initial=0) + 1) + column, return_inverse=True)[1]
    _, first, inverse = np.unique(joint, return_index=True, return_inverse=True)
    out = np.full(len(known), -1, np.int64)
    out[known] = inverse
    return out, stacked[first]


def words(codes: Codes, names: list[str]) -> pa.Array:
    """The words of codes; -1 becomes null."""
    indices = pa.array(codes, pa.int64(), mask=codes < 0)
    return pa.array(names, pa.string()).take(indices)


def put(table: pa.Table, name: str, column: Any) -> pa.Table:
    """The table with a column set, in its place or at the end."""
    if name in table.column_names:
        return table.set_column(table.column_names.index(name), name, column)
    return table.append_column(name, column)


def flagged(table: pa.Table, *names: str) -> npt.NDArray[np.bool_]:
    """Rows (n,) that bear one of some flags."""
    out = np.zeros(table.num_rows, np.bool_)
    if "flags" in table.column_names:
        flat = table["flags"].combine_chunks()
        hit = pc.is_in(pc.list_flatten(flat), value_set=pa.array(names, pa.string()))
        out[pc.list_parent_indices(flat).filter(hit).to_numpy()] = True
    return out


def usable(table: pa.Table) -> npt.NDArray[np.bool_]:
    """Rows that have a face and that no check has dropped."""
    good = table["status"].to_numpy() == "ok"
    if "drop" in table.column_names:
        good &= table["drop"].is_null().to_numpy()
    return np.asarray(good)
