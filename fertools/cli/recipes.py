"""List, show or copy the recipes that ship with the package."""

from pathlib import Path

import click


@click.group(epilog="Example: fertools recipes ls")
def command() -> None:
    """Recipes of training runs (`train-baseline`) and policies of curation (`curate --policy`)."""


@command.command("ls", epilog="Example: fertools recipes ls")
def list_() -> None:
    """List every recipe with its first line."""
    from fertools.resources import names, resource

    for name in names("recipes", ".toml"):
        first = resource("recipes", name, ".toml").read_text(encoding="utf-8").split("\n", 1)[0]
        click.echo(f"{name:24} {first.removeprefix('#').strip() if first[:1] == '#' else ''}")


@command.command("show", epilog="Example: fertools recipes show demo")
@click.argument("name")
def show(name: str) -> None:
    """Print one recipe."""
    from fertools.resources import resource

    click.echo(resource("recipes", name, ".toml").read_text(encoding="utf-8"), nl=False)


@command.command("cp", epilog="Example: fertools recipes cp demo my_recipe.toml")
@click.argument("name")
@click.argument("target", type=click.Path(path_type=Path))
def copy(name: str, target: Path) -> None:
    """Copy one recipe to a file or folder, to change it there."""
    from fertools.errors import FerError
    from fertools.resources import resource

    source = resource("recipes", name, ".toml")
    file = target / source.name if target.is_dir() else target
    if file.exists():
        raise FerError(f"{file}: is there; give another file")
    try:
        file.write_bytes(source.read_bytes())
    except OSError as error:
        raise FerError(f"{file}: cannot be written ({error.strerror})") from error
    click.echo(f"wrote {file}")
