"""Audit: does anything of one part stand in another?

In goes a split manifest; out comes, per relation, per pair of parts and per class, how many rows of
the later part have a partner in the earlier one, with the rows themselves, and a verdict: `clean`,
`leaks`, or `not checkable` where the manifest does not say enough. With folds every round is
looked at: fold k tests, fold k + 1 validates, the rest trains.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fertools.audit import partners as leaking
from fertools.audit.verdict import CLEAN, LEAKS, UNCHECKED, Audit, Leak, Verdict
from fertools.columns import encode, folds_of
from fertools.errors import FerError, unknown
from fertools.given import is_number, several
from fertools.locations import Location, sha256
from fertools.manifest import Manifest, manifest_at, read_manifest, write_rows
from fertools.measures.leakage import NONE, PAIRS, PARTS, TEST, TRAIN, partners, rounds
from fertools.protocol import followed
from fertools.relations import Integers, Relation, by_column, derived, exact
from fertools.twins import Near, near, nothing

BY = ("subject", "sequence", "exact", "near", "derived")


def audit(
    path: str | Path,
    by: str | Sequence[str] | None = None,
    *,
    max_leakage: float = 0.0,
    near_threshold: float | None = None,
    data: str | Path | None = None,
    rows: str | Path | None = None,
) -> Audit:
    """Look for rows of one part that have a partner in another.

    `by` names the relations of `BY` to look at, all by default; `max_leakage` is the share of the
    later part's rows, per relation, that may have a partner. `rows` is where a Parquet table of
    the rows with their partners goes. Raises `FerError` for a manifest without parts.
    """
    asked: list[str] = several(by or BY)
    for name in asked:
        if name not in BY:
            raise unknown("relation", name, list(BY))
    is_number("max_leakage", max_leakage)
    if near_threshold is not None:
        is_number("near_threshold", near_threshold)
    if near_threshold is not None and not 0 < near_threshold <= 1:
        raise FerError(f"--near-threshold {near_threshold}: give a number above 0 and at most 1")
    if not 0 <= max_leakage <= 1:
        raise FerError(f"--max-leakage {max_leakage}: give a share from 0 to 1")
    file = manifest_at(path)
    manifest = read_manifest(file)
    every, folds = _rounds(manifest, file)
    if not _met(every):
        raise FerError(f"{file}: all rows are in one part; run `fertools split` on it")
    wanted = tuple(dict.fromkeys(asked))
    relations, twins = _relations(manifest, every, wanted, near_threshold, data)
    verdicts = tuple(_verdict(manifest, every, r, folds, max_leakage) for r in relations)
    if rows is not None:
        found = leaking.table(manifest, every, relations, twins.false_twins)
        write_rows(rows, found, "--rows")
    return Audit(
        manifest=file.name,
        digest=sha256(file),
        faces=_faces_digest(manifest),
        folds=folds,
        parts=_sizes(every, folds),
        max_leakage=max_leakage,
        asked=by is not None,
        verdicts=verdicts,
        thresholds=twins.thresholds,
        origins=twins.origins,
        curves=twins.curves,
        false_twins=len(twins.false_twins.rows),
        notes=twins.notes,
        protocol=followed([manifest.facts]),
    )


def _rounds(manifest: Manifest, file: Location) -> tuple[list[Integers], int]:
    """The part of every row in each round (one where there are parts), and the number of folds."""
    if manifest.has("split"):
        codes, words = encode(manifest.column("split"))
        if strange := sorted(set(words) - {*PARTS}):
            raise unknown(f"{file}: split", strange[0], list(PARTS))
        return [np.array([*map(PARTS.index, words), NONE])[codes]], 0
    if manifest.has("fold"):
        found = list(rounds(folds_of(manifest.column("fold"))))
        return found, len(found)
    raise FerError(f"{file}: no row has a split or a fold; run `fertools split` on it")


def _relations(
    manifest: Manifest,
    every: list[Integers],
    wanted: Sequence[str],
    threshold: float | None,
    data: str | Path | None,
) -> tuple[list[Relation], Near]:
    dealt = every[0] != NONE
    touching = dealt if len(every) > 1 else dealt & (every[0] != TRAIN)
    found: list[Relation] = []
    twins = nothing("not asked for")
    for name in wanted:
        if name == "near":
            twins = near(manifest, dealt, touching, threshold, data)
            found += [twins.near, twins.mirrored]
        elif name == "derived":
            found.append(derived(manifest, dealt, data))
        elif name == "exact":
            found.append(exact(manifest.table, dealt))
        else:
            found.append(by_column(manifest.table, name, dealt))
    return found, twins


def _verdict(
    manifest: Manifest, every: list[Integers], relation: Relation, folds: int, bound: float
) -> Verdict:
    why = str(relation.lack or relation.why)
    if relation.links is None:
        return Verdict(relation.name, UNCHECKED, why, lack=relation.lack)
    codes, names = encode(manifest.table[manifest.label_column])
    leaks = []
    for earlier, later in _met(every):
        counts = np.zeros((len(every), 2, len(names) + 1), np.int64)
        for number, part in enumerate(every):
            hit = np.unique(partners(relation.links, part, earlier, later).later)
            for row, where in enumerate((hit, np.flatnonzero(part == later))):
                counts[number, row] = np.bincount(codes[where] + 1, minlength=len(names) + 1)
        leaks.append(_leak(PARTS[earlier], PARTS[later], counts, names, folds))
    if any(leak.share > bound for leak in leaks):
        return Verdict(relation.name, LEAKS, why, tuple(leaks), relation.lack)
    verdict = UNCHECKED if why else CLEAN
    return Verdict(relation.name, verdict, why, tuple(leaks), relation.lack)


def _met(every: list[Integers]) -> list[tuple[int, int]]:
    """The pairs of parts of which both have rows."""
    there = {number for part in every for number in np.unique(part).tolist()}
    return [pair for pair in PAIRS if there.issuperset(pair)]


def _leak(earlier: str, later: str, counts: Integers, names: list[str], folds: int) -> Leak:
    """Of counts (rounds, 2, 1 + classes): rows with a partner and all rows, no label first."""
    per_round = counts.sum(axis=2)
    hit, of = per_round.sum(axis=0).tolist()
    both = counts.sum(axis=0)
    classes = {
        word: (int(both[0, at]), int(both[1, at]))
        for at, word in enumerate(["", *names])
        if both[1, at]
    }
    if not folds:
        return Leak(earlier, later, hit, of, classes)
    share = per_round[:, 0] / np.maximum(per_round[:, 1], 1)
    k = int(share.argmax())
    worst = (k, int(per_round[k, 0]), int(per_round[k, 1]))
    return Leak(earlier, later, hit, of, classes, worst, int((per_round[:, 0] > 0).sum()))


def _sizes(every: list[Integers], folds: int) -> dict[str, int]:
    if folds:
        return {f"fold {k}": int((part == TEST).sum()) for k, part in enumerate(every)}
    return {name: int((every[0] == number).sum()) for number, name in enumerate(PARTS)}


def _faces_digest(manifest: Manifest) -> str:
    """A digest of the shards that the card names; empty where it names none."""
    stores = manifest.card.get("stores", {})
    used = set(manifest.table["store"].unique().to_pylist())
    shards = [
        f"{key}/{name} {entry.get('sha256', '')}\n"
        for key in sorted(used & stores.keys())
        for name, entry in sorted(stores[key]["shards"].items())
    ]
    return hashlib.sha256("".join(shards).encode()).hexdigest() if shards else ""
