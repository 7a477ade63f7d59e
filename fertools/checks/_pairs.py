"""All pairs of like faces of a manifest, and from which NCC on they are called twins.

In go a manifest and its faces; out comes `Pairs`. Of faces that are equal pixel by pixel only the
first is compared, so that ten thousand copies of one face cost nothing; what holds for it holds for
all of them.
"""

import time
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fertools.checks._ncc import Cost, near_twins, strongest
from fertools.checks._small import small
from fertools.columns import encode
from fertools.errors import FerError
from fertools.faces import Faces
from fertools.manifest import Manifest
from fertools.measures.twins import Curve, calibrated, curve

# On FER2013, by eye: below 0.90 about half of the pairs are one photograph; of 132 between 0.90 and
# 0.92 all but 18 (frontal faces on black, half of them mirrored); above 0.93 nearly all.
BY_EYE = 0.90
MIXED = 0.86
LISTED = 64  # of more equal faces than this, each is paired with the first alone

Integers = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of like faces among the rows of a manifest of n rows.

    `pairs` (m, 2) with i < j are rows that stand first among their equals, each pair once, with
    the `ncc` (m,) of the better orientation; `mirrored` (m,) says which that was. `copies` (n,) are
    codes of equal faces, -1 where there is no face; `constant` (n,) marks faces of one gray level,
    which are in no pair.
    """

    pairs: Integers
    ncc: Doubles
    mirrored: Mask
    copies: Integers
    constant: Mask
    cost: Cost
    seconds: float


@dataclass(frozen=True, slots=True)
class Threshold:
    """From which NCC on two faces are twins, how that was chosen, and the curve it was read from.

    `how` is `asked`, `by eye` or `subjects`; the curve is None where no subjects are known.
    """

    value: float
    how: str
    curve: Curve | None


def compare(manifest: Manifest, faces: Faces, floor: float) -> Pairs:
    """Every pair with an NCC of at least `floor`; asked again of the same faces, it is at hand."""
    known = _FOUND.setdefault(faces, {})
    if floor not in known:
        known[floor] = _compare(manifest, faces, floor)
    return known[floor]


# Several checks look at the pairs of one set of faces: they are searched once.
_FOUND: WeakKeyDictionary[Faces, dict[float, Pairs]] = WeakKeyDictionary()


def _compare(manifest: Manifest, faces: Faces, floor: float) -> Pairs:
    began = time.perf_counter()
    copies = equal_faces(manifest.table, manifest.ok().to_numpy())
    faced = small(manifest, faces)
    _, first = np.unique(copies[faced.rows], return_index=True)
    chosen = faced.take(np.sort(first))
    found, rows = near_twins(chosen, floor), chosen.rows
    once = strongest(found)
    constant = np.isin(copies, copies[rows[found.constants]]) & (copies >= 0)
    return Pairs(
        rows[found.pairs[once]], found.ncc[once], found.mirrored[once], copies, constant,
        found.cost, time.perf_counter() - began,
    )  # fmt: skip


def equal_faces(table: pa.Table, has: Mask) -> Integers:
    """Codes (n,) of faces that are equal pixel by pixel, which need one comparison for all; -1 for
    rows that are not among `has` (n,). A face without a hash is like no other.
    """
    codes, words = encode(table["face_hash"])
    alone = np.flatnonzero(codes < 0)
    codes[alone] = len(words) + np.arange(len(alone))
    return np.where(has, codes, -1)


def members(codes: Integers) -> tuple[Integers, Integers, Integers]:
    """Rows by code, where each code's rows start among them, and how many they are."""
    rows = np.flatnonzero(codes >= 0)
    rows = rows[np.argsort(codes[rows], kind="stable")]
    sizes = np.bincount(codes[rows], minlength=int(codes.max(initial=-1)) + 1)
    return rows, np.cumsum(sizes) - sizes, sizes


def to_copies(copies: Integers, pairs: Integers) -> tuple[Integers, Integers]:
    """Pairs of first faces (m, 2) as pairs of all their copies, and which each came from."""
    rows, starts, sizes = members(copies)
    left, right = copies[pairs].T
    count = sizes[left] * sizes[right]
    pair = np.repeat(np.arange(len(pairs)), count)
    number = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    one = rows[starts[left[pair]] + number // sizes[right[pair]]]
    other = rows[starts[right[pair]] + number % sizes[right[pair]]]
    return np.stack([one, other], axis=1), pair


def exact_pairs(copies: Integers) -> Integers:
    """All pairs within each set of equal faces; of a large set those with its first face."""
    rows, starts, sizes = members(copies)
    out = [np.empty((0, 2), np.int64)]
    for size in np.unique(sizes[sizes > 1]):
        i, j = np.triu_indices(size, 1) if size <= LISTED else _with_first(size)
        sets = rows[starts[sizes == size][:, None] + np.arange(size)]
        out.append(np.stack([sets[:, i], sets[:, j]], axis=2).reshape(-1, 2))
    return np.concatenate(out)


def _with_first(size: int) -> tuple[Integers, Integers]:
    """The first of `size` places beside each of the others."""
    return np.zeros(size - 1, np.int64), np.arange(1, size)


def alike(codes: Integers, pairs: Integers) -> Mask:
    """Whether the two rows of each pair are known to have the same code."""
    left, right = codes[pairs].T
    return np.asarray((left == right) & (left >= 0))


def settle(manifest: Manifest, found: Pairs, asked: float | None) -> Threshold:
    """The threshold of a data set: the one asked for, the one its subjects call for, or 0.90.

    One photograph under two names does not count: that is a mistake in the names, no resemblance.
    """
    counted = None
    if manifest.has("subject"):
        subjects, _ = encode(manifest.table["subject"])
        counted = curve(found.pairs, found.ncc, subjects)
    if asked is not None:
        return Threshold(asked, "asked", counted)
    if counted is None:
        return Threshold(BY_EYE, "by eye", None)
    return Threshold(round(calibrated(counted), 3), "subjects", counted)


def floor_of(asked: float | None, review: float) -> float:
    """From which NCC on pairs must be known for a threshold, a review band and the curve of false
    twins, which begins at 0.90.
    """
    if asked is not None and not 0 < asked <= 1:
        raise FerError(f"threshold {asked}: give a number above 0 and at most 1")
    return min(review, BY_EYE if asked is None else min(asked, BY_EYE))
