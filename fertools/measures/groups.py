"""Who belongs together: connected components over several relations between the same rows.

In: for each relation either a code per row or pairs of rows. Out: one group code per row.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def unite(n: int, *relations: npt.ArrayLike) -> Ints:
    """Group codes `(n,)` of the rows that are joined, directly or through others, by any relation.

    A relation is either an int array `(n,)` of codes, where equal codes join and -1 means unknown
    and joins nothing, or an int array `(m, 2)` of row pairs. Groups are numbered 0, 1, .. by the
    first row of each. Without relations every row is its own group.

    Every round hooks the root of each joined group to the smallest root beside it and then lets
    every row point at its root (Shiloach and Vishkin, J. Algorithms 3, 1982), so that the work is
    a few passes over arrays whatever the shape of the groups.

    Raises ValueError for an array of another shape and for pairs outside 0 .. n-1.
    """
    parent = np.arange(n, dtype=np.int64)
    for relation in relations:
        left, right = _links(n, np.asarray(relation))
        _join(parent, left, right)
    is_root = parent == np.arange(n)
    # a root is the smallest row of its group, so counting roots numbers groups by first row
    codes: Ints = (np.cumsum(is_root) - 1)[parent]
    return codes


def _links(n: int, relation: npt.NDArray[Any]) -> tuple[Ints, Ints]:
    """The row pairs of a relation; codes become links from the first row of a code."""
    if relation.size == 0 and n == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    if relation.ndim == 2 and relation.shape[1] == 2:
        pairs = relation.astype(np.int64)
        if pairs.size and (pairs.min() < 0 or pairs.max() >= n):
            raise ValueError(f"a pair names a row outside 0 .. {n - 1}")
        return pairs[:, 0], pairs[:, 1]
    if relation.shape != (n,):
        raise ValueError(f"a relation has shape {relation.shape}: known are ({n},) and (m, 2)")
    rows = np.flatnonzero(relation >= 0)
    codes = relation[rows].astype(np.int64)
    order = np.argsort(codes, kind="stable")
    rows, codes = rows[order], codes[order]
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    first = np.repeat(rows[starts], np.diff(starts, append=len(rows)))
    return first, rows


def _join(parent: Ints, left: Ints, right: Ints) -> None:
    """Join the ends of every link in place; afterwards every row points at its root again."""
    while True:
        a, b = parent[left], parent[right]
        apart = a != b
        if not apart.any():
            return
        left, right = a[apart], b[apart]
        np.minimum.at(parent, np.maximum(left, right), np.minimum(left, right))
        while True:
            above = parent[parent]
            if np.array_equal(above, parent):
                break
            parent[:] = above
