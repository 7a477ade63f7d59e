"""Jobs: the runs that a recipe stands for, one for each seed, fold and draw that is asked for."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fertools.errors import FerError
from fertools.manifest import locate, read_manifest
from fertools.protocol import names
from fertools.recipe import Data, Recipe
from fertools.runs import file_digest


@dataclass(frozen=True, slots=True)
class Job:
    """One run that is wanted: the recipe with its one seed and manifest, and where it goes.

    `manifest` is the digest of its manifest, `extra` those of the manifests of its extra data.
    """

    recipe: Recipe
    out: Path
    seed: int
    fold: int | None
    draw: int | None
    manifest: str
    extra: tuple[str, ...]


def plan(
    recipe: Recipe, out: Path, seeds: int | None, fold: str | None, draw: int | None
) -> list[tuple[Path, dict[str, Any]]]:
    """The runs that are asked for, as folders and options of `train`.

    A single run is `out` itself; several stand below it as `draw0-fold1-seed2`, as far as they
    differ. `seeds` is how many, by default those of the recipe; `fold` a number or "all".
    """
    numbers = list(recipe.train.seeds) if seeds is None else list(range(seeds))
    if fold is not None and fold != "all" and not fold.isdigit():
        raise FerError(f"--fold {fold}: give a number, or all")
    every = fold == "all"
    folds = list(range(_folds(recipe))) if every else [None if fold is None else int(fold)]
    found = []
    for k in folds:
        for seed in numbers:
            names = [f"draw{draw}"] if draw is not None else []
            names += [f"fold{k}"] if k is not None else []
            names += [f"seed{seed}"] if len(numbers) > 1 else []
            options = {"seed": seed, "fold": k, "draw": draw}
            found.append((out / "-".join(names) if names else out, options))
    _beside(out, [folder for folder, _ in found])
    return found


def _beside(out: Path, folders: list[Path]) -> None:
    """Raise `FerError` where a run and folders of runs would come to lie in one another."""
    inner = [file.parent for file in out.glob("*/recipe.toml")]
    if out not in folders and (out / "recipe.toml").is_file():
        raise FerError(f"{out}: is a run, and several would go below it; give another -o")
    if out in folders and inner:
        raise FerError(f"{out}: holds runs ({inner[0].name} for one); give another -o")


def _folds(recipe: Recipe) -> int:
    manifest = read_manifest(recipe.data.manifest)
    if not manifest.has("fold"):
        raise FerError(f"{recipe.data.manifest}: has no folds; run `fertools split --folds 10`")
    return int(manifest.column("fold").fill_null(-1).to_numpy().max()) + 1


def settle(recipe: Recipe, out: Path, seed: int | None, fold: int | None, draw: int | None) -> Job:
    """One job: the recipe with its seed, and with the draw in the name of its manifest.

    Raises `FerError` where the manifest has draws and none is given, or is not there.
    """
    data = recipe.data
    if "{draw}" in data.manifest:
        if draw is None:
            raise FerError(f"{data.manifest}: has several draws; say --draw 0")
        data = dataclasses.replace(data, manifest=data.manifest.replace("{draw}", str(draw)))
    seed = recipe.train.seeds[0] if seed is None else seed
    train = dataclasses.replace(recipe.train, seeds=(seed,))
    recipe = dataclasses.replace(recipe, data=data, train=train)
    extra = tuple(file_digest(locate(path)) for path in data.extra_data)
    return Job(recipe, out, seed, fold, draw, _digest(data, draw), extra)


def _digest(data: Data, draw: int | None) -> str:
    """The digest of the manifest; one that a published protocol makes is told how where missing."""
    if not data.manifest:
        return ""
    try:
        return file_digest(locate(data.manifest))
    except FerError as error:
        if data.protocol not in names():
            raise
        told = f"--protocol {data.protocol}" + (f" --draw {draw}" if draw is not None else "")
        cure = f"`fertools split DATA {told} -o {data.manifest}`"
        raise FerError(f"{data.manifest}: there is no manifest; make it by {cure}") from error
