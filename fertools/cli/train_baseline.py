"""Train a reference network as a recipe says."""

import os
import shlex
import time
from pathlib import Path
from typing import Any

import click

from fertools.cli import _show
from fertools.cli._complete import from_resources

Runs = list[tuple[Path, dict[str, Any]]]


@click.command(epilog="Example: fertools train-baseline recipes/demo.toml -o runs/demo")
@click.argument("recipe", type=from_resources("recipes", ".toml"))
@click.option("--set", "changes", multiple=True, metavar="a.b=c", help="change a key; repeatable")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="default runs/<recipe's name>")
@click.option("--seeds", type=click.IntRange(1), help="so many runs; default: the recipe's seeds")
@click.option(
    "--fold", metavar="K|all", help="of a manifest of folds: the one to keep for the test"
)
@click.option("--draw", type=int, help="of a protocol of several draws")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True,
              help="runs at a time, of seeds and folds")  # fmt: skip
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
    from fertools.train.jobs import plan

    file = training_recipe(recipe)
    if typed["seeds"]:  # every run then knows how many there are to be
        changes = (*changes, f"train.seeds={list(range(typed['seeds']))}")
    wanted = recipes.load(file, changes)
    out = typed["out"] or Path("runs") / file.stem
    jobs = plan(wanted, out, typed["fold"], typed["draw"])
    told = {name: typed[name] for name in ("resume", "device", "tensorboard")}
    told["command"] = _show.line()
    if typed["jobs"] > 1:
        _several(wanted, jobs, typed["jobs"], told)
    else:
        _in_turn(wanted, jobs, typed["quiet"], told)
    if len(jobs) > 1:
        pool = " --out-of-fold" if typed["fold"] == "all" else ""
        _score(out, typed["quiet"], pool)


def _in_turn(wanted: Any, jobs: Runs, quiet: bool, told: dict[str, Any]) -> None:
    """Train one run after another, with a line for each epoch."""
    from fertools.train import train

    for folder, options in jobs:
        show = None if quiet else _Lines(folder)
        train(wanted, folder, **options, **told, progress=show, say=_note)
        _score(folder, quiet)


def _several(wanted: Any, jobs: Runs, many: int, told: dict[str, Any]) -> None:
    """Train so many runs at a time, with a line for each that ends; what fails stops no other."""
    from fertools.errors import FerError
    from fertools.train.several import train_several

    failed = []
    for folder, sentence in train_several(wanted, jobs, many, **told):
        own = sentence.startswith(f"{folder}: ")
        said = sentence if own else f"{folder}: {sentence or 'ended'}"
        click.echo(said, err=True)
        failed += [said] if sentence else []
    if failed:
        raise FerError(f"{len(failed)} of {len(jobs)} runs failed; {failed[0]}")


def _note(text: str) -> None:
    click.echo(f"note: {text}", err=True)


def _score(folder: Path, quiet: bool, how: str = "") -> None:
    """How what has been trained is scored; of the processes of torchrun the first speaks."""
    if os.environ.get("RANK", "0") == "0":
        score = f"fertools evaluate {shlex.quote(str(folder))}{how}"
        click.echo(f"{folder}: {score}", err=quiet)


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
