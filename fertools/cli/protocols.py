"""List the published protocols: named splits with their size, metric and selection part."""

import dataclasses
from pathlib import Path
from typing import Any

import click

from fertools.cli import _show
from fertools.cli._complete import from_resources


@click.command(epilog="Example: fertools protocols fer2013-noleak")
@click.argument("name", required=False, type=from_resources("manifests", ".toml"))
@click.option("--json", "as_json", is_flag=True, help="print as JSON")
@click.option("--make", metavar="OUT", help="make the lists anew in a folder, from:")
@click.option("--fer2013", metavar="DATA", help="with --make: FER2013, ingested from its CSV")
@click.option("--ferplus", metavar="CSV", help="with --make: fer2013new.csv of FER+")
@click.option("--ck48", metavar="DATA", help="with --make: CK+48, ingested")
def command(name: str | None, as_json: bool, make: str | None, **data: str | None) -> None:
    """Show the published protocols, or all that one of them fixes.

    `fertools split DATA --protocol NAME` follows one. A protocol is a list of rows or a rule; it
    decides label rule, classes, the part that checkpoints are chosen on, metric and test-time
    augmentation.
    """
    from fertools.protocol import names, read_protocol

    if not make and (typed := next((key for key, value in data.items() if value), None)):
        raise click.UsageError(f"--{typed} goes with --make OUT")
    if make:
        _make(make, data)
        return
    found = {each: read_protocol(each) for each in ([name] if name else names())}
    if as_json:
        _show.as_json({each: dataclasses.asdict(protocol) for each, protocol in found.items()})
    elif name:
        _one(name, found[name])
    else:
        rows = [[each, *_row(protocol)] for each, protocol in found.items()]
        columns = ["protocol", "data", "rows", "draws", "metric", "chosen on", "augmented"]
        _show.table("published protocols", columns, rows)
        for each, protocol in found.items():
            click.echo(f"{each}: {protocol.title}")


def _make(out: str, data: dict[str, str | None]) -> None:
    from fertools.errors import FerError
    from fertools.flows.protocols import make

    made = make(Path(out), **data)
    if not made:
        raise FerError("--make: say --fer2013 DATA --ferplus CSV, or --ck48 DATA, or all of them")
    click.echo(f"made in {out}: {', '.join(made)}")


def _row(protocol: Any) -> list[Any]:
    return [
        protocol.data,
        _size(protocol),
        protocol.draws or "",
        protocol.metric,
        protocol.selection,
        protocol.tta,
    ]


def _size(protocol: Any) -> str:
    if not protocol.parts:
        return "by rule"
    if "train" not in protocol.parts:
        return f"{sum(protocol.parts.values()):,} in {len(protocol.parts)} folds"
    return " / ".join(f"{n:,}" for n in protocol.parts.values())


def _one(name: str, protocol: Any) -> None:
    from fertools.protocol import digest, file_of

    click.secho(f"{name}: {protocol.title}", bold=True)
    for field in dataclasses.fields(protocol):
        value = getattr(protocol, field.name)
        if field.name == "title" or value in ("", 0, None, {}):
            continue
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            value = {k: v for k, v in dataclasses.asdict(value).items() if v}
        if isinstance(value, tuple):
            value = ", ".join(value)
        elif isinstance(value, dict):
            value = ", ".join(f"{key} {_show.cell(item)}" for key, item in value.items())
        click.echo(f"  {field.name}: {value}")
    click.echo(f"  digest: {digest(name)}")
    click.echo(f"  file: {file_of(name).name}")
