"""An ensemble: the mean of several runs' probabilities, as one run.

In go runs of one recipe that differ by their seed; out comes the folder of a run whose network is
`coupled` of theirs, with the weights that each kept. So it is scored, compared, exported, used on
photographs and taken as a teacher like any other, and its card names its members.

Source of the mean of probabilities: Lakshminarayanan, Pritzel and Blundell 2017.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fertools import recipe as recipes
from fertools import runs
from fertools.errors import FerError, disk_faults
from fertools.evaluate import are_one_system
from fertools.evaluate.unfinished import unfinished
from fertools.manifest import write_json
from fertools.manifest.card import made
from fertools.recipe import Recipe
from fertools.runs import Run
from fertools.runs.checkpoint import BEST, Tensors, under, write_tensors
from fertools.runs.inputs import inputs, recorded
from fertools.runs.toml import write_toml

LEAST = 2


def ensemble(members: Sequence[Path | str], out: Path | str, *, command: str | None = None) -> Run:
    """Write the mean of runs, or of the runs of folders, as the run `out`, and open it.

    Raises `FerError` for fewer than two runs, for one that has not ended or is given twice, for
    runs of more than one recipe, manifest, fold or draw, and for an `out` that holds something.
    """
    out, found = Path(out), _members(members)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FerError(f"{out}: is there already; give another -o, or delete it")
    weights: Tensors = {}
    for number, run in enumerate(found):
        weights |= under(f"members.{number}", runs.network(run).state_dict())
    recipe = _recipe(found)
    with disk_faults(out):
        out.mkdir(parents=True, exist_ok=True)
        runs.write_contract(out, found[0].contract)
        opening = f"the mean of the probabilities of {len(found)} runs, each trained alone so"
        write_toml(out / "recipe.toml", recipes.table(recipe), opening)
        write_tensors(out / BEST, weights)
        write_json(out / "card.json", _card(found, recipe, out, command))
    return runs.open_run(out)


def _members(given: Sequence[Path | str]) -> list[Run]:
    """The runs; raises `FerError` where their mean would be none, or a mean of other things."""
    found: list[Run] = []
    for folder in given:
        inside = runs.open_runs(folder)
        if gaps := unfinished(Path(folder), inside, folds=False):
            raise FerError(
                f"{folder}: {', '.join(gaps)} has not ended; train it to its end, or give the "
                "folders of the runs that are to be averaged"
            )
        found += inside
    if len(found) < LEAST:
        raise FerError(
            f"{', '.join(map(str, given))}: an ensemble has {LEAST} runs or more; give the folder "
            "of several seeds, or several runs"
        )
    first = found[0]
    for number, run in enumerate(found):
        for other in found[:number]:
            if run.digest == other.digest:
                raise FerError(
                    f"{run.folder}: has the weights of {other.folder}; give each run once"
                )
        if (run.fold, run.card.get("draw")) != (first.fold, first.card.get("draw")):
            raise FerError(
                f"{run.folder}: is of another fold or draw than {first.folder}, and may have seen "
                "the other's test rows; give runs that differ by their seed alone"
            )
    are_one_system(", ".join(map(str, given)), found)
    if runs.solver(first.recipe) is not None:
        raise FerError(f"{first.folder}: is solved and has no probabilities of its own to average")
    return found


def _recipe(found: Sequence[Run]) -> Recipe:
    """The members' recipe, with all their seeds and with a network that holds them all."""
    recipe = found[0].recipe
    model = dataclasses.replace(
        recipe.model,
        name="coupled",
        options={
            "members": len(found),
            "network": recipe.model.name,
            "options": dict(recipe.model.options),
        },
    )
    train = dataclasses.replace(recipe.train, seeds=tuple(run.card["seed"] for run in found))
    return dataclasses.replace(recipe, model=model, train=train)


def _card(found: Sequence[Run], recipe: Recipe, out: Path, command: str | None) -> dict[str, Any]:
    """What the first member's card says of the data, and what is true of all of them."""
    first = found[0].card
    shared = ("fold", "draw", "rows", "classes", "manifest", "init_weights", "teacher",
              "extra_data", "extra_digests", "hardware", "processes")  # fmt: skip
    return {
        **{name: first[name] for name in shared},
        "seed": None,
        "seeds": list(recipe.train.seeds),
        "members": [
            {"run": str(run.folder), "seed": run.card["seed"], "weights": run.digest}
            for run in found
        ],
        "weights": runs.file_digest(out / BEST),
        "inputs": inputs(recipe) | recorded(first, found[0].recipe),
        "notes": list(dict.fromkeys(note for run in found for note in run.card["notes"])),
        "minutes": round(sum(run.card["minutes"] for run in found), 2),
        "made": made(command),
    }
