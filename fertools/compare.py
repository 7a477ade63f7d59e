"""Compare: is one run better than another on the same test rows, or does chance explain it?

In go the folders of two runs, or of two folders of runs (folds, draws, seeds), or with `on` files
of probabilities that any framework wrote of that manifest; out comes the difference of their
accuracies with a p-value from sign flips over whole groups. Runs of the same fold or draw are held
against each other; over seeds a row counts with the mean of its hits, and so it does over the draws
of training rows where the test rows are always the same.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fertools.errors import FerError
from fertools.evaluate import are_one_system, outcome_of_file
from fertools.evaluate.evaluation import Options
from fertools.evaluate.outcome import Outcome, outcome_of
from fertools.evaluate.unfinished import unfinished, unfinished_note
from fertools.measures.intervals import Interval, Paired, bootstrap_mean, mcnemar, sign_flip
from fertools.measures.words import p_value
from fertools.runs import Run, open_runs

Key = tuple[int | None, int | None]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Hits:
    """How often each row was right, 0..1, the word it should have, and the unit it belongs to."""

    words: tuple[str, ...]
    ids: tuple[str, ...]
    hits: Floats
    units: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class System:
    """What one system said: its hits by fold and draw, its looks at the test set, and notes."""

    hits: dict[Key, Hits]
    looks: list[str]
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two systems on the same rows. `only_first` and `only_second` count rows that one alone got
    right (None over several seeds, or draws of training rows), `mcnemar` is given where every unit
    is one row. `notes` say what else is worth knowing, each with the system that it is of.
    """

    first: str
    second: str
    split: str
    rows: int
    first_accuracy: Interval
    second_accuracy: Interval
    difference: Interval
    test: Paired
    only_first: int | None
    only_second: int | None
    mcnemar: float | None
    looks: tuple[str, ...]
    notes: tuple[str, ...] = ()


def compare(first: Path | str, second: Path | str, options: Options | None = None) -> Comparison:
    """Compare two runs. Raises `FerError` where they were not tested on the same rows."""
    options = options or Options()
    systems = [_system(path, options) for path in (first, second)]
    one, two = (each.hits for each in systems)
    both = _over_draws(one), _over_draws(two)
    if all(both):
        one, two = both
    elif one.keys() != two.keys():
        raise FerError(
            f"{first} and {second}: have runs of other folds or draws ({_named(one)}; "
            f"{_named(two)}); train the missing ones"
        )
    for key in one:
        if (one[key].ids, one[key].words) != (two[key].ids, two[key].words):
            raise FerError(
                f"{first} and {second}: were not tested on the same rows; compare runs of one "
                "split manifest and the same classes"
            )
    ours, theirs = (np.concatenate([part[key].hits for key in one]) for part in (one, two))
    units = np.concatenate([one[key].units for key in one])
    whole = bool(np.isin(ours, (0, 1)).all() and np.isin(theirs, (0, 1)).all())
    alone = whole and len(np.unique(units)) == len(units)
    return Comparison(
        first=str(first),
        second=str(second),
        split=options.split,
        rows=len(ours),
        first_accuracy=bootstrap_mean(ours, units),
        second_accuracy=bootstrap_mean(theirs, units),
        difference=bootstrap_mean(ours - theirs, units),
        test=sign_flip(ours, theirs, units),
        only_first=int((ours > theirs).sum()) if whole else None,
        only_second=int((theirs > ours).sum()) if whole else None,
        mcnemar=mcnemar(ours, theirs) if alone else None,
        looks=tuple(dict.fromkeys(look for each in systems for look in each.looks if look)),
        notes=tuple(dict.fromkeys(note for each in systems for note in each.notes)),
    )


def markdown(found: Comparison) -> str:
    """The comparison as a table with a sentence below it."""
    named = (
        (found.first, found.first_accuracy),
        (found.second, found.second_accuracy),
        ("difference", found.difference),
    )
    rows = ["| | accuracy | 95 % interval |", "|---|---|---|"]
    for name, each in named:
        value, low, high = (f"{100 * x:z.2f}" for x in (each.value, each.low, each.high))
        rows.append(f"| {name} | {value} | {low} .. {high} |")
    test = found.test
    how = "all" if test.is_exact else "by lot"
    text = (
        f"Paired sign-flip test over {test.groups:,} independent groups of {found.rows:,} rows: "
        f"{_p(test.p)} ({test.flips:,} sign patterns, {how})."
    )
    if found.only_first is not None:
        text += f" Right in the first alone {found.only_first:,}, "
        text += f"in the second alone {found.only_second:,}."
    if found.mcnemar is not None:
        text += f" Every group is one row; McNemar's exact test: {_p(found.mcnemar)}."
    if not found.difference.is_reliable:
        text += f" The interval of the difference is not reliable: {found.difference.doubt}."
    if found.looks:
        text += f" Test set: {', '.join(found.looks)}."
    return "\n".join([*rows, "", text, *(f"\nNote: {note}." for note in found.notes)])


def _p(value: float) -> str:
    return f"p = {p_value(value)}".replace("= <", "< ")


def _system(path: Path | str, options: Options) -> System:
    """Hits of each fold and draw, the mean over its seeds; of a file alone."""
    file = Path(path)
    if options.on is not None and not file.exists():
        raise FerError(f"{path}: there is no such file, nor a folder of runs")
    if file.is_file():
        if options.on is None:
            raise FerError(f"{path}: is a file; say --on MANIFEST, whose rows it is of")
        made = outcome_of_file(options.on, file, options)
        notes = [f"{path}: {note}" for note in made.notes]
        return System({(options.fold, None): _of(made)}, [made.look], notes)
    own = dataclasses.replace(options, on=None, fold=None)  # a run is tested on its own manifest
    runs = open_runs(path)
    are_one_system(str(path), runs)
    outcomes = [outcome_of(run, own, {}) for run in runs]
    found: dict[Key, list[Hits]] = {}
    for run, made in zip(runs, outcomes, strict=True):
        found.setdefault(_key(run), []).append(_of(made))
    said = unfinished_note(runs, unfinished(file, runs))
    said += [note for made in outcomes for note in made.notes]
    return System(
        {key: _mean(each) for key, each in sorted(found.items(), key=str)},
        [made.look for made in outcomes],
        [f"{path}: {note}" for note in said],
    )


def _of(made: Outcome) -> Hits:
    """The hits of one outcome, in the order of the ids."""
    order = np.argsort(np.array(made.found.ids))
    hits = (made.found.given == made.found.truth).astype(np.float64)
    ids = tuple(made.found.ids[i] for i in order)
    words = tuple(made.found.classes[made.found.truth[i]] for i in order)
    return Hits(words, ids, hits[order], made.found.units[order])


def _mean(every: list[Hits]) -> Hits:
    """The mean over runs that were tested on the same rows."""
    return dataclasses.replace(every[0], hits=np.mean([each.hits for each in every], axis=0))


def _over_draws(found: dict[Key, Hits]) -> dict[Key, Hits]:
    """The mean over draws whose test rows are the same, nothing where they are not."""
    every = list(found.values())
    if any((each.ids, each.words) != (every[0].ids, every[0].words) for each in every):
        return {}
    return {(None, None): _mean(every)}


def _key(run: Run) -> Key:
    draw: int | None = run.card.get("draw")
    return run.fold, draw


def _named(found: dict[Key, Hits]) -> str:
    return ", ".join(f"fold {fold} draw {draw}" for fold, draw in found)
