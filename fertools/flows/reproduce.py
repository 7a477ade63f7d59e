"""Reproduction: the published systems rerun from their recipes, beside what was published.

In go the names of systems and a folder of ingested data sets; runs are trained where they are
missing, scored once, and written to a table. A run that has ended is never trained again, so the
same command goes on where it was stopped; one that is not its trial's own is told and left out.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from fertools.errors import FerError, unknown
from fertools.evaluate import evaluate
from fertools.evaluate.evaluation import Options
from fertools.flows import _results
from fertools.flows._belonging import complaint, is_of, recipe_of
from fertools.flows._rehearsal import rehearse
from fertools.flows._splits import prepare
from fertools.flows._systems import Setting, Trial, settings
from fertools.manifest import write_json
from fertools.runs import MADE_AGAIN, has_ended, name_of, read_json
from fertools.train import train
from fertools.train.workers import each

SYSTEMS = ("A", "B", "C", "D")
Say = Callable[[str], None]
Progress = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where things lie: ingested data sets, split manifests, runs."""

    data: Path = Path("data")
    splits: Path = Path("splits")
    runs: Path = Path("runs")


@dataclass(frozen=True, slots=True)
class Task:
    """One run that is missing: its trial, its folder, its seed, fold and draw, its manifest."""

    trial: Trial
    folder: Path
    options: dict[str, Any]
    manifest: Path
    device: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """One trial that is asked for: its runs, those that have ended, and the minutes left."""

    trial: Trial
    runs: int
    ended: int
    minutes: float


def estimate(
    systems: Sequence[str], place: Place, draws: int = 10, only: Sequence[str] = ()
) -> list[Wanted]:
    """What a reproduction takes, in minutes of one CPU core."""
    found = []
    for trial in _trials(_chosen(systems, draws), only):
        ended = sum(has_ended(folder) for folder, _ in _runs(trial, place))
        found.append(Wanted(trial, trial.runs, ended, (trial.runs - ended) * trial.minutes))
    return found


def reproduce(
    systems: Sequence[str],
    place: Place,
    results: Path,
    *,
    draws: int = 10,
    only: Sequence[str] = (),
    jobs: int = 1,
    device: str = "auto",
    only_score: bool = False,
    say: Say = print,
    progress: Progress | None = None,
) -> Path:
    """Train and score what is missing, then write the table `results`; returns it.

    `only` names trials, as `estimate` does; by default all. `jobs` runs at a time, whose epochs
    `progress` then does not tell. With `only_score` nothing is trained: what has ended is scored
    and written. A trial whose data set is not there, or whose runs are of another recipe or split,
    is told by `say` and left out. Raises `FerError` for an unknown system or trial.
    """
    chosen = _chosen(systems, draws)
    trials, refused = _trials(chosen, only), _refused(settings(draws), place, say)
    failed = set(refused)
    if not only_score:
        left = [trial for trial in trials if trial not in failed]
        tasks = _missing(left, place, device, failed, say)
        work = _train if jobs > 1 else partial(_train, progress=progress)
        for task, sentence in each(tasks, work, jobs):
            if sentence or jobs > 1:
                say(f"{task.folder}: {sentence or 'ended'}")
            if sentence:
                failed.add(task.trial)
            elif all(has_ended(folder) for folder, _ in _runs(task.trial, place)):
                _score(task.trial, place, device, say)
    for trial in trials:
        if trial not in failed:
            _score(trial, place, device, say)
    if any(setting.system == "C" for setting in chosen) and not (only_score or only):
        rehearse(place.runs, device, progress)
    results.parent.mkdir(parents=True, exist_ok=True)
    _results.write(results, settings(draws), place.runs, refused)
    return results


def _refused(every: Sequence[Setting], place: Place, say: Say) -> set[Trial]:
    """The trials, of all that stand in the table, whose runs are not their own; told by `say`."""
    found = set()
    for trial in _trials(every, ()):
        if why := complaint(trial, place.runs, place.splits):
            say(f"{trial.name}: {why}")
            found.add(trial)
    return found


def _chosen(systems: Sequence[str], draws: int) -> list[Setting]:
    wanted = [name.upper() for name in systems]
    for name in wanted:
        if name not in (*SYSTEMS, "ALL"):
            raise unknown("system", name, [*SYSTEMS, "all"])
    return [s for s in settings(draws) if "ALL" in wanted or s.system in wanted]


def _trials(chosen: Sequence[Setting], only: Sequence[str]) -> list[Trial]:
    """Every trial once, or those named, in the order of the settings."""
    every = [t for s in chosen for t in (s.trial, s.honest) if t is not None]
    known = {trial.name: trial for trial in every}
    for name in only:
        if name not in known:
            raise unknown("trial", name, list(known))
    return [trial for name, trial in known.items() if not only or name in only]


def _runs(trial: Trial, place: Place) -> list[tuple[Path, dict[str, Any]]]:
    """The folder and the options of every run of a trial."""
    seeds = list(recipe_of(trial).train.seeds)[: trial.seeds]
    found = []
    for draw in range(trial.draws) if trial.draws else [None]:
        for fold in range(trial.folds) if trial.folds else [None]:
            for seed in seeds:
                name = name_of(draw, fold, seed if len(seeds) > 1 else None)
                options = {"seed": seed, "fold": fold, "draw": draw}
                found.append((place.runs / trial.name / name, options))
    return found


def _missing(
    trials: Sequence[Trial], place: Place, device: str, failed: set[Trial], say: Say
) -> list[Task]:
    """The runs that have not ended: the first of every trial, then the second, and so on.

    A reproduction that is stopped then has something of each. Trials whose manifest cannot be made
    are told and join `failed`.
    """
    found: list[tuple[int, Task]] = []
    for trial in trials:
        try:
            for rank, (folder, options) in enumerate(_runs(trial, place)):
                if not has_ended(folder):
                    data = place.data / trial.data
                    file = prepare(trial.protocol, options["draw"], data, place.splits)
                    found.append((rank, Task(trial, folder, options, file, device)))
        except FerError as error:
            say(f"{trial.name}: {error}")
            failed.add(trial)
    ordered = sorted(found, key=lambda each: each[0])
    return [task for _, task in ordered if task.trial not in failed]


def _train(task: Task, progress: Progress | None = None) -> None:
    """Train one run to its end."""
    name = str(task.folder)
    train(
        recipe_of(task.trial, [f"data.manifest={task.manifest}"]),
        task.folder,
        **task.options,
        resume=True,
        device=task.device,
        progress=None if progress is None else partial(progress, name),
        command="fertools reproduce",
    )


def _score(trial: Trial, place: Place, device: str, say: Say) -> None:
    """Score the runs of a trial together, once: every score is a look at the test set.

    Where that cannot be done, `say` tells why.
    """
    folder = place.runs / trial.name
    cards = list(folder.glob("**/card.json"))
    file = folder / _results.SCORED
    if not cards:
        return
    newest = max(card.stat().st_mtime for card in cards)
    is_new = file.is_file() and file.stat().st_mtime >= newest
    if is_new and is_of(read_json(file, MADE_AGAIN), cards):
        return
    # a sweep of networks on one split would look for the same twins again and again
    options = Options(device=device, leak_free=trial.recipe != "system_d_study")
    try:
        found = evaluate(folder, options)
    except FerError as error:
        say(f"{trial.name}: {error}")
        return
    write_json(file, asdict(found))
    from fertools.charts import confusion

    words = [each.label for each in found.scores.classes]
    title = f"{trial.name}: {100 * found.scores.accuracy.value:.2f} %"
    confusion(folder / "confusion-test.png", title, words, found.scores.confusion)
