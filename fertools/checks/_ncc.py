"""Near-twins: all pairs of faces whose correlation reaches a threshold, upright or mirrored.

In go n faces of one size; out comes `Twins`: every pair i < j whose zero-mean normalised
cross-correlation (NCC) is at or above the threshold, of face i with face j (upright) or with the
left-right mirror of j (mirrored). A pair that reaches it both ways has two rows, so that the set of
each orientation is whole; `strongest` keeps one of them. Constant faces have no NCC and are listed
apart.

**The set is that of brute force.** Of two faces x and y with N pixels, and S for sums, the NCC is

    (N S(xy) - S(x) S(y)) / sqrt((N S(xx) - S(x)^2) (N S(yy) - S(y)^2)),

whose numerator and both factors are whole numbers below 2^53, so exact in float64 in any order of
summation: the value, and with it the set, depends neither on blocks nor on threads nor on the BLAS,
and a copy has exactly 1. A pair is left out only where an upper bound of its NCC, lowered by more
than its rounding error, is below the threshold (`_sketch` has the proof): first by one narrow
float32 product over all pairs, then, for the few that remain, by a wider bound per orientation.
What is still there is computed by the formula above.

Memory is that of the sketches (0.8 KB per face) and about 30 MB per thread (80 MB where the bounds
fail and brute force steps in); nothing grows with n^2 but what is found. Time is about 1 ns per
pair and core as long as few pairs pass the first bound: 1 in 1,000 at 0.90 among the faces of
FER2013, but 1 in 5 among the aligned portraits of CK+48, where a plain product would be as fast.
"""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from fertools.checks._sketch import MARGIN, Doubles, Faces, Integers, Sketches, sketch
from fertools.checks._tile import COLUMNS, ROWS, Tile, high_pairs, new_tile
from fertools.errors import FerError

GATHERED = 4096  # pairs whose wider bound is computed at a time
EXACT = 256  # pairs that are computed in full at a time: 19 MB in float64 at 48 x 48
CROWDED = ROWS * COLUMNS // 64  # survivors of a tile above which brute force is cheaper
PROBES, EVERY = 64, 25  # to predict the rest, 64 tiles per thread are timed, or every 25th

Mask = NDArray[np.bool_]
PAIR = np.dtype([("left", "i8"), ("right", "i8"), ("mirrored", "?"), ("ncc", "f8")])
Pairs = NDArray[np.void]  # of PAIR, each in one orientation; of places, not of rows


@dataclass(frozen=True, slots=True)
class Cost:
    """What the search should take; known once the faces are sketched, before the pairs are."""

    pairs: int  # to be compared
    flops: float  # of the narrow product, which serves both orientations
    plain_flops: float  # of multiplying all pixels of all pairs, upright and mirrored
    threads: int
    rate: float  # flops per second of all threads in the narrow product and what follows it
    seconds: float  # predicted: reading and sketching, as measured, plus all tiles at that rate


@dataclass(frozen=True, slots=True)
class Twins:
    """Pairs by orientation, sorted by i, j, upright first, and how they were found.

    `candidates` and `verified` count what passed the first bound and what the second; they may
    differ by a few between machines, because a bound is rounded as the BLAS at hand does it.
    """

    pairs: Integers  # (m, 2), i < j
    ncc: Doubles  # (m,) in [threshold, 1]
    mirrored: Mask  # (m,) this is the NCC with the mirror of j
    constants: Integers  # faces of one gray level, ascending
    candidates: int
    verified: int
    cost: Cost


@dataclass(frozen=True, slots=True)
class _Search:
    """What stays the same during one search."""

    faces: Faces
    order: Integers  # (n,) the row at each place; marked rows stand first
    marked: int
    threshold: float
    sketches: Sketches


def near_twins(
    faces: Faces,
    threshold: float = 0.90,
    *,
    touching: Mask | None = None,
    most: int = 10_000_000,
    threads: int | None = None,
    announce: Callable[[Cost], None] | None = None,
) -> Twins:
    """All pairs with an NCC of at least `threshold`, exactly.

    `faces` are uint8 with sides of at most 64 pixels (bigger ones are reduced by area to 48 first);
    any row may be read a second time. `touching` (n,) keeps to the pairs with a marked row in them,
    such as the test part with everything, and saves the work of the others. `threads` (all
    processors) changes nothing but the time; `announce` gets the predicted cost before the search.
    Raises `FerError` for a threshold outside (0, 1], and where more than `most` pairs would be
    held: thousands of copies of one face make millions of pairs.
    """
    if not 0 < threshold <= 1:
        raise FerError(f"threshold {threshold}: give a number above 0 and at most 1")
    began = time.perf_counter()
    search = _prepare(faces, threshold, touching)
    threads = threads or _processors()
    pool = ThreadPoolExecutor(threads)
    try:
        cost = _predict(search, pool, threads, began)
        if announce is not None:
            announce(cost)
        found, candidates, verified = _find(search, pool, most)
    finally:
        pool.shutdown(cancel_futures=True)
    rows = np.sort(search.order[np.stack([found["left"], found["right"]], axis=1)], axis=1)
    sort = np.lexsort((found["mirrored"], rows[:, 1], rows[:, 0]))
    constants = np.sort(search.order[search.sketches.spread == 0])
    ncc, mirrored = found["ncc"][sort], found["mirrored"][sort]
    return Twins(rows[sort], ncc, mirrored, constants, candidates, verified, cost)


def strongest(twins: Twins) -> Mask:
    """Which rows to keep to have every pair once: of two orientations the better, else upright."""
    again = np.zeros(len(twins.pairs), np.bool_)
    again[1:] = (twins.pairs[1:] == twins.pairs[:-1]).all(axis=1)
    mirror = np.flatnonzero(again)
    keep = ~again
    keep[mirror] = twins.ncc[mirror] > twins.ncc[mirror - 1]
    keep[mirror - 1] = ~keep[mirror]
    return keep


def _prepare(faces: Faces, threshold: float, touching: Mask | None) -> _Search:
    count = len(faces)
    marks = np.ones(count, np.bool_) if touching is None else np.asarray(touching, np.bool_)
    if marks.shape != (count,):
        raise ValueError(f"touching has shape {marks.shape}, not ({count},)")
    order = np.argsort(~marks, kind="stable")
    places = np.empty(count, np.int64)
    places[order] = np.arange(count)
    sketches = sketch(faces, places, room=count + ROWS + COLUMNS)
    return _Search(faces, order, int(marks.sum()), threshold, sketches)


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _tiles(search: _Search, row: int) -> list[tuple[int, int]]:
    """The corners of the tiles of a strip of rows; they hold all its pairs left < right."""
    return [(row, column) for column in range(row, len(search.order), COLUMNS)]


def _predict(search: _Search, pool: ThreadPoolExecutor, threads: int, began: float) -> Cost:
    """Time a few tiles, spread over all, and count on the rest being like them."""
    spent = time.perf_counter() - began
    tiles = [tile for row in range(0, search.marked, ROWS) for tile in _tiles(search, row)]
    probes = tiles[:: max(EVERY, len(tiles) // (PROBES * threads))]
    start = time.perf_counter()
    list(pool.map(partial(_compare, search), [probes[i::threads] for i in range(threads)]))
    each = (time.perf_counter() - start) / max(1, len(probes))
    flops = 2.0 * search.sketches.blind.shape[1] * ROWS * COLUMNS
    others = len(search.order) - search.marked
    pairs = search.marked * (search.marked - 1) // 2 + search.marked * others
    return Cost(
        pairs=pairs,
        flops=flops * len(tiles),
        plain_flops=4.0 * search.sketches.pixels * pairs,
        threads=threads,
        rate=flops / each,
        seconds=spent + each * len(tiles),
    )


def _find(search: _Search, pool: ThreadPoolExecutor, most: int) -> tuple[Pairs, int, int]:
    """All pairs at or above the threshold, and how many passed the first and the second bound."""
    found, candidates, verified = [np.empty(0, PAIR)], 0, 0
    strips = [_tiles(search, row) for row in range(0, search.marked, ROWS)]
    for pairs, passed, survived in pool.map(partial(_compare, search), strips):
        found.append(pairs)
        candidates += passed
        verified += survived
        if sum(map(len, found)) > most:
            raise FerError(
                f"more than {most:,} pairs of faces have an NCC of {search.threshold:g} or above, "
                "too many to hold; go without that search (curate --checks quality, audit --by "
                "subject,sequence,exact)"
            )
    return np.concatenate(found), candidates, verified


def _compare(search: _Search, corners: list[tuple[int, int]]) -> tuple[Pairs, int, int]:
    """What `_find` returns, for the tiles with these corners."""
    found: list[Pairs] = []
    waiting = [np.empty(0, PAIR)]
    candidates = verified = 0
    tile = new_tile()
    for row, column in corners:
        left, right = _scan(search, tile, row, column)
        survivors = _bounded(search, left, right)
        candidates += len(left)
        verified += len(survivors)
        if len(survivors) > CROWDED:
            found.append(_multiplied(search, row, column))
            continue
        waiting.append(survivors)
        if sum(map(len, waiting)) > CROWDED:
            found.append(_verify(search, np.concatenate(waiting)))
            waiting = waiting[:1]
    found.append(_verify(search, np.concatenate(waiting)))
    return np.concatenate(found), candidates, verified


def _scan(search: _Search, tile: Tile, row: int, column: int) -> tuple[Integers, Integers]:
    """The pairs of one tile that pass the first bound, which serves both orientations."""
    floor = search.threshold - MARGIN
    left, right = high_pairs(search.sketches.blind, tile, row, column, floor)
    wanted = (left < right) & (left < search.marked) & (right < len(search.order))
    return left[wanted], right[wanted]


def _bounded(search: _Search, left: Integers, right: Integers) -> Pairs:
    """The pairs that pass the second bound, once for each orientation in which they do."""
    even, odd = search.sketches.even, search.sketches.odd
    floor = np.float32(search.threshold - MARGIN)
    out = [np.empty(0, PAIR)]
    for start in range(0, len(left), GATHERED):
        a, b = left[start : start + GATHERED], right[start : start + GATHERED]
        evens = np.einsum("ij,ij->i", even[a], even[b])
        odds = np.einsum("ij,ij->i", odd[a], odd[b])
        for mirrored, bound in ((False, evens + odds), (True, evens - odds)):
            passed = bound >= floor
            out.append(_pairs(a[passed], b[passed], mirrored))
    return np.concatenate(out)


def _verify(search: _Search, pairs: Pairs) -> Pairs:
    """Compute the pairs in full and keep those that reach the threshold."""
    for start in range(0, len(pairs), EXACT):
        some = pairs[start : start + EXACT]
        both = np.concatenate([some["left"], some["right"]])
        places, which = np.unique(both, return_inverse=True)
        pixels = _pixels(search, places)
        one, other = pixels[which[: len(some)]], pixels[which[len(some) :]]
        other[some["mirrored"]] = other[some["mirrored"], :, ::-1]
        product = np.einsum("ijk,ijk->i", one, other)
        some["ncc"] = _correlation(search.sketches, product, some["left"], some["right"])
    return pairs[pairs["ncc"] >= search.threshold]


def _multiplied(search: _Search, row: int, column: int) -> Pairs:
    """The pairs of one tile by brute force, for a tile in which the bounds rule out too little."""
    left = np.arange(row, min(row + ROWS, search.marked))
    right = np.arange(column, min(column + COLUMNS, len(search.order)))
    one, other = _pixels(search, left), _pixels(search, right)
    out = []
    for mirrored in (False, True):
        turned = other[:, :, ::-1] if mirrored else other
        product = one.reshape(len(one), -1) @ turned.reshape(len(other), -1).T
        ncc = _correlation(search.sketches, product, left[:, None], right)
        i, j = np.nonzero((ncc >= search.threshold) & (left[:, None] < right))
        out.append(_pairs(left[i], right[j], mirrored, ncc[i, j]))
    return np.concatenate(out)


def _pixels(search: _Search, places: Integers) -> Doubles:
    """The faces at these places in float64, read in ascending order of their rows."""
    rows = search.order[places]
    by_row = np.argsort(rows)
    out = np.empty((len(rows), *search.faces[0:1].shape[1:]))
    out[by_row] = search.faces[rows[by_row]]
    return out


def _correlation(sketches: Sketches, product: Doubles, left: Integers, right: Integers) -> Doubles:
    """The formula of the module, from the sums of x y; 0 where a face is constant."""
    above = sketches.pixels * product - sketches.total[left] * sketches.total[right]
    below = np.sqrt(sketches.spread[left].astype(np.float64) * sketches.spread[right])
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _pairs(left: Integers, right: Integers, mirrored: bool, ncc: Doubles | float = 0.0) -> Pairs:
    out = np.empty(len(left), PAIR)
    out["left"], out["right"], out["mirrored"], out["ncc"] = left, right, mirrored, ncc
    return out
