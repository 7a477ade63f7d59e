"""Curation of drawn data sets: versions, policies, undoing, and what an ingest does to it."""

import dataclasses
import functools
import itertools
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fertools import folder, resources
from fertools.cli import main
from fertools.curate import curate, known_flags, undo
from fertools.curate.policy import Policy, dropped, read_policy
from fertools.errors import FerError
from fertools.faces import open_faces
from fertools.fakes import ck48, fer2013
from fertools.ingest import ingest
from fertools.manifest import conform, read_manifest, write_manifest
from fertools.probs import Probs, write_probs

QUICK = ["duplicates", "quality"]


@pytest.fixture(scope="module")
def ingested(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("fer2013")
    fer2013.write(folder / "raw", people=4)
    ingest("fer2013", [folder / "raw"], folder / "data")
    return folder / "data"


@pytest.fixture
def data(ingested, tmp_path) -> Path:
    return Path(shutil.copytree(ingested, tmp_path / "data"))


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def rows_of(data: Path, flag: str) -> list[str]:
    table = read_manifest(data).table
    pairs = zip(table["id"].to_pylist(), table["flags"].to_pylist(), strict=True)
    return [name for name, flags in pairs if flag in (flags or [])]


def test_flags_and_reasons_stand_in_the_next_version(data):
    before = read_manifest(data)
    result = curate(data, QUICK)
    after = read_manifest(data)
    assert result.version == 1 and result.rows == len(before)
    assert after.table.select(before.table.column_names) == before.table
    blank, twins = rows_of(data, "constant"), rows_of(data, "exact_copy")
    assert len(blank) == 1 and len(twins) == 1
    assert len(rows_of(data, "contradicting_twins")) >= 2
    drop = dict(zip(after.table["id"].to_pylist(), after.table["drop"].to_pylist(), strict=True))
    assert {name for name, why in drop.items() if why} == set(blank)
    assert drop[blank[0]] == "constant" and result.dropped == {"constant": 1}
    flags, ok = after.table["flags"].to_pylist(), after.ok().to_pylist()
    assert all((words is None) == (not good) for words, good in zip(flags, ok, strict=True))
    assert result.flagged == sum(bool(words) for words in flags)
    group = after.table["twin_group"].to_pylist()[after.table["id"].to_pylist().index(twins[0])]
    assert group.startswith("t:fer2013/")
    assert after.table["quality_sharpness"].null_count == len(before) - result.faces


def test_the_card_says_what_was_done(data):
    curate(data, QUICK, command="fertools curate data")
    card = read_manifest(data).card["curation"]
    assert card["options"]["duplicates"] == {"threshold": None, "review": 0.86}
    assert card["checks"]["duplicates"]["facts"]["threshold"] == 0.9
    assert card["checks"]["duplicates"]["flags"]["exact_copy"] == 1
    assert card["dropped"] == {"constant": 1} and card["spare"] == ["val", "test"]
    assert card["made"]["command"] == "fertools curate data"
    twins = pq.read_table(data / "curation" / "duplicates-twins.parquet")
    assert "exact" in twins["kind"].to_pylist()


def test_a_second_run_changes_nothing(data):
    curate(data, QUICK)
    once = tree(data)
    again = curate(data, QUICK)
    assert again.version is None
    assert tree(data) == once


def test_two_folders_curated_alike_are_equal(data, tmp_path):
    other = Path(shutil.copytree(data, tmp_path / "other"))
    curate(other, ["quality"])
    curate(other, QUICK)  # the way there leaves no trace
    curate(data, QUICK)
    for name in ("manifest.parquet", "curation/duplicates-twins.parquet"):
        assert (data / name).read_bytes() == (other / name).read_bytes()


def test_undo_steps_back_to_the_same_bytes(data):
    steps = [tree(data)]
    for checks in (["quality"], QUICK):
        curate(data, checks)
        steps.append(tree(data))
    for number in (2, 1):
        assert undo(data) == number
        here = {k: v for k, v in tree(data).items() if not k.startswith("versions")}
        there = {k: v for k, v in steps[number - 1].items() if not k.startswith("versions")}
        assert here == there
    with pytest.raises(FerError, match="no older version"):
        undo(data)


def test_an_older_version_can_be_opened_where_it_lies(data):
    curate(data, QUICK)
    old = read_manifest(data / "versions" / "manifest-1.parquet")
    assert "flags" not in old.table.column_names
    at = int(np.flatnonzero(old.ok().to_numpy())[0])
    assert (open_faces(old)[at] == open_faces(data)[at]).all()


def test_a_run_that_was_killed_before_the_end_leaves_one_version(data, monkeypatch):
    monkeypatch.setattr("fertools.versions.replace_tables", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        curate(data, QUICK)
    monkeypatch.undo()
    assert "flags" not in read_manifest(data).table.column_names
    assert curate(data, QUICK).version == 1
    assert len(list((data / "versions").glob("*.parquet"))) == 1


def _stopped_at(number: int, work: Callable[[], object]) -> bool:
    """Run `work` in a copy of this process that ends, as by kill -9, before its `number`-th change
    of a file; whether it came to that."""
    child = os.fork()
    if child == 0:
        seen = itertools.count(1)

        def stop(event: str, details: tuple[object, ...]) -> None:
            writes = event == "open" and isinstance(details[2], int) and details[2] & os.O_ACCMODE
            named = ("os.rename", "os.mkdir", "os.remove", "os.rmdir")
            if (writes or event in named) and next(seen) == number:
                os._exit(9)

        sys.addaudithook(stop)
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def _without_cards(folder: Path) -> dict[str, bytes]:
    """The files of a folder, but for the cards, which tell the time."""
    return {name: data for name, data in tree(folder).items() if not name.endswith("card.json")}


def _last_stops(data: Path, work: Callable[[Path], object]) -> None:
    """Wherever `work` is stopped, the same again ends as it does undisturbed."""
    whole = Path(shutil.copytree(data, data.with_name("whole")))
    work(whole)
    for number in itertools.count(1):
        here = Path(shutil.copytree(data, data.with_name(f"stopped-{number}")))
        if not _stopped_at(number, functools.partial(work, here)):
            break
        work(here)
        assert _without_cards(here) == _without_cards(whole), number
        assert read_manifest(here).card["files"] == read_manifest(whole).card["files"]
    assert number > 5


def test_an_undo_that_was_killed_goes_back_once_and_loses_no_table(data):
    curate(data, ["duplicates"])
    curate(data, ["quality"])
    _last_stops(data, undo)


def test_a_run_that_was_killed_leaves_no_column_of_the_one_before(data):
    curate(data, QUICK)
    _last_stops(data, lambda folder: curate(folder, ["duplicates"]))


def test_a_run_ends_the_undo_that_was_killed_before_it(data):
    whole = Path(shutil.copytree(data, data.with_name("whole")))
    curate(data, QUICK)
    curate(whole, ["duplicates"])
    for number in itertools.count(1):
        here = Path(shutil.copytree(data, data.with_name(f"stopped-{number}")))
        if not _stopped_at(number, functools.partial(undo, here)):
            break
        curate(here, ["duplicates"])
        assert read_manifest(here).table == read_manifest(whole).table, number


def test_an_undo_without_room_is_a_sentence(data):
    curate(data, QUICK)
    (data / ".card.json.partial").mkdir()  # nothing can be written there
    with pytest.raises(FerError, match="mend that and run the same command again"):
        undo(data)


def test_links_in_a_folder_of_somebody_else_are_not_written_through(data, tmp_path):
    (tmp_path / "mine").mkdir()
    kept = [tmp_path / "mine" / name for name in ("a.txt", "b.txt", "c.txt")]
    for file in kept:
        file.write_text("mine")
    (data / "versions").mkdir()
    (data / ".curation.partial").symlink_to(tmp_path / "mine")
    (data / ".card.json.partial").symlink_to(kept[0])
    (data / "versions" / "manifest-1.partial").symlink_to(kept[1])
    curate(data, ["quality"])
    assert [file.read_text() for file in kept] == ["mine"] * 3
    assert not (data / "card.json").is_symlink() and not (data / "curation").is_symlink()


def test_a_verdict_of_a_person_outlives_a_run(data):
    table = read_manifest(data).table
    verdict = pa.array(["fear"] + [None] * (table.num_rows - 1), pa.string())
    manifest = read_manifest(data)
    write_manifest(data / "manifest.parquet", table.append_column("label_verdict", verdict),
                   manifest.facts, manifest.card)  # fmt: skip
    curate(data, QUICK)
    assert read_manifest(data).table["label_verdict"].to_pylist()[0] == "fear"


def test_a_face_that_reviewers_dropped_goes_and_another_copy_stays():
    columns = {
        "official_split": ["test", None, None],
        "face_hash": ["a", "a", "b"],
        "status": ["ok"] * 3,
        "native_label": ["fear"] * 3,
        "flags": [[], ["exact_copy"], []],
        "verdict": ["drop", "keep", None],
    }
    policy = Policy(spare=("test",), drop={"exact_copy": "but_one"})
    assert dropped(pa.table(columns), policy)[0].to_pylist() == ["verdict", None, None]
    columns["status"] = ["no_face", "ok", "ok"]
    assert dropped(pa.table(columns), policy)[0].to_pylist() == [None, "exact_copy", None]
    columns["verdict"], columns["status"] = [None] * 3, ["ok"] * 3
    table = pa.table(columns, schema=pa.table(columns).schema.set(5, pa.field("verdict", "string")))
    assert dropped(table, policy)[0].to_pylist() == [None, "exact_copy", None]


def test_what_was_not_asked_for_again_is_named(data):
    curate(data, QUICK)
    result = curate(data, ["duplicates"])
    assert result.gone == ["quality"]
    assert "quality_sharpness" not in read_manifest(data).table.column_names


def test_one_of_each_takes_the_copies_from_training(data, tmp_path):
    curate(data, QUICK, policy=resources.resource("recipes", "curate_one_of_each", ".toml"))
    table = read_manifest(data).table
    twin = rows_of(data, "exact_copy")  # it is in PrivateTest, the first of the two in training
    drop = dict(zip(table["id"].to_pylist(), table["drop"].to_pylist(), strict=True))
    split = dict(zip(table["id"].to_pylist(), table["official_split"].to_pylist(), strict=True))
    assert split[twin[0]] == "test" and drop[twin[0]] is None
    gone = [name for name in rows_of(data, "contradicting_twins") if drop[name]]
    assert gone and all(split[name] == "train" for name in gone)


@pytest.mark.parametrize(
    ("flags", "parts", "copies", "way", "goes"),
    [
        (["exact_copy"] * 2, ["train"] * 3, "aaa", "but_one", [1, 2]),
        (["exact_copy"] * 2, ["train", "train", "test"], "aaa", "but_one", [0, 1]),
        (["exact_copy"] * 2, ["train", "test", "test"], "aaa", "but_one", [0]),
        (["exact_copy"] * 2, ["train"] * 3, "aba", "but_one", [2]),
        (["exact_copy"] * 2, ["train"] * 3, "aaa", "all", [1, 2]),
        (["exact_copy"] * 2, ["train", "test", "train"], "aaa", "all", [2]),
        (["exact_copy"] * 2, ["train"] * 3, "abc", "but_one", []),
    ],
)
def test_policies_on_copies(flags, parts, copies, way, goes):
    drop = dropped_copies(flags, parts, copies, way, ["fear"] * len(parts))
    assert drop == ["exact_copy" if i in goes else None for i in range(len(parts))]


@pytest.mark.parametrize(
    ("labels", "goes"),
    [([None, "fear", "fear"], [0, 2]), (["fear", None, None], [1, 2]), ([None] * 3, [1, 2])],
)
def test_of_copies_one_with_a_label_stays(labels, goes):
    drop = dropped_copies(["exact_copy"] * 2, ["train"] * 3, "aaa", "but_one", labels)
    assert drop == ["exact_copy" if i in goes else None for i in range(3)]


def dropped_copies(flags, parts, copies, way, labels) -> list[str | None]:
    table = pa.table(
        {
            "flags": pa.array([[], *([f] for f in flags)], pa.list_(pa.string())),
            "official_split": parts,
            "native_label": pa.array(labels, pa.string()),
            "face_hash": [c if copies.count(c) > 1 else None for c in copies],
        }
    )
    drop, _ = dropped(table, Policy(spare=("val", "test"), drop={"exact_copy": way}))
    return drop.to_pylist()


def test_the_first_flag_of_a_policy_is_the_reason():
    rows = [["blurred", "constant"], ["blurred"], None, []]
    table = pa.table(
        {"flags": pa.array(rows, pa.list_(pa.string())), "official_split": [None] * 4},
        schema=pa.schema([("flags", pa.list_(pa.string())), ("official_split", pa.string())]),
    )
    drop, spared = dropped(table, Policy(drop={"constant": "all", "blurred": "all"}))
    assert drop.to_pylist() == ["constant", "blurred", None, None]
    assert spared == {}


def test_published_test_rows_are_spared():
    table = pa.table(
        {
            "flags": pa.array([["constant"]] * 3 + [["blurred"]] * 2),
            "official_split": ["train", "test", None, "test", "train"],
        }
    )
    drop, spared = dropped(table, Policy(spare=("test",), drop={"constant": "all"}))
    assert drop.to_pylist() == ["constant", None, "constant", None, None]
    assert spared == {"constant": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[drop]\nconstant = 'some'", "drop.constant 'some': known are all, but_one"),
        ("[drop]\nconstant = 'but_one'", "is for exact_copy, near_copy"),
        ("[drop]\nugly = 'all'", "drop.ugly: known flags are .*constant"),
        ("spare = ['exam']", "spare 'exam': known are test, train, val"),
        ("keep = true", "key 'keep': known are"),
        ("file = 'x'", "key 'file': known are drop, options, spare"),
        ("[options]\nquality = 1", "give a table"),
        ("[options.beauty]\nx = 1", "options.beauty: known are"),
        ("[options.quality]\nugly = 1", "options.quality.ugly': known are"),
        ("[options.duplicates]\nthreshold = 'high'", "give a number"),
        ("][", "no TOML"),
    ],
)
def test_a_policy_that_cannot_be_followed_is_refused(data, tmp_path, text, message):
    policy = tmp_path / "p.toml"
    policy.write_text(text)
    before = tree(data)
    with pytest.raises(FerError, match=message):
        curate(data, QUICK, policy=policy)
    assert tree(data) == before


def test_options_of_a_policy_reach_the_check(data, tmp_path):
    policy = tmp_path / "p.toml"
    policy.write_text("[drop]\nblurred = 'all'\n[options.quality]\nblurred = 99")
    result = curate(data, ["quality"], policy=policy)
    faces = read_manifest(data)
    assert result.dropped["blurred"] == result.faces - 1  # all but the constant one
    assert faces.card["curation"]["options"]["quality"]["blurred"] == 99


def test_every_shipped_policy_can_be_read():
    names = [n for n in resources.names("recipes", ".toml") if n.startswith("curate")]
    assert "curate_default" in names
    for name in names:
        policy = read_policy(resources.resource("recipes", name, ".toml"))
        assert set(policy.drop) <= set(known_flags())
    assert dict(read_policy().drop) == {"constant": "all"}


@pytest.mark.parametrize("what", ["folder", "split", "none"])
def test_only_the_folder_of_an_ingest_is_curated(tmp_path, what):
    if what != "none":
        names = {"folder": "manifest.parquet", "split": "split.parquet"}
        rows = {k: ["x"] for k in ("id", "source", "path", "status")}
        write_manifest(tmp_path / names[what], conform(pa.table(rows)), {}, {})
    path = tmp_path / "split.parquet" if what == "split" else tmp_path
    with pytest.raises(FerError, match="copy them to a disk"):
        curate("s3://bucket/data")
    with pytest.raises(FerError, match="no folder of `fertools ingest`"):
        curate(path)


@pytest.mark.parametrize("name", folder.names("checks"))
def test_every_check_says_what_it_finds(name):
    module = folder.load("checks", name)
    assert module.__doc__ and module.find.__doc__
    assert module.FLAGS and all(flag == flag.lower() for flag in module.FLAGS)
    first = dataclasses.fields(module.Options)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(module.Options(), first, None)


def test_probabilities_are_read_and_their_digest_kept(data, tmp_path):
    pytest.importorskip("cleanlab")
    table = read_manifest(data).table
    ids, words = table["id"].to_pylist(), ("anger", "fear")
    values = np.tile([0.4, 0.6], (len(ids), 1))
    write_probs(tmp_path / "p.parquet", Probs(tuple(ids), words, values))
    curate(data, ["label_noise"], probs=tmp_path / "p.parquet")
    card = read_manifest(data).card["curation"]
    assert card["checks"]["label_noise"]["facts"]["probs"]["rows"] > 0
    assert len(card["options"]["label_noise"]["probs"]) == 32
    first = (data / "manifest.parquet").read_bytes()
    shutil.copy(tmp_path / "p.parquet", tmp_path / "same.parquet")
    curate(data, ["label_noise"], probs=tmp_path / "same.parquet")
    assert (data / "manifest.parquet").read_bytes() == first  # the path does not matter
    with pytest.raises(FerError, match=r"none\.parquet"):
        curate(data, ["label_noise"], probs=tmp_path / "none.parquet")


def test_a_check_of_ones_own(data, tmp_path):
    check = tmp_path / "odd.py"
    check.write_text(
        "from dataclasses import dataclass\nimport numpy as np\n"
        "from fertools.finding import Finding\nFLAGS = ('odd',)\n"
        "@dataclass(frozen=True)\nclass Options:\n    flag: str = 'odd'\n"
        "def find(manifest, faces, options):\n"
        "    rows = np.flatnonzero(manifest.ok().to_numpy())[1::2]\n"
        "    return Finding(rows, [options.flag] * len(rows))\n"
    )
    result = curate(data, [str(check)])
    assert result.checks["odd"].flags == {"odd": result.faces // 2}
    twice = tmp_path / "twice.py"
    twice.write_text(check.read_text().replace("[1::2]\n", "[1::2].repeat(2)\n"))
    result = curate(data, [str(twice)])  # a row that is named twice is one row
    assert result.checks["twice"].flags == {"odd": result.faces // 2}
    flags = [found for found in read_manifest(data).table["flags"].to_pylist() if found]
    assert flags == [["odd"]] * (result.faces // 2)
    policy = tmp_path / "p.toml"
    policy.write_text("[options.odd]\nflag = 'even'")
    with pytest.raises(FerError, match="'even' is not among its FLAGS"):
        curate(data, [str(check)], policy=policy)
    with pytest.raises(FerError, match="check 'beauty': known are"):
        curate(data, ["beauty"])


class TestIngestAfterwards:
    """What an ingest into a curated folder does."""

    def test_the_same_again_leaves_the_curation(self, tmp_path):
        ck48.write(tmp_path / "raw", people=3, traps=False)
        ingest("ck48", [tmp_path / "raw"], tmp_path / "data")
        curate(tmp_path / "data", QUICK)
        before = tree(tmp_path / "data")
        ingest("ck48", [tmp_path / "raw"], tmp_path / "data")
        assert tree(tmp_path / "data") == before

    def test_added_rows_call_for_another_run(self, tmp_path):
        data, raw = tmp_path / "data", tmp_path / "raw"
        ck48.write(raw, people=3, traps=False)
        (raw / "CK+48" / "happy").rename(tmp_path / "happy")
        ingest("ck48", [raw], data)
        curate(data, QUICK)
        (tmp_path / "happy").rename(raw / "CK+48" / "happy")
        result = ingest("ck48", [raw], data, add=True)
        assert any("run it again" in note for note in result.notes)
        manifest = read_manifest(data)
        assert "flags" not in manifest.table.column_names
        assert not (data / "curation").exists()
        assert "flags" in read_manifest(data / "versions" / "manifest-2.parquet").table.column_names
        again = curate(data, QUICK)
        assert again.version == 3 and again.rows == result.rows

    def test_starting_over_forgets_the_versions(self, tmp_path):
        ck48.write(tmp_path / "raw", people=2, traps=False)
        ingest("ck48", [tmp_path / "raw"], tmp_path / "data")
        curate(tmp_path / "data", QUICK)
        ingest("ck48", [tmp_path / "raw"], tmp_path / "data", force=True)
        assert not (tmp_path / "data" / "versions").exists()
        assert not (tmp_path / "data" / "curation").exists()
        with pytest.raises(FerError, match="no older version"):
            undo(tmp_path / "data")

    def test_a_manifest_that_is_made_again_leaves_the_versions(self, tmp_path):
        ck48.write(tmp_path / "raw", people=2, traps=False)
        data = tmp_path / "data"
        ingest("ck48", [tmp_path / "raw"], data)
        before = (data / "manifest.parquet").read_bytes()
        curate(data, QUICK)
        (data / "manifest.parquet").unlink()  # as `verify` says where it is damaged
        ingest("ck48", [tmp_path / "raw"], data)
        assert (data / "manifest.parquet").read_bytes() == before
        assert (data / "versions" / "manifest-1.parquet").read_bytes() == before
        assert not (data / "curation").exists()
        assert curate(data, QUICK).version == 1  # the same as was kept
        assert undo(data) == 1


class TestCommand:
    """`fertools curate`."""

    def test_it_prints_the_sum_and_the_way_back(self, data, capsys):
        with pytest.raises(SystemExit) as done:
            main(["curate", str(data), "--checks", "duplicates,quality"])
        out = capsys.readouterr()
        assert done.value.code == 0
        assert "exact_copy" in out.out and "--undo goes back" in out.out
        table = read_manifest(data).table
        bad = table.num_rows - sum(s == "ok" for s in table["status"].to_pylist())
        assert f"{table.num_rows} rows = {bad} without a face + 1 dropped" in out.out
        assert "checking duplicates" in out.err

    def test_drops_by_verdict_are_told_beside_those_of_the_checks(self, data, capsys):
        manifest = read_manifest(data)
        ok = manifest.table["status"].to_pylist().index("ok")
        said = ["drop" if row == ok else None for row in range(len(manifest))]
        table = manifest.table.append_column("verdict", pa.array(said, pa.string()))
        write_manifest(data / "manifest.parquet", table, manifest.facts, manifest.card)
        with pytest.raises(SystemExit):
            main(["curate", str(data), "--checks", "quality"])
        assert "1 of the dropped are so by reviewers' verdicts" in capsys.readouterr().out

    def test_json_and_undo(self, data, capsys):
        with pytest.raises(SystemExit):
            main(["curate", str(data), "--checks", "quality", "--json"])
        found = json.loads(capsys.readouterr().out)
        assert found["version"] == 1 and found["checks"]["quality"]["flags"]["constant"] == 1
        with pytest.raises(SystemExit):
            main(["curate", str(data), "--undo"])
        assert "version 1 of the manifest stands again" in capsys.readouterr().out
        assert "flags" not in read_manifest(data).table.column_names

    def test_quiet_prints_nothing(self, data, capsys):
        with pytest.raises(SystemExit):
            main(["curate", str(data), "--checks", "quality", "--quiet"])
        assert capsys.readouterr() == ("", "")

    @pytest.mark.parametrize(
        ("arguments", "code", "message"),
        [
            (["--undo", "--checks", "quality"], 2, "takes no other option"),
            (["--undo"], 1, "no older version"),
            (["--checks", "beauty"], 1, "known are"),
            (["--checks", "quality", "--probs", "p.parquet"], 1, "read by the check label_noise"),
            (["--policy", "none.toml"], 1, "no such policy"),
        ],
    )
    def test_mistakes_are_one_sentence(self, data, capsys, arguments, code, message):
        with pytest.raises(SystemExit) as done:
            main(["curate", str(data), *arguments])
        assert done.value.code == code
        assert message in capsys.readouterr().err
