"""Set runs beside published systems: accuracy against parameters, with protocol marks."""

import dataclasses
from pathlib import Path

import click

from fertools.cli import _show
from fertools.cli._complete import Name


def _known() -> list[str]:
    from fertools.flows.frontier import datasets

    return datasets()


@click.command(epilog="Example: fertools frontier fer2013 runs/mine -o frontier.md --plot f.png")
@click.argument("data", type=Name(_known))
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option("-o", "--out", metavar="TABLE.md", help="write the table as Markdown")
@click.option("--plot", type=click.Path(path_type=Path), help="write a chart as PNG")
@click.option("--json", "as_json", is_flag=True, help="print the rows as JSON")
def command(
    data: str, runs: tuple[str, ...], out: str | None, plot: Path | None, as_json: bool
) -> None:
    """Set evaluated runs beside the published systems of a data set DATA.

    Every row says which rows chose the model, how many views of an image were averaged and how
    often its test part was looked at. A star marks the frontier of the rows that chose on
    validation rows and looked at each image once.
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
    columns = ["system", "parameters", "M MACs", "%", "95 % interval", "chosen", "views"]
    _show.table(data, columns, [flow.cells(row)[:7] for row in rows])
    for row in rows:
        if row.note:
            click.echo(f"{row.system}: {row.note}")
