"""The results of a search as Markdown: each trial with its prediction and what came of it.

In go a plan and what is known of its runs; out comes the page. Numbers are of the selection rows.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from fertools.flows._trials import (
    Opened,
    changes_of,
    folders,
    numbers,
    parameters,
    recipe_of,
    repeats,
)
from fertools.flows._verdict import ERRORS, KEPT, Selection, Verdict
from fertools.manifest import write_page
from fertools.measures.words import p_value
from fertools.runs import open_run

HEAD = """# The search

Written by `fertools frontier search`; the plan is `{plan}`. Per cent of the selection
rows: {rows}. The test part was not scored.
A trial is held against its row {over} by {over}; it stays if the mean difference over all {many}
{over}s is above {errors:g} of its standard errors (SE). p is a sign-flip test over groups.

"""
CHOOSE = {
    "all": "all validation rows",
    "twin-free": "the validation rows without a copy or twin in training or test",
}
TRIALS = (
    "| trial | of row | hypothesis | prediction | row | trial | difference, SE | p | {over}s | \
minutes | decision |\n|---|---|---|---|---|---|---|---|---|---|---|\n"
)
ROWS = """
## Rows

What each row would publish: the trial that puts together what was kept, if it was kept itself; else
the only kept trial; else the row as it is. Its test part is then scored once, by `fertools
evaluate`.

| row | at most | takes | parameters | selection rows | goal, test part | trials run, allowed |
|---|---|---|---|---|---|---|
"""


class Known(Protocol):
    """What `search` knows of the runs."""

    hits: dict[str, dict[int, Selection]]
    verdicts: dict[str, Verdict]
    taken: dict[str, list[str]]
    failed: dict[str, str]


class Where(Protocol):
    """What `search` was asked for."""

    @property
    def runs(self) -> Path: ...
    @property
    def most(self) -> int: ...
    @property
    def changes(self) -> tuple[str, ...]: ...


def write(
    file: Path,
    plan: Path,
    opened: Opened,
    state: Known,
    place: Where,
    plans: Sequence[Mapping[str, Any]],
) -> None:
    """Write the page of the file `plan`."""
    over, many = opened.plan.over, len(opened.plan.runs)
    rows = CHOOSE[recipe_of(opened, place.changes).train.select_rows]
    name = f"{plan.parent.name}/{plan.name}"
    text = HEAD.format(plan=name, rows=rows, over=over, many=many, errors=ERRORS)
    text += _about(opened, place, plans) + TRIALS.format(over=over)
    text += "".join(_trial(opened, state, place, name) for name in opened.plan.trial)
    text += ROWS + "".join(_row(opened, state, place, name) for name in opened.plan.row)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_page(file, text)


def missing(opened: Opened, state: Known, name: str, most: int) -> list[str]:
    """What an entry needs and does not have yet; what failed is not waited for."""
    wanted = len(numbers(opened, most))
    return [
        other
        for other in opened.needs(name)
        if other not in state.failed and len(state.hits.get(other, {})) < wanted
    ]


def why_not(opened: Opened, state: Known, name: str, most: int) -> str:
    """Why an entry has no run."""
    if name in state.failed:
        return f"failed: {state.failed[name]}"
    if waits := missing(opened, state, name, most):
        return f"waits for {', '.join(waits)}"
    trial, taken = opened.plan.trial.get(name), state.taken.get(name, [])
    if trial is not None and trial.adopt and not taken:
        return "none was kept, so there is nothing to put together"
    one = repeats(opened, name, taken)
    return f"the same as {one}, the only one kept" if one else "not run"


def _about(opened: Opened, place: Where, plans: Sequence[Mapping[str, Any]]) -> str:
    said = f"Plan {opened.digest}"
    later = [each for each in plans[1:] if each["runs"]]
    said += "; not changed since the first run." if not later else "; CHANGED after the first run: "
    said += ", ".join(f"{e['plan']} on {e['when']} with {e['runs']} runs ended" for e in later)
    if place.changes:
        said += f" All recipes with `{' '.join(place.changes)}`."
    return said + "\n\n"


def _trial(opened: Opened, state: Known, place: Where, name: str) -> str:
    trial, made = opened.plan.trial[name], state.verdicts.get(name)
    taken = state.taken.get(name, [])
    why = trial.hypothesis + (f" Takes {', '.join(taken)}." if taken else "")
    cells = [name, trial.base, why, f"{trial.prediction:+z.1f}"]
    if made is None:
        cells += ["", "", "", "", "0", "", why_not(opened, state, name, place.most)]
    else:
        gap = f"{made.gain:+z.2f}, {made.error:.2f}" if made.runs > 1 else f"{made.gain:+z.2f}"
        cells += [f"{made.base:.2f}", f"{made.own:.2f}", gap, p_value(made.p), str(made.runs)]
        minutes = f"{_minutes(opened, place, name, state):.1f}"
        cells += [minutes, state.failed.get(name, made.decision)]
    return f"| {' | '.join(cells)} |\n"


def _minutes(opened: Opened, place: Where, name: str, state: Known) -> float:
    every = folders(opened, place.runs, name)
    return float(np.mean([open_run(every[k]).card["minutes"] for k in state.hits[name]]))


def _row(opened: Opened, state: Known, place: Where, name: str) -> str:
    row = opened.plan.row[name]
    mine = [each for each, trial in opened.plan.trial.items() if trial.base == name]
    best = _published(opened, state, name, mine)
    changes = [*changes_of(opened, best, state.taken.get(best, ())), *place.changes]
    size = parameters(recipe_of(opened, changes))
    scores = [each.accuracy for each in state.hits.get(best, {}).values()]
    shown = "not run" if not scores else f"{np.mean(scores):.2f}"
    if len(scores) > 1:
        shown += f" ({min(scores):.2f} .. {max(scores):.2f}, {len(scores)} {opened.plan.over}s)"
    ran = sum(each in state.verdicts for each in mine)
    cells = [name, f"{row.most:,}", best, f"{size:,}", shown, f"{row.goal:g}"]
    return f"| {' | '.join([*cells, f'{ran}, {row.trials}'])} |\n"


def _published(opened: Opened, state: Known, row: str, trials: Sequence[str]) -> str:
    """What a row publishes. The best of several kept trials would be a lucky one: they are put
    together, and the sum has to win by itself.
    """
    kept = [name for name in trials
            if name in state.verdicts and state.verdicts[name].decision == KEPT]  # fmt: skip
    sums = [name for name in kept if opened.plan.trial[name].adopt]
    if sums:
        return max(sums, key=lambda name: state.verdicts[name].gain)
    return kept[0] if len(kept) == 1 else row
