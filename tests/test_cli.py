"""The command line: exit codes, one sentence for a mistake, help that ends in an example."""

import json
import re
import shlex
import subprocess
import sys
from importlib import import_module

import click
import pytest

from fertools import __version__, folder
from fertools.cli import _show, cli, main
from fertools.fakes import ck48, fer2013
from fertools.fakes._files import put

COMMANDS = [name.replace("_", "-") for name in folder.names("cli")]


def run(capsys, *arguments):
    """Exit code, output and errors of a command, as a shell would see them."""
    with pytest.raises(SystemExit) as end:
        main([str(a) for a in arguments])
    said = capsys.readouterr()
    return end.value.code, said.out, said.err


@pytest.fixture
def raw(tmp_path):
    truth = ck48.write(tmp_path / "raw", people=2)
    return truth.raws(tmp_path / "raw")[0], truth


def test_help_lists_every_command_and_what_it_does(capsys):
    code, out, _ = run(capsys, "--help")
    assert code == 0
    for name in COMMANDS:
        assert re.search(rf"^  {name} +\S", out, re.MULTILINE), name
    assert out.rstrip().endswith("fertools demo")
    assert run(capsys, "--version")[1].strip() == f"fertools, version {__version__}"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_ends_in_an_example(capsys, name):
    for flag in ("--help", "-h"):
        code, out, _ = run(capsys, name, flag)
        assert code == 0
        example = " ".join(re.search(r"Example: (.*)\Z", out.strip(), re.DOTALL)[1].split())
    words = shlex.split(example)
    assert words[:2] == ["fertools", name]
    summary = import_module(f"fertools.cli.{name.replace('-', '_')}").__doc__.splitlines()[0]
    assert summary.endswith(".") and len(summary) <= 100


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_does(name):
    command = cli.get_command(click.Context(cli), name)
    silent = [p.opts for p in command.params if isinstance(p, click.Option) and not p.help]
    assert not silent


@pytest.mark.parametrize("name", folder.names("sources"))
def test_help_of_a_source_shows_layout_traps_and_options(capsys, name):
    code, out, _ = run(capsys, "ingest", name, "--help")
    assert code == 0
    for words in ("Layout on disk", "Traps:", "--size", "--workers", f"fertools ingest {name} RAW"):
        assert words in out


def test_help_of_a_source_tells_its_own_defaults(capsys):
    def told(name):
        return " ".join(run(capsys, "ingest", name, "--help")[1].split())

    assert "default 48" in told("fer2013") and "gray; the default" in told("fer2013")
    assert "default as-is" in told("imagefolder") and "default as-is" not in told("aihub")
    assert "default 256" in told("aihub") and "colour; the default" in told("aihub")
    assert "default by what is found" in told("rafdb")


def test_a_chart_has_the_name_that_is_told_or_none(capsys, raw, tmp_path):
    run(capsys, "ingest", "ck48", raw[0], "-o", tmp_path / "data")
    code, _, err = run(capsys, "stats", tmp_path / "data", "--plot", tmp_path / "balance")
    assert code == 1 and "charts are PNG files" in err and not list(tmp_path.glob("balance*"))


def test_progress_is_lines_where_nobody_watches_and_a_bar_where_somebody_does(capsys, monkeypatch):
    monkeypatch.setattr(_show.Progress, "EVERY", 0.0)
    state = {"units": 1, "of": 4, "rows": 2000, "ok": 1990}
    with _show.Progress(quiet=False) as progress:
        progress("anger-000", state)
    assert re.search(
        r"^1/4 units, 2,000 images, [\d,]+ images/s, about \d", capsys.readouterr().err
    )
    with _show.Progress(quiet=True) as progress:
        progress("anger-000", state)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    with _show.Progress(quiet=False) as progress:
        progress("anger-000", state)
        progress._bar.refresh()
        shown = progress._bar.get_renderable()
        assert shown is not None and progress._bar.tasks[0].completed == 1
        assert "images/s" in progress._bar.tasks[0].fields["rate"]


def test_an_ingest_prints_its_sum(capsys, raw, tmp_path):
    path, truth = raw
    code, out, err = run(capsys, "ingest", "ck48", path, "-o", tmp_path / "out")
    assert code == 0
    faults = truth.rows - truth.ok
    head = f"images in {truth.rows} = ok {truth.ok} + {faults} with a reason"
    assert out.startswith(head) and "truncated 1" in out
    code, out, err = run(capsys, "ingest", "ck48", path, "-o", tmp_path / "out", "--quiet")
    assert (code, out, err) == (0, "", "")
    code, out, _ = run(capsys, "ingest", "ck48", path, "-o", tmp_path / "out", "--json")
    found = json.loads(out)
    assert (code, found["rows"], found["statuses"]) == (0, truth.rows, dict(truth.statuses))


def test_options_reach_the_faces(capsys, raw, tmp_path):
    path, _ = raw
    run(
        capsys,
        "ingest",
        "ck48",
        path,
        "-o",
        tmp_path / "a",
        "--size",
        "32",
        "--rgb",
        "--limit",
        "5",
    )
    card = json.loads((tmp_path / "a/card.json").read_text())
    assert (card["face"]["size"], card["face"]["channels"], card["limit"]) == (32, 3, 5)
    run(capsys, "ingest", "ck48", path, "-o", tmp_path / "b", "--gray", "--interpolation", "cubic")
    card = json.loads((tmp_path / "b/card.json").read_text())
    assert (card["face"]["channels"], card["face"]["interpolation"]) == (1, "cubic")
    assert card["made"]["command"].startswith("fertools ")


def test_a_table_takes_its_own_options(capsys, tmp_path):
    fake = folder.load("fakes", "table")
    truth = fake.write(tmp_path / "raw", people=2)
    options = [f"--{k}={v}" for k, v in truth.source_options(tmp_path / "raw").items()]
    arguments = ["ingest", "table", *truth.raws(tmp_path / "raw"), "-o", tmp_path / "o", *options]
    code, out, _ = run(capsys, *arguments)
    assert code == 0 and f"ok {truth.ok}" in out


MISTAKES = [
    (["ingest", "ck48", "gone", "-o", "out"], 1, "gone: there is no such file or folder"),
    (["ingest", "ck49", "raw", "-o", "out"], 1, "source 'ck49': known are"),
    (["ingest", "./gone.py", "raw", "-o", "out"], 1, "there is no such file"),
    (["ingest", "fer2013", "raw", "-o", "out"], 1, "it looks like"),
    (["ingest", "ck48", "raw", "-o", "raw"], 1, "is there and is no data set of fertools"),
    (["ingest", "ck48", "raw", "-o", "out", "--workers", "0"], 1, "workers 0: at least 1"),
    (["ingest", "ck48", "raw", "-o", "out", "--plan", "--workers", "0"], 1, "workers 0: at least"),
    (["ingest", "ck48", "raw", "-o", "out", "--size", "3"], 1, "size 3"),
    (["ingest", "ck48", "raw", "-o", "out", "--aspect", "round"], 1, "aspect 'round': known are"),
    (["ingest", "ck48", "raw", "-o", "out", "--add"], 1, "there is no data set to add to"),
    (["ingest", "ck48", "raw", "-o", "out", "--on-error", "stop"], 1, "anger/S010_009_00000014"),
    (["verify", "raw"], 1, "is no data set of fertools"),
    (["ingest", "ck48", "raw"], 2, "Missing option '-o'"),
    (["ingest", "ck48", "-o", "out"], 2, "Missing argument"),
    (["ingest", "ck48", "raw", "-o", "out", "--limit", "0"], 2, "--limit"),
    (["ingest", "ck48", "raw", "-o", "out", "--size", "big"], 2, "--size"),
    (["ingest", "ck48", "raw", "-o", "out", "--on-error", "maybe"], 2, "--on-error"),
    (["ingest", "ck48", "raw", "-o", "out", "--nonsense"], 2, "No such option"),
    (["nonsense"], 2, "No such command"),
    (["verify"], 2, "Missing argument"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), MISTAKES, ids=lambda v: str(v)[:60])
def test_a_mistake_is_one_sentence_and_an_exit_code(
    capsys, raw, tmp_path, monkeypatch, arguments, code, words
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "raw" / "CK+48").rename(tmp_path / "ck")
    (tmp_path / "raw").rmdir()
    (tmp_path / "ck").rename(tmp_path / "raw")
    got, out, err = run(capsys, *arguments)
    assert got == code and words in err and "Traceback" not in err
    if code == 1:
        assert err.startswith("fertools: ") and err.count("\n") == 1
    assert not out


def test_a_data_set_without_a_face_is_exit_code_1(capsys, tmp_path):
    put(tmp_path, "raw/happy/1.png", b"")
    code, out, err = run(capsys, "ingest", "imagefolder", tmp_path / "raw", "-o", tmp_path / "out")
    assert code == 1 and "empty 1" in out and "no image gave a face; " in err
    assert ": the file has no bytes; the column `detail` of its manifest tells why" in err


def test_verify_tells_faults_and_cures(capsys, raw, tmp_path):
    run(capsys, "ingest", "ck48", raw[0], "-o", tmp_path / "out")
    assert run(capsys, "verify", tmp_path / "out")[0] == 0
    assert json.loads(run(capsys, "verify", tmp_path / "out", "--json")[1]) == {"faults": []}
    sorted((tmp_path / "out").glob("faces-*"))[0].unlink()
    code, out, err = run(capsys, "verify", tmp_path / "out")
    assert code == 1 and "the shard is missing; run the same ingest again" in out
    assert "a fault; what to do stands above" in err
    code, out, _ = run(capsys, "verify", tmp_path / "out", "--json")
    assert code == 1 and json.loads(out)["faults"][0]["cure"] == "run the same ingest again"


def test_a_bug_of_ours_keeps_its_traceback(monkeypatch, raw, tmp_path):
    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr("fertools.ingest.ingest", broken)
    with pytest.raises(ZeroDivisionError):
        main(["ingest", "ck48", str(raw[0]), "-o", str(tmp_path / "out")])


def test_without_the_extra_a_command_names_it(capsys, monkeypatch):
    monkeypatch.setattr(cli, "main", lambda *a, **k: import_module("torch"))
    monkeypatch.setitem(sys.modules, "torch", None)
    code, _, err = run(capsys, "train-baseline", "demo")
    assert code == 1 and err == "fertools: this needs torch: pip install 'fertools[train]'\n"
    monkeypatch.setattr(cli, "main", lambda *a, **k: import_module("no_such_module"))
    with pytest.raises(ModuleNotFoundError):
        main(["train-baseline", "demo"])


def test_what_the_system_refuses_is_one_sentence(tmp_path):
    code = (
        "import tempfile\ntempfile._candidate_tempdir_list = lambda: []\n"
        "from fertools import cli\n"
        "def refused(*_, **__): tempfile.TemporaryFile()\n"
        "cli.cli.main = refused\ncli.main(['stats'])"
    )
    told = [
        subprocess.run([sys.executable, *more, "-c", code], capture_output=True, text=True)
        for more in ((), ("-X", "dev"))
    ]
    assert told[0].returncode == 1 and told[0].stderr.count("\n") == 1
    assert told[0].stderr.startswith("fertools: No usable temporary directory found in []; `python")
    assert "Traceback" in told[1].stderr


def test_the_data_set_class_names_its_extra():
    code = "import sys; sys.modules['torch'] = None; from fertools import FaceDataset"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "FaceDataset needs PyTorch: pip install 'fertools[train]'" in done.stderr


def test_an_interrupted_run_says_how_to_go_on(capsys, monkeypatch, raw, tmp_path):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("fertools.ingest.ingest", interrupted)
    code, _, err = run(capsys, "ingest", "ck48", raw[0], "-o", tmp_path / "out")
    assert code == 130 and "run the same command again to go on" in err
    code, _, err = run(capsys, "ingest", "ck48", raw[0], "-o", tmp_path / "out", "--force")
    assert code == 130 and "run the same command again without --force to go on" in err
    monkeypatch.setattr("fertools.recipe.load", interrupted)
    code, _, err = run(capsys, "train-baseline", "demo")
    assert code == 130 and "run the same command again with --resume to go on" in err


def test_as_a_program(tmp_path):
    """The module is the same program; a closed pipe is no error to talk about."""
    truth = fer2013.write(tmp_path, people=2)
    line = (
        f"{sys.executable} -m fertools ingest fer2013 {truth.raws(tmp_path)[0]} -o {tmp_path}/out"
    )
    done = subprocess.run(line, shell=True, capture_output=True, text=True)
    assert done.returncode == 0 and f"ok {truth.ok}" in done.stdout
    assert "1/1 units" not in done.stderr  # a short run shows no progress where nobody watches
    piped = subprocess.run(
        f"{sys.executable} -m fertools sources --json | head -c 1", shell=True, capture_output=True
    )
    assert b"Traceback" not in piped.stderr and piped.stdout == b"["


def test_a_terminal_obeys_no_name_of_a_stranger(tmp_path, capsys):
    code, _, err = run(capsys, "stats", tmp_path / "a\x1b]0;mine\x07\r")
    assert code == 1 and "\x1b" not in err and r"a\x1b]0;mine\x07\x0d" in err
    _show.table("\x1b[2J", ["\x9b31m"], [["\x1b[31m"]])
    out = capsys.readouterr().out
    assert "\x1b" not in out and "\x9b" not in out and r"\x1b[31m" in out
