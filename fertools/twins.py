"""Near-twins of a manifest, and from which correlation on two faces are called that.

In goes a manifest with its faces; out come the pairs whose zero-mean normalised cross-correlation
(NCC) reaches the threshold of their data set: `near` face to face, `mirrored` with the left-right
mirror of one of them. Colour is turned to gray and every face compared at 48 x 48 pixels. Faces of
one gray level have no NCC; frames of one sequence are no twins.

The threshold is 0.90, right by eye on faces from the web. A data set whose people are known has
its own: the smallest from 0.90 at which no two people are taken for one (`measures.twins`).
"""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fertools.checks._ncc import near_twins, strongest
from fertools.columns import encode
from fertools.errors import FerError
from fertools.faces import Faces, open_faces
from fertools.manifest import Manifest
from fertools.measures.leakage import Links
from fertools.measures.twins import calibrated, curve
from fertools.relations import Doubles, Integers, Mask, Relation, people, recordings

DEFAULT = 0.90
SIDE = 48


@dataclass(frozen=True, slots=True)
class Step:
    """How many pairs of a data set remain at a threshold, by what is known of their people."""

    threshold: float
    same: int
    different: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of manifest rows (m, 2) with their NCC, upright or mirrored."""

    rows: Integers
    ncc: Doubles
    mirrored: Mask

    def where(self, keep: Mask) -> "Pairs":
        """Some of the pairs."""
        return Pairs(self.rows[keep], self.ncc[keep], self.mirrored[keep])


@dataclass(frozen=True, slots=True)
class Near:
    """What was found.

    `false_twins` are pairs of different people from 0.90 up, each once. `thresholds` holds one per
    data set, `curves` where it comes from.
    """

    near: Relation
    mirrored: Relation
    false_twins: Pairs
    thresholds: dict[str, float] = field(default_factory=dict)
    curves: dict[str, list[Step]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def near(
    manifest: Manifest,
    dealt: Mask,
    touching: Mask,
    threshold: float | None = None,
    data: str | None = None,
) -> Near:
    """The near-twins among the rows `dealt` (n,).

    Pairs without a row of `touching` (n,) are left out, but for data sets that are calibrated.
    `threshold` stands in the place of every data set's own; a pair of two data sets must reach the
    higher of theirs. Where there is no face to compare, the relations say so; raises `FerError`
    where `data` holds no face store.
    """
    table = manifest.table
    has = dealt & np.asarray(table["row"].is_valid())
    if not has.any():
        return nothing("no row has a face")
    try:
        faces = open_faces(manifest, data, size=SIDE, channels=1)
    except FerError as error:
        if data is not None:
            raise
        return nothing(str(error))
    rows = np.flatnonzero(has)
    subjects = people(table)
    calibrate = threshold is None and bool((subjects[rows] >= 0).any())
    found = near_twins(
        _Some(faces, rows),
        min(threshold or DEFAULT, DEFAULT),
        touching=None if calibrate else touching[rows],
    )
    once = strongest(found)
    pairs = Pairs(rows[found.pairs], found.ncc, found.mirrored)
    thresholds, curves, notes = _thresholds(table, pairs, subjects, rows, threshold)
    if len(found.constants):
        notes.append(f"{len(found.constants)} faces of one gray level have no NCC: see exact")
    missing = int((dealt & ~has).sum())
    why = f"{missing:,} of {int(dealt.sum()):,} rows have no face" if missing else ""
    return _related(table, pairs, once, thresholds, curves, notes, why)


@dataclass(frozen=True, slots=True)
class _Some:
    """Some rows of a face store, as `near_twins` reads them."""

    faces: Faces
    rows: Integers

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows: slice | Integers, /) -> NDArray[np.uint8]:
        return self.faces[self.rows[rows]]


def nothing(why: str) -> Near:
    """No pairs, since nothing could be compared."""
    none = Pairs(np.empty((0, 2), np.int64), np.empty(0), np.empty(0, np.bool_))
    return Near(Relation("near", why=why), Relation("mirrored", why=why), none)


def _thresholds(
    table: pa.Table, pairs: Pairs, subjects: Integers, rows: Integers, given: float | None
) -> tuple[dict[str, float], dict[str, list[Step]], list[str]]:
    """The threshold of every data set, the curve of those that were calibrated, and notes."""
    codes, names = encode(table["source"])
    used = [names[code] for code in np.unique(codes[rows])]
    thresholds = dict.fromkeys(used, given or DEFAULT)
    curves: dict[str, list[Step]] = {}
    notes: list[str] = []
    if given is not None:
        return thresholds, curves, notes
    copies = encode(table["face_hash"])[0]
    left, right = pairs.rows.T
    # a copy under two names says nothing of how alike two people are
    other = (copies[left] != copies[right]) | (copies[left] < 0)
    for name in used:
        code = names.index(name)
        if not (subjects[codes == code] >= 0).any():
            continue
        mine = other & (codes[left] == code) & (codes[right] == code)
        counts = curve(pairs.rows[mine], pairs.ncc[mine], subjects)
        columns = (counts.thresholds, counts.same, counts.different, counts.unknown)
        curves[name] = [Step(round(float(t), 3), int(s), int(d), int(u))
                        for t, s, d, u in zip(*columns, strict=True)]  # fmt: skip
        own = calibrated(counts)
        if own is None:
            notes.append(f"{name}: faces of two people have an NCC of 1, so {DEFAULT} is kept")
        thresholds[name] = DEFAULT if own is None else round(own, 3)
    return thresholds, curves, notes


def _related(
    table: pa.Table,
    pairs: Pairs,
    once: Mask,
    thresholds: dict[str, float],
    curves: dict[str, list[Step]],
    notes: list[str],
    why: str,
) -> Near:
    """Sort the pairs into twins, frames of one sequence, and different people."""
    sources, names = encode(table["source"])
    of_source = np.array([thresholds.get(name, DEFAULT) for name in names])
    needed = of_source[sources[pairs.rows]].max(axis=1, initial=0)
    sequences, subjects = (codes[pairs.rows] for codes in (recordings(table), people(table)))
    together = (sequences[:, 0] >= 0) & (sequences[:, 0] == sequences[:, 1])
    apart = (subjects >= 0).all(axis=1) & (subjects[:, 0] != subjects[:, 1])
    twins = (pairs.ncc >= needed) & ~together
    found = [
        Relation(name, Links(pairs=pairs.rows[kept]), why, pairs.ncc[kept])
        for name, kept in (("near", twins & ~pairs.mirrored), ("mirrored", twins & pairs.mirrored))
    ]
    false_twins = pairs.where(once & apart & ~together)
    return Near(found[0], found[1], false_twins, thresholds, curves, tuple(notes))
