"""Look at doubtful faces in a browser and judge them: keep, drop, relabel or unsure."""

from pathlib import Path
from typing import Any

import click

from fertools.cli import _show

QUEUES = ["all", "disputed", "labels", "no_face", "quality", "twins"]


@click.command(epilog="Example: fertools review data/fer2013 --queue labels --reviewer kim")
@click.argument("data")
@click.option("--queue", type=click.Choice(QUEUES), help="what to look at; default all")
@click.option("--sample", type=click.IntRange(1), metavar="N", help="so many of the queue, by lot")
@click.option("--controls", type=click.IntRange(0), metavar="N",
              help="mix in so many faces without a doubt")  # fmt: skip
@click.option("--blind", is_flag=True, help="hide label, doubts and what others said")
@click.option("--seed", type=click.IntRange(0), help="another lot of these; default 0")
@click.option("--reviewer", multiple=True, metavar="NAME", help="whose verdicts these are")
@click.option("--bundle", metavar="OUT", help="write a folder per reviewer instead, for offline")
@click.option("--raw", type=click.Path(path_type=Path), metavar="RAW",
              help="what was ingested, to show images without a face")  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), help="default 8765, or any that is free")
@click.option("--open", "opens", is_flag=True, help="open the page in the browser")
@click.option("--json", "as_json", is_flag=True, help="print where to open it as JSON")
def command(
    data: str,
    reviewer: tuple[str, ...],
    bundle: str | None,
    raw: Path | None,
    port: int | None,
    opens: bool,
    as_json: bool,
    **typed: Any,
) -> None:
    """Serve a page to this machine alone that shows what `curate` found doubtful in DATA.

    Verdicts go to DATA/review at once, one file per reviewer; the same command goes on where it
    ended. `fertools import-verdicts` brings them into the manifest. With --bundle nothing is
    served: each --reviewer gets a folder that opens without a server and saves a file.
    """
    from fertools.review import Asked

    asked = Asked(**{name: value for name, value in typed.items() if value is not None})
    if bundle:
        _bundle(data, asked, reviewer, bundle, raw, as_json)
    elif len(reviewer) > 1:
        raise click.UsageError("several --reviewer go with --bundle; a page is for one")
    else:
        _serve(data, asked, (reviewer or (_login(),))[0], port, raw, opens, as_json)


def _bundle(
    data: str, asked: Any, names: tuple[str, ...], out: str, raw: Path | None, as_json: bool
) -> None:
    from fertools.review import bundle

    if not names:
        raise click.UsageError("--bundle: say for whom, as in --reviewer kim --reviewer lee")
    pages, faces, notes = bundle(data, asked, names, out, raw=raw)
    if as_json:
        _show.as_json({"pages": [str(page) for page in pages], "faces": faces, "notes": notes})
        return
    for page in pages:
        click.echo(f"wrote {page}: {faces:,} faces, private, do not share it")
    for note in notes:
        click.echo(note)


def _serve(
    data: str,
    asked: Any,
    name: str,
    port: int | None,
    raw: Path | None,
    opens: bool,
    as_json: bool,
) -> None:
    from fertools.review import Opened, review

    def tell(opened: Opened) -> None:
        if as_json:
            _show.as_json({"address": opened.address, "journal": str(opened.journal),
                           "items": opened.items, "judged": opened.judged,
                           "notes": opened.notes})  # fmt: skip
        else:
            click.echo(f"{opened.items:,} faces, {opened.judged:,} judged; Ctrl-C ends it")
            click.echo(f"verdicts: {opened.journal}")
            for note in opened.notes:
                click.echo(note)
            click.echo(f"open {opened.address}")
        if opens:
            click.launch(opened.address)

    review(data, asked, name, port=port, raw=raw, tell=tell)
    click.echo("\nended; every verdict is on the disk, and the same command goes on", err=True)


def _login() -> str:
    """The user's name on this machine, where it may be a file's."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "reviewer"
