"""Test whether one run is better than another on the same rows."""

import dataclasses
from typing import Any

import click

from fertools.cli import _show


@click.command(epilog="Example: fertools compare runs/demo runs/other")
@click.argument("first")
@click.argument("second")
@click.option("--split", help="test (default) or val")
@click.option("--on", help="the manifest that files of probabilities are of")
@click.option("--fold", type=int, help="with --on: of a manifest of folds")
@click.option("--tta", type=click.Choice(["none", "flip"]), help="default: as each recipe says")
@click.option("--device", help="auto (default), cpu, cuda, mps")
@click.option("--json", "as_json", is_flag=True, help="print the result as JSON")
def command(first: str, second: str, as_json: bool, **typed: Any) -> None:
    """Compare the runs FIRST and SECOND, or two folders of runs over folds, draws or seeds.

    With --on either may be a file of probabilities of another framework: id, p_<word>.

    Prints Markdown: accuracies, their difference with its interval, and the p-value of a paired
    test by sign flips over whole groups; McNemar's where every group is one row.
    """
    from fertools.compare import compare, markdown
    from fertools.evaluate.evaluation import Options

    given = {name: value for name, value in typed.items() if value is not None}
    found = compare(first, second, Options(**given, leak_free=False))
    if as_json:
        _show.as_json(dataclasses.asdict(found))
        return
    click.echo(markdown(found))
