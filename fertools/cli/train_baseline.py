"""Train a reference network as a recipe says."""

import os
import shlex
import time
from pathlib import Path
from typing import Any

import click

from fertools.cli import _show
from fertools.cli._complete import from_resources


@click.command(epilog="Example: fertools train-baseline recipes/demo.toml -o runs/demo")
@click.argument("recipe", type=from_resources("recipes", ".toml"))
@click.option("--set", "changes", multiple=True, metavar="a.b=c", help="change a key; repeatable")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="default runs/<recipe's name>")
@click.option("--seeds", type=click.IntRange(1), help="so many runs; default: the recipe's seeds")
@click.option(
    "--fold", metavar="K|all", help="of a manifest of folds: the one to keep for the test"
)
@click.option("--draw", type=int, help="of a protocol of several draws")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, mps")
@click.option("--resume", is_flag=True, help="go on with runs that were stopped, leave ended ones")
@click.option("--tensorboard", is_flag=True, help="write TensorBoard events, too")
@click.option("--quiet", is_flag=True, help="print no epochs")
def command(recipe: str, changes: tuple[str, ...], **typed: Any) -> None:
    """Train the network of RECIPE, a TOML file or a name of `fertools recipes`.

    Prints one line per epoch and leaves a run: weights, recipe as run, log, curves, card. Works
    under torchrun: `torchrun --nproc-per-node 2 -m fertools train-baseline RECIPE`.
    """
    from fertools import recipe as recipes
    from fertools.resources import training_recipe
    from fertools.train import train
    from fertools.train.jobs import plan

    file = training_recipe(recipe)
    if typed["seeds"]:  # every run then knows how many there are to be
        changes = (*changes, f"train.seeds={list(range(typed['seeds']))}")
    wanted = recipes.load(file, changes)
    out = typed["out"] or Path("runs") / file.stem
    jobs = plan(wanted, out, typed["fold"], typed["draw"])
    for folder, options in jobs:
        show = None if typed["quiet"] else _Lines(folder)
        train(
            wanted,
            folder,
            **options,
            resume=typed["resume"],
            device=typed["device"],
            progress=show,
            tensorboard=typed["tensorboard"],
            say=lambda note: click.echo(f"note: {note}", err=True),
            command=_show.line(),
        )
        if os.environ.get("RANK", "0") == "0":  # of the processes of torchrun the first speaks
            score = f"fertools evaluate {shlex.quote(str(folder))}"
            click.echo(f"{folder}: {score}", err=typed["quiet"])


class _Lines:
    """One line per epoch, with the time that is left."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.start, self.first = folder, time.monotonic(), 0

    def __call__(self, line: dict[str, Any]) -> None:
        self.first = self.first or line["epoch"]
        done = line["epoch"] - self.first + 1
        left = (time.monotonic() - self.start) / done * (line["of"] - line["epoch"])
        scores = ", ".join(
            f"{name.removeprefix('val_')} {value:.4f}"
            for name, value in line.items()
            if name.startswith("val_")
        )
        text = f"{self.folder.name} {line['epoch']}/{line['of']}: loss {line['loss']:.4f}"
        text += f"; val {scores}; best {line['best']}" if scores else ""
        click.echo(f"{text}; {line['seconds']:.1f} s, about {left:,.0f} s left", err=True)
