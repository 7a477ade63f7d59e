"""Search: train the rows and trials of a plan that are missing, judge them, write the results.

In goes a plan (see `_trials`); out come runs and a table. A run that has ended is never trained
again, so the same command goes on where it was stopped. The test part is never scored here: that is
`fertools evaluate`, once per published row.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fertools.errors import FerError, unknown
from fertools.flows import _search_table
from fertools.flows._trials import (
    COMMAND,
    Opened,
    adopted,
    changes_of,
    folders,
    numbers,
    open_plan,
    parameters,
    recipe_of,
    repeats,
)
from fertools.flows._verdict import KEPT, Selection, Verdict, judge, select
from fertools.manifest import write_json
from fertools.recipe import DRAW, Recipe, of_any_run
from fertools.runs import cost, has_ended, open_run, read_json
from fertools.runs.inputs import changed, inputs, recorded
from fertools.train import train
from fertools.train.speed import seconds_of_a_step
from fertools.train.workers import each

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Task:
    """One run that is missing; `options` are its seed, draw or fold."""

    name: str
    recipe: Recipe
    folder: Path
    options: dict[str, Any]
    device: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where runs lie, how many each entry gets (0: all of the plan), changes to all recipes, what
    computes, and how many at a time.
    """

    runs: Path
    most: int = 0
    changes: tuple[str, ...] = ()
    device: str = "auto"
    jobs: int = 1


@dataclass(slots=True)
class State:
    """What is known so far: hits by entry and number, verdicts, what was taken over, and what
    failed.
    """

    hits: dict[str, dict[int, Selection]] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    taken: dict[str, list[str]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An entry that is asked for: its runs, those that have ended, minutes left."""

    name: str
    runs: int
    ended: int
    minutes: float


def search(
    plan: Path,
    place: Place,
    results: Path,
    *,
    only: Sequence[str] = (),
    only_score: bool = False,
    say: Say = print,
) -> Path:
    """Train and judge what is missing of a plan, or of the entries `only`; returns `results`.

    With `only_score` nothing is trained. An entry that cannot be trained is told by `say`, stands
    in the table as failed and stops no other. Raises `FerError` for a plan that contradicts itself
    or goes not over the draws that its data have, and a network above its row's size.
    """
    opened = open_plan(plan)
    chosen = _chosen(opened, only)
    _fits(opened, place)
    _remember(opened, place.runs)
    state = _state(opened, place)
    while not only_score and (tasks := list(_ready(opened, place, state, chosen))):
        for task, sentence in each(tasks, _train, place.jobs):
            if sentence:
                state.failed[task.name] = sentence  # is said at the end
                continue
            score = select(task.folder).accuracy
            which = " ".join(f"{over} {number}" for over, number in task.options.items())
            say(f"{task.name} {which}: {score:.2f} % of the selection rows")
        state = _state(opened, place, state.failed)
    for name in chosen:
        if name not in state.hits:
            say(f"{name}: {_search_table.why_not(opened, state, name, place.most)}")
    plans = read_json(place.runs / "plan.json")["digests"]
    _search_table.write(results, plan, opened, state, place, plans)
    return results


def estimate(plan: Path, place: Place, only: Sequence[str] = ()) -> tuple[list[Wanted], str]:
    """What a search takes, in minutes, and a sentence on what that rests on.

    Minutes go by multiply-accumulates, at the speed of the runs that have ended, else of one
    measured step. A trial that puts kept ones together is counted as its row, which it may exceed.
    Raises `FerError` as `search` does.
    """
    opened, work, left = open_plan(plan), 0.0, []
    _fits(opened, place)
    wanted, spent = len(numbers(opened, place.most)), 0.0
    for name in _chosen(opened, only):
        found = recipe_of(opened, [*changes_of(opened, name), *place.changes], place.runs)
        teacher = opened.plan.trial[name].teacher if name in opened.plan.trial else ""
        macs = _work(opened, found, teacher)
        every = folders(opened, place.runs, name, place.most).values()
        ended = [open_run(folder) for folder in every if has_ended(folder)]
        spent += sum(run.card["minutes"] for run in ended)
        work += macs * len(ended)
        left.append((name, len(ended), macs, found))
    if work:
        rate, why = work / max(spent, 1e-9), "by the runs that have ended"
    else:
        first = left[0][3]
        seconds = seconds_of_a_step(first, place.device)
        rate = 60 * _work(opened, first, "") / first.train.epochs / _steps(opened, first) / seconds
        why = f"by a step of {left[0][0]}: {seconds:.3f} s for {first.train.batch} images"
    return [
        Wanted(name, wanted, ended, (wanted - ended) * macs / rate) for name, ended, macs, _ in left
    ], why


def _work(opened: Opened, recipe: Recipe, teacher: str) -> float:
    """Multiply-accumulates of a whole run: a backward pass costs two forward ones."""
    factor = 6 if recipe.optimiser.sam else 3
    macs = factor * _macs(recipe)
    if teacher:
        macs += _macs(recipe_of(opened, changes_of(opened, teacher)))
    return macs * recipe.train.epochs * opened.plan.images


def _macs(recipe: Recipe) -> float:
    side = recipe.data.size
    return cost(recipe, weights=False).macs * ((recipe.augment.crop or side) / side) ** 2


def _steps(opened: Opened, recipe: Recipe) -> float:
    return opened.plan.images / recipe.train.batch


def _chosen(opened: Opened, only: Sequence[str]) -> list[str]:
    """The entries asked for, in the plan's order, with the rows that they are held against."""
    for name in only:
        if name not in opened.names:
            raise unknown("row or trial", name, opened.names)
    wanted = {*only, *(opened.row_of(name) for name in only)}
    return [name for name in opened.names if not only or name in wanted]


def _fits(opened: Opened, place: Place) -> None:
    for name in opened.names:
        row = opened.plan.row[opened.row_of(name)]
        recipe = recipe_of(opened, [*changes_of(opened, name), *place.changes])
        _goes_over(name, recipe.data.manifest, opened.plan.over)
        size = parameters(recipe)
        if size > row.most:
            raise FerError(f"{name}: has {size:,} parameters; its row allows {row.most:,}")


def _goes_over(name: str, manifest: str, over: str) -> None:
    if over == "draw" and DRAW not in manifest:
        raise FerError(
            f"{name}: over = 'draw', and its data are {manifest or 'no manifest'}, without {DRAW}: "
            "every draw would be the same run; write it into data.manifest, or take seeds"
        )
    if over != "draw" and DRAW in manifest:
        raise FerError(
            f"{name}: {manifest} has several draws, and the plan's runs are "
            f"{over}s; write over = 'draw' into the plan, or --set data.manifest= that of one"
        )


def _remember(opened: Opened, runs: Path) -> None:
    """Keep the digest of every plan that runs were made with, so that a change shows."""
    file = runs / "plan.json"
    digests = read_json(file, "bring it back")["digests"] if file.is_file() else []
    if not digests or digests[-1]["plan"] != opened.digest:
        ended = len(list(runs.glob("*/*/card.json")))
        when = time.strftime("%Y-%m-%d %H:%M")
        runs.mkdir(parents=True, exist_ok=True)
        digests = [*digests, {"plan": opened.digest, "when": when, "runs": ended}]
        write_json(file, {"digests": digests})


def _state(opened: Opened, place: Place, failed: dict[str, str] | None = None) -> State:
    """Read and judge all runs that have ended."""
    state = State(failed=dict(failed or {}))
    for name in opened.names:
        trial = opened.plan.trial.get(name)
        if trial is not None and trial.adopt:
            kept = {k: v.gain for k, v in state.verdicts.items() if v.decision == KEPT}
            state.taken[name] = adopted(opened, name, kept)
        changes = [*changes_of(opened, name, state.taken.get(name, ())), *place.changes]
        wanted = recipe_of(opened, changes, place.runs)
        for number, folder in folders(opened, place.runs, name, place.most).items():
            if not has_ended(folder):
                continue
            run = open_run(folder)
            if not _is_of(run.recipe, wanted, number):
                state.failed[name] = f"{folder} was trained by another recipe; delete it"
                continue
            # such as its teacher
            if others := changed(recorded(run.card, run.recipe), inputs(run.recipe)):
                state.failed[name] = f"{folder}: {others} changed since it began; delete it"
                continue
            state.hits.setdefault(name, {})[number] = select(folder, place.device)
        if trial is not None:
            own = state.hits.get(name, {})
            base = state.hits.get(trial.base, {})
            try:
                made = judge(own, base, len(opened.plan.runs))
            except FerError as error:  # of this trial alone: the others go on
                state.failed[name] = str(error)
                continue
            if made is not None:
                state.verdicts[name] = made
    return state


def _is_of(recipe: Recipe, wanted: Recipe, draw: int) -> bool:
    """Whether a run's recipe is the wanted one, with its draw where the manifest has several."""
    manifest = wanted.data.manifest.replace(DRAW, str(draw))
    return recipe.data.manifest == manifest and of_any_run(recipe) == of_any_run(wanted)


def _ready(opened: Opened, place: Place, state: State, chosen: Iterable[str]) -> Iterator[Task]:
    """The missing runs of entries that have all they need."""
    for name in chosen:
        whole = not _search_table.missing(opened, state, name, place.most)
        taken = state.taken.get(name, [])
        trial = opened.plan.trial.get(name)
        idle = trial is not None and bool(trial.adopt) and not (taken or trial.changes)
        if name in state.failed or not whole or idle or repeats(opened, name, taken):
            continue
        changes = [*changes_of(opened, name, taken), *place.changes]
        for number, folder in folders(opened, place.runs, name, place.most).items():
            if not has_ended(folder):
                found = recipe_of(opened, changes, place.runs, number)
                yield Task(name, found, folder, {opened.plan.over: number}, place.device)


def _train(task: Task) -> None:
    train(
        task.recipe, task.folder, **task.options, resume=True, device=task.device, command=COMMAND
    )
    select(task.folder, task.device)
