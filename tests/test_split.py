"""Splits of drawn and of real data: whole groups, balanced classes, the same bytes."""

import dataclasses
import itertools
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import csv

from fertools.cli import main
from fertools.errors import FerError
from fertools.fakes import ck48, fer2013
from fertools.ingest import ingest
from fertools.manifest import conform, read_manifest, write_manifest
from fertools.relations import recording_names
from fertools.split import SplitOptions, split
from fertools.split.grouping import Grouping
from tests.conftest import REAL, needs_real

RATIOS = (8.0, 1.0, 1.0)


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    raws = ck48.write(folder / "raw", people=20).raws(folder / "raw")
    return ingest("ck48", raws, folder / "data").out


def rows_of(path: Path) -> pa.Table:
    return read_manifest(path).table


def parts_per_group(table: pa.Table) -> pa.Table:
    dealt = table.filter(pc.is_valid(table["split"]))
    return dealt.group_by("group").aggregate([("split", "count_distinct")])["split_count_distinct"]


def write(folder: Path, **columns: list) -> Path:
    """A manifest of rows that have a face somewhere."""
    n = len(next(iter(columns.values())))
    base = {
        "id": [f"x/{i:04d}" for i in range(n)],
        "source": ["x"] * n,
        "path": [f"{i}.png" for i in range(n)],
        "status": ["ok"] * n,
    }
    path = folder / "manifest.parquet"
    write_manifest(path, conform(pa.table({**base, **columns})), {})
    return path


def test_nobody_stands_in_two_parts_and_every_row_is_kept(study, tmp_path) -> None:
    result = split([study], tmp_path / "m.parquet", SplitOptions(ratios=RATIOS))
    table = rows_of(result.out)
    assert pc.max(parts_per_group(table)).as_py() == 1
    assert table.num_rows == len(read_manifest(study))
    assert result.dealt == table.num_rows - sum(result.left_out.values())
    assert set(result.left_out) == set(pc.unique(table["status"]).to_pylist()) - {"ok"}
    assert pc.unique(table["group_kind"].filter(pc.equal(table["status"], "ok"))).to_pylist() == [
        "subject"
    ]


def test_a_target_missed_by_next_to_nothing_has_no_sign(tmp_path, capsys) -> None:
    write(tmp_path, native_label=["fear"] * 2001, subject=[f"x:{i}" for i in range(2001)])
    with pytest.raises(SystemExit):
        main(["split", str(tmp_path), "--ratios", "1:1", "-o", str(tmp_path / "m.parquet")])
    told = capsys.readouterr().out
    assert "1,001 (+0.0)" in told and "1,000 (+0.0)" in told


def test_the_same_input_and_seed_give_the_same_bytes(study, tmp_path) -> None:
    files = []
    for number, seed in enumerate((3, 3, 4)):
        out = tmp_path / f"{number}" / "m.parquet"
        files.append(split([study], out, SplitOptions(ratios=RATIOS, seed=seed)).out)
    first, second, other = (file.read_bytes() for file in files)
    assert first == second
    assert first != other


def test_every_face_is_tested_once_in_folds(study, tmp_path) -> None:
    table = rows_of(split([study], tmp_path / "m.parquet", SplitOptions(folds=5)).out)
    ok = table.filter(pc.equal(table["status"], "ok"))
    assert ok["fold"].null_count == 0
    assert set(pc.unique(ok["fold"]).to_pylist()) == {0, 1, 2, 3, 4}
    per_person = ok.group_by("subject").aggregate([("fold", "count_distinct")])
    assert pc.max(per_person["fold_count_distinct"]).as_py() == 1


def test_a_group_that_nobody_recorded_is_refused(tmp_path) -> None:
    raws = fer2013.write(tmp_path / "raw").raws(tmp_path / "raw")
    data = ingest("fer2013", raws, tmp_path / "data").out
    with pytest.raises(FerError, match="no subject; say --or-else"):
        split([data], tmp_path / "m.parquet", SplitOptions(ratios=RATIOS))
    alone = Grouping(or_else="self")
    split([data], tmp_path / "m.parquet", SplitOptions(ratios=RATIOS, grouping=alone))
    with pytest.raises(FerError, match="run `fertools curate`"):
        twins = Grouping(or_else="twin")
        split([data], tmp_path / "t.parquet", SplitOptions(ratios=RATIOS, grouping=twins))


def test_a_row_without_a_face_needs_no_person(tmp_path) -> None:
    status, people = ["ok"] * 6 + ["no_face"], [f"p:{i}" for i in range(6)] + [None]
    path = write(tmp_path, native_label=["fear"] * 7, status=status, subject=people)
    done = split([path], tmp_path / "m.parquet", SplitOptions(ratios=RATIOS))
    assert (done.dealt, done.groups, done.left_out) == (6, 6, {"no_face": 1})


def test_equal_images_stay_together(tmp_path) -> None:
    hashes = ["a", "a", "b", "c", "c", "c"] * 10
    hashes = [f"{h}{i // 6}" for i, h in enumerate(hashes)]
    path = write(tmp_path, native_label=["anger"] * 60, raw_label=["a"] * 60, image_hash=hashes)
    options = SplitOptions(ratios=(1, 1, 1), grouping=Grouping(or_else="self"))
    table = rows_of(split([path], tmp_path / "m.parquet", options).out)
    per_image = table.group_by("image_hash").aggregate([("split", "count_distinct")])
    assert pc.max(per_image["split_count_distinct"]).as_py() == 1
    assert set(pc.unique(table["group_kind"]).to_pylist()) == {"twin", "self"}
    none = SplitOptions(ratios=(1, 1, 1), grouping=Grouping(group="none"))
    assert split([path], tmp_path / "one.parquet", none).groups == 60
    ids, other = [f"y/{i}" for i in range(6)], {"source": ["y"] * 6, "image_hash": hashes[:6]}
    more = write(tmp_path / "y", id=ids, **other, native_label=["anger"] * 6)
    # 6 rows here and 6 there are three images, the other 54 are each alone
    assert split([path, more], tmp_path / "two.parquet", none).groups == 54 + 3


def test_twins_stand_in_for_people_or_unite_them(tmp_path) -> None:
    people = ["p:1", None, "p:2", "p:3", None, None, None]
    twins = ["t:a", "t:a", "t:b", "t:b", "t:c", "t:c", None]
    path = write(tmp_path, native_label=["fear"] * 7, subject=people, twin_group=twins)

    def united(**ways) -> list[list[int]]:
        options = SplitOptions(ratios=(1, 1), grouping=Grouping(**ways))
        table = rows_of(split([path], tmp_path / "m.parquet", options, force=True).out)
        groups, kinds = table["group"].to_pylist(), table["group_kind"].to_pylist()
        return [
            [kinds[groups.index(g)], *(i for i in range(7) if groups[i] == g)]
            for g in sorted(set(groups), key=groups.index)
        ]

    # a copy without a person stays with its twin, whose person is known; two people stay two
    assert united(or_else="twin") == [
        ["subject", 0, 1],
        ["subject", 2],
        ["subject", 3],
        ["twin", 4, 5],
        ["self", 6],
    ]
    assert united(or_else="self", merge_twins=True) == [
        ["subject", 0, 1],
        ["subject", 2, 3],
        ["twin", 4, 5],
        ["self", 6],
    ]
    assert len(united(or_else="self")) == 7


def test_a_person_of_two_data_sets_is_one_person(tmp_path) -> None:
    one = write(
        tmp_path / "a", native_label=["fear"] * 30, subject=[f"p:{i % 10}" for i in range(30)]
    )
    table = rows_of(one)
    other = table.set_column(0, "id", pa.array([f"y/{i}" for i in range(30)]))
    write_manifest(tmp_path / "b" / "manifest.parquet", other, {})
    result = split([one, tmp_path / "b"], tmp_path / "m.parquet", SplitOptions(ratios=RATIOS))
    assert pc.max(parts_per_group(rows_of(result.out))).as_py() == 1
    assert result.groups == 10


def test_one_id_in_two_data_sets_is_refused(tmp_path) -> None:
    one = write(tmp_path, native_label=["fear"] * 3, subject=["p:1"] * 3)
    with pytest.raises(FerError, match=r"leave one out if both .*, else .*--name"):
        split([one, one], tmp_path / "m.parquet", SplitOptions(ratios=RATIOS))


def test_two_folders_of_one_name_would_share_their_faces(tmp_path) -> None:
    """Rows know their store by its name alone: the second would be read for the first."""
    for name in ("a", "b"):
        truth = ck48.write(tmp_path / name, people=2, seed=len(name) + ord(name))
        ingest("ck48", truth.raws(tmp_path / name), tmp_path / f"data-{name}")
    one, two = tmp_path / "data-a", tmp_path / "data-b"
    table = rows_of(two)
    renamed = table.set_column(0, "id", pa.array([f"other/{i}" for i in range(len(table))]))
    write_manifest(two / "manifest.parquet", renamed, read_manifest(two).facts,
                   read_manifest(two).card)  # fmt: skip
    with pytest.raises(FerError, match=r"are called 'ck48'; ingest one .* another --name"):
        split([one, two], tmp_path / "m.parquet", SplitOptions(ratios=(1, 1)))


def test_a_column_of_two_types_is_named(tmp_path) -> None:
    said = {"native_label": ["fear"] * 3, "subject": ["p:1", "p:2", "p:3"]}
    one = write(tmp_path / "a", **said, site=[1, 2, 3])
    two = write(tmp_path / "b", id=["y/0", "y/1", "y/2"], **said, site=["x", "y", "z"])
    with pytest.raises(FerError, match=r"b/manifest\.parquet: a column has two types \(.*site"):
        split([one, two], tmp_path / "m.parquet", SplitOptions(ratios=(1, 1)))


def test_recordings_of_one_name_are_two_where_the_data_sets_are(tmp_path) -> None:
    takes, words = ["1", "2", "3", "4"] * 5, ["anger", "fear"] * 10
    one = write(tmp_path / "a", native_label=words, sequence=takes, subject=["a:1"] * 20)
    ids = [f"y/{i}" for i in range(20)]
    two = write(tmp_path / "b", id=ids, native_label=words, sequence=takes, subject=["b:1"] * 20)
    options = SplitOptions(ratios=(1, 1), grouping=Grouping(group="sequence"))
    first = split([one, two], tmp_path / "m.parquet", options)
    assert first.groups == 8
    assert set(rows_of(first.out)["group"].to_pylist()) == {
        f"{name}:{take}" for name in "ab" for take in "1234"
    }
    again = dataclasses.replace(options, seed=5)
    kept = split([one, two], tmp_path / "n.parquet", again, keep=first.out).out
    assert rows_of(kept)["split"].to_pylist() == rows_of(first.out)["split"].to_pylist()


def test_a_recording_is_one_also_where_only_some_of_its_frames_have_a_person(tmp_path) -> None:
    takes = [f"t{i // 4}" for i in range(24)]
    people = [f"study:{i // 8}" if i % 2 else None for i in range(24)]
    lab = write(tmp_path / "a", native_label=["fear"] * 24, sequence=takes, subject=people)
    done = split(
        [lab], tmp_path / "m.parquet",
        SplitOptions(ratios=(1, 1), grouping=Grouping(group="sequence")),
    )  # fmt: skip
    assert done.groups == 6
    assert set(rows_of(done.out)["group"].to_pylist()) == {f"study:t{i}" for i in range(6)}


def test_frames_of_nobody_in_a_take_of_two_populations_are_nobodys() -> None:
    table = pa.table({
        "source": ["x"] * 6,
        "sequence": ["1", "1", "1", "2", "2", "3"],
        "subject": pa.array(["a:kim", "b:lee", None, "a:kim", None, None], pa.string()),
    })  # fmt: skip
    names = recording_names(table).to_pylist()
    assert names == ["a:1", "b:1", None, "a:2", "a:2", "x:3"]


def test_raters_who_say_a_word_that_nobody_knows_outvote(tmp_path) -> None:
    said = {
        "rater_a_label": ["happiness", "happiness", "boredom", "fear"],
        "rater_b_label": ["boredom", "happiness", "boredom ", None],
        "rater_c_label": ["Boredom", "boredom", "boredom", ""],
    }
    data = write(tmp_path / "a", **said)
    for rule, wanted in (
        ("majority", ["unknown_word", "ok", "unknown_word", "ok"]),
        ("unanimous", ["no_majority", "no_majority", "unknown_word", "ok"]),
    ):
        options = SplitOptions(ratios=(1, 1), label_rule=rule, grouping=Grouping(group="none"))
        out = split([data], tmp_path / f"{rule}.parquet", options).out
        assert rows_of(out)["label_status"].to_pylist() == wanted


def test_blank_pictures_unite_nobody_once_they_are_flagged(tmp_path) -> None:
    people = [f"p:{i // 5:02d}" for i in range(100)]
    hashes = ["black" if i % 5 == 0 else f"h{i}" for i in range(100)]
    said = {"native_label": ["fear"] * 100, "subject": people, "image_hash": hashes}
    raw = split(
        [write(tmp_path / "a", **said)], tmp_path / "a.parquet", SplitOptions(ratios=RATIOS)
    )
    assert raw.groups == 1
    assert "1 groups hold copies under several names of a subject, 20 at most" in raw.notes[0]
    assert sum("has no row: 1 groups were dealt to 3 parts" in note for note in raw.notes) == 2
    flags = [["constant"] if i % 5 == 0 else [] for i in range(100)]
    flagged = write(tmp_path / "b", **said, flags=flags)
    first = split([flagged], tmp_path / "b.parquet", SplitOptions(ratios=RATIOS))
    assert first.groups == 20 and not first.notes
    again = SplitOptions(ratios=RATIOS, seed=4)
    kept = split([flagged], tmp_path / "c.parquet", again, keep=first.out).out
    assert rows_of(kept)["split"].equals(rows_of(first.out)["split"])
    dropped = write(tmp_path / "d", **said, drop=["constant" if f else None for f in flags])
    assert split([dropped], tmp_path / "d.parquet", SplitOptions(ratios=RATIOS)).groups == 20


def test_no_fold_is_empty(tmp_path) -> None:
    people = [f"p:{i // 4}" for i in range(12)]
    few = write(tmp_path / "a", native_label=["fear"] * 12, subject=people)
    with pytest.raises(FerError, match=r"3 groups for 10 folds; say --folds 3"):
        split([few], tmp_path / "m.parquet", SplitOptions(folds=10))
    old = split([few], tmp_path / "m.parquet", SplitOptions(folds=3)).out
    more = write(tmp_path / "b", native_label=["fear"] * 12, subject=[f"p:{i}" for i in range(12)])
    with pytest.raises(FerError, match="has 3 folds; deal as many, or without --keep"):
        split([more], tmp_path / "n.parquet", SplitOptions(folds=4), keep=old)


def test_the_cure_for_a_rule_without_votes_works(tmp_path) -> None:
    options = SplitOptions(ratios=RATIOS, label_rule="soft")
    people = [f"p:{i}" for i in range(20)]
    raw = write(tmp_path / "raw", raw_label=["x"] * 20, subject=people)
    with pytest.raises(FerError, match=r"no votes; nor has it a known word; ingest it with --labe"):
        split([raw], tmp_path / "m.parquet", options)
    rated = write(tmp_path / "rated", rater_a_label=["fear"] * 20, subject=people)
    with pytest.raises(FerError, match=r"no votes; say --label-rule majority"):
        split([rated], tmp_path / "m.parquet", options)
    options = dataclasses.replace(options, label_rule="majority")
    done = split([rated], tmp_path / "m.parquet", options)
    assert done.dealt == 20


def test_rows_without_an_official_part_are_not_called_dealt(tmp_path) -> None:
    official = ["train", "test", None, "train"] * 5
    data = write(tmp_path / "a", native_label=["fear"] * 20, official_split=official)
    done = split([data], tmp_path / "m.parquet", SplitOptions(official=True))
    assert (done.dealt, done.groups, done.left_out) == (15, 15, {"no_official_split": 5})
    assert not any("official split" in note for note in done.notes)  # told once, by the reason
    assert sum(part.rows for part in done.parts) == 15


def test_of_leave_one_out_each_group_is_a_fold(tmp_path) -> None:
    """However unlike the groups are in size: two that are dealt together would be no LOSO."""
    people = ["p:big"] * 200 + [f"p:{i:02d}" for i in range(11) for _ in range(1 + i % 2)]
    words = [("anger", "fear", "neutral")[i % 3] for i in range(len(people))]
    data = write(tmp_path / "a", native_label=words, subject=people)
    options = SplitOptions(leave_one_out=True)
    done = split([data], tmp_path / "m.parquet", options)
    table = rows_of(done.out)
    of = dict(zip(table["group"].to_pylist(), table["fold"].to_pylist(), strict=True))
    assert list(of) == ["p:big", *sorted(set(people) - {"p:big"})]
    assert sorted(of.values()) == list(range(12)) and of["p:00"] == 0 and of["p:big"] == 11
    assert (done.groups, done.dealt, done.notes) == (12, len(people), [])
    assert read_manifest(done.out).facts["split"]["folds"] == 12
    assert sum(part.target for part in done.parts) == pytest.approx(len(people))
    big = [part for part in done.parts if part.part == "fold 11"]
    assert sum(part.target for part in big) == pytest.approx(200)
    with pytest.raises(FerError, match="--keep goes with --ratios and --folds"):
        split([data], tmp_path / "n.parquet", options, keep=done.out)
    with pytest.raises(SystemExit):
        main(["split", str(data), "--leave-one-out", "-o", str(tmp_path / "p.parquet")])
    alone = dataclasses.replace(options, grouping=Grouping(group="none"))
    split([data], tmp_path / "n.parquet", alone)
    one = write(tmp_path / "b", native_label=words, subject=["p:big"] * len(words))
    with pytest.raises(FerError, match="--group subject: there is one alone; nobody would train"):
        split([one], tmp_path / "o.parquet", options)
    many = write(tmp_path / "c", native_label=["fear"] * 1001)
    with pytest.raises(FerError, match=r"one of 1,001 is left out each time; at most 1,000"):
        split([many], tmp_path / "o.parquet", alone)


def test_a_table_says_who_is_shown(tmp_path) -> None:
    """As a clustering of faces gives it: whom the data set does not name, or names wrongly."""
    data = write(
        tmp_path / "a",
        native_label=["fear", "anger"] * 30,
        subject=["lab:s1", "lab:s2", None] + [None] * 57,
        sequence=["film"] * 60,
    )
    with pytest.raises(FerError, match=r"58 of 60 faces have no subject; .* --subjects FILE"):
        split([data], tmp_path / "m.parquet", SplitOptions(folds=2))
    ids, people = [f"x/{i:04d}" for i in range(1, 60)], [f" c{i // 6}" for i in range(1, 60)]
    people[:2] = ["s1 ", "others:7"]
    frame = pa.table({"id": [*ids, "x/9999"], "subject": [*people, "c1"], "score": [1] * 60})
    csv.write_csv(frame, tmp_path / "who.csv")
    who = tmp_path / "who.csv"
    done = split([data], tmp_path / "m.parquet", SplitOptions(folds=2), subjects=who)
    assert done.notes[:2] == [
        f"59 subjects are those of {who}; 1 of these rows had another one",
        f"1 ids of {who} are in none of the data",
    ]
    table = rows_of(done.out)
    assert table["subject"].to_pylist()[:5] == ["lab:s1", "lab:s1", "others:7", "lab:c0", "lab:c0"]
    folds = table.group_by("group").aggregate([("fold", "count_distinct")])["fold_count_distinct"]
    assert pc.max(folds).as_py() == 1 and done.kinds == {"subject": 12}
    assert read_manifest(done.out).facts["subjects"]
    assert not pc.any(pc.starts_with(recording_names(table), "x:")).as_py()  # one population


def test_a_bare_name_is_one_of_the_data_set(tmp_path) -> None:
    data = write(tmp_path / "a", native_label=["fear"] * 4)
    frame = pa.table({"id": [f"x/{i:04d}" for i in range(4)], "subject": [1, 1, 2, None]})
    pq.write_table(frame, tmp_path / "who.parquet")
    options = SplitOptions(folds=2, grouping=Grouping(or_else="self"))
    done = split([data], tmp_path / "m.parquet", options, subjects=tmp_path / "who.parquet")
    assert rows_of(done.out)["subject"].to_pylist() == ["x:1", "x:1", "x:2", None]


@pytest.mark.parametrize(
    ("own", "named"), [(["lab:7", None], "lab:1"), (["lab:7", "web:7"], "x:1"), ([None] * 2, "x:1")]
)
def test_a_bare_name_is_one_of_the_only_population_there_is(tmp_path, own, named) -> None:
    data = write(tmp_path / "a", native_label=["fear"] * 4, subject=[*own, None, None])
    (tmp_path / "who.csv").write_text("id,subject\nx/0002,1\n")
    options = SplitOptions(folds=2, grouping=Grouping(or_else="self"))
    done = split([data], tmp_path / "m.parquet", options, subjects=tmp_path / "who.csv")
    assert rows_of(done.out)["subject"].to_pylist() == [*own, named, None]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,who\nx/0000,a\n", "needs the columns `id` and `subject`; it has id, who"),
        (
            "id,subject\n0000,a\n",
            "none of its ids is in the data, where .* 'x/0000'; it has '0000'",
        ),
        ("id,subject\n", "none of its ids is in the data, .*; it has nothing"),
        ("id;subject\nx/0000;a\n", "it has id;subject; save it with commas"),
        ("id,subject\nx/0000,a\nx/0000,b\n", "an id is null or stands there twice"),
        ("id,subject\nx/0000\n", "cannot be read as a CSV"),
    ],
)
def test_a_table_of_people_that_cannot_be_used(tmp_path, text, message) -> None:
    data = write(tmp_path / "a", native_label=["fear"] * 4)
    (tmp_path / "who.csv").write_text(text)
    with pytest.raises(FerError, match=message):
        split([data], tmp_path / "m.parquet", SplitOptions(folds=2), subjects=tmp_path / "who.csv")


def test_keep_leaves_dealt_groups_where_they_are(tmp_path) -> None:
    people = [f"p:{i // 3:02d}" for i in range(120)]
    words = [("anger", "fear", "neutral")[i % 3] for i in range(120)]
    small = write(tmp_path / "a", native_label=words[:60], subject=people[:60])
    old = split([small], tmp_path / "old.parquet", SplitOptions(ratios=RATIOS)).out
    large = write(tmp_path / "b", native_label=words, subject=people)
    new = split(
        [large], tmp_path / "new.parquet", SplitOptions(ratios=RATIOS, seed=9), keep=old
    ).out
    assert rows_of(new)["split"].to_pylist()[:60] == rows_of(old)["split"].to_pylist()
    assert rows_of(new)["split"].null_count == 0
    assert rows_of(new)["split"].to_pylist().count("test") == 12


def test_keep_tells_the_rows_that_are_gone(tmp_path) -> None:
    words = {"native_label": ["fear", "anger"] * 10, "subject": [f"x:{i}" for i in range(20)]}
    whole = write(tmp_path / "a", **words)
    less = write(tmp_path / "b", **{name: cells[:17] for name, cells in words.items()})
    old = split([whole], tmp_path / "old.parquet", SplitOptions(ratios=RATIOS)).out
    new = split([less], tmp_path / "new.parquet", SplitOptions(ratios=RATIOS), keep=old)
    said = f"3 rows that {old} dealt are not there any more; `fertools diff` names them"
    assert said in new.notes


def test_keep_knows_people_by_their_new_images(tmp_path) -> None:
    people = [f"p:{i // 3:02d}" for i in range(60)]
    words = [("anger", "fear", "neutral")[i % 3] for i in range(60)]
    first = write(tmp_path / "a", native_label=words, subject=people)
    old = split([first], tmp_path / "old.parquet", SplitOptions(ratios=RATIOS)).out
    ids = [f"second/{i}" for i in range(60)]
    again = write(tmp_path / "b", id=ids, native_label=words, subject=people)
    result = split([again], tmp_path / "new.parquet", SplitOptions(ratios=RATIOS, seed=5), keep=old)
    assert rows_of(result.out)["split"].to_pylist() == rows_of(old)["split"].to_pylist()
    assert result.notes == [
        f"20 of 20 groups stay in the part that {old} gave them",
        f"60 rows that {old} dealt are not there any more; `fertools diff` names them",
    ]


def test_keep_knows_a_photograph_under_another_name(tmp_path) -> None:
    words, images = ["anger", "fear"] * 15, [f"{i:032x}" for i in range(30)]
    first = write(tmp_path / "a", native_label=words, image_hash=images)
    grouping = Grouping(or_else="self")
    options = SplitOptions(ratios=(1, 1, 1), grouping=grouping)
    old = split([first], tmp_path / "old.parquet", options).out
    ids, alone = [f"copy/{i}" for i in range(30)], [f"q:{i}" for i in range(30)]
    again = write(
        tmp_path / "b", id=ids, native_label=words, image_hash=images[::-1], subject=alone
    )
    new = split([again], tmp_path / "n.parquet", SplitOptions(ratios=(1, 1, 1)), keep=old).out
    assert rows_of(new)["split"].to_pylist() == rows_of(old)["split"].to_pylist()[::-1]


def test_keep_of_single_rows_goes_by_their_ids(tmp_path) -> None:
    """Also where all rows are of one person, and of one picture."""
    options = SplitOptions(ratios=(1, 1, 1), grouping=Grouping(group="none"))
    said = {"native_label": ["fear"] * 60, "subject": ["p:1"] * 60, "image_hash": ["a"] * 60}
    some = write(tmp_path / "a", **{name: cells[:30] for name, cells in said.items()})
    old = split([some], tmp_path / "old.parquet", options).out
    every = write(tmp_path / "b", **said)
    new = rows_of(split([every], tmp_path / "new.parquet", options, keep=old).out)["split"]
    assert new.to_pylist()[:30] == rows_of(old)["split"].to_pylist()
    assert sorted(new.to_pylist()) == ["test"] * 20 + ["train"] * 20 + ["val"] * 20


def test_keep_says_what_it_cannot_keep(tmp_path) -> None:
    words, people = ["anger"] * 12, [f"p:{i}" for i in range(12)]
    some = write(tmp_path / "a", native_label=words, subject=people)
    old = split([some], tmp_path / "old.parquet", SplitOptions(ratios=(1, 1, 1))).out
    with pytest.raises(FerError, match="has a test part; deal as many parts"):
        split([some], tmp_path / "m.parquet", SplitOptions(ratios=(8, 2)), keep=old)
    folds = split([some], tmp_path / "folds.parquet", SplitOptions(folds=6)).out
    with pytest.raises(FerError, match="has fold 5; deal as many parts"):
        split([some], tmp_path / "m.parquet", SplitOptions(folds=4), keep=folds)
    with pytest.raises(FerError, match="is dealt by --folds; give a manifest that"):
        split([some], tmp_path / "m.parquet", SplitOptions(ratios=(1, 1, 1)), keep=folds)
    ids, others = [f"y/{i}" for i in range(12)], [f"q:{i}" for i in range(12)]
    strange = write(tmp_path / "b", id=ids, native_label=words, subject=others)
    with pytest.raises(FerError, match="--keep goes with --ratios and --folds"):
        split([some], tmp_path / "m.parquet", SplitOptions(official=True), keep=old)
    with pytest.raises(FerError, match="knows none of these rows or people"):
        split([strange], tmp_path / "m.parquet", SplitOptions(ratios=(1, 1, 1)), keep=old)


def test_the_manifest_of_a_data_set_is_never_replaced(study) -> None:
    before = (study / "manifest.parquet").read_bytes()
    for force in (False, True):  # without, --force is no cure
        with pytest.raises(FerError, match="is the manifest of a data set, which is not dealt"):
            split([study], study / "manifest.parquet", SplitOptions(ratios=RATIOS), force=force)
        with pytest.raises(FerError, match="is a folder; give -o a file in it"):
            split([study], study, SplitOptions(ratios=RATIOS), force=force)
    assert (study / "manifest.parquet").read_bytes() == before


def test_rows_without_a_label_cannot_be_dealt(tmp_path) -> None:
    path = write(tmp_path, native_label=[None] * 3, subject=["p:1", "p:2", "p:3"])
    with pytest.raises(FerError, match="no row has a face and a label"):
        split([path], tmp_path / "m.parquet", SplitOptions(ratios=RATIOS))


def test_an_id_that_stands_twice_in_one_manifest_is_refused(tmp_path) -> None:
    path = write(tmp_path, id=["x/1", "x/2", "x/1"], native_label=["fear"] * 3)
    with pytest.raises(FerError, match="two rows have the id 'x/1'"):
        split([path], tmp_path / "m.parquet", SplitOptions(ratios=RATIOS))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (SplitOptions(ratios=(float("nan"), 1, 1)), "ratios .*as in 8:1:1"),
        (SplitOptions(ratios=(float("inf"), 1, 1)), "ratios .*as in 8:1:1"),
        (SplitOptions(ratios=RATIOS, seed=-1), "seed -1: at least 0"),
        (SplitOptions(folds=40_000), "folds 40000: at least 2 and at most 1,000"),
        (SplitOptions(ratios=RATIOS, stratify_on=("votes",)), "column 'votes': holds"),
    ],
)
def test_numbers_and_columns_that_cannot_deal_are_named(tmp_path, options, message) -> None:
    path = write(tmp_path, native_label=["fear"] * 3, subject=["p:1", "p:2", "p:3"])
    with pytest.raises(FerError, match=message):
        split([path], tmp_path / "m.parquet", options)


def test_keep_refuses_a_group_that_was_torn(tmp_path) -> None:
    words = ["anger"] * 12
    apart = write(tmp_path / "a", native_label=words, subject=[f"p:{i}" for i in range(12)])
    old = split([apart], tmp_path / "old.parquet", SplitOptions(ratios=(1, 1, 1))).out
    joined = write(tmp_path / "b", native_label=words, subject=["p:0"] * 12)
    with pytest.raises(FerError, match="two parts"):
        split([joined], tmp_path / "new.parquet", SplitOptions(ratios=(1, 1, 1)), keep=old)
    part = rows_of(old)["split"].to_pylist()
    for number, (one, other) in enumerate(itertools.combinations(("train", "val", "test"), 2)):
        people = [f"p:{i}" for i in range(12)]
        people[part.index(one)] = people[part.index(other)]
        torn = write(tmp_path / f"{number}", native_label=words, subject=people)
        with pytest.raises(FerError, match="two parts"):
            split([torn], tmp_path / "new.parquet", SplitOptions(ratios=(1, 1, 1)), keep=old)


def test_official_parts_and_validation_from_training(tmp_path) -> None:
    raws = fer2013.write(tmp_path / "raw", people=20).raws(tmp_path / "raw")
    data = ingest("fer2013", raws, tmp_path / "data").out
    table = rows_of(split([data], tmp_path / "o.parquet", SplitOptions(official=True)).out)
    dealt = table.filter(pc.is_valid(table["split"]))
    assert dealt["split"].equals(dealt["official_split"])
    options = SplitOptions(official=True, val_from=0.2, grouping=Grouping(or_else="self"))
    again = rows_of(split([data], tmp_path / "v.parquet", options).out)
    assert (
        pc.sum(pc.equal(again["split"], "test")).as_py()
        == pc.sum(pc.equal(dealt["split"], "test")).as_py()
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_validation_from_training_is_a_quarter_of_its_people_and_classes(tmp_path, seed) -> None:
    """Of 120 training rows of 40 people, half angry: 30 rows of 10 people, 15 of them angry."""
    people = [f"p:{i // 3:02d}" for i in range(120)] + [f"q:{i}" for i in range(30)]
    words = [("anger", "fear")[i // 3 % 2] for i in range(150)]
    official = ["train"] * 120 + ["val"] * 12 + ["test"] * 18
    data = write(tmp_path, native_label=words, subject=people, official_split=official)

    def dealt(seed: int) -> list[str]:
        options = SplitOptions(official=True, val_from=0.25, seed=seed)
        out = split([data], tmp_path / "m.parquet", options, force=True).out
        return rows_of(out)["split"].to_pylist()

    part = dealt(seed)
    assert part[120:] == official[120:]
    assert sorted(zip(part[:120], words, strict=False)) == sorted(
        [("train", "anger"), ("train", "fear")] * 45 + [("val", "anger"), ("val", "fear")] * 15
    )
    assert len(set(zip(people, part, strict=True))) == 40 + 30  # nobody in two
    assert dealt(seed) == part != dealt(seed + 3)


def test_classes_with_too_few_groups_are_named(tmp_path) -> None:
    words = ["anger"] * 30 + ["contempt"] * 2
    path = write(tmp_path, native_label=words, subject=[f"p:{i}" for i in range(32)])
    done = split([path], tmp_path / "m.parquet", SplitOptions(ratios=RATIOS))
    groups = [part.groups for part in done.parts if part.label == "contempt"]
    assert sum(groups) == 2 and sum(part.groups for part in done.parts) == 32
    assert done.notes == ["label contempt: 2 groups for 3 parts, so some part goes without"]


def test_stratify_on_several_columns(tmp_path) -> None:
    gender = ["female", "male"] * 100
    words = ["anger", "anger", "fear", "fear"] * 50
    people = [f"p:{i}" for i in range(200)]
    path = write(tmp_path, native_label=words, gender=gender, subject=people)
    options = SplitOptions(ratios=RATIOS, stratify_on=("label", "gender"))
    table = rows_of(split([path], tmp_path / "m.parquet", options).out)
    cells = table.group_by(["split", "label", "gender"]).aggregate([([], "count_all")])
    assert sorted(cells["count_all"].to_pylist()) == [5] * 8 + [40] * 4


def test_rows_without_the_column_to_stratify_on_are_a_class_of_their_own(tmp_path) -> None:
    gender = ["female", None] * 100
    people = [f"p:{i}" for i in range(200)]
    path = write(tmp_path, native_label=["fear"] * 200, gender=gender, subject=people)
    options = SplitOptions(ratios=RATIOS, stratify_on=("gender",))
    table = rows_of(split([path], tmp_path / "m.parquet", options).out)
    cells = table.group_by(["split", "gender"]).aggregate([([], "count_all")])
    assert sorted(cells["count_all"].to_pylist()) == [10] * 4 + [80] * 2
    again = rows_of(split([path], tmp_path / "n.parquet", dataclasses.replace(options, seed=1)).out)
    assert not again["split"].equals(table["split"])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (SplitOptions(), "one of --ratios"),
        (SplitOptions(ratios=RATIOS, folds=3), "one of --ratios"),
        (SplitOptions(ratios=(1.0,)), "three numbers"),
        (SplitOptions(folds=1), "at least 2"),
        (SplitOptions(ratios=RATIOS, val_from=0.1), "--official"),
        (SplitOptions(official=True, val_from=0.0), "its share is above 0 and below 1"),
        (SplitOptions(ratios=RATIOS, grouping=Grouping(group="family")), "group 'family'"),
        (SplitOptions(ratios=RATIOS, label_rule="loudest"), "ferplus-majority"),
        (SplitOptions(ratios=RATIOS, label_rule="majority"), "no raters"),
        (SplitOptions(ratios=RATIOS, label_rule="soft"), "no votes; say --label-rule uploader"),
        (SplitOptions(ratios=RATIOS, stratify_on=("mood",)), "'mood'"),
        (SplitOptions(official=True), "no row has an official_split"),
    ],
)
def test_wrong_options_are_one_sentence(study, tmp_path, options: SplitOptions, says: str) -> None:
    with pytest.raises(FerError, match=says):
        split([study], tmp_path / "m.parquet", options)


def test_an_existing_manifest_is_not_written_over(study, tmp_path) -> None:
    out = tmp_path / "m.parquet"
    split([study], out, SplitOptions(ratios=RATIOS))
    with pytest.raises(FerError, match="--force"):
        split([study], out, SplitOptions(ratios=RATIOS))
    split([study], out, SplitOptions(ratios=RATIOS), force=True)


def test_the_card_leads_to_the_faces(study, tmp_path) -> None:
    from fertools import open_faces

    out = split([study], tmp_path / "deep" / "m.parquet", SplitOptions(ratios=RATIOS)).out
    card = json.loads((tmp_path / "deep" / "m.card.json").read_text())
    assert not any(entry["path"].startswith("/") for entry in card["stores"].values())
    ok = np.flatnonzero(read_manifest(out).ok().to_numpy())
    assert (open_faces(out)[ok] == open_faces(study)[ok]).all()
    assert b"time" not in (pq.read_schema(out).metadata[b"fertools"])


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_data_is_dealt_whole(tmp_path_factory, data) -> None:
    n = data.draw(st.integers(1, 60))
    people = data.draw(st.lists(st.sampled_from("abcdefgh"), min_size=n, max_size=n))
    words = data.draw(st.lists(st.sampled_from(["anger", "fear", None]), min_size=n, max_size=n))
    if not any(words):
        return
    folder = tmp_path_factory.mktemp("any")
    path = write(folder, native_label=words, subject=[f"p:{p}" for p in people])
    table = rows_of(split([path], folder / "m.parquet", SplitOptions(ratios=(2, 1, 1))).out)
    for word, part in zip(words, table["split"].to_pylist(), strict=True):
        assert (part is None) == (word is None)
    assert pc.max(parts_per_group(table)).as_py() == 1


@needs_real
def test_real_ck48_keeps_people_apart_and_classes_in_balance(tmp_path) -> None:
    data = ingest("ck48", [REAL / "ck48"], tmp_path / "ck48").out
    for seed in range(10):
        options = SplitOptions(ratios=RATIOS, seed=seed)
        result = split([data], tmp_path / f"{seed}.parquet", options)
        assert pc.max(parts_per_group(rows_of(result.out))).as_py() == 1
        total = {p.label: 0 for p in result.parts}
        for p in result.parts:
            total[p.label] += p.rows
        for p in result.parts:
            assert 100 * abs(p.rows - p.target) / total[p.label] <= 2.5, (seed, p)
    table = rows_of(split([data], tmp_path / "f.parquet", SplitOptions(folds=10)).out)
    assert table["fold"].null_count == 0


def test_the_split_says_how_its_faces_are_read(tmp_path) -> None:
    torch = pytest.importorskip("torch")
    from fertools import FaceDataset
    from fertools.fakes import aihub

    expected = aihub.write(tmp_path / "raw")
    raws = expected.raws(tmp_path / "raw")
    face = {**dict(expected.face), "size": 64, "margin": 0.5}
    data = ingest("aihub", raws, tmp_path / "data", face=face).out
    shapes = {}
    for crop in (None, "context", "box"):
        options = SplitOptions(ratios=RATIOS, crop=crop)
        out = split([data], tmp_path / f"{crop}.parquet", options).out
        shapes[crop] = FaceDataset(out, "train").shape
    assert shapes == {None: (3, 64, 64), "context": (3, 64, 64), "box": (3, 32, 32)}
    stored = FaceDataset(tmp_path / "context.parquet", "train")
    cut = FaceDataset(tmp_path / "box.parquet", "train")
    assert torch.equal(cut[0][0], stored[0][0][:, 16:48, 16:48])
    assert FaceDataset(tmp_path / "box.parquet", "train", crop="context").shape == (3, 64, 64)
    with pytest.raises(FerError, match="box, context"):
        split([data], tmp_path / "x.parquet", SplitOptions(ratios=RATIOS, crop="tight"))
