"""Jobs: the runs that a recipe stands for, one for each seed, fold and draw that is asked for."""

import dataclasses
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fertools.columns import folds_of
from fertools.errors import FerError
from fertools.manifest import locate, read_manifest
from fertools.protocol import names
from fertools.recipe import DRAW, Data, Recipe
from fertools.runs import name_of, told
from fertools.runs.inputs import Digests, inputs


@dataclass(frozen=True, slots=True)
class Job:
    """One run that is wanted: the recipe with its one seed and manifest, and where it goes.

    `inputs` are the digests of the files that the recipe names, as `runs.inputs` tells them;
    `seeds` are those of which runs were wanted, this one among them.
    """

    recipe: Recipe
    out: Path
    seed: int
    fold: int | None
    draw: int | None
    inputs: Digests
    seeds: tuple[int, ...] = ()

    @property
    def manifest(self) -> str:
        """Digest of its manifest."""
        return self.inputs[told("data.manifest", self.recipe.data.manifest)]

    @property
    def extra(self) -> list[str]:
        """Digests of the manifests of its extra data."""
        return [self.inputs[told("data.extra_data", path)] for path in self.recipe.data.extra_data]


def plan(
    recipe: Recipe, out: Path, fold: str | None, draw: int | None
) -> list[tuple[Path, dict[str, Any]]]:
    """The runs that are asked for, as folders and options of `train`: one for each of its seeds.

    One run without fold and draw is `out` itself; others stand below it, see `name_of`. `fold` is a
    number or "all". Raises `FerError` for a fold that is neither, for a draw of a manifest without
    draws, which would be one run several times, and where runs would come to lie in one another.
    """
    if fold is not None and fold != "all" and not fold.isdecimal():
        raise FerError(f"--fold {fold}: give a number, or all")
    if draw is not None and DRAW not in recipe.data.manifest:
        raise FerError(
            f"{recipe.data.manifest or 'data.manifest'}: has no {DRAW} in its name, so every draw "
            "would be the same run; leave --draw out"
        )
    every, many = fold == "all", len(recipe.train.seeds) > 1
    folds = list(range(_folds(recipe, draw))) if every else [None if fold is None else int(fold)]
    found = []
    for k in folds:
        for seed in recipe.train.seeds:
            options = {"seed": seed, "fold": k, "draw": draw}
            found.append((out / name_of(draw, k, seed if many else None), options))
    _beside(out, [folder for folder, _ in found])
    return found


def _beside(out: Path, folders: list[Path]) -> None:
    """Raise `FerError` where a run and folders of runs would come to lie in one another."""
    inner = [file.parent for file in out.glob("*/recipe.toml")]
    if out not in folders and (out / "recipe.toml").is_file():
        raise FerError(f"{out}: is a run, and several would go below it; give another -o")
    if out in folders and inner:
        raise FerError(f"{out}: holds runs ({inner[0].name} for one); give another -o")


def _folds(recipe: Recipe, draw: int | None) -> int:
    file = _drawn(recipe.data, draw).manifest
    manifest = read_manifest(file)
    if not manifest.has("fold"):
        raise FerError(
            f"{file}: has no folds; leave --fold out, or name a manifest in data.manifest that "
            "`fertools split DATA --folds 10 -o OUT` has made"
        )
    return int(folds_of(manifest.column("fold")).max()) + 1


def settle(recipe: Recipe, out: Path, seed: int | None, fold: int | None, draw: int | None) -> Job:
    """One job: the recipe with its seed, and with the draw in the name of its manifest.

    Raises `FerError` where no manifest is named, it has draws and none is given, or is not there.
    """
    data = _drawn(recipe.data, draw)
    seed = recipe.train.seeds[0] if seed is None else seed
    seeds = recipe.train.seeds if seed in recipe.train.seeds else (seed,)
    train = dataclasses.replace(recipe.train, seeds=(seed,))
    recipe = dataclasses.replace(recipe, data=data, train=train)
    _are_there(data, draw)
    return Job(recipe, out, seed, fold, draw, inputs(recipe), seeds)


def _drawn(data: Data, draw: int | None) -> Data:
    """The data with the draw in the name of its manifest."""
    if not data.manifest:
        raise FerError("the recipe names no manifest: --set data.manifest=manifests/x.parquet")
    if DRAW not in data.manifest:
        return data
    if draw is None:
        raise FerError(f"{data.manifest}: has several draws; say --draw 0")
    return dataclasses.replace(data, manifest=data.manifest.replace(DRAW, str(draw)))


def _are_there(data: Data, draw: int | None) -> None:
    """Raise `FerError` where a manifest is missing, with how `split` makes it."""
    for path in data.extra_data:
        locate(path)
    try:
        locate(data.manifest)
    except FerError as error:
        if "://" in data.manifest or not data.manifest.endswith(".parquet"):
            raise
        told = f"--protocol {data.protocol}" + (f" --draw {draw}" if draw is not None else "")
        if data.protocol not in names():
            told = "--ratios 8:1:1"
        cure = f"`fertools split DATA {told} -o {shlex.quote(data.manifest)}`"
        raise FerError(
            f"{data.manifest}: there is no manifest; make it by {cure}, or give its path"
        ) from error
