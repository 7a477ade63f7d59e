"""Statistics of drawn data: the sums agree with a plain count, drop-outs are told by class."""

import json

import numpy as np
import pyarrow as pa
import pytest

from fertools.cli import _show, main
from fertools.errors import FerError
from fertools.fakes import ck48
from fertools.ingest import ingest
from fertools.manifest import Manifest, conform, write_manifest
from fertools.stats import as_table, parts_of, stats
from fertools.stats.raters import raters


def manifest(**columns: list) -> Manifest:
    n = len(next(iter(columns.values())))
    base = {
        "id": [f"x/{i}" for i in range(n)],
        "source": ["x"] * n,
        "path": [f"{i}.png" for i in range(n)],
        "status": ["ok"] * n,
    }
    return Manifest(conform(pa.table({**base, **columns})))


def test_counts_agree_with_a_plain_count(tmp_path) -> None:
    raws = ck48.write(tmp_path / "raw").raws(tmp_path / "raw")
    result = stats(ingest("ck48", raws, tmp_path / "data").out)
    assert result.faces == sum(result.balance.counts[0])
    assert sum(result.statuses.values()) == result.rows
    lost = {d.value: d.reasons for d in result.dropouts if d.column == "native_label"}
    assert lost["anger"] == {"truncated": 1}
    assert lost["(unknown)"] == {"unknown_name": 1}


def test_parts_come_in_the_usual_order() -> None:
    found = manifest(split=["test", None, "val", "train", "test"])
    by, part, parts = parts_of(found.table)
    assert (by, parts) == ("split", ["train", "val", "test"])
    assert part.tolist() == [2, -1, 1, 0, 2]
    _, _, folds = parts_of(manifest(fold=[10, 2, 1]).table)
    assert folds == ["fold 1", "fold 2", "fold 10"]


def test_shares_and_imbalance() -> None:
    words = ["anger"] * 3 + ["fear"] + ["anger", "fear"]
    result = stats(manifest(label=words, split=["train"] * 4 + ["test"] * 2))
    head, rows = as_table(result.balance)
    assert head == ["label", "rows", "train", "test"]
    assert rows == [
        ["anger", 4, "3 (75.0 %)", "1 (50.0 %)"],
        ["fear", 2, "1 (25.0 %)", "1 (50.0 %)"],
    ]
    assert result.balance.imbalance == 2
    assert result.balance.effective_classes[1] == pytest.approx(2)


def test_folds_that_are_too_many_for_columns_are_rows() -> None:
    words = ["anger", "fear", "fear"] * 13
    result = stats(manifest(label=words, fold=[i // 3 for i in range(39)]))
    head, rows = as_table(result.balance)
    assert head == ["", "anger", "fear", "rows"]
    assert rows[:2] == [["fold 0", 1, 2, 3], ["fold 1", 1, 2, 3]]
    assert len(rows) == 14 and rows[-1] == ["all", 13, 26, 39]


def test_a_column_that_leans_on_the_split_is_found_over_groups() -> None:
    parts = ["train"] * 60 + ["test"] * 60
    gender = ["male"] * 60 + ["female"] * 60
    people = [f"p{i // 2}" for i in range(120)]
    result = stats(manifest(split=parts, gender=gender, label=["fear"] * 120, group=people))
    (lean,) = (x for x in result.leans if x.column == "gender")
    assert lean.v == pytest.approx(1)
    assert lean.p <= 0.01
    assert lean.groups == 60


def test_rows_without_a_group_are_alone_and_a_group_is_what_was_dealt() -> None:
    """Six people were dealt as a, b and two alone."""
    found = manifest(
        split=["train", "test", "train", "test", "train", "test"],
        gender=["male", "female", "male", "female", "female", "male"],
        label=["fear"] * 6,
        group=["a", "a", None, None, "b", "b"],
        subject=[f"p{i}" for i in range(6)],
    )
    (lean,) = (x for x in stats(found).leans if x.column == "gender")
    assert (lean.rows, lean.groups) == (6, 4)


def test_the_label_that_was_dealt_leans_and_not_the_one_before_it() -> None:
    words = {"label": ["fear", "anger"] * 4, "native_label": ["fear", "fear", "anger", "anger"] * 2}
    found = stats(manifest(split=["train"] * 4 + ["test"] * 4, **words))
    assert [lean.column for lean in found.leans] == ["label"]
    found = stats(manifest(split=["train"] * 4 + ["test"] * 4, native_label=words["native_label"]))
    assert [lean.column for lean in found.leans] == ["native_label"]


def test_rows_without_a_face_or_a_part_are_counted_where_they_belong() -> None:
    """Of six: two counted, one in a part without a word, one face in no part (it has no word
    either), two without a face."""
    result = stats(
        manifest(
            label=["fear", "anger", None, None, "fear", None],
            split=["train", "test", "train", None, None, "test"],
            status=["ok", "ok", "ok", "ok", "no_face", "too_small"],
        )
    )
    found = result.balance
    assert found.counts == [[0, 1], [1, 0]] and (found.unknown, found.unused) == (1, 1)
    assert found.effective_classes == pytest.approx([1, 1])
    assert (result.rows, result.faces) == (6, 4)


def test_a_person_with_many_rows_is_one_observation() -> None:
    """Two people with 50 rows each prove nothing, however different their rows are."""
    parts = ["train"] * 50 + ["test"] * 50
    gender = ["male"] * 50 + ["female"] * 50
    people = ["p1"] * 50 + ["p2"] * 50
    result = stats(manifest(split=parts, gender=gender, label=["fear"] * 100, group=people))
    (lean,) = (x for x in result.leans if x.column == "gender")
    assert lean.p == 1


def test_the_loss_of_one_class_is_seen() -> None:
    rng = np.random.default_rng(0)
    words = rng.choice(["anger", "fear"], 400)
    lost = (words == "fear") & (rng.random(400) < 0.3)
    status = np.where(lost, "no_face", "ok").tolist()
    result = stats(manifest(native_label=words.tolist(), status=status))
    (lean,) = (x for x in result.dropout_leans if x.column == "native_label")
    assert lean.p <= 0.01
    (fear,) = (d for d in result.dropouts if (d.column, d.value) == ("native_label", "fear"))
    assert fear.without == int(lost.sum())
    assert fear.reasons == {"no_face": int(lost.sum())}


def test_drop_outs_are_told_by_published_part_and_by_no_column_of_one_value() -> None:
    parts = ["train", "train", "test", "test"]
    status = ["ok", "too_dark", "ok", "ok"]
    found = stats(manifest(gender=["male"] * 4, official_split=parts, status=status)).dropouts
    assert [(d.column, d.value, d.rows, d.without, d.reasons) for d in found] == [
        ("official_split", "test", 2, 0, {}),
        ("official_split", "train", 2, 1, {"too_dark": 1}),
    ]


def test_dropped_rows_are_not_counted_as_faces_of_a_part() -> None:
    found = manifest(label=["fear", "fear"], drop=[None, "blank"])
    assert stats(found).balance.counts == [[1]]
    assert stats(found).balance.unused == 1


def test_a_face_that_is_in_no_part_is_told() -> None:
    found = stats(manifest(label=["fear", "anger", "fear"], split=["train", None, "test"])).balance
    assert found.counts == [[0, 1], [0, 1]] and found.unused == 1
    assert np.isinf(found.imbalance)  # no part has anger


def test_json_has_no_number_that_it_does_not_know(capsys) -> None:
    _show.as_json({"ratio": np.inf, "of": [1.5, float("nan")], "n": 3})
    assert json.loads(capsys.readouterr().out) == {"ratio": None, "of": [1.5, None], "n": 3}


def test_a_row_that_stands_twice_is_not_counted_twice() -> None:
    with pytest.raises(FerError, match="two rows have the id 'x/0'"):
        stats(manifest(id=["x/0", "x/0"], label=["fear", "fear"]))


def test_a_column_of_lists_is_refused() -> None:
    with pytest.raises(FerError, match=r"column 'landmarks': holds .*no single value"):
        stats(manifest(label=["fear"], landmarks=[[1.0, 2.0]]), column="landmarks")


def test_a_column_of_many_values_is_refused() -> None:
    with pytest.raises(FerError, match="too many"):
        stats(manifest(label=[str(i) for i in range(100)]))
    with pytest.raises(FerError, match="known are"):
        stats(manifest(label=["fear"]), column="mood")
    assert len(stats(manifest(label=[f"{i}" for i in range(60)])).balance.values) == 60
    with pytest.raises(FerError, match="61 values are too many"):
        stats(manifest(label=[f"{i}" for i in range(61)]))


def test_the_chart_is_a_picture_and_the_same_each_time(tmp_path) -> None:
    from fertools.charts import bars

    for name in ("a.png", "b.png"):
        bars(tmp_path / name, "label", ["anger", "fear"], ["train", "test"], [[3, 1], [1, 1]])
    data = (tmp_path / "a.png").read_bytes()
    assert data.startswith(b"\x89PNG")
    assert data == (tmp_path / "b.png").read_bytes()
    with pytest.raises(FerError, match="cannot be written"):
        bars(tmp_path / "no" / "a.png", "label", ["a"], ["all"], [[1]])


def test_a_chart_of_many_folds_has_one_bar_for_all(tmp_path, monkeypatch) -> None:
    from fertools import charts

    drawn = []
    monkeypatch.setattr(charts, "_save", lambda figure, _: drawn.append(figure.axes[0]))
    folds = [[3, 1]] * 12 + [[1, 3]]
    charts.bars(
        tmp_path / "a.png", "label", ["anger", "fear"], [f"fold {i}" for i in range(13)], folds
    )
    (axes,) = drawn
    assert [bar.get_height() for bar in axes.patches] == pytest.approx(
        [100 * 37 / 52, 100 * 15 / 52]
    )
    ends = axes.collections[0].get_segments()
    assert [e[:, 1].tolist() for e in ends] == [pytest.approx([25, 75])] * 2


def test_a_class_is_no_formula_of_a_chart(tmp_path) -> None:
    from fertools.charts import bars, confusion

    words = ["$\\frac{$", "a$b"]
    bars(tmp_path / "a.png", words[0], words, words[:1], [[1, 2]])
    confusion(tmp_path / "b.png", words[0], words, [[1, 2], [3, 4]])
    assert (tmp_path / "a.png").is_file() and (tmp_path / "b.png").is_file()


def test_a_chart_that_cannot_be_written_leaves_the_one_before(tmp_path) -> None:
    from fertools.charts import bars

    file = tmp_path / "a.png"
    bars(file, "t", ["a"], ["train"], [[1]])
    before = file.read_bytes()
    (tmp_path / ".a.png.partial").mkdir()
    with pytest.raises(FerError, match=r"a\.png: cannot be written"):
        bars(file, "t", ["a"], ["train"], [[2]])
    assert file.read_bytes() == before


def test_a_small_p_is_not_told_as_zero(tmp_path, capsys) -> None:
    words = ["anger"] * 30 + ["fear"] * 30
    found = manifest(label=words, split=["train"] * 30 + ["test"] * 30)
    write_manifest(tmp_path / "m.parquet", found.table, {})
    with pytest.raises(SystemExit):
        main(["stats", str(tmp_path / "m.parquet"), "--permutations", "2999"])
    assert "<0.001" in capsys.readouterr().out


def test_one_opinion_is_no_majority() -> None:
    said = {"rater_a_label": ["anger", "anger"], "rater_b_label": ["fear", None]}
    found = raters(manifest(native_label=["anger"] * 2, **said, rater_c_label=["fear", None]))
    assert (found.rows, found.alone) == (2, 1)
    (word,) = found.words
    assert (word.word, word.rows, word.same, word.other) == ("anger", 1, 0, {"fear": 1})


def test_what_raters_said_is_what_it_is_by_hand() -> None:
    """All three, two of three, one each; the fourth row has one opinion and the fifth none."""
    found = raters(
        manifest(
            native_label=["anger", "anger", "anger", "fear", "fear"],
            rater_a_label=["anger", "fear", "fear", "fear", None],
            rater_b_label=["anger", "fear", "anger", None, None],
            rater_c_label=["anger", "anger", None, None, None],
        )
    )
    assert (found.kind, found.rows, found.alone) == ("raters", 4, 1)
    assert (found.unanimous, found.no_majority) == pytest.approx((1 / 3, 1 / 3))
    assert found.pairwise == pytest.approx((1 + 1 / 3 + 0) / 3)
    anger, fear = found.words
    assert (anger.rows, anger.same, anger.none, anger.other) == (3, 1, 1, {"fear": 1})
    assert (fear.rows, fear.same, fear.none, fear.other) == (0, 0, 0, {})


def test_votes_count_before_raters() -> None:
    votes = [{"fear": 3.0, "anger": 1.0}, {"fear": 2.0}]
    words = {"native_label": ["fear"] * 2, "rater_a_label": ["anger"] * 2}
    found = raters(manifest(votes=votes, **words, rater_b_label=["anger"] * 2))
    assert (found.kind, found.unanimous, found.words[0].same) == ("votes", 0.5, 2)


def test_a_kappa_of_one_word_is_told_as_undefined(tmp_path, capsys) -> None:
    said = {"rater_a_label": ["anger"] * 2, "rater_b_label": ["anger"] * 2}
    found = manifest(native_label=["anger"] * 2, **said)
    write_manifest(tmp_path / "m.parquet", found.table, {})
    with pytest.raises(SystemExit):
        main(["stats", str(tmp_path / "m.parquet"), "--column", "raters"])
    assert "Fleiss' kappa undefined, pairwise agreement 100.0 %" in capsys.readouterr().out


def test_empty_manifest_has_no_statistics_but_no_error() -> None:
    empty = {k: pa.array([], pa.string()) for k in ("id", "source", "path", "status")}
    result = stats(Manifest(conform(pa.table(empty))))
    assert (result.rows, result.faces) == (0, 0)
