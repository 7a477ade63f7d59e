"""The command line: one thin file per command, loaded when it is called.

A command parses, calls one function and prints. An error that a user can mend is one sentence and
an exit code: 0 fine, 1 a mistake or bad data, 2 wrong usage, 3 a gate failed, 4 a gate could not be
checked, 130 interrupted.
"""

import os
import sys
from typing import Any

import click

from fertools import __version__, folder
from fertools.cli._complete import with_files
from fertools.errors import EXTRAS, FerError, printable

COMPLETING = "_FERTOOLS_COMPLETE"  # Click's variable, set by a shell that asks for completions


class Commands(click.Group):
    """The files of this folder are the commands; none is imported before it is called."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """The context of a call, which remembers what was typed."""
        typed = list(args)
        context = super().make_context(info_name, args, parent, **extra)
        context.meta["fertools.typed"] = typed
        return context

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, by name."""
        return [name.replace("_", "-") for name in folder.names("cli")]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of one file."""
        file = name.replace("-", "_")
        if file not in folder.names("cli"):
            return None
        command: click.Command = folder.load("cli", file).command
        return with_files(command) if COMPLETING in os.environ else command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by the first lines of their files, without importing them."""
        names = self.list_commands(ctx)
        rows = [(name, folder.summary("cli", name.replace("-", "_"))) for name in names]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with: fertools demo",
)
@click.version_option(__version__, prog_name="fertools")
def cli() -> None:
    """Clean, leak-free, reproducible training data from raw facial-expression data sets."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; what a user can mend is said in one sentence.

    Without `arguments` it is what was typed, and the process is the command's own (`_show.alone`).
    """
    typed = sys.argv[1:] if arguments is None else arguments
    try:
        result: Any = cli.main(arguments, standalone_mode=False, obj=arguments is None)
    except click.exceptions.Abort:
        then = _to_go_on(typed)
        click.echo(f"interrupted; run the same command again{then} to go on", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except FerError as error:
        click.echo(f"fertools: {printable(error)}", err=True)
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS["train"]:
            raise
        click.echo(f"fertools: this needs {error.name}: pip install 'fertools[train]'", err=True)
        sys.exit(1)
    except OSError as error:  # a full disk, no folder for temporary files, too many open files
        if sys.flags.dev_mode:
            raise
        where = f"{printable(error.filename)}: " if error.filename else ""
        cure = "`python -X dev -m fertools ..` shows where"
        click.echo(f"fertools: {where}{error.strerror or error}; {cure}", err=True)
        sys.exit(1)
    sys.exit(result if isinstance(result, int) else 0)


def _to_go_on(typed: list[str]) -> str:
    """What is to be left out or said when an interrupted command is given again."""
    if typed[:1] == ["ingest"] and "--force" in typed:
        return " without --force"  # which would start over
    if typed[:1] == ["train-baseline"] and "--resume" not in typed:
        return " with --resume"
    return ""
