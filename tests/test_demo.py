"""The demonstration runs in an empty folder, every step with the exit code it promises."""

import sys

from click.testing import CliRunner

from fertools import folder
from fertools.cli import cli
from fertools.errors import FerError


def test_the_whole_way(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["demo"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    for name in folder.names("fakes"):
        assert f"$ fertools ingest {name} " in result.output
    assert "leaks by subject, sequence" in result.output
    assert "Done in" in result.output
    assert sorted(p.name for p in (tmp_path / "fertools-demo").iterdir()) == [
        "data",
        "manifests",
        "raw",
        "report.html",
        "runs",
    ]
    leaky, honest = (
        float(text.split(" %")[0])
        for text in result.output.split("Accuracy on the test part was ")[1:]
    )
    assert leaky > honest + 20


def test_a_folder_that_holds_something_is_left_alone(tmp_path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    result = CliRunner().invoke(cli, ["demo", str(tmp_path)])
    assert isinstance(result.exception, FerError)
    assert "not empty" in str(result.exception)


def test_without_the_extras_their_steps_are_left_out(tmp_path, monkeypatch) -> None:
    for module in ("jinja2", "torch"):
        monkeypatch.setitem(sys.modules, module, None)  # as where it is not installed
    result = CliRunner().invoke(cli, ["demo", str(tmp_path / "out")], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "left out: report; to see it, too: pip install 'fertools[report]'" in result.output
    assert "left out: train-baseline, evaluate; to see it" in result.output
    assert "$ fertools report" not in result.output
    assert "nobody stands in two parts" in result.output
