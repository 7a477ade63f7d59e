"""Groups that an older split dealt: which part each of them has.

In go a table with its groups and the older split manifest; out comes a part per group, -1 if new.
A group is known again by the ids of its rows and by what unites rows in this split: a person or a
recording, and equal photographs. So a person's new images go where the old ones are.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fertools.columns import encode
from fertools.errors import FerError
from fertools.manifest import read_manifest
from fertools.measures.leakage import PARTS
from fertools.split.grouping import Groups
from fertools.split.options import SplitOptions

FREE = -1


def kept(
    table: pa.Table, groups: Groups, keep: str | Path, options: SplitOptions
) -> npt.NDArray[np.int64]:
    """The part that an older split gave each group, or -1.

    Raises `FerError` where it tore a group apart, has parts that this split does not have, or knows
    none of the rows.
    """
    old = read_manifest(keep)
    name = "fold" if options.folds else "split"
    if not old.has(name):
        raise FerError(f"{keep}: has no column {name!r}; give a manifest made by `split`")
    values = old.column(name)
    number = _folds(values) if options.folds else encode_parts(values)
    many = options.folds or len(options.ratios or ())
    if number.max() >= many:
        what = f"fold {number.max()}" if options.folds else f"a {PARTS[number.max()]} part"
        raise FerError(f"{keep}: has {what}; deal as many parts as it has, or without --keep")
    high = np.full(len(groups.names), FREE)
    low = np.full(len(groups.names), many)
    for column in ("id", *_uniting(options)):
        for row, part in _met(table[column], old.table[column], number):
            np.maximum.at(high, groups.codes[row], part)
            np.minimum.at(low, groups.codes[row], part)
    if (torn := np.flatnonzero((high >= 0) & (low != high))).size:
        raise FerError(
            f"{keep}: group {groups.names[torn[0]]!r} stands in two parts there; deal anew, "
            "without --keep"
        )
    if (high < 0).all():
        raise FerError(f"{keep}: knows none of these rows or people; give a split of this data")
    return high


def _uniting(options: SplitOptions) -> tuple[str, ...]:
    """The columns by which rows are one group."""
    if options.grouping.group == "none":
        return ()
    return (options.grouping.group, "image_hash")


def _met(
    new: pa.ChunkedArray, old: pa.ChunkedArray, number: npt.NDArray[np.int64]
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Rows of `new` whose text `old` has dealt, with the lowest and the highest of its parts."""
    both = pa.chunked_array([*old.chunks, *new.chunks], pa.string())
    codes, words = encode(both)
    before, here = codes[: len(old)], codes[len(old) :]
    dealt = (before >= 0) & (number >= 0)
    high = np.full(len(words) + 1, FREE)  # the last is that of no text
    low = np.full(len(words) + 1, np.iinfo(np.int64).max)
    np.maximum.at(high, before[dealt], number[dealt])
    np.minimum.at(low, before[dealt], number[dealt])
    rows = np.flatnonzero((here >= 0) & (high[here] >= 0))
    return [(rows, bound[here[rows]]) for bound in (low, high)]


def _folds(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    return np.asarray(column.cast(pa.int64()).fill_null(FREE).to_numpy(), np.int64)


def encode_parts(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """train, val, test as 0, 1, 2; anything else as -1."""
    places = pc.index_in(column.cast(pa.string()), pa.array(PARTS)).fill_null(FREE)
    return np.asarray(places.to_numpy(zero_copy_only=False), np.int64)
