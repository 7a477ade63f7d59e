"""Write one page on a data set or split: balance, drop-outs, leakage, twins, quality, labels."""

from typing import Any

import click

from fertools.cli import _show


@click.command(epilog="Example: fertools report manifests/ck48.parquet -o report.html")
@click.argument("data")
@click.option("-o", "--out", required=True, metavar="PAGE.html", help="the page to write")
@click.option("--with-faces", is_flag=True, help="show faces: the page becomes PAGE.private.html")
@click.option("--title", help="the heading; default the name of DATA")
@click.option(
    "--data", "store", help="folder of the face store, where the card does not lead to it"
)
@click.option("--lang", "language", default="en", help="en (default) or ko")
@click.option("--json", "as_json", is_flag=True, help="print what was written as JSON")
def command(
    data: str, out: str, with_faces: bool, store: str | None, as_json: bool, **said: Any
) -> None:
    """Write a report on DATA, a split manifest or the folder of an ingest.

    One HTML file that holds everything it shows and asks nothing of the network. It shows no face
    and can be shared; with --with-faces it shows twins, suspects and faces of poor quality, and its
    name and its first line say that it is private.
    """
    from fertools.flows.report import report

    written = report(data, out, with_faces=with_faces, data=store, **said)
    if as_json:
        _show.as_json({"file": str(written.file), "bytes": written.size, "faces": written.faces})
        return
    size = f"{written.size / 1e6:.1f} MB" if written.size >= 1e6 else f"{written.size / 1e3:.0f} kB"
    click.echo(f"wrote {written.file} ({size})")
    if with_faces:
        renamed = "" if str(written.file) == out else ", therefore the name"
        click.echo(f"it shows {written.faces:,} faces: private, do not share it{renamed}")
