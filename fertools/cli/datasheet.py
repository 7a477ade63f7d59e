"""Write a datasheet: sources, licences, who is shown, leakage, known faults, recommended use."""

import click

from fertools.cli import _show


@click.command(epilog="Example: fertools datasheet manifests/ck48.parquet -o DATASHEET.md")
@click.argument("data")
@click.option("-o", "--out", metavar="SHEET.md", help="the file to write; default: print it")
@click.option("--lang", "language", default="en", help="en (default) or ko")
@click.option("--purpose", default="", help="what the data was put together for")
@click.option("--contact", default="", help="who keeps it, and takes requests")
@click.option(
    "--data", "store", help="folder of the face store, where the card does not lead to it"
)
@click.option("--json", "as_json", is_flag=True, help="print what was written as JSON")
def command(data: str, out: str | None, store: str | None, as_json: bool, **said: str) -> None:
    """Draw up the datasheet of DATA, a split manifest or the folder of an ingest.

    Markdown after "Datasheets for Datasets" (Gebru et al. 2021). It shows no face and no id.
    """
    from fertools.flows.datasheet import datasheet
    from fertools.manifest import write_page

    page = datasheet(data, data=store, **said)
    if out is not None:
        write_page(out, page)
    if as_json:
        _show.as_json({"file": out, "markdown": page})
    else:
        click.echo(page if out is None else f"wrote {out}", nl=out is not None)
