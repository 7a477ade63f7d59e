"""Show the whole way on data sets that are drawn on the spot."""

import shlex
import time
from pathlib import Path

import click


@click.command(epilog="Example: fertools demo demo-1")
@click.argument("folder", default="fertools-demo", type=click.Path(path_type=Path))
@click.option("--seed", default=0, show_default=True, help="other faces, other people")
def command(folder: Path, seed: int) -> None:
    """Draw small data sets into FOLDER and run the commands that turn them into a clean split.

    Every command is printed before it runs, so that it can be typed again. Takes under a minute.
    What needs an extra that is not installed is left out, and told at the end.
    """
    from fertools.cli import cli
    from fertools.errors import FerError
    from fertools.flows.demo import draw, missing_extras

    start = time.monotonic()
    steps = draw(folder, seed)
    missing = missing_extras(steps)
    for step in steps:
        if step.extra in missing:
            continue
        click.secho(f"\n# {step.why}", dim=True)
        click.secho(f"$ fertools {shlex.join(step.arguments)}", bold=True)
        try:
            code = cli.main(list(step.arguments), standalone_mode=False)
            code = code if isinstance(code, int) else 0
        except FerError as error:
            click.echo(f"fertools: {error}")
            code = error.exit_code
        if code != step.expect:
            raise FerError(f"{step.arguments[0]}: exit code {code} instead of {step.expect}")
    for extra in missing:
        left = ", ".join(dict.fromkeys(s.arguments[0] for s in steps if s.extra == extra))
        click.echo(f"\nleft out: {left}; to see it, too: pip install 'fertools[{extra}]'")
    click.echo(
        f"\nDone in {time.monotonic() - start:.0f} s; everything lies in {folder}.\n"
        "Next: fertools ingest --help lists the data sets that can be read, yours among them "
        "(imagefolder, table)."
    )
