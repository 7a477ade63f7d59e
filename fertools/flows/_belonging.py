"""Which ended runs belong to a trial: those of its recipe, on the split of its protocol.

In goes a trial and where its runs and splits lie; out comes why they are not its own. A folder of
the right name proves nothing: its runs may be of an older recipe or of a split dealt otherwise.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fertools import recipe as recipes
from fertools.errors import FerError
from fertools.flows._splits import check_followed, file_of
from fertools.flows._systems import Trial
from fertools.manifest import locate
from fertools.recipe import Recipe, of_any_run
from fertools.resources import resource
from fertools.runs import Run, file_digest, open_runs, read_json


def complaint(trial: Trial, runs: Path, splits: Path) -> str:
    """Why what has ended of a trial is not its own; "" where it is."""
    folder = runs / trial.name
    if not list(folder.glob("**/card.json")):
        return ""
    try:
        wanted, digests = _decisive(recipe_of(trial)), dict[Path, str]()
        for run in open_runs(folder):
            _check_recipe(run, wanted)
            _check_split(trial, run, splits, digests)
    except FerError as error:
        return str(error)
    return ""


def recipe_of(trial: Trial, changes: Iterable[str] = ()) -> Recipe:
    """The recipe of a trial with its changes and then others."""
    file = resource("recipes", trial.recipe, ".toml")
    return recipes.load(file, (*trial.changes, *changes))


def is_of(metrics: dict[str, Any], cards: Iterable[Path]) -> bool:
    """Whether a score was made on manifests that the runs of these cards were trained on."""
    trained = [read_json(card)["manifest"]["digest"] for card in cards]
    scored = metrics["digest"].split(", ")  # of several the first letters
    return all(any(digest.startswith(each) for digest in trained) for each in scored)


def _check_recipe(run: Run, wanted: dict[str, Any]) -> None:
    """Raise `FerError` for a run of another recipe."""
    found = _decisive(run.recipe)
    if changed := sorted(key for key in wanted | found if wanted.get(key) != found.get(key)):
        raise FerError(
            f"{run.folder}: was trained by another recipe ({', '.join(changed)}); delete it, and "
            "it is trained again"
        )


def _check_split(trial: Trial, run: Run, splits: Path, digests: dict[Path, str]) -> None:
    """Raise `FerError` for a run on a split that is not the trial's.

    `digests` keeps those of the splits that were looked at: all folds and seeds have one.
    """
    file = file_of(trial.protocol, run.card.get("draw"), splits)
    if not file.is_file():
        file = locate(run.manifest)
    if file not in digests:
        check_followed(file, trial.protocol, run.card.get("draw"))
        digests[file] = file_digest(file)
    if run.card["manifest"]["digest"] != digests[file]:
        raise FerError(
            f"{run.folder}: was trained on another manifest than {file} is now; delete it, and it "
            "is trained again"
        )


def _decisive(recipe: Recipe) -> dict[str, Any]:
    """What decides a training, by key; what a recipe expects to score does not."""
    table = recipes.table(of_any_run(recipe))
    del table["expected"]
    return {f"{part}.{key}": value for part, own in table.items() for key, value in own.items()}
