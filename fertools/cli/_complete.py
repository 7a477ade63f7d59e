"""What a shell offers when a command line is completed: names of what ships, else files.

Click completes commands and options by itself; here are the values.
"""

from collections.abc import Callable

import click
from click.shell_completion import CompletionItem


class Name(click.types.StringParamType):
    """A text that is one of some names, or anything else; `names` lists them when asked."""

    def __init__(self, names: Callable[[], list[str]], or_file: bool = False) -> None:
        self.names, self.or_file = names, or_file

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The names that begin so; files where a file does as well and no name fits."""
        found = [CompletionItem(name) for name in self.names() if name.startswith(incomplete)]
        if found or not self.or_file:
            return found
        return [CompletionItem(incomplete, type="file")]


FILE = Name(list, or_file=True)


def from_folder(kind: str) -> Name:
    """The variants of a folder of the package, or a file of the user's own."""
    from fertools import folder

    return Name(lambda: folder.names(kind), or_file=True)


def from_resources(kind: str, suffix: str) -> Name:
    """The protocols (`manifests`) or recipes that ship, or a file."""
    from fertools.resources import names

    return Name(lambda: names(kind, suffix), or_file=True)


def with_files(command: click.Command) -> click.Command:
    """The command, whose plain arguments are completed as files."""
    for param in command.params:
        if isinstance(param, click.Argument) and type(param.type) is click.types.StringParamType:
            param.type = FILE
    return command
