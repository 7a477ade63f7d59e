"""Ensembles: the mean of the probabilities of runs that differ by their seed, as a run.

In go runs of one recipe; out comes the folder of a run whose network is `coupled` of theirs, with
the weights that each kept, or one such folder for each fold and draw. So it is scored, compared,
exported, used on photographs and taken as a teacher like any other; its card names its members.

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
from fertools.models.coupled import LEAST
from fertools.recipe import Recipe
from fertools.runs import Run
from fertools.runs.checkpoint import BEST, Tensors, under, write_tensors
from fertools.runs.inputs import inputs, recorded
from fertools.runs.toml import write_toml


def ensemble(
    members: Sequence[Path | str], out: Path | str, *, command: str | None = None
) -> list[Run]:
    """Write the mean of runs, or of the runs of folders, and open it: as the run `out`, or where
    they are of several folds or draws as one run for each in the folder `out`.

    Raises `FerError` for fewer than two runs of a fold and draw, for one that has not ended or is
    given twice, for runs of more than one recipe or manifest, and for an `out` that holds
    something.
    """
    out, groups = Path(out), _groups(members)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FerError(f"{out}: is there already; give another -o, or delete it")
    with disk_faults(out):
        return [
            _written(found, out / runs.name_of(*key, None) if len(groups) > 1 else out, command)
            for key, found in groups.items()
        ]


def _groups(given: Sequence[Path | str]) -> dict[tuple[int | None, int | None], list[Run]]:
    """The runs by their draw and fold, whose test rows the runs of other ones have seen; raises
    `FerError` where a mean of them would be none, or one of other things.
    """
    found = _members(given)
    groups: dict[tuple[int | None, int | None], list[Run]] = {}
    for run in found:
        same = groups.setdefault((run.card.get("draw"), run.fold), [])
        if twice := [other for other in same if other.digest == run.digest]:
            raise FerError(f"{run.folder}: the weights are {twice[0].folder}'s; give each run once")
        same.append(run)
    for same in groups.values():
        if len(same) < LEAST:
            which = "the only run of its fold or draw" if len(groups) > 1 else "one run"
            raise FerError(
                f"{same[0].folder}: is {which}, and an ensemble has {LEAST} or more; give the "
                "folder of several seeds, or several runs"
            )
    are_one_system(", ".join(map(str, given)), found)
    if runs.solver(found[0].recipe) is not None:
        raise FerError(f"{found[0].folder}: is solved, and its answers are not averaged")
    return groups


def _members(given: Sequence[Path | str]) -> list[Run]:
    """All runs of what was given; raises `FerError` where one has not ended."""
    found: list[Run] = []
    for folder in given:
        inside = runs.open_runs(folder)
        if gaps := unfinished(Path(folder), inside, folds=False):
            raise FerError(
                f"{folder}: not all of its runs have ended ({', '.join(gaps)}); train them to "
                "their end, or give the folders of those that are to be averaged"
            )
        found += inside
    return found


def _written(found: Sequence[Run], out: Path, command: str | None) -> Run:
    """The mean of runs as the run `out`."""
    weights: Tensors = {}
    for number, run in enumerate(found):
        weights |= under(f"members.{number}", runs.network(run).state_dict())
    recipe = _recipe(found)
    out.mkdir(parents=True, exist_ok=True)
    runs.write_contract(out, found[0].contract)
    opening = f"the mean of the probabilities of {len(found)} runs, each trained alone so"
    write_toml(out / "recipe.toml", recipes.table(recipe), opening)
    write_tensors(out / BEST, weights)
    write_json(out / "card.json", _card(found, recipe, out, command))
    return runs.open_run(out)


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
