"""List, show or copy the recipes that ship with the package."""

from pathlib import Path

import click

from fertools.cli import _show
from fertools.cli._complete import from_resources


@click.group(epilog="Example: fertools recipes ls")
def command() -> None:
    """Recipes of training runs (`train-baseline`) and policies of curation (`curate --policy`)."""


@command.command("ls", epilog="Example: fertools recipes ls")
@click.option("--json", "as_json", is_flag=True, help="print the list as JSON")
def list_(as_json: bool) -> None:
    """List every recipe with its first line."""
    from fertools.resources import names

    found = [{"name": name, "summary": _first(name)} for name in names("recipes", ".toml")]
    if as_json:
        _show.as_json(found)
        return
    for each in found:
        click.echo(f"{each['name']:24} {each['summary']}")


def _first(name: str) -> str:
    from fertools.resources import resource

    line = resource("recipes", name, ".toml").read_text(encoding="utf-8").split("\n", 1)[0]
    return line.removeprefix("#").strip() if line[:1] == "#" else ""


@command.command("show", epilog="Example: fertools recipes show demo")
@click.argument("name", type=from_resources("recipes", ".toml"))
def show(name: str) -> None:
    """Print one recipe."""
    from fertools.resources import resource

    click.echo(resource("recipes", name, ".toml").read_text(encoding="utf-8"), nl=False)


@command.command("cp", epilog="Example: fertools recipes cp demo my_recipe.toml")
@click.argument("name", type=from_resources("recipes", ".toml"))
@click.argument("target", type=click.Path(path_type=Path))
def copy(name: str, target: Path) -> None:
    """Copy one recipe to a file or folder, to change it there."""
    from fertools.errors import FerError
    from fertools.manifest import write_whole
    from fertools.resources import resource

    source = resource("recipes", name, ".toml")
    file = target / source.name if target.is_dir() else target
    if file.exists():
        raise FerError(f"{file}: is there; give another file")
    write_whole(file, source.read_bytes(), "file")
    click.echo(f"wrote {file}")
