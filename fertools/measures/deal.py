"""Deal whole groups of rows to parts so that every class keeps its share in every part.

In: a group code and a stratum code per row, the share of each part, a seed. Out: a part per row.

The problem. Let group g hold n[g, s] rows of stratum s (a class, or class x gender, ..), N[s] be
the rows of stratum s, N all rows, and r[p] the share of part p. Choose a part a(g) for every group
such that, with c[p, s] the sum of n[g, s] over the groups with a(g) = p,

    sum over p, s of (c[p, s] / N[s] - r[p])^2  +  sum over p of (size[p] / N - r[p])^2

is least. A class counts by its own size, so that a rare one is not drowned, and the size of a part
counts like one class more. Integer, and NP-hard already for one class and two parts (number
partitioning). Where every group is one row, largest remainders per class solve it but for ties.
Otherwise it is dealt, then mended (`_mend`):

The groups are put in order of the rarest class they hold, of size and of content, and the slots of
each part are spread evenly, at random places, over that order: alike groups go to the parts by
their shares, every group has the chance of every part, and seeds give truly different splits.
No part stays empty where there are groups enough, even if that were nearer to the shares.
"""

import numpy as np
import numpy.typing as npt

from fertools.measures._mend import mend

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Parts = npt.NDArray[np.int16]

FREE, ELSEWHERE = -1, -2  # not yet dealt; dealt to a part whose share is 0


def deal(
    groups: npt.ArrayLike,
    strata: npt.ArrayLike,
    shares: npt.ArrayLike,
    seed: int = 0,
    fixed: npt.ArrayLike | None = None,
) -> Parts:
    """The part 0 .. P-1 of every row `(n,)`, whole groups kept together.

    `groups` are codes 0 .. G-1; `strata` codes 0 .. S-1, or -1 for rows without, which are
    balanced like one stratum more; `shares` P numbers in any unit (8, 1, 1), where a part of share
    0 gets nothing; `fixed` a part per group for those that stay where they are, -1 for the others.
    The part of a group depends on its code and content and not on the order of rows, so number
    groups by a key of their own (`np.unique(.., return_inverse=True)`).

    Raises ValueError for arrays that do not fit together, codes below these, and shares that are
    negative or all 0.
    """
    of_row, stratum, share = _checked(groups, strata, shares)
    n_groups = int(of_row.max(initial=-1)) + 1
    part = np.full(n_groups, FREE) if fixed is None else np.array(fixed, np.int64)
    if part.ndim != 1 or len(part) < n_groups:
        raise ValueError(f"fixed has shape {part.shape}: one part for each of {n_groups} groups")
    if len(part) and (part.min() < FREE or part.max() >= len(share)):
        raise ValueError(f"fixed names a part outside -1 .. {len(share) - 1}")

    active = np.flatnonzero(share > 0)
    inner = np.full(len(share) + 1, ELSEWHERE)
    inner[active], inner[FREE] = np.arange(len(active)), FREE
    dealt = _deal(of_row, stratum, share[active], inner[part], np.random.default_rng(seed))
    part = np.where(part == FREE, active[dealt], part)
    rows: Parts = part[of_row].astype(np.int16)
    return rows


def infeasible(groups: npt.ArrayLike, strata: npt.ArrayLike, parts: int) -> list[int]:
    """The strata, in order, that fewer groups hold than there are parts: some part goes without."""
    of_row, stratum, _ = _checked(groups, strata, np.ones(max(parts, 1)))
    n_strata = int(stratum.max(initial=-1)) + 1
    held = np.unique(of_row * (n_strata + 1) + stratum + 1) % (n_strata + 1) - 1
    holders = np.bincount(held[held >= 0], minlength=n_strata)
    return [int(s) for s in np.flatnonzero((holders > 0) & (holders < parts))]


def _checked(
    groups: npt.ArrayLike, strata: npt.ArrayLike, shares: npt.ArrayLike
) -> tuple[Ints, Ints, Floats]:
    of_row, stratum = np.asarray(groups, np.int64), np.asarray(strata, np.int64)
    share = np.asarray(shares, np.float64)
    if of_row.ndim != 1 or of_row.shape != stratum.shape:
        raise ValueError(f"groups {of_row.shape} and strata {stratum.shape} need one code per row")
    if len(of_row) and (of_row.min() < 0 or stratum.min() < -1):
        raise ValueError("group codes begin at 0, stratum codes at 0 or at -1 for unknown")
    if len(share) > np.iinfo(np.int16).max:
        raise ValueError(f"{len(share)} parts: at most {np.iinfo(np.int16).max} are dealt to")
    if share.ndim != 1 or not np.isfinite(share).all() or (share < 0).any() or share.sum() <= 0:
        raise ValueError(f"shares {share.tolist()}: none may be negative, and not all 0")
    return of_row, stratum, share / share.sum()


def _deal(of_row: Ints, stratum: Ints, share: Floats, part: Ints, rng: np.random.Generator) -> Ints:
    """The parts `(G,)` with every FREE one dealt; groups without rows stay FREE."""
    column = stratum + 1
    totals = np.bincount(column)
    open_rows = np.outer(share, totals)
    staying = part[of_row] >= 0
    np.subtract.at(open_rows, (part[of_row[staying]], column[staying]), 1.0)

    sizes = np.bincount(of_row, minlength=len(part))
    free = np.flatnonzero((part == FREE) & (sizes > 0))
    dealt = part.copy()
    if not len(free):
        return dealt
    mine = part[of_row] == FREE
    taken = np.bincount(part[of_row[staying]], minlength=len(share)) > 0
    if sizes[free].max() == 1:
        column_of = np.zeros(len(part), np.int64)
        column_of[of_row[mine]] = column[mine]
        dealt[free] = _occupied(_fill(column_of[free], open_rows, rng), taken, rng)
        return dealt
    place = np.zeros(len(part), np.int64)
    place[free] = np.arange(len(free))
    cells = place[of_row[mine]] * len(totals) + column[mine]
    table = np.bincount(cells, minlength=len(free) * len(totals)).reshape(len(free), -1)
    dealt[free] = _spread_and_mend(table, totals, open_rows, taken, rng)
    return dealt


def _spread_and_mend(
    table: Ints, totals: Ints, open_rows: Floats, taken: Flags, rng: np.random.Generator
) -> Ints:
    """Parts `(G,)` of groups with counts `(G, C)`, where `open_rows` `(P, C)` are wished for."""
    counts = np.column_stack([table, table.sum(1)]).astype(np.float64)
    wished = np.column_stack([open_rows, open_rows.sum(1)])
    # whole weights, and squares below 2^53 in sum, keep all sums of the search exact
    scale = 2.0 ** int((51 - np.log2(counts.shape[1])) // 2)
    weight = np.maximum(1.0, np.rint(scale / np.maximum(np.append(totals, totals.sum()), 1)))
    weighted, target = counts * weight, np.rint(wished * weight)
    # no deal of rows, let alone of groups, comes nearer than the largest remainders
    turn = np.arange(len(wished))
    ideal = [_whole(column, round(column.sum()), turn) for column in wished.T]
    floor = float(((np.stack(ideal, axis=1) * weight - target) ** 2).sum())
    first = _occupied(_spread(counts, weight, open_rows, rng), taken, rng)
    return mend(weighted, target, first, taken, floor, rng)


def _spread(counts: Floats, weight: Floats, open_rows: Floats, rng: np.random.Generator) -> Ints:
    """A first part for every group: each part's slots spread evenly over alike groups."""
    rarest = np.argmax((counts * weight)[:, :-1], axis=1)
    # equal contents give equal sums, so the order puts groups of one content side by side
    content = counts @ rng.integers(0, 1 << 10, counts.shape[1]).astype(np.float64)
    order = np.lexsort((rng.random(len(counts)), content, -counts[:, -1], rarest))
    part = np.empty(len(counts), np.int64)
    end = 0
    for column, n in enumerate(np.bincount(rarest)):
        if not n:
            continue
        begin, end = end, end + int(n)
        rows = float(counts[:, column].sum())
        quota = nearest_counts(open_rows[:, column], rows) * (n / rows)
        inner = np.minimum(np.floor(np.cumsum(quota[:-1]) + rng.random()), n)
        slots = np.diff(inner, prepend=0.0, append=float(n)).astype(np.int64)
        where = [(np.arange(m) + rng.random(m)) / max(m, 1) for m in slots.tolist()]
        dealt = np.repeat(np.arange(len(slots)), slots)
        part[order[begin:end]] = dealt[np.argsort(np.concatenate(where), kind="stable")]
    return part


def _occupied(part: Ints, taken: Flags, rng: np.random.Generator) -> Ints:
    """The same parts `(G,)`, but with a group, by lot, in each that is neither `taken` nor dealt.

    The group comes from the part that has most, which keeps at least one.
    """
    groups = np.bincount(part, minlength=len(taken))
    for empty in np.flatnonzero(~taken & (groups == 0)).tolist():
        most = int(groups.argmax())
        if groups[most] < 2:
            break
        part[rng.choice(np.flatnonzero(part == most))] = empty
        groups[most] -= 1
        groups[empty] += 1
    return part


def _fill(columns: Ints, open_rows: Floats, rng: np.random.Generator) -> Ints:
    """Parts of single rows with a stratum each, by largest remainder of what is open `(P, C)`.

    Equal remainders go to the parts with the most room left, then by lot.
    """
    shuffled = rng.permutation(len(columns))
    order = shuffled[np.argsort(columns[shuffled], kind="stable")]
    room = open_rows.sum(1)
    part = np.empty(len(columns), np.int64)
    end = 0
    for column, n in enumerate(np.bincount(columns)):
        begin, end = end, end + int(n)
        quota = nearest_counts(open_rows[:, column], n)
        whole = _whole(quota, n, np.lexsort((rng.random(len(room)), -np.round(room, 9))))
        room -= whole
        part[order[begin:end]] = np.repeat(np.arange(len(room)), whole.astype(np.int64))
    return part


def _whole(quota: Floats, total: float, turn: Ints) -> Floats:
    """Whole numbers of sum `total` by largest remainder; equal ones are served in order `turn`."""
    near = np.round(quota, 9)  # 0.29 * 100 is 29 and not 28.999999999999996
    whole = np.floor(near)
    first = turn[np.argsort((whole - near)[turn], kind="stable")]
    whole[first[: int(total - whole.sum())]] += 1
    counts: Floats = whole
    return counts


def nearest_counts(wished: Floats, total: float) -> Floats:
    """The numbers `(P,)`, none negative, that sum to `total` and are nearest to `wished`.

    The Euclidean projection on a simplex (Held, Wolfe and Crowder, Math. Programming 6, 1974):
    everyone gives up the same amount, those who would fall below 0 stop at 0.
    """
    falling = np.sort(wished)[::-1]
    surplus = (np.cumsum(falling) - total) / np.arange(1, len(wished) + 1)
    cut = surplus[np.flatnonzero(falling >= surplus)[-1]]
    counts: Floats = np.maximum(wished - cut, 0.0)
    return counts
