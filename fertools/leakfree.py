"""Rows of one part that nothing in the other parts resembles: what an honest score rests on.

In goes a manifest and the part of every row; out come the rows of one part that have no copy (equal
photograph or face), no near-twin (upright or mirrored, at the data set's threshold) and no frame of
the same recording among the rows of the others.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fertools.data import in_part
from fertools.manifest import Manifest
from fertools.measures.leakage import NONE, PARTS, Links, partnered
from fertools.relations import by_column, exact
from fertools.twins import near


@dataclass(frozen=True, slots=True)
class LeakFree:
    """`rows` (n,) marks the rows of the part that are free; `thresholds` are those of the twins,
    per data set; `why` says what could not be looked at.
    """

    rows: NDArray[np.bool_]
    thresholds: dict[str, float]
    why: str = ""


def parts(manifest: Manifest, fold: int | None = None) -> NDArray[np.int64]:
    """The part of every usable row: 0 train, 1 val, 2 test, -1 none."""
    out = np.full(len(manifest), NONE, np.int64)
    for number, name in enumerate(PARTS):
        out[in_part(manifest, name, fold)] = number
    return out


def leak_free(
    manifest: Manifest, part: NDArray[np.int64], later: int, data: str | None = None
) -> LeakFree:
    """The rows of the part `later` without a partner in any other part of `part` (n,)."""
    dealt = part != NONE
    found = near(manifest, dealt, part == later, data=data)
    relations = [exact(manifest.table, dealt), found.near, found.mirrored]
    # frames of one recording are near-copies, whatever their correlation
    relations.append(by_column(manifest.table, "sequence", dealt))
    free = part == later
    for relation in relations:
        for earlier in range(len(PARTS)):
            if earlier != later:
                free &= ~partnered(relation.links or Links(), part, earlier, later)
    return LeakFree(free, found.thresholds, found.near.why)
