"""The protocols that ship: what they say, what their lists hold, and how a split follows one."""

import dataclasses
import hashlib
import re
import shlex
import tomllib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from fertools import resources, strict
from fertools.cli import main
from fertools.columns import encode
from fertools.curate.policy import read_policy
from fertools.errors import FerError
from fertools.fakes import ck48, ckplus, jaffe
from fertools.flows import _lists_ck48, _lists_fer2013
from fertools.flows._lists import identity, listed
from fertools.flows.protocols import TEXTS, _parts, toml
from fertools.ingest import ingest
from fertools.manifest import conform, counts, read_manifest, write_manifest
from fertools.measures.leakage import TEST, TRAIN, VAL, Links, partnered
from fertools.protocol import (
    HASHED,
    LIST,
    Protocol,
    digest,
    file_of,
    followed,
    names,
    read_protocol,
    read_rows,
    write_list,
)
from fertools.split import SplitOptions, split
from fertools.split.following import plan
from fertools.split.grouping import Grouping
from tests.made import made, smooth
from tests.test_joining import FULL

RULES = [name for name in names() if read_protocol(name).rule]
LISTS = [name for name in names() if name not in RULES]
FER = [name for name in LISTS if name.startswith("fer")]


def rows_of(name: str, draw: int | None = None) -> pa.Table:
    several = read_protocol(name).draws
    return read_rows(name, draw or 0 if several else None)


def test_the_protocols_of_the_plan_are_there() -> None:
    assert sorted(names()) == sorted([*RULES, *TEXTS])


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_what_its_text_says(name: str) -> None:
    protocol = read_protocol(name)
    for draw in range(protocol.draws or 1):
        rows = read_rows(name, draw if protocol.draws else None)
        assert rows["id"].null_count == 0
        assert len(pc.unique(rows["id"])) == len(rows)
        column = "fold" if "fold 0" in protocol.parts else "split"
        found = counts(rows[column].drop_null().cast(pa.string()))
        assert {f"fold {k}" if column == "fold" else k: n for k, n in found.items()} == dict(
            protocol.parts
        )
        dealt = rows.filter(pc.is_valid(rows[column]))
        assert set(pc.unique(dealt["label"]).to_pylist()) == set(protocol.classes)
        assert dealt["drop"].null_count == len(dealt)
        out = rows.filter(pc.is_null(rows[column]))
        assert pc.all(pc.or_(pc.is_valid(out["drop"]), pc.is_null(out["label"]))).as_py() in (
            True, None
        )  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_small_and_holds_hashes_not_pixels(name: str) -> None:
    file = resources.resource("manifests", name, ".parquet")
    assert file.stat().st_size < 3_000_000
    assert pq.read_schema(file).names == LIST.names
    rows = rows_of(name)
    for column in ("image_hash", "jpeg_hash"):
        words = rows[column].drop_null().to_pylist()
        assert len(words) > 0.99 * len(rows)
        assert all(re.fullmatch(rf"[0-9a-f]{{{HASHED}}}", word) for word in words)


@pytest.mark.parametrize("name", names())
def test_no_protocol_is_chosen_on_test(name: str) -> None:
    protocol = read_protocol(name)
    assert protocol.selection == "val"
    assert (protocol.rule is None) == (name in LISTS)


def test_toml_is_read_back() -> None:
    parts = {"fold 0": 3, 'a "b"': 4}
    protocol = dataclasses.replace(TEXTS["ck48-paper"], parts=parts)
    assert strict.read(Protocol, tomllib.loads(toml(protocol)), "x") == protocol


def test_noleak_leaves_test_alone_and_the_control_drops_as_many() -> None:
    official, noleak = rows_of("fer2013-official"), rows_of("fer2013-noleak")
    test = pc.equal(official["split"], "test")
    assert noleak["split"].filter(test).to_pylist() == ["test"] * 3589
    assert counts(noleak["drop"].drop_null()) == {"twin_in_test": 943, "twin_in_val": 617}

    def train(rows: pa.Table) -> dict[str, int]:
        return counts(rows["label"].filter(pc.equal(rows["split"], "train")))

    draws = [rows_of("fer2013-control", draw) for draw in range(3)]
    assert [train(rows) for rows in draws] == [train(noleak)] * 3
    kept = {tuple(rows["split"].to_pylist()) for rows in draws}
    assert len(kept) == 3
    for rows in draws:
        assert counts(rows["split"].filter(pc.not_equal(official["split"], "train"))) == {
            "val": 3589, "test": 3589
        }  # fmt: skip


def six_rows(monkeypatch) -> _lists_fer2013.Known:
    """Three rows of training, two of validation, one of test: 0 and 3 are twins, and 1, 4 and 5."""
    monkeypatch.setattr(_lists_fer2013, "ROWS", 6)
    votes = np.zeros((6, len(_lists_fer2013.VOTES)))
    votes[:, 0] = 10
    votes[2] = 0
    votes[2, _lists_fer2013.VOTE_WORDS.index("non_face")] = 10
    groups = np.array([0, 1, 2, 0, 1, 1])
    return _lists_fer2013.Known(
        base=pa.table({"native_label": ["fear", "anger", "anger", "fear", "sadness", "anger"]}),
        part=np.array([TRAIN, TRAIN, TRAIN, VAL, VAL, TEST]),
        votes=_lists_fer2013.Votes(votes, np.zeros(6, bool)),
        twins=(Links(pairs=np.array([[0, 3], [1, 4]])), Links((np.array([-1, 7, -1, -1, 7, 7]),))),
        groups=groups,
        constant=np.array([False, False, False, True, False, False]),
    )


def test_why_rows_of_fer2013_are_left_out_is_what_it_is_by_hand(monkeypatch) -> None:
    known = six_rows(monkeypatch)
    leaking = _lists_fer2013._leaking(known)
    assert leaking.tolist() == ["twin_in_val", "twin_in_test", None, None, "twin_in_test", None]
    assert _lists_fer2013._unclean(known, leaking).tolist() == [
        "twin_in_val", "contradicting_twins", "non_face", "constant", *["contradicting_twins"] * 2
    ]  # fmt: skip
    draws = [_lists_fer2013._at_random(known, leaking, draw).tolist() for draw in range(9)]
    assert {tuple(d) for d in draws} == {
        ("at_random", "at_random", None, None, None, None),
        ("at_random", None, "at_random", None, None, None),
    }


def test_a_name_that_ferplus_used_twice_is_that_of_the_first_row(tmp_path) -> None:
    heads = ["Usage", "Image name", *_lists_fer2013.VOTES]
    names = ["a.png", "", "a.png", "b.png ", " b.png"]
    rows = [["Training", name, *["1"] * 10] for name in names]
    file = tmp_path / "fer2013new.csv"
    file.write_text("\n".join(",".join(row) for row in [heads, *rows]) + "\n")
    found = _lists_fer2013._votes(file, np.full(5, TRAIN))
    assert found.nameless.tolist() == [False, True, True, False, True]
    with pytest.raises(FerError, match="not those of the CSV"):
        _lists_fer2013._votes(file, np.array([TRAIN, TRAIN, VAL, TRAIN, TRAIN]))


def test_what_is_hidden_has_no_hash_in_a_list(tmp_path) -> None:
    made(tmp_path, smooth(2, seed=1), image_hash=["a" * 32, "b" * 32])
    rows = identity(read_manifest(tmp_path), "fer2013", hidden=np.array([False, True]))
    assert rows["id"].to_pylist() == ["fer2013/000", "fer2013/001"]
    assert rows["image_hash"].to_pylist() == ["a" * HASHED, None]
    assert rows["jpeg_hash"].null_count == 1 and rows["jpeg_hash"][1].as_py() is None


def test_parts_are_those_of_one_draw_and_folds_stand_in_their_order() -> None:
    nothing = pa.nulls(3, pa.int16())
    drawn = {"draw": [0, 0, 1], "fold": nothing, "split": ["train", "test", "train"]}
    assert _parts(pa.table(drawn)) == {"train": 1, "val": 0, "test": 1}
    dealt = {"draw": nothing, "fold": [1, 0, 1], "split": pa.nulls(3, pa.string())}
    assert _parts(pa.table(dealt)) == {"fold 0": 1, "fold 1": 2}


def test_the_first_draw_is_named_as_any_other() -> None:
    facts = [{"protocol": {"name": "n"}, "split": {"draw": draw}} for draw in (0, 2, 0)]
    assert followed([*facts, {"protocol": {"name": "m"}}]) == "n, draws 0, 2; m"
    assert followed(facts[:1]) == "n, draw 0" and followed([{}]) == ""


def test_the_digest_of_a_protocol_is_that_of_both_files() -> None:
    data = b"".join(
        file_of("ck48-paper").with_suffix(e).read_bytes() for e in (".toml", ".parquet")
    )
    assert digest("ck48-paper") == hashlib.sha256(data).hexdigest()[:32]


def test_equal_pictures_stay_in_one_part_without_leaks() -> None:
    for name in ("fer2013-noleak", "fer2013-clean"):
        rows = rows_of(name)
        dealt = rows.filter(pc.is_valid(rows["split"]))
        per = dealt.group_by("image_hash").aggregate([("split", "count_distinct")])
        known = per.filter(pc.is_valid(per["image_hash"]))
        assert pc.max(known["split_count_distinct"]).as_py() == 1


def test_ferplus_counts_are_the_published_ones() -> None:
    assert dict(read_protocol("ferplus-majority").parts) == {
        "train": 25060, "val": 3199, "test": 3153
    }  # fmt: skip
    rows = rows_of("ferplus-majority")
    other = rows.filter(pc.and_(pc.is_valid(rows["label"]),
                                pc.not_equal(rows["label"], rows["native_label"])))  # fmt: skip
    assert len(other) == 10_192  # FER+ sees a third of FER2013 otherwise


def test_the_draws_of_ck48_are_the_published_sizes_and_can_be_drawn_again() -> None:
    seen = set()
    for draw in range(20):
        rows = read_rows("ck48-paper", draw)
        assert counts(rows["label"].filter(pc.equal(rows["split"], "test"))) == {
            "surprise": 50, "happiness": 41, "disgust": 35, "anger": 27, "sadness": 18,
            "fear": 15, "contempt": 10,
        }  # fmt: skip
        again = _lists_ck48._draw(rows, draw)
        assert [("train", "val", "test")[p] for p in again] == rows["split"].to_pylist()
        seen.add(tuple(rows["split"].to_pylist()))
    assert len(seen) == 20


def people(rows: pa.Table) -> pa.ChunkedArray:
    return pc.utf8_slice_codeunits(pc.replace_substring_regex(rows["id"], ".*/", ""), 0, 4)


def test_the_folds_of_ck48_are_those_of_the_sorted_people() -> None:
    rows = rows_of("ck48-subject10")
    subjects, found = encode(people(rows))
    assert len(found) == 118
    assert (rows["fold"].to_numpy() == subjects % 10).all()


def test_the_popular_contiguous_folds_miss_rows_and_share_people() -> None:
    """Per class, in the order anger, disgust, fear, happiness, sadness, surprise, contempt and of
    the names, fold k tests a fixed run of rows; the last fold counts back from the end."""
    rows = rows_of("ck48-subject10")
    order = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "contempt")
    runs = (12, 18, 9, 21, 9, 24, 6)
    place = pc.index_in(rows["label"], pa.array(order)).to_numpy()
    rows = rows.take(pa.array(np.lexsort((np.arange(len(rows)), place))))
    starts = np.append(0, np.cumsum(np.bincount(place)))
    tested = np.zeros((10, len(rows)), bool)
    for at, run in enumerate(runs):
        for fold in range(9):
            first = starts[at] + fold * run
            tested[fold, first : first + run] = True
        tested[9, starts[at + 1] - run : starts[at + 1]] = True
    times = tested.sum(axis=0)
    assert (times == 0).sum() == 24
    assert (times == 2).sum() == 33
    subjects, _ = encode(people(rows))
    shared = []
    for fold in tested:
        part = np.where(fold, TEST, TRAIN)
        leaks = partnered(Links((subjects,)), part, TRAIN, TEST)
        shared.append(len(np.unique(subjects[leaks])))
    assert (min(shared), max(shared)) == (6, 22)


def as_csv(rows: pa.Table) -> pa.Table:
    """The official CSV, as far as a list knows it: its rows without a hash have any picture."""
    hashes = [(h or f"{i:016x}") + FULL for i, h in enumerate(rows["image_hash"].to_pylist())]
    return copy_of(rows, hashes, [f"fer2013/{i:05d}" for i in range(len(rows))]).append_column(
        "source_row", rows["source_row"]
    )


def as_folder(rows: pa.Table) -> pa.Table:
    """The Kaggle folders: other names, no order, JPEGs."""
    rows = rows.take(pa.array(np.random.default_rng(0).permutation(len(rows))))
    hashes = [(h or f"{i:016x}") + FULL for i, h in enumerate(rows["jpeg_hash"].to_pylist())]
    return copy_of(rows, hashes, [f"mine/train/angry/{i}.jpg" for i in range(len(rows))])


def copy_of(rows: pa.Table, hashes: list[str], ids: list[str]) -> pa.Table:
    return conform(
        pa.table(
            {
                "id": ids,
                "source": ["fer2013"] * len(rows),
                "path": ids,
                "status": ["ok"] * len(rows),
                "native_label": rows["native_label"],
                "raw_label": rows["raw_label"],
                "official_split": rows["official_split"],
                "image_hash": hashes,
            }
        )
    )


@pytest.mark.parametrize("name", FER)
def test_every_row_of_the_official_csv_joins(name: str) -> None:
    draw = 1 if read_protocol(name).draws else None
    rows = rows_of(name, draw)
    decided, found = plan(as_csv(rows), "fer2013", name, draw, 0)
    assert found is not None
    assert found.missing == []
    assert found.table["label"].to_pylist() == rows["label"].to_pylist()
    assert found.part.tolist() == [
        ("train", "val", "test").index(word) if word else -1 for word in rows["split"].to_pylist()
    ]
    assert decided["label_rule"] == read_protocol(name).label_rule


def test_the_folders_join_but_for_the_rows_without_a_hash() -> None:
    rows = rows_of("fer2013-official")
    with pytest.raises(FerError, match="174 of its 35,887 rows are missing"):
        plan(as_folder(rows), "fer2013", "fer2013-official", None, 173)
    _, found = plan(as_folder(rows), "fer2013", "fer2013-official", None, 174)
    assert found is not None
    assert (found.part >= 0).sum() == 35_713
    assert len(found.missing) == 174
    table = found.table.filter(pa.array(found.part >= 0))
    assert table["label"].equals(table["native_label"])
    parts = table["official_split"].to_pylist()
    assert [("train", "val", "test")[p] for p in found.part if p >= 0] == parts
    assert counts(found.table["drop"]) == {"": 35_713, "not_in_protocol": 174}
    assert "174 rows missing, 174 of them in a part" in found.notes[1]


def test_missing_and_relabelled_rows_are_counted() -> None:
    rows = rows_of("fer2013-official")
    table = as_csv(rows)
    gone = table.slice(500)
    with pytest.raises(FerError, match=r"500 of its 35,887 .*--allow-missing 500"):
        plan(gone, "fer2013", "fer2013-official", None, 0)
    labels = np.array(table["native_label"].to_pylist(), object)
    labels[[100, 200]] = "nothing"
    other = table.set_column(
        table.column_names.index("native_label"), "native_label", pa.array(labels)
    )
    with pytest.raises(FerError, match=r"2 of its .*2 have another label or part"):
        plan(other, "fer2013", "fer2013-official", None, 1)


def test_a_list_stands_above_what_a_check_dropped() -> None:
    rows = rows_of("fer2013-noleak")
    table = as_csv(rows)
    table = table.append_column("drop", pa.array(["twin"] * 30 + [None] * (len(table) - 30)))
    _, found = plan(table, "fer2013", "fer2013-noleak", None, 0)
    assert found is not None
    assert found.table["drop"].to_pylist() == rows["drop"].to_pylist()
    assert "30 rows that a check dropped" in found.notes[1]


def test_a_protocol_of_other_data_is_refused() -> None:
    rows = rows_of("ck48-subject10")
    table = copy_of(rows, ["0" * 32] * len(rows), [f"x/{i}" for i in range(len(rows))])
    with pytest.raises(FerError, match="none of its 981 rows is in the data; it is for ck48"):
        plan(table, "ck48", "ck48-subject10", None, 0)
    with pytest.raises(FerError, match="is for rafdb; the data is ck48"):
        plan(table, "ck48", "rafdb-valfromtrain", None, 0)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("aihub-subject", "have no subject; deal this data by --ratios, without --protocol"),
        ("rafdb-valfromtrain", "no row has an official_split; .*, without --protocol"),
    ],
)
def test_data_that_a_rule_cannot_deal_is_told_what_can(tmp_path, name: str, says: str) -> None:
    table = {"id": ["a/1", "a/2"], "source": ["a"] * 2, "path": [""] * 2, "status": ["ok"] * 2,
             "native_label": ["fear", "anger"]}  # fmt: skip
    facts = {"source": read_protocol(name).data}
    write_manifest(tmp_path / "manifest.parquet", conform(pa.table(table)), facts)
    with pytest.raises(FerError, match=f"protocol {name}: its rule says .*{says}") as told:
        split([tmp_path], tmp_path / "m.parquet", SplitOptions(protocol=name))
    assert "--or-else" not in str(told.value)


def test_a_rule_of_ones_own_is_checked(tmp_path) -> None:
    table = {"id": ["a/1", "a/2"], "source": ["aihub"] * 2, "path": [""] * 2, "status": ["ok"] * 2,
             "native_label": ["fear", "anger"], "subject": ["a:1", "a:2"]}  # fmt: skip
    write_manifest(tmp_path / "manifest.parquet", conform(pa.table(table)), {"source": "aihub"})
    text = resources.resource("manifests", "aihub-subject", ".toml").read_text(encoding="utf-8")
    own = tmp_path / "own.toml"
    for old, new, says in (
        ('group = "subject"', 'group = "family"', "group 'family': known are"),
        ("ratios = [8, 1, 1]", "ratios = [-1, 3]", "three numbers, train:val:test"),
        ("ratios = [8, 1, 1]", "ratios = [8, 1, 1]\nfolds = 3", "say one of --ratios"),
        ("ratios = [8, 1, 1]\n", "", "say one of --ratios"),
    ):
        own.write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(FerError, match=f"own.toml: its rule says: .*{says}"):
            split([tmp_path], tmp_path / "m.parquet", SplitOptions(protocol=str(own)))
    for more in ({"draw": 7}, {"allow_missing": 9}):
        with pytest.raises(FerError, match="is a rule, without draws or rows"):
            split(
                [tmp_path], tmp_path / "m.parquet", SplitOptions(protocol="aihub-subject", **more)
            )


@pytest.mark.parametrize(
    ("name", "draw", "says"),
    [
        ("fer2013", None, "fer2013-official"),
        ("fer2013-official", 0, "has no draws"),
        ("ck48-paper", None, "--draw 0 to --draw 19"),
        ("ck48-paper", 20, "--draw 0 to --draw 19"),
        ("./nowhere.toml", None, "there is no such file"),
    ],
)
def test_a_wrong_name_or_draw_is_one_sentence(name: str, draw: int | None, says: str) -> None:
    with pytest.raises(FerError, match=says):
        read_rows(name, draw)


def test_an_editor_may_mark_the_bytes_as_utf8(tmp_path) -> None:
    """As Windows' Notepad does."""
    (tmp_path / "p.toml").write_text(toml(TEXTS["fer2013-official"]), encoding="utf-8-sig")
    assert read_protocol(str(tmp_path / "p.toml")) == dataclasses.replace(
        TEXTS["fer2013-official"], parts={}
    )
    (tmp_path / "policy.toml").write_text("[drop]\n", encoding="utf-8-sig")
    assert read_policy(tmp_path / "policy.toml").drop == {}


def test_a_broken_file_is_named(tmp_path) -> None:
    (tmp_path / "p.toml").write_text("title = ")
    with pytest.raises(FerError, match="not TOML"):
        read_protocol(str(tmp_path / "p.toml"))
    (tmp_path / "p.toml").write_text('title = "x"\nlooks = 3\n')
    with pytest.raises(FerError, match="looks"):
        read_protocol(str(tmp_path / "p.toml"))
    (tmp_path / "p.toml").write_text(toml(TEXTS["fer2013-official"]))
    with pytest.raises(FerError, match="not the list of a protocol"):
        read_rows(str(tmp_path / "p.toml"))


@pytest.mark.parametrize(
    "options",
    [
        {"ratios": (8.0, 1.0, 1.0)},
        {"folds": 3},
        {"official": True},
        {"seed": 1},
        {"label_rule": "majority"},
        {"labels": "basic7"},
        {"stratify_on": ()},
    ],
)
def test_a_protocol_excludes_other_options(options: dict) -> None:
    with pytest.raises(FerError, match=r"say one of|--protocol decides"):
        SplitOptions(protocol="fer2013-official", **options).check()


def test_what_a_protocol_decides_is_called_as_it_is_typed() -> None:
    with pytest.raises(FerError, match="decides --group, --or-else and --merge-twins itself"):
        SplitOptions(protocol="aihub-subject", grouping=Grouping(or_else="self")).check()


def test_draws_go_with_a_protocol() -> None:
    with pytest.raises(FerError, match="go with --protocol"):
        SplitOptions(folds=3, draw=1).check()


def run(line: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(shlex.split(line))
    return int(stop.value.code or 0)


def test_a_list_of_ones_own_is_followed(tmp_path, capsys) -> None:
    """A laboratory's protocol: made from one copy, followed on another."""
    raws = ck48.write(tmp_path / "raw", people=6).raws(tmp_path / "raw")
    data = ingest("ck48", raws, tmp_path / "data").out
    manifest = read_manifest(data)
    manifest = manifest.replace(manifest.table.filter(manifest.ok()))
    base = identity(manifest, "ck48")
    folds = encode(manifest.table["subject"])[0] % 3
    said = {"label": base["native_label"], "label_status": pa.array(["ok"] * len(base))}
    write_list(tmp_path / "own.parquet", listed(base, fold=pa.array(folds), **said))
    (tmp_path / "own.toml").write_text(toml(TEXTS["ck48-subject10"]))
    raws = ck48.write(tmp_path / "raw2", people=6, variant="zip").raws(tmp_path / "raw2")
    other = ingest("ck48", raws, tmp_path / "other", name="study").out
    out = tmp_path / "m.parquet"
    assert run(f"split {other} --protocol {tmp_path / 'own.toml'} -o {out}") == 0
    assert f"{len(base)} of {len(base)} rows joined" in capsys.readouterr().out
    table = read_manifest(out).table
    ok = table.filter(pc.equal(table["status"], "ok"))
    assert ok["fold"].to_pylist() == (encode(ok["subject"])[0] % 3).tolist()
    assert read_manifest(out).facts["protocol"]["name"].endswith("own.toml")
    assert run(f"audit {out} --by subject,exact") == 0
    first = out.read_bytes()
    assert run(f"split {other} --protocol {tmp_path / 'own.toml'} -o {out} --force") == 0
    assert out.read_bytes() == first
    two = f"{other} {data}"
    assert run(f"split {two} --protocol {tmp_path / 'own.toml'} -o {out} --force") == 1


def test_a_list_of_other_draws_than_its_protocol_says_is_refused(tmp_path) -> None:
    file = tmp_path / "own.toml"
    draws = [read_rows("ck48-paper", draw) for draw in (0, 1)]
    write_list(tmp_path / "own.parquet", pa.concat_tables(draws))
    for said, draw, says in ((0, None, "holds 2 draws; say draws = 2"), (3, 2, "row of draw 2")):
        file.write_text(toml(dataclasses.replace(TEXTS["ck48-paper"], draws=said)))
        with pytest.raises(FerError, match=rf"own\.parquet: .*{says}"):
            read_rows(str(file), draw)
    file.write_text(toml(dataclasses.replace(TEXTS["ck48-paper"], draws=2)))
    assert [read_rows(str(file), draw) for draw in (0, 1)] == draws


def test_a_rule_is_followed(tmp_path) -> None:
    n = 300
    table = {
        "id": [f"raf/{i}" for i in range(n)],
        "source": ["raf"] * n,
        "path": [""] * n,
        "status": ["ok"] * n,
        "native_label": [("fear", "anger", "neutral")[i % 3] for i in range(n)],
        "official_split": ["train" if i < 210 else "test" for i in range(n)],
    }
    write_manifest(tmp_path / "manifest.parquet", conform(pa.table(table)), {"source": "rafdb"})
    options = SplitOptions(protocol="rafdb-valfromtrain")
    out = split([tmp_path], tmp_path / "m.parquet", options).out
    dealt = read_manifest(out).table
    assert counts(dealt["split"]) == {"train": 189, "test": 90, "val": 21}
    assert pc.all(
        pc.equal(pc.equal(dealt["split"], "test"), pc.equal(dealt["official_split"], "test"))
    ).as_py()
    facts = read_manifest(out).facts
    assert facts["protocol"]["name"] == "rafdb-valfromtrain"


@pytest.mark.parametrize("fake", [jaffe, ckplus])
def test_each_person_is_left_out_once(tmp_path, fake) -> None:
    truth, name = fake.write(tmp_path / "raw"), fake.__name__.rpartition(".")[2]
    data = ingest(name, truth.raws(tmp_path / "raw"), tmp_path / "data").out
    done = split([data], tmp_path / "m.parquet", SplitOptions(protocol=f"{name}-loso"))
    dealt = read_manifest(done.out).table.filter(pc.field("fold").is_valid())
    who = set(zip(dealt["subject"].to_pylist(), dealt["fold"].to_pylist(), strict=True))
    people = sorted({subject for subject, _ in who})
    assert who == {(subject, fold) for fold, subject in enumerate(people)} and len(people) >= 4


def test_people_of_a_rule_are_kept_apart(tmp_path) -> None:
    n = 400
    table = {
        "id": [f"a/{i}" for i in range(n)],
        "source": ["a"] * n,
        "path": [""] * n,
        "status": ["ok"] * n,
        "native_label": [("happiness", "anger")[i % 2] for i in range(n)],
        "subject": [f"a:{i // 10}" for i in range(n)],
    }
    write_manifest(tmp_path / "manifest.parquet", conform(pa.table(table)), {"source": "aihub"})
    out = split([tmp_path], tmp_path / "m.parquet", SplitOptions(protocol="aihub-subject")).out
    assert counts(read_manifest(out).table["split"]) == {"train": 320, "test": 40, "val": 40}
    assert run(f"audit {out} --by subject") == 0


def test_the_command_lists_them_and_shows_one(tmp_path, capsys) -> None:
    assert run("protocols") == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in names())
    assert "27,247 / 3,491 / 3,589" in shown
    assert run("protocols ck48-paper --json") == 0
    assert '"draws": 20' in capsys.readouterr().out
    assert run("protocols nothing") == 1
    assert run("protocols --ck48 data/ck48") == 2
    assert "--ck48 goes with --make" in capsys.readouterr().err
    assert run(f"protocols --make {tmp_path / 'nowhere'}") == 1
    assert not (tmp_path / "nowhere").exists()
