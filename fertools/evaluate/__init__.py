"""Evaluate: what a run, or a file of probabilities, scores on a part, and how far that is to be
believed.

In go the folder of a run (or of several: seeds, draws, folds), or a manifest with a probability
file; out comes an `Evaluation`: scores with intervals, the spread over runs, the leak-free subset,
scores by person's attributes, and which look at this test set it was.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from fertools.data import FaceDataset, merged
from fertools.errors import FerError
from fertools.evaluate.evaluation import WHOLE, Evaluation, Member, Options
from fertools.evaluate.other import is_dealt
from fertools.evaluate.outcome import (
    Cache,
    Outcome,
    absent,
    can_tell,
    free_of,
    lacking,
    look_of,
    outcome_of,
)
from fertools.evaluate.predictions import Predictions, mean_of, of_probs, pooled
from fertools.evaluate.scoring import by_column, score, subset
from fertools.evaluate.unfinished import unfinished, unfinished_note
from fertools.given import kind_of
from fertools.manifest import locate, read_manifest
from fertools.measures import scores
from fertools.probs import read_probs, write_probs
from fertools.protocol import followed
from fertools.recipe import of_any_run
from fertools.runs import Run, file_digest, open_runs


def evaluate(
    path: Path | str,
    options: Options | None = None,
    *,
    probs: Path | str | None = None,
    out_of_fold: bool = False,
    write: Path | str | None = None,
) -> Evaluation:
    """Score a run, a folder of runs, or (`probs`) predictions on the manifest `path`.

    `out_of_fold` pools the folds of one manifest; `write` is a probability file to write. Raises
    `FerError` for a path that holds no run, and where rows, classes or folds do not fit together.
    """
    options = options or Options()
    kind_of("options", options, Options)
    options.check()
    if probs is not None:
        _only_of_runs(options, out_of_fold, write)
        return _evaluate_file(Path(path), Path(probs), options, out_of_fold)
    if options.fold is not None and options.on is None:
        raise FerError(
            "--fold is of --from and --on; leave it out, and give the folder of that fold's run"
        )
    found = open_runs(path)
    if out_of_fold and any(run.fold is None for run in found):
        raise FerError(f"{path}: --out-of-fold needs runs of folds; train with --fold all")
    are_one_system(str(path), found)
    cache: Cache = {}
    outcomes = [outcome_of(run, options, cache) for run in found]
    folds = {run.fold for run in found}
    once = options.on is None and len(folds) == len(found) and None not in folds
    whole = pooled([outcome.found for outcome in outcomes], once)
    gaps = unfinished(Path(path), found, folds=options.on is None)
    if write is not None:
        write_probs(write, mean_of(whole))
    first = found[0]
    file = locate(options.on or first.manifest)
    if options.on is not None and not is_dealt(outcomes[0].manifest, options.fold):
        options = replace(options, split=WHOLE)
    return replace(
        _evaluation(str(path), file, options, outcomes, whole),
        tta=options.tta or first.recipe.train.tta,
        select=first.recipe.train.select,
        select_rows=first.recipe.train.select_rows,
        trained_on="" if options.on is None else first.manifest,
        masked=list(outcomes[0].masked),
        seen=_seen(outcomes),
        prior=options.prior,
        extra_data=list(first.card["extra_data"]),
        init_weights=first.card["init_weights"],
        averaged=len(first.card.get("members", ())),
        unfinished=gaps,
        notes=list(dict.fromkeys([*unfinished_note(found, gaps), *_notes(outcomes)])),
    )


def _only_of_runs(options: Options, out_of_fold: bool, write: Path | str | None) -> None:
    """Raise `FerError` for what a file of probabilities has no use for."""
    plain = Options()
    for name in ("on", "outside", "prior", "tta"):
        if getattr(options, name) != getattr(plain, name):
            raise FerError(f"--{name} is of a run; the file's probabilities are scored as they are")
    if write is not None:
        raise FerError("--probs writes those of a run; this file has them")
    for name in ("split", "fold") if out_of_fold else ():
        if getattr(options, name) != getattr(plain, name):
            raise FerError(f"--out-of-fold takes the test rows of every fold; leave --{name} out")


def are_one_system(path: str, runs: Sequence[Run]) -> None:
    """Raise `FerError` where runs differ in more than their seed, fold and draw."""
    cure = "give one of them, or runs of one recipe"
    if len({run.contract for run in runs}) > 1:
        raise FerError(f"{path}: its runs differ in size or classes; {cure}")
    if any(of_any_run(run.recipe) != of_any_run(runs[0].recipe) for run in runs):
        raise FerError(f"{path}: its runs have different recipes; {cure}")
    digests: dict[int | None, str] = {}
    for run in runs:
        digest = run.card["manifest"]["digest"]
        if digests.setdefault(run.card.get("draw"), digest) != digest:
            raise FerError(
                f"{path}: its runs were trained on different manifests ({run.folder} for one); "
                "give one of them, or runs of one manifest"
            )


def outcome_of_file(
    path: Path | str, file: Path, options: Options, out_of_fold: bool = False
) -> Outcome:
    """What a probability file says of the manifest `path`; its classes are those of the test.

    `out_of_fold` takes all rows of a manifest of folds, each predicted where its fold was tested.
    """
    place, probs = locate(path), read_probs(file)
    manifest = read_manifest(place)
    words = merged(manifest, {})[1]
    if strange := [word for word in probs.classes if word not in words]:
        raise FerError(
            f"{file}: p_{strange[0]} is a class that no row of {place} has; there are "
            f"{', '.join(sorted(words))}. Rename the column, or leave it out and divide the others "
            "by their sum"
        )
    rows = FaceDataset(
        manifest,
        None if out_of_fold else options.split,
        fold=0 if out_of_fold else options.fold,
        classes=probs.classes,
        labels="soft" if manifest.has("target") else "hard",
        size=1,  # no face is read here, and those of several data sets may be unlike
        channels=1,
        data=options.data,
    )
    found = of_probs(manifest, rows, probs, str(file))
    can_tell(manifest, options)
    # pooled folds are no part that could leak into another
    free = None if out_of_fold else free_of(manifest, options.fold, options, options.data, {})
    look = look_of(place, found, str(file)) if options.split == "test" else ""
    notes = (*lacking(rows.left_out, "the file"), *absent(rows))
    digest = file_digest(place)
    return Outcome(file.name, manifest, digest, found, free, look, rows.left_ids, notes)


def _evaluate_file(path: Path, file: Path, options: Options, out_of_fold: bool) -> Evaluation:
    outcome = outcome_of_file(path, file, options, out_of_fold)
    made = _evaluation(str(file), locate(path), options, [outcome], outcome.found)
    return replace(made, notes=list(outcome.notes))


def _notes(outcomes: Sequence[Outcome]) -> list[str]:
    return [note for outcome in outcomes for note in outcome.notes]


def _seen(outcomes: Sequence[Outcome]) -> dict[str, int] | None:
    """What the runs have seen of another manifest, over all of them; None where one cannot tell."""
    every = [outcome.seen for outcome in outcomes]
    known = [each for each in every if each is not None]
    if len(known) < len(every):
        return None
    return {name: sum(each[name] for each in known) for name in known[0]}


def _evaluation(
    name: str, file: Path, options: Options, outcomes: Sequence[Outcome], whole: Predictions
) -> Evaluation:
    pairs = [(o.free, o.found.rows) for o in outcomes if o.free is not None]
    free = np.concatenate([each.rows[rows] for each, rows in pairs]) if pairs else None
    digests = list(dict.fromkeys(outcome.digest for outcome in outcomes))
    return Evaluation(
        of=name,
        manifest=str(file),
        digest=digests[0] if len(digests) == 1 else ", ".join(d[:8] for d in digests),
        left_out=_left_out(outcomes),
        split=options.split,
        scores=score(whole),
        protocol=followed([outcome.manifest.facts for outcome in outcomes]),
        leak_free=None if free is None else subset(whole, free),
        partners={
            relation: sum(int(each.partners[relation][rows].sum()) for each, rows in pairs)
            for relation in (pairs[0][0].partners if pairs else ())
        },
        thresholds={k: v for each, _ in pairs for k, v in each.thresholds.items()},
        by={name: by_column(whole, _column(outcomes, name)) for name in options.by},
        members=_members(outcomes),
        looks=list(dict.fromkeys(outcome.look for outcome in outcomes if outcome.look)),
    )


def _left_out(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Rows of each word without predictions; one that several runs leave out is one row."""
    ids: dict[str, set[str]] = {}
    for outcome in outcomes:
        for word, names in outcome.left_out.items():
            ids.setdefault(word, set()).update(names)
    return {word: len(names) for word, names in ids.items()}


def _column(outcomes: Sequence[Outcome], name: str) -> pa.ChunkedArray:
    """A column of the rows of all outcomes, after one another, as words."""
    parts = [o.manifest.texts(name).take(pa.array(o.found.rows)) for o in outcomes]
    return pa.chunked_array([chunk for part in parts for chunk in part.chunks])


def _members(outcomes: Sequence[Outcome]) -> list[Member]:
    members = []
    for outcome in outcomes if len(outcomes) > 1 else ():
        found = outcome.found
        table = scores.confusion(found.truth, found.given, len(found.classes))
        both = float(scores.accuracy(table)), float(scores.macro_f1(table))
        members.append(Member(outcome.name, len(found), *both))
    return members
