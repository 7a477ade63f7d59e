"""What became of rows between two versions of a manifest."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fertools.cli import main
from fertools.columns import put
from fertools.diff import Change, diff
from fertools.errors import FerError
from fertools.manifest import conform, write_manifest


def write(file: Path, ids: list[str], **columns: list) -> Path:
    base = {name: ["x"] * len(ids) for name in ("source", "path")}
    table = pa.table({"id": pa.array(ids, pa.string()), **base, "status": ["ok"] * len(ids)})
    for name, values in columns.items():
        table = put(table, name, pa.array(values))
    write_manifest(file, conform(table), {})
    return file


def test_each_kind_of_change(tmp_path) -> None:
    first = write(
        tmp_path / "a.parquet", ["1", "2", "3", "4"],
        label=["fear", "fear", None, "anger"], split=["train", "train", "val", None],
    )  # fmt: skip
    second = write(
        tmp_path / "b.parquet", ["5", "4", "3", "2"],
        label=["fear", "anger", "anger", "fear"], split=["test", "test", "val", "train"],
    )  # fmt: skip
    found = diff(first, second)
    assert (found.added, found.gone, found.same) == (["5"], ["1"], 1)
    assert found.relabelled == [Change("3", "", "anger")]
    assert found.moved == [Change("4", "", "test")]
    back = diff(second, first)
    assert (back.added, back.gone, back.same) == (["1"], ["5"], 1)


def test_an_id_that_stands_twice_is_refused(tmp_path) -> None:
    once = write(tmp_path / "a.parquet", ["1", "2"], label=["fear", "fear"])
    twice = write(tmp_path / "b.parquet", ["1", "1"], label=["fear", "fear"])
    with pytest.raises(FerError, match=r"b\.parquet: two rows have the id '1'"):
        diff(once, twice)


def test_rows_that_were_dropped_or_show_another_face_are_told(tmp_path) -> None:
    words = {"label": ["fear"] * 3}
    first = write(tmp_path / "a.parquet", ["1", "2", "3"], **words)
    hashes = {"face_hash": ["a", None, None], "drop": [None, "twin", "blank"]}
    second = write(tmp_path / "b.parquet", ["1", "2", "3"], **words, **hashes)
    end = "which is no change above"
    notes = [f"1 rows in both differ in face_hash, {end}", f"2 rows in both differ in drop, {end}"]
    assert diff(first, second).notes == diff(second, first).notes == notes
    assert diff(second, second).notes == [] and diff(first, second).same == 3


def test_folds_and_words_of_the_data_set_are_compared_where_there_is_nothing_else(tmp_path) -> None:
    first = write(tmp_path / "a.parquet", ["1", "2"], native_label=["fear", "fear"], fold=[0, 1])
    second = write(tmp_path / "b.parquet", ["1", "2"], native_label=["fear", "anger"], fold=[1, 1])
    found = diff(first, second)
    assert found.columns == {"label": "native_label", "part": "fold"}
    assert found.moved == [Change("1", "0", "1")]
    assert found.relabelled == [Change("2", "fear", "anger")]
    dealt = write(tmp_path / "c.parquet", ["1", "2"], split=["train", "test"])
    assert diff(first, dealt).notes == ["parts cannot be compared: one has none like it"]


def test_a_label_that_one_of_them_has_is_no_change(tmp_path) -> None:
    """Rows that are gone come in the order of their ids; one that changed twice is one row."""
    ids = ["9", "2", "1", "3"]
    first = write(
        tmp_path / "a.parquet", ids, native_label=["fear"] * 4, split=["train"] * 4,
        subject=["x:a"] * 4, status=["ok", "ok", "ok", "no_face"],
    )  # fmt: skip
    second = write(
        tmp_path / "b.parquet", ["3", "2"], native_label=["fear"] * 2, label=["anger"] * 2,
        split=["train"] * 2, subject=["x:a", "x:b"],
    )  # fmt: skip
    found = diff(first, second)
    assert (found.gone, found.same) == (["1", "9"], 2)
    assert found.columns["label"] == "native_label" and found.relabelled == []
    assert [note.split(", ")[0] for note in found.notes] == [
        "1 rows in both differ in status", "1 rows in both differ in subject",
    ]  # fmt: skip
    third = write(
        tmp_path / "c.parquet", ["3", "2"], native_label=["fear", "anger"], split=["train", "test"]
    )
    twice = diff(first, third)
    assert (len(twice.relabelled), len(twice.moved), twice.same) == (1, 1, 1)


@settings(deadline=None)
@given(st.lists(st.integers(0, 20), unique=True), st.lists(st.integers(0, 20), unique=True))
def test_every_row_is_counted_once(tmp_path_factory, a: list[int], b: list[int]) -> None:
    folder = tmp_path_factory.mktemp("any")
    files = [write(folder / f"{n}.parquet", list(map(str, ids))) for n, ids in enumerate((a, b))]
    found = diff(*files)
    assert set(found.added) == {str(i) for i in set(b) - set(a)}
    assert len(found.gone) + found.same == len(a)
    assert len(found.added) + found.same == len(b)


def test_two_data_sets_have_no_row_in_common(tmp_path) -> None:
    files = [write(tmp_path / f"{n}.parquet", [n]) for n in "ab"]
    assert diff(*files).notes == ["no id is in both: are these versions of one data set?"]
    with pytest.raises(FerError, match="no manifest"):
        diff(files[0], tmp_path / "c.parquet")


def test_the_command_prints_and_gives_json(tmp_path, capsys) -> None:
    first = write(tmp_path / "a.parquet", ["1", "2"], split=["train", "test"])
    second = write(tmp_path / "b.parquet", ["2", "3"], split=["train", "test"])
    with pytest.raises(SystemExit) as stop:
        main(["diff", str(first), str(second)])
    assert stop.value.code == 0
    shown = capsys.readouterr().out
    assert "added: 1 (3)" in shown
    assert "moved: 1, by split" in shown
    with pytest.raises(SystemExit):
        main(["diff", str(first), str(second), "--json"])
    assert json.loads(capsys.readouterr().out)["moved"] == [
        {"id": "2", "before": "test", "after": "train"}
    ]
