"""A run: the folder that a training leaves behind, and all that is needed to use it again.

    recipe.toml        as run, with every default written out
    contract.json      what the network takes and gives: size, channels, crop, gray, classes
    log.jsonl          one line per epoch
    curves.png         the same as a chart
    last.safetensors   to resume from; gone when the run has ended
    best.safetensors   the weights that were kept
    card.json          digests, versions, hardware, minutes, counts; written last

In goes a folder; out come its records and its network. A folder of runs (several seeds, folds or
draws of one recipe) holds a folder for each.
"""

import inspect
import json
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from fertools import recipe as recipes
from fertools.errors import UNPARSED, FerError
from fertools.locations import sha256
from fertools.manifest import locate, write_json
from fertools.models._count import Facts, count
from fertools.models._make import make, module_of, written
from fertools.recipe import Recipe
from fertools.runs.checkpoint import BEST, read_tensors

GRAY = "BT.601: (9798 R + 19235 G + 3735 B + 16384) >> 15"
MADE_AGAIN = "delete it, and the same command makes it again"  # the cure of a file that can be


@dataclass(frozen=True, slots=True)
class Contract:
    """What the network of a run takes, float32 (n, channels, size, size) in 0..1, and gives."""

    size: int
    channels: int
    crop: str
    classes: tuple[str, ...]
    gray: str = GRAY
    scale: str = "0..1"


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run. `fold`, `draw` and `seed` say which of its recipe's runs it is."""

    folder: Path
    recipe: Recipe
    contract: Contract
    card: dict[str, Any]

    @property
    def fold(self) -> int | None:
        """The fold that was kept for the test."""
        fold: int | None = self.card.get("fold")
        return fold

    @property
    def manifest(self) -> str:
        """Path of the split manifest that it was trained on."""
        return self.recipe.data.manifest

    @property
    def digest(self) -> str:
        """Digest of its weights."""
        return str(self.card["weights"])


def name_of(draw: int | None, fold: int | None, seed: int | None) -> str:
    """The folder of one of several runs, as `draw0-fold1-seed2`, of what tells it apart."""
    parts = {"draw": draw, "fold": fold, "seed": seed}
    return "-".join(f"{name}{number}" for name, number in parts.items() if number is not None)


def has_ended(folder: Path) -> bool:
    """Whether a folder holds a run that was trained to its end."""
    return (folder / "card.json").is_file()


def open_run(folder: Path | str) -> Run:
    """Read a run. Raises `FerError` where the folder is none, or one that has not ended."""
    folder = Path(folder)
    if not (folder / "recipe.toml").is_file():  # a data set has a card, too
        inner = sorted(file.parent for file in folder.glob("*/recipe.toml"))
        for each in inner:
            if has_ended(each):
                raise FerError(f"{folder}: holds runs and is none; give one of them: {each}")
        if inner:
            return open_run(inner[0])  # which says that it has not ended
        raise FerError(
            f"{folder}: there is no run; give a folder made by `fertools train-baseline`"
        )
    if not has_ended(folder):
        raise FerError(f"{folder}: the run has not ended; train again with --resume")
    card = read_json(folder / "card.json")
    contract = read_json(folder / "contract.json")
    try:
        found = Contract(**{**contract, "classes": tuple(contract["classes"])})
    except (KeyError, TypeError) as error:
        raise FerError(f"{folder / 'contract.json'}: is no contract; train the run anew") from error
    return Run(folder, recipes.load(folder / "recipe.toml"), found, card)


def open_runs(folder: Path | str) -> list[Run]:
    """The run of a folder, or the runs of its folders, by name.

    Raises `FerError` where it holds none, and where it is a run itself and holds others.
    """
    folder = Path(folder)
    inner = sorted(file.parent for file in folder.glob("*/card.json"))
    if has_ended(folder) and inner:
        raise FerError(
            f"{folder}: is a run and holds runs ({inner[0].name} for one); move its own files to a "
            "folder beside them, or give one of them"
        )
    if has_ended(folder) or not inner:
        return [open_run(folder)]
    return [open_run(each) for each in sorted(inner, key=lambda p: (len(p.name), p.name))]


def open_one(folder: Path | str) -> Run:
    """The run of a folder. Raises `FerError` where it holds none, or several."""
    found = open_runs(folder)
    if len(found) > 1:
        raise FerError(f"{folder}: holds {len(found)} runs; give one of them: {found[0].folder}")
    return found[0]


def manifest_of(run: Run) -> Path:
    """The manifest of a run. Raises `FerError` where its path does not lead there from here: given
    by another one, it would be scored as another manifest.
    """
    try:
        return locate(run.manifest)
    except FerError as error:
        raise FerError(
            f"{run.folder}: its manifest {run.manifest} cannot be read from here; call it from "
            "where it was trained, or bring the manifest back"
        ) from error


def weights_of(run: Run) -> Path:
    """The file of the weights that were kept. Raises `FerError` where it is gone."""
    if not (file := run.folder / BEST).is_file():
        raise FerError(f"{file}: the run's weights are gone; bring them back or train anew")
    return file


def network(run: Run, device: torch.device | str = "cpu") -> nn.Module:
    """The network with the weights that were kept, in evaluation mode.

    Raises `FerError` where they are gone, and where a network file of the user's own is not the one
    that was trained.
    """
    known = run.card.get("inputs", {})  # cards of before do not say
    for key, file in model_files(run.recipe).items():
        then = known.get(name := told(key, file))
        if then is not None and file.is_file() and file_digest(file) != then:
            raise FerError(
                f"{run.folder}: {name} has changed since it was trained; bring the file of then "
                "back, or train anew"
            )
    model = build(run.recipe)
    put_weights(model, weights_of(run))
    return placed(model, run.recipe, device).eval()


def placed(model: nn.Module, recipe: Recipe, device: torch.device | str) -> nn.Module:
    """The network on its device, with channels last in memory where the recipe says so."""
    if recipe.train.channels_last:
        model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model.to(device)


def build(recipe: Recipe) -> nn.Module:
    """The network of a recipe before any training."""
    spec, data = recipe.model, recipe.data
    solver = _solver_options(recipe)
    options = {name: value for name, value in spec.options.items() if name not in solver}
    return make(spec.name, len(data.classes), data.channels, data.size, options)


def cost(recipe: Recipe, *, weights: bool = True) -> Facts:
    """What the network of a recipe costs for one whole image.

    Without `weights` it takes no memory for them, which a network of a user's may not bear.
    """
    data = recipe.data
    with nullcontext() if weights else torch.device("meta"):
        return count(build(recipe), (data.channels, data.size, data.size))


def model_files(recipe: Recipe) -> dict[str, Path]:
    """The files of networks of the user's own, by the key that names each: the model, or what it is
    coupled of.
    """
    found: dict[str, Path] = {}
    name: object = recipe.model.name
    options: object = recipe.model.options
    key, inner = "model.name", "model.options"
    while isinstance(name, str):
        file, _ = written(name)
        if file.endswith(".py"):
            found[key] = Path(file)
        if not isinstance(options, Mapping):
            break
        key, inner = f"{inner}.network", f"{inner}.options"
        name, options = options.get("network"), options.get("options")
    return found


def told(key: str, path: Path | str) -> str:
    """A file that a recipe names, as cards and errors do."""
    return f"{key} = {path}"


def solver(recipe: Recipe) -> Callable[..., None] | None:
    """`fit` of a model that is solved and not trained, with the recipe's options; else None."""
    fit = getattr(module_of(recipe.model.name), "fit", None)
    return None if fit is None else partial(fit, **_solver_options(recipe))


def _solver_options(recipe: Recipe) -> dict[str, Any]:
    """Options of the recipe that are keywords of `fit` and not of `build`."""
    fit = getattr(module_of(recipe.model.name), "fit", None)
    if fit is None:
        return {}
    words = [p.name for p in inspect.signature(fit).parameters.values() if p.kind is p.KEYWORD_ONLY]
    known = [word for word in words if word not in ("weights", "seed")]
    return {name: value for name, value in recipe.model.options.items() if name in known}


def put_weights(model: nn.Module, file: Path) -> None:
    """Load the weights of a file. Raises `FerError` where they are another network's."""
    weights, _ = read_tensors(file)
    wanted = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in weights.items()}
    if wanted != found:
        other = sorted(set(wanted.items()) ^ set(found.items()))[0]
        raise FerError(
            f"{file}: the weights are those of another network (see {other[0]}); "
            "give the file that belongs to the recipe's model"
        )
    model.load_state_dict(weights)


def write_contract(folder: Path, contract: Contract) -> None:
    """Write what the network takes and gives."""
    write_json(folder / "contract.json", asdict(contract))


def read_json(file: Path, cure: str = "train the run anew") -> dict[str, Any]:
    """The JSON object of a file; raises `FerError` where it is none, with the `cure`."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, *UNPARSED) as error:
        raise FerError(f"{file}: cannot be read as JSON ({error}); {cure}") from error
    if not isinstance(found, dict):
        raise FerError(f"{file}: this is no JSON object; {cure}")
    return found


def read_log(folder: Path) -> list[dict[str, Any]]:
    """The epochs of a run so far, one record each."""
    file = folder / "log.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    found = []
    for line in lines:
        try:
            found.append(json.loads(line))
        except UNPARSED:  # a kill may leave half a line, always the last
            break
    return found


def file_digest(file: Path) -> str:
    """32 hex characters of a file's sha256."""
    return sha256(file)[:32]
