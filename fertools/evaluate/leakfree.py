"""Rows of one part that nothing in the other parts resembles: what an honest score rests on.

In goes a manifest and the part of every row; out come the rows of one part that have no copy (equal
photograph or face), no near-twin (upright or mirrored, at the data set's threshold) and no frame of
the same recording among the rows of the others.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fertools.data import in_part
from fertools.errors import FerError
from fertools.manifest import Manifest
from fertools.measures.leakage import NONE, PARTS, Links, partnered
from fertools.relations import by_column, exact
from fertools.twins import near


@dataclass(frozen=True, slots=True)
class LeakFree:
    """`rows` (n,) marks the rows of the part that are free; `partners` those (n,) that have one in
    another part, by relation; `thresholds` are those of the twins, per data set. The relation
    `subject` is told and frees or bars nobody.
    """

    rows: NDArray[np.bool_]
    partners: dict[str, NDArray[np.bool_]]
    thresholds: dict[str, float]


def parts(manifest: Manifest, fold: int | None = None) -> NDArray[np.int64]:
    """The part of every usable row: 0 train, 1 val, 2 test, -1 none."""
    out = np.full(len(manifest), NONE, np.int64)
    for number, name in enumerate(PARTS):
        out[in_part(manifest, name, fold)] = number
    return out


def leak_free(
    manifest: Manifest, part: NDArray[np.int64], later: int, data: str | Path | None = None
) -> LeakFree:
    """The rows of the part `later` without a partner in any other part of `part` (n,).

    `data` is the folder of the face store where the card does not lead to it. Raises `FerError`
    where there are no faces to compare: then nobody is known to be free.
    """
    dealt = part != NONE
    found = near(manifest, dealt, part == later, data=data)
    if found.near.links is None:
        raise FerError(f"near-twins cannot be looked for: {found.near.why}")
    relations = [exact(manifest.table, dealt), found.near, found.mirrored]
    # frames of one recording are near-copies, whatever their correlation
    relations += [by_column(manifest.table, name, dealt) for name in ("sequence", "subject")]
    have: dict[str, NDArray[np.bool_]] = {}
    for relation in relations:
        links = relation.links or Links()
        others = [part_ for part_ in range(len(PARTS)) if part_ != later]
        have[relation.name] = np.any([partnered(links, part, o, later) for o in others], axis=0)
    barred = np.any([rows for name, rows in have.items() if name != "subject"], axis=0)
    return LeakFree((part == later) & ~barred, have, found.thresholds)
