"""The plan of a search: rows, that is sizes of network, and trials, that is changes to them.

In goes a TOML file that was written before the first run; out come recipes. A row is the base
recipe with the row's changes, a trial its row with more; `adopt` names trials, of which those that
were kept are put together.
"""

import hashlib
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fertools import recipe as recipes
from fertools import strict
from fertools.errors import UNPARSED, FerError, unknown
from fertools.recipe import Recipe
from fertools.runs import cost
from fertools.strict import setting

COMMAND = "fertools frontier search"  # as the cards of a plan's runs name it
OVER = ("seed", "draw", "fold")
LEAST = 3  # runs of an entry: of fewer the spread is not known


@dataclass(frozen=True, slots=True)
class Row:
    """At most so many parameters; `goal` is what the test part is to give, in per cent; `trials`
    how many the row may have; `changes` are overrides of the base recipe, as `--set` takes them.
    """

    most: int = setting(low=1)
    goal: float = setting(low=0, high=100)
    trials: int = setting(low=0)
    changes: tuple[str, ...] = setting(())


@dataclass(frozen=True, slots=True)
class Trial:
    """What is changed in the row `base`, why, and how many points of accuracy that should give.

    `adopt` names trials before this one: what was kept of them is put together. `teacher` is a row
    or a trial before it, whose run of the same number teaches.
    """

    base: str = setting()
    hypothesis: str = setting()
    prediction: float = setting(low=-100, high=100)
    changes: tuple[str, ...] = setting(())
    adopt: tuple[str, ...] = setting(())
    teacher: str = setting("")


@dataclass(frozen=True, slots=True)
class Plan:
    """`recipe` is the base recipe's file, from the plan's folder; `images` are the training rows,
    for the estimate of hours. The runs of an entry differ by `over`, whose numbers are `runs`.
    """

    recipe: str = setting()
    images: int = setting(low=1)
    row: Mapping[str, Row] = setting()
    trial: Mapping[str, Trial] = setting()
    over: str = setting("seed", known=OVER)
    runs: tuple[int, ...] = setting((0, 1, 2), low=0)


@dataclass(frozen=True, slots=True)
class Opened:
    """A plan, the base recipe's file, and the digest of both."""

    plan: Plan
    base: Path
    digest: str

    @property
    def names(self) -> list[str]:
        """Rows, then trials, each in the order of the file."""
        return [*self.plan.row, *self.plan.trial]

    def row_of(self, name: str) -> str:
        """The name of an entry's row."""
        return name if name in self.plan.row else self.plan.trial[name].base

    def needs(self, name: str) -> list[str]:
        """What must have ended before an entry can be trained."""
        trial = self.plan.trial.get(name)
        if trial is None:
            return []
        adopted = [other for each in trial.adopt for other in (each, self.row_of(each))]
        teachers = [self.plan.trial[each].teacher for each in trial.adopt]
        found = [*adopted, *teachers, trial.teacher]
        return [each for each in dict.fromkeys(found) if each]


def open_plan(file: Path) -> Opened:
    """Read a plan. Raises `FerError` for anything not declared, and where it contradicts itself."""
    try:
        text = file.read_bytes()
        plan = strict.read(Plan, tomllib.loads(text.decode()), str(file))
    except FileNotFoundError as error:
        raise FerError(f"{file}: there is no such plan; give the path of a TOML file") from error
    except UNPARSED as error:
        raise FerError(f"{file}: this is no TOML file: {error}") from error
    for complaint in _contradictions(plan):
        raise FerError(f"{file}: {complaint}")
    base = file.parent / plan.recipe
    recipes.load(base)  # complains before anything is trained
    return Opened(plan, base, hashlib.sha256(text + base.read_bytes()).hexdigest()[:16])


def _contradictions(plan: Plan) -> Iterator[str]:
    if not plan.runs or len(set(plan.runs)) < len(plan.runs):
        yield f"runs = {list(plan.runs)}: give the number of each {plan.over} once"
    if len(plan.runs) < LEAST:
        yield f"runs = {list(plan.runs)}: give at least {LEAST}; fewer cannot decide anything"
    before = list(plan.row)
    for name, trial in plan.trial.items():
        if name in plan.row:
            yield f"{name} is a row and a trial; rename one"
        if trial.base not in plan.row:
            yield str(unknown(f"base of trial {name}", trial.base, list(plan.row)))
        for other in (*trial.adopt, *([trial.teacher] if trial.teacher else ())):
            if other not in before or (other in trial.adopt and other in plan.row):
                yield f"trial {name} needs {other}, which is no trial before it; move it down"
        before.append(name)
    for name, row in plan.row.items():
        many = sum(trial.base == name for trial in plan.trial.values())
        if many > row.trials:
            yield f"row {name} may have {row.trials} trials and has {many}; say so before the first"


def numbers(opened: Opened, most: int = 0) -> tuple[int, ...]:
    """The seeds, draws or folds of each entry's runs; not more than `most`, where it is not 0."""
    return opened.plan.runs[: most or None]


def folders(opened: Opened, runs: Path, name: str, most: int = 0) -> dict[int, Path]:
    """The folder of each of an entry's runs, by its number."""
    over = opened.plan.over
    return {number: runs / name / f"{over}{number}" for number in numbers(opened, most)}


def changes_of(opened: Opened, name: str, kept: Sequence[str] = ()) -> tuple[str, ...]:
    """All overrides of an entry, with those of the trials `kept`, in this order."""
    row = opened.plan.row[opened.row_of(name)]
    own = _own(opened, name) if name in opened.plan.trial else ()
    return (*row.changes, *(change for each in kept for change in _own(opened, each)), *own)


def _own(opened: Opened, name: str) -> tuple[str, ...]:
    trial = opened.plan.trial[name]
    if not trial.teacher:
        return trial.changes
    return (*trial.changes, f"train.teacher={{runs}}/{trial.teacher}/{opened.plan.over}{{number}}")


def recipe_of(
    opened: Opened, changes: Iterable[str], runs: Path = Path(), number: int = 0
) -> Recipe:
    """The recipe after changes, in which `{runs}` and `{number}` stand for where and which."""
    told = [c.replace("{runs}", str(runs)).replace("{number}", str(number)) for c in changes]
    return recipes.load(opened.base, told)


def adopted(opened: Opened, name: str, gains: Mapping[str, float]) -> list[str]:
    """Which kept trials (with their gains) an entry takes over, the one that gave most first.

    One that changes a key that is taken, or would make the network too large for the row, is left.
    """
    trial, row = opened.plan.trial[name], opened.plan.row[opened.row_of(name)]
    taken: list[str] = []
    for other in sorted(set(trial.adopt) & gains.keys(), key=lambda each: -gains[each]):
        keys = _keys(change for each in taken for change in _own(opened, each))
        if any(_meet(a, b) for a in _keys(_own(opened, other)) for b in keys):
            continue
        if parameters(recipe_of(opened, changes_of(opened, name, [*taken, other]))) <= row.most:
            taken.append(other)
    return taken


def repeats(opened: Opened, name: str, taken: Sequence[str]) -> str:
    """The trial that a sum of it alone would train once more; "" where a sum is something else."""
    trial = opened.plan.trial.get(name)
    if trial is None or not trial.adopt or _own(opened, name) or len(taken) != 1:
        return ""
    return taken[0] if opened.row_of(taken[0]) == trial.base else ""


def parameters(recipe: Recipe) -> int:
    """Trained parameters of a recipe's network."""
    return cost(recipe, weights=False).parameters


def _keys(changes: Iterable[str]) -> list[str]:
    return [change.partition("=")[0].strip() for change in changes]


def _meet(one: str, other: str) -> bool:
    """Whether two keys are the same or one holds the other."""
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")
