"""Runs that belong to a score and have not ended: seeds, folds and draws of one system.

In goes a folder with the runs that have ended; out come the names of the others.
"""

from collections.abc import Sequence
from itertools import product
from pathlib import Path

from fertools.columns import folds_of
from fertools.manifest import read_manifest
from fertools.recipe import OF_SEVERAL
from fertools.runs import Run, has_ended, name_of


def unfinished(path: Path, found: Sequence[Run], *, folds: bool = True) -> list[str]:
    """Runs of the folder `path` that were begun, or that belong to those `found`, and have not
    ended; none where it is a run itself. Without `folds` their manifest need not be there.
    """
    if has_ended(path):
        return []
    begun = {file.parent.name for file in path.glob("*/recipe.toml")}
    missing = (begun | _wanted(found, folds)) - {run.folder.name for run in found}
    return sorted(missing, key=lambda name: (len(name), name))


def unfinished_note(found: Sequence[Run], gaps: Sequence[str]) -> list[str]:
    """How many of the runs have ended, where not all have."""
    if not gaps:
        return []
    whole = len(found) + len(gaps)
    return [f"{len(found)} of {whole} runs have ended; not scored: {', '.join(gaps)}"]


def _wanted(found: Sequence[Run], folds: bool) -> set[str]:
    """The folders of all folds of the manifest and all seeds that were wanted."""
    dealt, names = {run.fold for run in found}, [run.folder.name for run in found]
    every = set(dealt)
    if folds and None not in dealt:
        folds_dealt = folds_of(read_manifest(found[0].manifest).column("fold"))
        every |= set(range(int(folds_dealt.max()) + 1))
    if not all(OF_SEVERAL.fullmatch(name) for name in names):  # they were given other names
        return {name_of(None, k, None) for k in every - dealt}
    seeds = {s for run in found for s in run.card.get("seeds", [run.card["seed"]])}
    draws = {run.card.get("draw") for run in found}
    each = product(draws, every, seeds if "seed" in names[0] else [None])
    return {name_of(draw, fold, seed) for draw, fold, seed in each}
