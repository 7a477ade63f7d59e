"""Exact and near copies of a face, upright or mirrored: twins, and the groups that they form.

In go a manifest and its faces; out come the flags `exact_copy` (equal to an earlier face pixel by
pixel), `near_copy` (a near-twin of an earlier face), `contradicting_twins` (labels differ within a
group of twins) and `constant` (one gray level, like nothing), the column `twin_group`, and the
tables `twins` and `review`.

Two recordings of one person may be near-twins and rightly bear two labels: only exact copies and
near-twins that are not known to be one person can contradict each other.

Two faces are near-twins from a zero-mean normalised cross-correlation (NCC) on that fits the data
set: 0.90, by eye on FER2013, where some 4 % of the near-twins are two people (frontal faces on
black, who may form a long chain); where subjects are known, the smallest from 0.90 on at which no
two people are taken for one. Twins of one sequence are neighbouring frames and called so. From
0.86 up to the threshold about half of the pairs are twins: they go to `review`, unless they are
known to be two people or one sequence.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from fertools import strict
from fertools.checks._ncc import Cost
from fertools.checks._pairs import (
    MIXED,
    Integers,
    Mask,
    Pairs,
    Threshold,
    alike,
    compare,
    exact_pairs,
    floor_of,
    settle,
    to_copies,
)
from fertools.columns import encode, words
from fertools.faces import Faces
from fertools.finding import Finding
from fertools.manifest import Manifest
from fertools.measures.groups import unite

FLAGS = ("constant", "exact_copy", "near_copy", "contradicting_twins")
KINDS = ("near", "sequence", "exact")


@dataclass(frozen=True, slots=True)
class Options:
    """The NCC from which two faces are twins (None: the data set's own) or doubtful."""

    threshold: float | None = strict.setting(None, low=0, high=1)
    review: float = strict.setting(MIXED, low=0, high=1)


@dataclass(frozen=True, slots=True)
class _Listed:
    """Pairs of rows (m, 2) with i < j, in order, and what is known of each."""

    rows: Integers
    ncc: Any
    mirrored: Mask
    kind: Integers  # of KINDS


def find(manifest: Manifest, faces: Faces, options: Options) -> Finding:
    """Look for copies; see the module."""
    found = compare(manifest, faces, floor_of(options.threshold, options.review))
    threshold = settle(manifest, found, options.threshold)
    subject, sequence, labels = (
        encode(manifest.table[name])[0] for name in ("subject", "sequence", "native_label")
    )
    listed = _listed(found, found.ncc >= threshold.value, sequence)
    copies = np.where(found.constant, -1, found.copies)
    near = listed.rows[listed.kind == KINDS.index("near")]
    twins = _groups(copies, near)
    comparable = _groups(copies, near[~alike(subject, near)])
    flagged = {
        "constant": np.flatnonzero(found.constant),
        "exact_copy": np.flatnonzero(_not_first(copies)),
        "near_copy": np.unique(near[:, 1]),
        "contradicting_twins": disagreeing(comparable, labels),
    }
    review = _review(manifest, found, (options.review, threshold.value), sequence)
    return Finding(
        rows=np.concatenate(list(flagged.values())),
        flags=[flag for flag, rows in flagged.items() for _ in rows],
        columns={"twin_group": _names(manifest, twins)},
        tables={"twins": _table(manifest, listed), "review": _table(manifest, review)},
        facts={
            **_facts(found, threshold, listed, twins, review),
            "exact_contradicting_groups": _contradictions(found.copies, labels),
            "contradicting_twin_groups": _contradictions(comparable, labels),
        },
        notes=_notes(found, threshold, listed, twins),
    )


def _groups(copies: Integers, near: Integers) -> Integers:
    """Codes (n,) of the groups that copies and near-twins form; -1 for a row that is alone."""
    groups = unite(len(copies), copies, near)
    return np.where(np.bincount(groups)[groups] > 1, groups, -1)


def _contradictions(groups: Integers, labels: Integers) -> int:
    """How many groups hold two labels or more."""
    return len(np.unique(groups[disagreeing(groups, labels)]))


def _listed(found: Pairs, kept: Mask, sequence: Integers) -> _Listed:
    """The pairs of first faces above the threshold, spread to their copies, and the exact pairs."""
    copies = np.where(found.constant, -1, found.copies)
    spread, pair = to_copies(copies, found.pairs[kept])
    exact = exact_pairs(copies)
    rows = np.concatenate([np.sort(spread, axis=1), exact])
    ncc = np.concatenate([found.ncc[kept][pair], np.ones(len(exact))])
    mirrored = np.concatenate([found.mirrored[kept][pair], np.zeros(len(exact), np.bool_)])
    kind = np.where(alike(sequence, rows), KINDS.index("sequence"), KINDS.index("near"))
    kind[len(pair) :] = KINDS.index("exact")
    order = np.lexsort((rows[:, 1], rows[:, 0]))
    return _Listed(rows[order], ncc[order], mirrored[order], kind[order])


def _not_first(codes: Integers) -> Mask:
    """Rows whose code stands in an earlier row."""
    _, first = np.unique(codes, return_index=True)
    again = codes >= 0
    again[first] = False
    return again


def disagreeing(groups: Integers, labels: Integers) -> Integers:
    """Rows of the groups that hold two labels or more.

    `groups` and `labels` are codes (n,); rows with -1 in either take no part.
    """
    rows = np.flatnonzero((groups >= 0) & (labels >= 0))
    low, high = (np.full(groups.max(initial=-1) + 1, start) for start in (1 << 62, -1))
    np.minimum.at(low, groups[rows], labels[rows])
    np.maximum.at(high, groups[rows], labels[rows])
    return np.asarray(rows[low[groups[rows]] < high[groups[rows]]])


def _review(
    manifest: Manifest, found: Pairs, band: tuple[float, float], sequence: Integers
) -> _Listed:
    """Pairs within a band below the threshold, that nothing but an eye can decide."""
    i, j = found.pairs.T
    subject, _ = encode(manifest.table["subject"])
    two_people = (subject[i] != subject[j]) & (subject[i] >= 0) & (subject[j] >= 0)
    within = (found.ncc >= band[0]) & (found.ncc < band[1])
    kept = within & ~two_people & ~alike(sequence, found.pairs)
    kind = np.full(int(kept.sum()), KINDS.index("near"))
    return _Listed(found.pairs[kept], found.ncc[kept], found.mirrored[kept], kind)


def _names(manifest: Manifest, groups: Integers) -> pa.Array:
    """`t:<first id>` for every row of a group."""
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    ids = manifest.table["id"].take(pa.array(first)).to_pylist()
    return words(np.where(groups >= 0, inverse, -1), [f"t:{name}" for name in ids])


def _table(manifest: Manifest, listed: _Listed) -> pa.Table:
    ids = manifest.table["id"].combine_chunks()
    return pa.table(
        {
            "id_a": ids.take(pa.array(listed.rows[:, 0])),
            "id_b": ids.take(pa.array(listed.rows[:, 1])),
            "ncc": pa.array(listed.ncc, pa.float64()),
            "mirrored": pa.array(listed.mirrored, pa.bool_()),
            "kind": words(listed.kind, list(KINDS)),
        }
    )


def _facts(
    found: Pairs,
    threshold: Threshold,
    listed: _Listed,
    twins: Integers,
    review: _Listed,
) -> dict[str, Any]:
    """Counts; those of exact copies include the constants, as published counts do."""
    sizes = np.bincount(found.copies[found.copies >= 0], minlength=1)
    groups = np.bincount(twins[twins >= 0], minlength=1)
    curve = threshold.curve
    return {
        "threshold": threshold.value,
        "threshold_by": threshold.how,
        "curve": curve
        and {
            "threshold": curve.thresholds.round(3).tolist(),
            "same_subject": curve.same.tolist(),
            "different_subjects": curve.different.tolist(),
            "subject_unknown": curve.unknown.tolist(),
        },
        "faces": int((found.copies >= 0).sum()),
        "constants": int(found.constant.sum()),
        "exact_groups": int((sizes > 1).sum()),
        "exact_redundant": int((sizes - 1).clip(0).sum()),
        "pairs": {name: int((listed.kind == place).sum()) for place, name in enumerate(KINDS)},
        "mirrored_pairs": int(listed.mirrored.sum()),
        "review_pairs": len(review.rows),
        "twin_groups": int((groups > 0).sum()),
        "largest_twin_group": int(groups.max()),
        "cost": _cost(found.cost, found.seconds),
    }


def _cost(cost: Cost, seconds: float) -> dict[str, Any]:
    return {
        "compared_pairs": cost.pairs,
        "gigaflop": cost.flops / 1e9,
        "gigaflop_of_a_plain_product": cost.plain_flops / 1e9,
        "predicted_seconds": cost.seconds,
        "seconds": seconds,
        "threads": cost.threads,
    }


def _notes(found: Pairs, threshold: Threshold, listed: _Listed, twins: Integers) -> list[str]:
    cost = found.cost
    notes = [
        f"twins from NCC {threshold.value:g} on ({_why(threshold)}): "
        f"{int((twins >= 0).sum()):,} faces in groups",
        f"{cost.pairs:,} pairs compared in {found.seconds:.1f} s, predicted {cost.seconds:.1f} s "
        f"({cost.flops / 1e9:,.0f} GFLOP; all pixels of all pairs: {cost.plain_flops / 1e9:,.0f})",
    ]
    alike = int((listed.kind == KINDS.index("sequence")).sum())
    if alike:
        notes.append(f"{alike:,} like pairs are frames of one sequence, not twins")
    return notes


def _why(threshold: Threshold) -> str:
    if threshold.curve is None:
        return "as asked" if threshold.how == "asked" else "chosen by eye on FER2013"
    different = int(threshold.curve.different[0])
    text = f"{different:,} pairs of two people reach 0.90"
    if threshold.how == "asked":
        return f"as asked; {text}"
    if threshold.how == "by eye":
        return f"chosen by eye on FER2013; {text}, and some reach 1"
    return f"the least at which no two people are alike; {text}"
