"""Name the published data set that some raw data is, and what was done to it."""

import dataclasses
from typing import Any

import click

from fertools.cli import _show


@click.command(epilog="Example: fertools fingerprint Downloads/fer2013")
@click.argument("raw")
@click.option("--json", "as_json", is_flag=True, help="print the result as JSON")
def command(raw: str, as_json: bool) -> None:
    """Tell which data set RAW (a folder, an archive or a table) holds, and in which variant.

    Pictures are compared with shipped signatures: hashes, signs of low frequencies and coarse
    numbers. Known are FER2013 and CK+48; anything else is `unknown`.
    """
    from fertools.fingerprint import fingerprint

    result = fingerprint(raw)
    if as_json:
        _show.as_json(dataclasses.asdict(result))
        return
    _print(result)


def _print(result: Any) -> None:
    click.echo(", ".join([result.data, *result.variant]))
    for line in result.evidence:
        click.echo(f"  {line}")
