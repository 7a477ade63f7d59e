"""What a shell offers: commands, names of what ships, files."""

import os
import shutil
import subprocess
import sys

import pytest

from fertools import folder
from fertools.cli import main
from fertools.resources import names


def offered(*words: str) -> set[tuple[str, str]]:
    """(kind, value) of each completion of the last word, as Click's bash script asks for them."""
    environment = {
        **os.environ,
        "_FERTOOLS_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(("fertools", *words)),
        "COMP_CWORD": str(len(words)),
    }
    start = "import sys; sys.argv = ['fertools']; from fertools.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", start], env=environment, capture_output=True, text=True
    )
    assert not done.stderr
    pairs = (line.partition(",") for line in done.stdout.splitlines())
    return {(kind, value) for kind, _, value in pairs}


def test_commands_are_offered():
    known = {name.replace("_", "-") for name in folder.names("cli")}
    assert {value for _, value in offered("s")} == {n for n in known if n.startswith("s")}


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (("sources", "fer2"), "fer2013"),
        (("models", "mini"), "mini_xception"),
        (("recipes", "show", "dem"), "demo"),
        (("protocols", "ck48-s"), "ck48-subject10"),
        (("split", "data", "--protocol", "ck48-s"), "ck48-subject10"),
        (("train-baseline", "system_c"), "system_c"),
        (("ingest", "rafd"), "rafdb"),
    ],
)
def test_names_of_what_ships_are_offered(words, value):
    assert ("plain", value) in offered(*words)


@pytest.mark.parametrize("words", [("audit", "man"), ("stats", ""), ("sources", "./mylab")])
def test_files_are_offered_where_no_name_fits(words):
    kinds = {kind for kind, _ in offered(*words)}
    assert "file" in kinds or (words[0] == "sources" and kinds)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_names_the_command(shell, capsys):
    if shell == "bash" and shutil.which("bash") is None:
        pytest.skip("no bash: Click asks it for its version")
    with pytest.raises(SystemExit) as end:
        main(["completion", shell])
    assert not end.value.code
    assert "_FERTOOLS_COMPLETE" in capsys.readouterr().out


def test_a_list_of_recipes_as_json_is_complete(capsys):
    import json

    with pytest.raises(SystemExit):
        main(["recipes", "ls", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in found] == names("recipes", ".toml")
