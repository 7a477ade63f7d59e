"""Join the list of a protocol to the copy of the data set at hand.

In goes the manifest's table and the rows of the list; out comes which row of the list each row of
the copy is, and the rows of the list that were not found. Both sides are compared by picture
(`image_hash`, else the hash of its JPEG), by the word for their label and, where the copy knows
it, by official part; equals by their order. In a CSV the row number comes first; it is also what
finds the rows of a list that have no hash.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fertools.columns import cross, encode
from fertools.protocol import HASHED

Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]
FATE = ("split", "fold", "label")  # equal rows of a list that agree in these need not be told apart


@dataclass(frozen=True, slots=True)
class Joined:
    """`at` (n,) is the row of the list that each row of the copy is, or -1.

    `missing` and `ambiguous` are rows of the list: those that no row of the copy is, and those of
    which the copy has more or fewer equals, with different fates. `elsewhere` counts the missing
    ones whose picture the copy has, but with another label or part.
    """

    at: Integers
    missing: Integers
    ambiguous: Integers
    elsewhere: int


def join(table: pa.Table, rows: pa.Table, usable: Mask) -> Joined:
    """Find the rows of a list among the `usable` (n,) rows of a copy."""
    hashes = pc.utf8_slice_codeunits(table["image_hash"], 0, HASHED)
    parted = table["official_split"].null_count < table.num_rows
    state = _State(np.full(table.num_rows, -1), usable.copy(), np.ones(rows.num_rows, np.bool_))
    if parted and "source_row" in table.column_names:
        for columns in (("native_label", "image_hash"), ()):
            state.settle(*_by_number(table, rows, hashes, state, columns))
    told = ("native_label", "official_split") if parted else ("native_label",)
    unsure = np.zeros(rows.num_rows, np.bool_)
    for name in ("image_hash", "jpeg_hash"):
        ours = [hashes, *(table[column] for column in told)]
        theirs = [rows[name], *(rows[column] for column in told)]
        copy, listed, torn = _by_order(*state.open(*_codes(ours, theirs)), _fates(rows))
        state.settle(copy, listed)
        unsure[torn] = True
    missing = np.flatnonzero(state.wanted & ~unsure)
    elsewhere = _known(rows.take(pa.array(missing)), hashes.filter(pa.array(usable)))
    return Joined(state.at, missing, np.flatnonzero(state.wanted & unsure), elsewhere)


@dataclass(frozen=True, slots=True)
class _State:
    """What is joined so far, and which rows of the copy and of the list are still open."""

    at: Integers
    free: Mask
    wanted: Mask

    def settle(self, copy: Integers, listed: Integers) -> None:
        """Join rows of the copy with rows of the list, one to one."""
        self.at[copy] = listed
        self.free[copy] = False
        self.wanted[listed] = False

    def open(self, ours: Integers, theirs: Integers) -> tuple[Integers, Integers]:
        """The codes with -1 for rows that are joined already."""
        return np.where(self.free, ours, -1), np.where(self.wanted, theirs, -1)


def _by_number(
    table: pa.Table, rows: pa.Table, hashes: pa.ChunkedArray, state: _State, equal: Sequence[str]
) -> tuple[Integers, Integers]:
    """Open rows of one number and part that also agree in `equal`; without `equal` only rows that
    the list gives no hash.
    """
    ours, theirs = _codes(
        [table["source_row"], table["official_split"]], [rows["source_row"], rows["official_split"]]
    )
    ours, theirs = state.open(ours, theirs)
    if not equal:
        theirs[rows["image_hash"].is_valid().to_numpy()] = -1
    codes, copy, listed = np.intersect1d(ours, theirs, return_indices=True)
    copy, listed = copy[codes >= 0], listed[codes >= 0]
    same = np.ones(len(copy), np.bool_)
    for name in equal:
        values = hashes if name == "image_hash" else table[name]
        both = values.take(pa.array(copy)), rows[name].take(pa.array(listed))
        same &= pc.equal(*both).fill_null(False).to_numpy()
    return copy[same], listed[same]


def _codes(
    ours: Sequence[pa.ChunkedArray], theirs: Sequence[pa.ChunkedArray]
) -> tuple[Integers, Integers]:
    """Codes of both sides for equal combinations of some columns, -1 where one is null."""
    joint = []
    for a, b in zip(ours, theirs, strict=True):
        chunks = [*a.cast(pa.string()).chunks, *b.cast(pa.string()).chunks]
        joint.append(encode(pa.chunked_array(chunks, pa.string()))[0])
    codes = cross(*joint)[0]
    return codes[: len(ours[0])], codes[len(ours[0]) :]


def _fates(rows: pa.Table) -> Integers:
    """A code for what the list says of each row."""
    return cross(*(encode(rows[name])[0] + 1 for name in FATE))[0]


def _by_order(
    ours: Integers, theirs: Integers, fates: Integers
) -> tuple[Integers, Integers, Integers]:
    """Rows of both sides with one code, in order: of the copy, of the list; and the rows of the
    list that cannot be told apart: their number differs, and so do their fates.
    """
    count = 1 + max(ours.max(initial=0), theirs.max(initial=0))
    n_ours, n_theirs = (np.bincount(c[c >= 0], minlength=count) for c in (ours, theirs))
    known = np.flatnonzero(theirs >= 0)
    least, most = np.full(count, np.iinfo(np.int64).max), np.full(count, -1)
    np.minimum.at(least, theirs[known], fates[known])
    np.maximum.at(most, theirs[known], fates[known])
    clear = (n_ours == n_theirs) | (least >= most)
    width = max(len(ours), len(theirs))
    (copy, a), (listed, b) = (_ranked(codes, clear, width) for codes in (ours, theirs))
    _, i, j = np.intersect1d(a, b, assume_unique=True, return_indices=True)
    torn = known[~clear[theirs[known]] & (n_ours[theirs[known]] > 0)]
    return copy[i], listed[j], torn


def _ranked(codes: Integers, clear: Mask, width: int) -> tuple[Integers, Integers]:
    """The rows with a clear code, and a number for each that says its code and its rank there."""
    rows = np.flatnonzero((codes >= 0) & clear[codes])
    rows = rows[np.argsort(codes[rows], kind="stable")]
    rank = np.arange(len(rows)) - np.searchsorted(codes[rows], codes[rows])
    return rows, codes[rows] * width + rank


def _known(missing: pa.Table, hashes: pa.ChunkedArray) -> int:
    """How many of the missing rows have their picture in the copy after all."""
    there = [
        pc.is_in(missing[name], hashes.combine_chunks(), skip_nulls=True).to_numpy()
        for name in ("image_hash", "jpeg_hash")
    ]
    return int((there[0] | there[1]).sum())
