"""List the data sets that can be read: layout, licence, where to get them, citation."""

from typing import Any

import click

from fertools import folder
from fertools.cli import _show
from fertools.cli._complete import from_folder


@click.command(epilog="Example: fertools sources fer2013")
@click.argument("name", required=False, type=from_folder("sources"))
@click.option("--json", "as_json", is_flag=True, help="print the result as JSON")
def command(name: str | None, as_json: bool) -> None:
    """List the sources, or show one: its layout on disk, its traps, its licence, whom to cite."""
    names = [name] if name else folder.names("sources")
    found = [_facts(each) for each in names]
    if as_json:
        _show.as_json(found)
    elif name:
        _print(found[0])
    else:
        rows = [[fact["source"], fact["summary"]] for fact in found]
        _show.table("data sets that can be read", ["source", "what it is"], rows)
        click.echo("fertools sources NAME shows layout, traps, licence and citation")


def _facts(name: str) -> dict[str, Any]:
    module = folder.load("sources", name)
    return {
        "source": name,
        "summary": folder.summary("sources", name),
        "text": module.__doc__ or "",
        "licence": getattr(module, "LICENCE", ""),
        "citation": getattr(module, "CITATION", ""),
        "homepage": getattr(module, "HOMEPAGE", ""),
    }


def _print(fact: dict[str, Any]) -> None:
    click.echo(fact["text"].strip() + "\n")
    for key in ("licence", "citation", "homepage"):
        if fact[key]:
            click.echo(f"{key}: {fact[key]}")
