"""What callers in Python may give: one path for a list, and a sentence for what is no argument."""

import subprocess
import sys
from pathlib import Path

import pytest

from fertools import folder, read_manifest
from fertools.audit import audit
from fertools.curate import curate
from fertools.errors import FerError
from fertools.evaluate import evaluate
from fertools.given import several, whole
from fertools.ingest import ingest
from fertools.split import SplitOptions, split
from fertools.split.grouping import Grouping
from fertools.stats import stats


@pytest.fixture
def raw(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder.load("fakes", "ck48").write(tmp_path / "raw")
    return tmp_path / "raw" / "CK+48"


def test_one_thing_stands_for_a_list_of_one() -> None:
    assert several("ck48") == ["ck48"]
    assert several(Path("a")) == [Path("a")]
    assert several(name for name in ("a", "b")) == ["a", "b"]


@pytest.mark.parametrize("value", ["2", 2.0, True, None, -1])
def test_a_whole_number_is_asked_for(value) -> None:
    with pytest.raises(FerError, match=r"workers .*: at least 0, a whole number"):
        whole("workers", value, 0)


def test_stages_take_one_path_or_word_and_print_nothing(raw, capsys) -> None:
    ingest("ck48", raw, "data")
    assert set(curate("data", "quality").checks) == {"quality"}
    split(Path("data"), "m.parquet", SplitOptions(ratios=(6, 2, 2)))
    assert [v.relation for v in audit("m.parquet", "subject").verdicts] == ["subject"]
    assert capsys.readouterr().out == ""


def test_mistakes_of_a_caller_are_sentences(raw) -> None:
    ingest("ck48", raw, "data")
    manifest = read_manifest("data")
    ways = SplitOptions(ratios=(6, 2, 2))
    for said, call in {
        "Manifest .*: is no path": lambda: split(manifest, "m.parquet", ways),
        "NoneType None: is no path": lambda: read_manifest(None),
        "there is no data to split": lambda: split([], "m.parquet", ways),
        "options: takes .*SplitOptions": lambda: split("data", "m.parquet", {"folds": 5}),
        "options: takes .*Options": lambda: evaluate("run", {"split": "test"}),
        "there is no RAW to read": lambda: ingest("ck48", [], "data"),
        "on_error 'ignore': known are keep, stop": lambda: ingest(
            "ck48", raw, "b", on_error="ignore"
        ),
        "limit -1: at least 1": lambda: ingest("ck48", raw, "b", limit=-1),
        "face option 'sze': known are": lambda: ingest("ck48", raw, "b", face={"sze": 48}),
        "size '48': at least": lambda: ingest("ck48", raw, "b", face={"size": "48"}),
        "max_leakage '0.1': give a number": lambda: audit("data", max_leakage="0.1"),
        "permutations -1: at least 0": lambda: stats("data", permutations=-1),
    }.items():
        with pytest.raises(FerError, match=said):
            call()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"folds": "5"}, "folds '5': at least 0, a whole number"),
        ({"ratios": ("8", "1", "1")}, "share of a part '8': give a number"),
        ({"ratios": "8:1:1"}, "ratios '8:1:1': give numbers"),
        ({"folds": 5, "grouping": "subject"}, "grouping: takes .*Grouping"),
        ({"folds": 5, "stratify_on": "label"}, "stratify_on 'label': give a tuple"),
        ({"folds": 5, "grouping": Grouping("person")}, "group 'person': known are"),
    ],
)
def test_options_of_another_type_are_refused(options, said) -> None:
    with pytest.raises(FerError, match=said):
        SplitOptions(**options).check()


def test_workers_do_not_run_a_script_without_a_guard(raw) -> None:
    script = Path("script.py")
    script.write_text(
        "from fertools.ingest import ingest\n"
        "print('begun')\n"
        f"print(ingest('ck48', {str(raw)!r}, 'data', workers=2).ok > 0)\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.splitlines() == ["begun", "True"], done.stderr
