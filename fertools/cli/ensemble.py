"""Make one run of several, which averages their probabilities."""

import shlex
from pathlib import Path

import click

from fertools.cli import _show


@click.command(epilog="Example: fertools ensemble runs/demo -o runs/demo-mean")
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="the new run")
def command(runs: tuple[str, ...], out: Path) -> None:
    """Average the probabilities of RUNs that differ by their seed, or of a folder of such runs.

    What comes out is a run of one network that holds them all: evaluate, compare, predict,
    export-onnx and train.teacher take it like any other. Of several folds or draws each gives one.
    """
    from fertools.flows.ensemble import ensemble
    from fertools.runs import cost

    for made in ensemble(runs, out, command=_show.line()):
        facts = cost(made.recipe)
        click.echo(
            f"{made.folder}: the mean of {len(made.card['members'])} runs (seeds "
            f"{', '.join(map(str, made.card['seeds']))}), {facts.parameters:,} parameters, "
            f"{facts.macs / 1e6:,.1f} M MACs"
        )
    pool = " --out-of-fold" if made.folder != out and made.fold is not None else ""
    click.echo(f"{out}: fertools evaluate {shlex.quote(str(out))}{pool}")
