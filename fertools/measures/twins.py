"""From which NCC on two faces are twins: the threshold at which no two people are taken for one.

In go pairs with their NCC and the subject of each row; out come counts over a grid of thresholds
and the smallest threshold that mistakes nobody. Aligned faces of one laboratory resemble each other
more than faces from the web do: what is right for FER2013 (0.90, by eye) is too low for CK+48.
One photograph under two names is no resemblance, and pairs from 0.98 on are taken for that; no two
people of CK+48 reach 0.93.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

UNKNOWN = -1
ONE_PHOTOGRAPH = 0.98
GRID = np.arange(180, 201) / 200  # 0.900, 0.905, .. 1.000

Integers = NDArray[np.int64]
Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """How many pairs remain at each threshold of `GRID`, by what is known of their people."""

    thresholds: Doubles
    same: Integers  # of one subject
    different: Integers  # of two subjects: false twins
    unknown: Integers  # one or both subjects unknown


def curve(pairs: Integers, ncc: Doubles, subjects: Integers) -> Curve:
    """Count the pairs `(m, 2)` that remain at each threshold.

    `ncc` (m,) must hold every pair of at least 0.90. `subjects` (n,) are codes, `UNKNOWN` where
    nobody recorded one. A pair that has two rows, upright and mirrored, counts once, by the better.
    """
    order = np.lexsort((-ncc, pairs[:, 1], pairs[:, 0]))
    first = np.ones(len(order), np.bool_)
    first[1:] = (pairs[order[1:]] != pairs[order[:-1]]).any(axis=1)
    once = order[first]
    left, right = subjects[pairs[once]].T
    known = (left != UNKNOWN) & (right != UNKNOWN)
    kinds = (known & (left == right), known & (left != right), ~known)
    same, different, unknown = (_remaining(ncc[once][kind]) for kind in kinds)
    return Curve(GRID.copy(), same, different, unknown)


def calibrated(found: Curve) -> float:
    """The smallest threshold at which no pair of different people remains, but for those that are
    one photograph under two names (`doubled`).
    """
    return float(found.thresholds[np.flatnonzero(found.different <= doubled(found))[0]])


def doubled(found: Curve) -> int:
    """How many pairs of one photograph stand under two names."""
    return int(found.different[np.searchsorted(found.thresholds, ONE_PHOTOGRAPH)])


def _remaining(ncc: Doubles) -> Integers:
    return len(ncc) - np.searchsorted(np.sort(ncc), GRID, side="left")
