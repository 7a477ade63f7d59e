"""Rerun the published systems and write their results beside what was published."""

from pathlib import Path
from typing import Any

import click

from fertools.cli import _show


@click.command(epilog="Example: fertools reproduce A --estimate")
@click.argument("systems", nargs=-1, required=True, metavar="A|B|C|D|all...")
@click.option("--data-dir", default="data", show_default=True, help="ingested: ck48, fer2013, ..")
@click.option("--splits", default="splits", show_default=True, help="where split manifests go")
@click.option("-o", "--runs", default="runs", show_default=True, help="where runs go")
@click.option("--results", default="recipes/RESULTS.md", show_default=True, help="the table")
@click.option("--draws", type=click.IntRange(1, 20), default=10, show_default=True,
              help="random draws for system A")  # fmt: skip
@click.option("--only", multiple=True, metavar="NAME", help="a trial of --estimate; repeatable")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True,
              help="runs at a time, which share the cores")  # fmt: skip
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, mps")
@click.option("--only-score", is_flag=True, help="train nothing, write what has ended")
@click.option("--estimate", "only_estimate", is_flag=True, help="print the hours and stop")
@click.option("--json", "as_json", is_flag=True, help="print the hours as JSON and stop")
def command(systems: tuple[str, ...], only_estimate: bool, as_json: bool, **typed: Any) -> None:
    """Train and score what is missing of the systems A, B, C, D.

    The first run of every setting comes first, then the second ones. Runs that have ended are left
    as they are: the same command goes on where it was stopped.
    """
    from fertools.flows.reproduce import Place, estimate, reproduce

    place = Place(Path(typed["data_dir"]), Path(typed["splits"]), Path(typed["runs"]))
    wanted = estimate(systems, place, typed["draws"], typed["only"])
    left = [(w.trial.name, w.runs, w.ended, w.minutes) for w in wanted]
    _show.hours("hours on one CPU core", left, data=as_json)
    if as_json or only_estimate:
        return

    def show(run: str, line: dict[str, Any]) -> None:
        if line["epoch"] % 10 == 0 or line["epoch"] == line["of"]:
            score = line.get("val_accuracy")
            shown = f", val {100 * score:.2f} %" if score is not None else ""
            click.echo(f"{run} {line['epoch']}/{line['of']}: loss {line['loss']:.4f}{shown}")

    results = reproduce(
        systems,
        place,
        Path(typed["results"]),
        draws=typed["draws"],
        only=typed["only"],
        jobs=typed["jobs"],
        device=typed["device"],
        only_score=typed["only_score"],
        say=lambda text: click.echo(text, err=True),
        progress=show,
    )
    click.echo(f"wrote {results}")
