"""Several runs of one recipe at a time: seeds or folds, each in a process of its own.

In go a recipe and its runs (`jobs.plan`); out comes each folder with what went wrong, as it ends.
"""

import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from fertools.errors import FerError
from fertools.recipe import Recipe
from fertools.train import train
from fertools.train.workers import each

Run = tuple[Path, dict[str, Any]]


def train_several(
    recipe: Recipe, runs: Sequence[Run], jobs: int, **more: Any
) -> Iterator[tuple[Path, str]]:
    """Train the `runs`, so many `jobs` at a time; yields each folder with its complaint, or "".

    `more` are options of `train` for all of them. What fails stops no other. Raises `FerError`
    under torchrun, whose processes share one run, and where the system killed a process.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise FerError("--jobs: torchrun shares one run among its processes; leave --jobs out")
    work = partial(_train, recipe, more)
    yield from ((folder, sentence) for (folder, _), sentence in each(runs, work, jobs))


def _train(recipe: Recipe, more: dict[str, Any], run: Run) -> None:
    folder, options = run
    train(recipe, folder, **options, **more)
