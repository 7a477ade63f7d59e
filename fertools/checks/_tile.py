"""All products of two runs of short vectors, and which of them are high: the inner loop of `_ncc`.

A tile of `ROWS` x `COLUMNS` products is computed as a stack of small products of fewer than 2^18
multiplications each. OpenBLAS does such a one within the calling thread, so that our threads can
take a tile each. Its own threads wait for each other in every product of this shape, which on a
machine that is busy with other work is 30 times slower; and the search for high products is ours
alone to spread.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TALL, WIDE = 96, 64  # 96 * 64 * 40 columns < 2^18; the fastest shape below it
ROWS, COLUMNS = 4 * TALL, 24 * WIDE  # 2.4 MB of scores, which stay in the cache

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tile:
    """Memory that a thread writes tile after tile into; fresh memory each time costs half again."""

    scores: Floats
    high: NDArray[np.bool_]


def new_tile() -> Tile:
    shape = (ROWS // TALL, COLUMNS // WIDE, TALL, WIDE)
    return Tile(np.empty(shape, np.float32), np.empty(shape, np.bool_))


def high_pairs(
    vectors: Floats, tile: Tile, row: int, column: int, floor: float
) -> tuple[Integers, Integers]:
    """Which of `vectors[row : row + ROWS]` and which of `vectors[column : column + COLUMNS]` have a
    product of at least `floor`, in no particular order; both runs must lie within `vectors`.
    """
    width = vectors.shape[1]
    rows = vectors[row : row + ROWS].reshape(-1, 1, TALL, width)
    columns = vectors[column : column + COLUMNS].reshape(1, -1, WIDE, width)
    np.matmul(rows, columns.swapaxes(2, 3), out=tile.scores)
    np.greater_equal(tile.scores, np.float32(floor), out=tile.high)
    # Nearly all of `high` is false: or-ing eight stripes of it, eight bytes at a time, leaves one
    # number in 64 to be looked at.
    stripes = tile.high.reshape(8, -1).view(np.uint64)
    hits = np.flatnonzero(np.bitwise_or.reduce(stripes, axis=0))
    words = stripes[:, hits].ravel()
    some = np.flatnonzero(words)
    stripe, hit = np.divmod(some, max(1, len(hits)))
    word, byte = np.divmod(np.flatnonzero(words[some].view(np.bool_)), 8)
    place = (stripe * stripes.shape[1] + hits[hit])[word] * 8 + byte
    down, across, i, j = np.unravel_index(place, tile.scores.shape)
    return row + down * TALL + i, column + across * WIDE + j
