"""Groups that an older split dealt: which part each of them has.

In go a table with its groups and the older split manifest; out comes a part per group, -1 if new.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fertools.errors import FerError
from fertools.manifest import read_manifest
from fertools.measures.leakage import PARTS
from fertools.split.grouping import Groups


def kept(
    table: pa.Table, groups: Groups, keep: str | Path, *, folds: bool
) -> npt.NDArray[np.int64]:
    """The part that an older split gave each group, or -1. Raises where it tore a group apart."""
    old = read_manifest(keep)
    name = "fold" if folds else "split"
    if not old.has(name):
        raise FerError(f"{keep}: has no column {name!r}; give a manifest made by `split`")
    values = old.column(name)
    number = values.to_numpy(zero_copy_only=False) if folds else encode_parts(values)
    at = pc.index_in(table["id"], old.table["id"].combine_chunks()).fill_null(-1).to_numpy()
    number = np.append(np.nan_to_num(number.astype(float), nan=-1), -1).astype(np.int64)[at]
    fixed = np.full(len(groups.names), -1)
    low = np.full(len(groups.names), np.iinfo(np.int64).max)
    known = number >= 0
    np.maximum.at(fixed, groups.codes[known], number[known])
    np.minimum.at(low, groups.codes[known], number[known])
    if (torn := np.flatnonzero((fixed >= 0) & (low != fixed))).size:
        raise FerError(
            f"{keep}: group {groups.names[torn[0]]!r} stands in two parts there; deal anew, "
            "without --keep"
        )
    return fixed


def encode_parts(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """train, val, test as 0, 1, 2; anything else as -1."""
    places = pc.index_in(column.cast(pa.string()), pa.array(PARTS)).fill_null(-1)
    return np.asarray(places.to_numpy(zero_copy_only=False), np.int64)
