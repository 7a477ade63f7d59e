"""Check that a data folder still holds what its ingest wrote."""

import dataclasses

import click

from fertools.cli import _show
from fertools.errors import FerError


@click.command(epilog="Example: fertools verify data/ck48")
@click.argument("data")
@click.option("--json", "as_json", is_flag=True, help="print the faults as JSON")
def command(data: str, as_json: bool) -> None:
    """Check that DATA, a folder that `ingest` made, is whole: digests of the shards, rows, sums.

    Every fault is told with its cure; with any, the exit code is 1.
    """
    from fertools.ingest.verify import verify

    faults = verify(data)
    if as_json:
        told = [{**dataclasses.asdict(fault), "file": str(fault.file)} for fault in faults]
        _show.as_json({"faults": told})
    for fault in [] if as_json else faults:
        click.echo(str(fault))
    if faults:
        found = "a fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise FerError(f"{data}: {found}; what to do stands above")
    if not as_json:
        click.echo(f"{data}: every file is as it was written")
