"""Groups that an older split dealt: which part each of them has.

In go a table with its groups and the older split manifest; out comes a part per group, -1 if new.
A group is known again by the ids of its rows and by what unites rows in this split: a person or a
recording, and equal photographs. So a person's new images go where the old ones are.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fertools.columns import encode
from fertools.errors import FerError
from fertools.manifest import read_manifest
from fertools.measures.leakage import PARTS
from fertools.split.grouping import Groups, owners, pictures
from fertools.split.options import SplitOptions

FREE = -1


def kept(
    table: pa.Table, groups: Groups, keep: str | Path, options: SplitOptions
) -> tuple[npt.NDArray[np.int64], list[str]]:
    """The part that an older split gave each group, or -1, and a note on its rows that are gone.

    Raises `FerError` where it tore a group apart, has parts that this split does not have, or knows
    none of the rows.
    """
    old = read_manifest(keep)
    name = "fold" if options.folds else "split"
    if not old.has(name):
        dealt = "--ratios" if options.folds else "--folds"
        other = old.has("split" if options.folds else "fold")
        what = f"is dealt by {dealt}" if other else f"has no column {name!r}"
        raise FerError(f"{keep}: {what}; give a manifest that `split` dealt in the same way")
    values = old.column(name)
    number = _folds(values) if options.folds else encode_parts(values)
    many = options.folds or len(options.ratios or ())
    if options.folds and number.max() + 1 < many:
        raise FerError(f"{keep}: has {number.max() + 1} folds; deal as many, or without --keep")
    if number.max() >= many:
        what = f"fold {number.max()}" if options.folds else f"a {PARTS[number.max()]} part"
        raise FerError(f"{keep}: has {what}; deal as many parts as it has, or without --keep")
    high = np.full(len(groups.names), FREE)
    low = np.full(len(groups.names), many)
    for before, now in _uniting(old.table, table, options):
        group = _groups_of(before, now, groups.codes)
        known = (group >= 0) & (number >= 0)
        np.maximum.at(high, group[known], number[known])
        np.minimum.at(low, group[known], number[known])
    if (torn := np.flatnonzero((high >= 0) & (low != high))).size:
        raise FerError(
            f"{keep}: group {groups.names[torn[0]]!r} stands in two parts there; deal anew, "
            "without --keep"
        )
    if (high < 0).all():
        raise FerError(f"{keep}: knows none of these rows or people; give a split of this data")
    return high, _gone(old.table["id"].filter(values.is_valid()), table, keep)


def _gone(ids: pa.ChunkedArray, table: pa.Table, keep: str | Path) -> list[str]:
    lost = ids.filter(pc.invert(pc.is_in(ids, table["id"].combine_chunks())))
    said = f"{len(lost):,} rows that {keep} dealt are not there any more"
    return [f"{said}; `fertools diff` names them"] if len(lost) else []


def _uniting(
    old: pa.Table, new: pa.Table, options: SplitOptions
) -> Iterator[tuple[pa.ChunkedArray, pa.ChunkedArray]]:
    """What makes rows one group, in the older table and in the new one."""
    yield old["id"], new["id"]
    if options.grouping.group != "none":
        yield owners(old, options.grouping.group), owners(new, options.grouping.group)
        yield pictures(old), pictures(new)


def _groups_of(
    old: pa.ChunkedArray, new: pa.ChunkedArray, codes: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """The group of each row of `old`, whose text rows of `new` have with the groups `codes`; -1 for
    none. Rows of one text are in one group.
    """
    both, words = encode(pa.chunked_array([*old.chunks, *new.chunks], pa.string()))
    group = np.full(len(words) + 1, FREE)
    group[both[len(old) :]] = codes
    group[-1] = FREE  # that of no text
    return group[both[: len(old)]]


def _folds(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    return np.asarray(column.cast(pa.int64()).fill_null(FREE).to_numpy(), np.int64)


def encode_parts(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """train, val, test as 0, 1, 2; anything else as -1."""
    places = pc.index_in(column.cast(pa.string()), pa.array(PARTS)).fill_null(FREE)
    return np.asarray(places.to_numpy(zero_copy_only=False), np.int64)
