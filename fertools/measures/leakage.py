"""Leakage: rows of one part that have a partner in an earlier part, such as test in train.

In: the part of every row, and which rows are related. Out: which rows of the later part have a
partner in the earlier one, and who the partners are.
"""

import numbers
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from fertools.errors import FerError

NONE, TRAIN, VAL, TEST = -1, 0, 1, 2
PARTS = ("train", "val", "test")
PAIRS = ((TRAIN, VAL), (TRAIN, TEST), (VAL, TEST))  # earlier and later part

Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]


def _no_pairs() -> Integers:
    return np.empty((0, 2), np.int64)


@dataclass(frozen=True, slots=True)
class Links:
    """Which of n rows are related: by any of some codes (n,), -1 unknown, or by pairs (m, 2)."""

    codes: tuple[Integers, ...] = ()
    pairs: Integers = field(default_factory=_no_pairs)


@dataclass(frozen=True, slots=True)
class Partners:
    """Rows of a later part beside a partner in the earlier one, sorted by both.

    By codes a row stands here once, with its first partner and how many there are in `counts`; by
    pairs once per partner, and `at` says which pair it was (-1 by codes).
    """

    later: Integers
    earlier: Integers
    counts: Integers
    at: Integers


def partnered(links: Links, part: Integers, earlier: int, later: int) -> Mask:
    """Which rows (n,) of the part `later` have a partner in the part `earlier`."""
    found = np.zeros(len(part), np.bool_)
    for codes in links.codes:
        found[_by_codes(codes, part, earlier, later)[0]] = True
    found[_by_pairs(links.pairs, part, earlier, later)[0]] = True
    return found


def partners(links: Links, part: Integers, earlier: int, later: int) -> Partners:
    """The rows of the part `later` that have a partner in the part `earlier`, with it."""
    found = [_by_codes(codes, part, earlier, later) for codes in links.codes]
    found.append(_by_pairs(links.pairs, part, earlier, later))
    rows, others, counts, at = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((others, rows))
    rows, others, counts, at = rows[order], others[order], counts[order], at[order]
    if len(links.codes) > 1:  # two codes may name one row; it stands here once
        once = np.unique(rows, return_index=True)[1]
        rows, others, at = rows[once], others[once], at[once]
        counts = np.maximum(_by_any(links.codes, part, earlier)[rows], 1)  # by a pair it is one
    return Partners(rows, others, counts, at)


def rounds(folds: Integers) -> Iterator[Integers]:
    """The part of every row in each round of a cross-validation, from its fold 0 .. K-1 or -1."""
    return (round_of(folds, k) for k in range(int(folds.max(initial=-1)) + 1))


def round_of(folds: Integers, k: int) -> Integers:
    """The part of every row (n,) in round k, from its fold 0 .. K-1 or -1.

    Fold k tests, fold k + 1 (after the last the first) validates, the rest trains. Raises
    `FerError` where there is no such fold.
    """
    count = int(folds.max(initial=-1)) + 1
    if not isinstance(k, numbers.Integral) or not 0 <= k < count:
        raise FerError(f"fold {k!r}: from 0 to {count - 1}")
    part = np.where(folds >= 0, TRAIN, NONE)
    part[folds == (k + 1) % count] = VAL
    part[folds == k] = TEST
    return part


Columns = tuple[Integers, Integers, Integers, Integers]


def _by_codes(codes: Integers, part: Integers, earlier: int, later: int) -> Columns:
    count = int(codes.max(initial=-1)) + 1
    known = codes >= 0
    there = np.flatnonzero(known & (part == earlier))
    first = np.full(count, len(part), np.int64)
    np.minimum.at(first, codes[there], there)
    many = np.bincount(codes[there], minlength=count)
    here = np.flatnonzero(known & (part == later))
    here = here[many[codes[here]] > 0]
    return here, first[codes[here]], many[codes[here]], np.full(len(here), -1)


def _by_any(every: tuple[Integers, ...], part: Integers, earlier: int) -> Integers:
    """How many rows of the part `earlier` each row (n,) shares a code with: those by each code,
    less those by two of them, and so on.
    """
    total = np.zeros(len(part), np.int64)
    for size in range(1, len(every) + 1):
        for some in combinations(every, size):
            joint = some[0]
            for codes in some[1:]:  # numbered anew each time, so that no product overflows
                known = (joint >= 0) & (codes >= 0)
                both = np.where(known, joint * (codes.max(initial=0) + 1) + codes, -1)
                joint = np.unique(both, return_inverse=True)[1] - int(not known.all())
            there = joint[(joint >= 0) & (part == earlier)]
            many = np.bincount(there, minlength=int(joint.max(initial=-1)) + 1)
            total += (1 if size % 2 else -1) * np.append(many, 0)[joint]
    return total


def _by_pairs(pairs: Integers, part: Integers, earlier: int, later: int) -> Columns:
    both = []
    for old, new in ((0, 1), (1, 0)):
        at = np.flatnonzero((part[pairs[:, old]] == earlier) & (part[pairs[:, new]] == later))
        both.append((pairs[at, new], pairs[at, old], np.ones(len(at), np.int64), at))
    new_rows, old_rows, ones, at = (np.concatenate(column) for column in zip(*both, strict=True))
    return new_rows, old_rows, ones, at
