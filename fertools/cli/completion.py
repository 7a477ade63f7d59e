"""Print the script that lets a shell complete fertools' command lines."""

import click

from fertools.errors import FerError

SHELLS = ["bash", "zsh", "fish"]


@click.command(epilog="Example: fertools completion bash")
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the completion script of SHELL.

    \b
    bash   eval "$(fertools completion bash)" in ~/.bashrc
    zsh    eval "$(fertools completion zsh)" in ~/.zshrc
    fish   fertools completion fish > ~/.config/fish/completions/fertools.fish
    """
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    if made is None:
        raise FerError(f"completion of {shell} is not in this version of Click; upgrade click")
    root = click.get_current_context().find_root()
    try:
        click.echo(made(root.command, {}, "fertools", "_FERTOOLS_COMPLETE").source())
    except RuntimeError as error:  # Click looks for a bash that is new enough
        raise FerError(f"completion of {shell}: {error}") from error
