"""Set runs beside published systems: accuracy against parameters; or search for better ones."""

import dataclasses
from pathlib import Path
from typing import Any

import click

from fertools.cli import _show
from fertools.cli._complete import from_resources

EPILOG = "Example: fertools frontier fer2013 runs/mine -o frontier.md --plot f.png"


class Systems(click.Group):
    """One subcommand per data set that systems were published on, and the search for our own."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Data sets, then `search`."""
        from fertools.flows.anchors import datasets

        return [*datasets(), "search"]

    def get_command(self, ctx: click.Context, name: str) -> click.Command:
        """The table of one data set, also of one that nobody published on; or the search."""
        if name == "search":
            return search
        return click.Command(
            name,
            params=table.params,
            callback=lambda **typed: table.callback and table.callback(name, **typed),
            help=table.help,
            short_help=f"our runs beside what was published on {name}",
            epilog=f"Example: fertools frontier {name} runs/mine -o frontier.md --plot f.png",
        )


@click.group(cls=Systems, subcommand_metavar="DATA [RUN]... | search [PLAN]", epilog=EPILOG)
def command() -> None:
    """Set evaluated runs beside the published systems of a data set DATA, or search for better.

    Every row says which rows chose the model, how many views of an image were averaged and how
    often its test part was looked at. A star marks the frontier among the rows of one protocol that
    chose on validation rows, or took the last epoch, and looked at each image once.
    """


@click.command()
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option("-o", "--out", metavar="TABLE.md", help="write the table as Markdown")
@click.option("--plot", type=click.Path(path_type=Path), help="write a chart as PNG")
@click.option("--json", "as_json", is_flag=True, help="print the rows as JSON")
def table(
    data: str, runs: tuple[str, ...], out: str | None, plot: Path | None, as_json: bool
) -> None:
    """Set evaluated runs beside the published systems of this data set.

    Every row says which rows chose the model, how many views of an image were averaged and how
    often its test part was looked at. A star marks the frontier among the rows of one protocol that
    chose on validation rows, or took the last epoch, and looked at each image once.
    """
    from fertools.flows import frontier as flow
    from fertools.manifest import write_page

    rows = flow.frontier(data, runs)
    if out is not None:
        write_page(out, flow.markdown(rows))
    if plot is not None:
        from fertools.charts import frontier

        frontier(plot, data, [row.system for row in rows], [row.parameters for row in rows],
                 [row.accuracy for row in rows], [row.ours for row in rows],
                 [row.chosen in flow.CLEAN for row in rows])  # fmt: skip
    if as_json:
        _show.as_json([dataclasses.asdict(row) for row in rows])
        return
    columns = ["system", "parameters", "M MACs", "%", "95 % interval", "chosen", "views",
               "protocol"]  # fmt: skip
    _show.table(data, columns, [flow.cells(row)[: len(columns)] for row in rows])
    for row in rows:
        if row.note:
            click.echo(f"{row.system}: {row.note}")


@click.command(epilog="Example: fertools frontier search --estimate")
@click.argument("plan", default="frontier/trials", type=from_resources("recipes", ".toml"))
@click.option("-o", "--runs", default="runs/frontier", show_default=True, help="where runs go")
@click.option("--results", help="the table; default RESULTS.md in the folder of the runs")
@click.option("--only", multiple=True, metavar="NAME", help="a row or a trial; repeatable")
@click.option("--most", type=click.IntRange(1),
              help="runs of each: the first seeds, draws or folds of the plan")  # fmt: skip
@click.option("--jobs", type=click.IntRange(1), help="runs at a time; default 1")
@click.option("--set", "changes", multiple=True, metavar="a.b=c",
              help="change a key of all recipes, which the table says")  # fmt: skip
@click.option("--device", help="auto (default), cpu, cuda, mps")
@click.option("--only-score", is_flag=True, help="train nothing, write what has ended")
@click.option("--estimate", "only_estimate", is_flag=True, help="print the hours and stop")
@click.option("--json", "as_json", is_flag=True, help="print the hours as JSON and stop")
def search(
    plan: str, only: tuple[str, ...], only_estimate: bool, as_json: bool, **typed: Any
) -> None:
    """Train what is missing of the trials of PLAN and judge them on the selection rows.

    Rows, hypotheses, predictions and the rule are written before the first run. Runs that have
    ended are left as they are: the same command goes on where it was stopped. The test part is
    never scored.
    """
    from fertools.flows.search import Place, estimate
    from fertools.flows.search import search as flow
    from fertools.resources import search_plan

    given = {k: typed[k] for k in ("most", "jobs", "device", "changes") if typed[k]}
    place, file = Place(Path(typed["runs"]), **given), search_plan(plan)
    if not (only_estimate or as_json):
        out, score = Path(typed["results"] or place.runs / "RESULTS.md"), typed["only_score"]
        results = flow(file, place, out, only=only, only_score=score, say=click.echo)
        click.echo(f"wrote {results}")
        return
    wanted, why = estimate(file, place, only)
    left = [(w.name, w.runs, w.ended, w.minutes) for w in wanted]
    _show.hours(f"hours of one device, {why}", left, data=as_json)
