"""The README says what the code does: its commands, options, extras and tree exist."""

import re
import shlex
from pathlib import Path

import click
import pytest

from fertools import folder
from fertools.cli import cli

ROOT = Path(__file__).parents[1]
README, KOREAN = (ROOT / name for name in ("README.md", "README.ko.md"))
LINE = re.compile(r"^fertools [^\n]+$|`(fertools [^`\n]+)`", re.MULTILINE)


def lines(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return [found[1] or found[0] for found in LINE.finditer(text)]


def command_of(line: str) -> tuple[click.Command, list[str]]:
    words = shlex.split(line)[1:]
    command = cli.get_command(click.Context(cli), words[0])
    assert command is not None, line
    if isinstance(command, click.Group) and len(words) > 1 and words[1][0] not in "-S":
        if words[1].endswith(".py"):
            return command, []
        inner = command.get_command(click.Context(command), words[1])
        assert inner is not None, line
        return inner, words[2:]
    return command, words[1:]


@pytest.mark.parametrize("line", sorted({*lines(README), *lines(KOREAN)}))
def test_every_command_and_option_exists(line: str) -> None:
    if line.split()[1] == "COMMAND":
        return
    command, words = command_of(line)
    known = {opt for p in command.params for opt in (*p.opts, *p.secondary_opts)}
    for word in words:
        if word.startswith("-") and not isinstance(command, click.Group):
            assert word.split("=")[0] in known, f"{line}: {word}"


def test_the_korean_readme_keeps_step() -> None:
    ours = [line for line in lines(README) if "COMMAND" not in line]
    assert sorted(set(lines(KOREAN))) == sorted(set(ours))


def test_every_command_stands_in_the_readme() -> None:
    named = {line.split()[1] for line in lines(README)}
    assert {name.replace("_", "-") for name in folder.names("cli")} <= named


def test_the_tree_is_the_tree() -> None:
    block = README.read_text(encoding="utf-8").split("## How it is built")[1].split("```")[1]
    paths = set()
    for indent, folders in re.findall(r"^( *)((?:[\w-]+/ *)+)", block, re.MULTILINE):
        named = re.findall(r"[\w-]+", folders)
        paths |= {f"fertools/{name}" if indent else name for name in named}
    real = {f"fertools/{p.name}" for p in (ROOT / "fertools").iterdir()
            if p.is_dir() and p.name[0] not in "_."}  # fmt: skip
    assert paths == real | {"docs", "examples", "fertools", "manifests", "recipes", "tests"}


def test_the_extras_are_the_extras() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    table = README.read_text(encoding="utf-8").split("| extra |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == set(
        project["optional-dependencies"]
    )
