"""Near-twins of a manifest, and from which correlation on two faces are called that.

In goes a manifest with its faces; out come the pairs whose zero-mean normalised cross-correlation
(NCC) reaches the threshold of their data set: `near` face to face, `mirrored` with the left-right
mirror of one of them; an equal face is near, too. Colour is turned to gray, faces with sides above
64 pixels are compared at 48. Faces of one gray level have no NCC; frames of one sequence are no
twins.

The threshold is 0.90, right by eye on faces from the web. A data set whose people are known has
its own: the smallest from 0.90 at which no two people are taken for one (`measures.twins`).
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fertools.checks._ncc import near_twins, strongest
from fertools.checks._pairs import BY_EYE, equal_faces, to_copies
from fertools.columns import encode
from fertools.errors import FerError
from fertools.faces import Faces
from fertools.manifest import Manifest
from fertools.measures.leakage import Links
from fertools.measures.twins import ONE_PHOTOGRAPH, calibrated, curve, doubled
from fertools.relations import (
    Doubles,
    Integers,
    Lack,
    Mask,
    Relation,
    people,
    recordings,
    small_faces,
)


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
    data set, `origins` how it came about (`asked`, `by eye` or `subjects`), `curves` what it was
    read from.
    """

    near: Relation
    mirrored: Relation
    false_twins: Pairs
    thresholds: dict[str, float] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    curves: dict[str, list[Step]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def near(
    manifest: Manifest,
    dealt: Mask,
    touching: Mask,
    threshold: float | None = None,
    data: str | Path | None = None,
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
        faces = small_faces(manifest, data)
    except FerError as error:
        if data is not None:
            raise
        return nothing(str(error))
    copies = equal_faces(table, has)
    known, first = np.unique(copies, return_index=True)
    first = np.sort(first[known >= 0])
    calibrate = threshold is None and bool((people(table)[first] >= 0).any())
    found = near_twins(
        _Some(faces, first),
        min(threshold or BY_EYE, BY_EYE),
        touching=None if calibrate else np.isin(copies[first], copies[touching & has]),
    )
    pairs = Pairs(first[found.pairs], found.ncc, found.mirrored)
    thresholds, origins, curves, notes = _thresholds(table, pairs, has, threshold)
    constant = np.isin(copies, copies[first[found.constants]]) & has
    if constant.any():
        notes.append(f"faces of one gray level, which have no NCC: {int(constant.sum()):,}")
    missing = int((dealt & ~has).sum())
    lack = Lack(missing, int(dealt.sum()), "face") if missing else None
    false_twins = pairs.where(strongest(found) & _different(table, pairs))
    copies = np.where(constant, -1, copies)
    pairs = pairs.where(_reach(table, pairs, thresholds))
    rows, which = to_copies(copies, pairs.rows)
    pairs = Pairs(rows, pairs.ncc[which], pairs.mirrored[which])
    pairs = pairs.where(~_one_sequence(table, pairs))
    upright, turned = pairs.where(~pairs.mirrored), pairs.where(pairs.mirrored)
    return Near(
        Relation("near", Links((copies,), upright.rows), "", np.append(upright.ncc, 1.0), lack),
        Relation("mirrored", Links(pairs=turned.rows), "", np.append(turned.ncc, np.nan), lack),
        false_twins,
        thresholds,
        origins,
        curves,
        tuple(notes),
    )


def nothing(why: str) -> Near:
    """No pairs, since nothing could be compared."""
    none = Pairs(np.empty((0, 2), np.int64), np.empty(0), np.empty(0, np.bool_))
    return Near(Relation("near", why=why), Relation("mirrored", why=why), none)


@dataclass(frozen=True, slots=True)
class _Some:
    """Some rows of a face store, as `near_twins` reads them."""

    faces: Faces
    rows: Integers

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows: slice | Integers, /) -> NDArray[np.uint8]:
        return self.faces[self.rows[rows]]


def _thresholds(
    table: pa.Table, pairs: Pairs, has: Mask, given: float | None
) -> tuple[dict[str, float], dict[str, str], dict[str, list[Step]], list[str]]:
    """The threshold of every data set, how it came about, the curve of those whose people are
    known, and notes.
    """
    subjects = people(table)
    codes, names = encode(table["source"])
    used = [names[code] for code in np.unique(codes[has])]
    thresholds = dict.fromkeys(used, given or BY_EYE)
    origins = dict.fromkeys(used, "by eye" if given is None else "asked")
    curves: dict[str, list[Step]] = {}
    notes: list[str] = []
    for name in used if given is None else ():
        mine = codes == names.index(name)
        if not (subjects[mine & has] >= 0).any():
            continue
        inside = mine[pairs.rows].all(axis=1)
        counts = curve(pairs.rows[inside], pairs.ncc[inside], subjects)
        columns = (counts.thresholds, counts.same, counts.different, counts.unknown)
        curves[name] = [Step(round(float(t), 3), int(s), int(d), int(u))
                        for t, s, d, u in zip(*columns, strict=True)]  # fmt: skip
        thresholds[name], origins[name] = round(calibrated(counts), 3), "subjects"
        if many := doubled(counts):
            notes.append(
                f"{name}: {many:,} pairs of two people have an NCC of {ONE_PHOTOGRAPH} and more: "
                "taken for one photograph under two names"
            )
    return thresholds, origins, curves, notes


def _reach(table: pa.Table, pairs: Pairs, thresholds: dict[str, float]) -> Mask:
    """Which pairs reach the threshold of their data sets."""
    sources, names = encode(table["source"])
    of_source = np.array([thresholds.get(name, BY_EYE) for name in names])
    return np.asarray(pairs.ncc >= of_source[sources[pairs.rows]].max(axis=1, initial=0))


def _different(table: pa.Table, pairs: Pairs) -> Mask:
    """Which pairs from 0.90 up are known to be of different people."""
    left, right = people(table)[pairs.rows].T
    return np.asarray((left >= 0) & (right >= 0) & (left != right) & (pairs.ncc >= BY_EYE))


def _one_sequence(table: pa.Table, pairs: Pairs) -> Mask:
    left, right = recordings(table)[pairs.rows].T
    return np.asarray((left >= 0) & (left == right))
