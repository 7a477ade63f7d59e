"""Some of many rows: so many as a measure needs, the same ones every time.

In goes how many there are; out come positions.
"""

import numpy as np
import numpy.typing as npt

SEED = 0


def some(rows: int, most: int) -> npt.NDArray[np.int64]:
    """At most so many of the rows, drawn once and for all, in their order."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(SEED).choice(rows, most, replace=False))
