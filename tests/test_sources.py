"""The contract of every file in sources/: its fake is read as the fake says it must be."""

import hashlib
import unicodedata
from collections import Counter
from pathlib import Path

import pyarrow.compute as pc
import pytest

from fertools import folder
from fertools.errors import FerError
from fertools.faces import open_faces
from fertools.ingest import ingest
from fertools.manifest import read_manifest
from fertools.roots import Root

NAMES = folder.names("sources")
CASES = [(name, v) for name in NAMES for v in folder.load("fakes", name).VARIANTS]
GENERIC = ("imagefolder", "table")  # these fit many a root
HALVES = ("fer2013", "ferplus")  # the votes of the one are for the pictures of the other
every_case = pytest.mark.parametrize(("name", "variant"), CASES, ids=["-".join(c) for c in CASES])


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Writes and ingests a fake once; remembers its folder, its truth, and where it went."""
    done = {}

    def get(name, variant):
        if (name, variant) not in done:
            raw = tmp_path_factory.mktemp(f"{name}-{variant}")
            truth = folder.load("fakes", name).write(raw, people=4, variant=variant)
            out = raw.parent / f"{raw.name}-out"
            if not truth.refused:
                run(name, raw, truth, out)
            done[name, variant] = raw, truth, out
        return done[name, variant]

    return get


def run(name, raw, truth, out, **more):
    face = {key: int(value) if value.isdigit() else value for key, value in truth.face.items()}
    options = truth.source_options(raw)
    return ingest(name, truth.raws(raw), out, options=options, face=face, **more)


def tree(out):
    """Digest of every file but the card, which tells when it was made."""
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name != "card.json"
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_source_says_what_a_reader_must_know(name):
    module = folder.load("sources", name)
    for constant in ("LICENCE", "CITATION", "HOMEPAGE"):
        assert isinstance(getattr(module, constant), str)
    assert "Layout on disk" in module.__doc__
    assert "Traps:" in module.__doc__
    assert folder.summary("sources", name).endswith(".")


PUBLISHED = {  # what the publishers' own pages and papers call each code
    "affectnet": "0 neutral, 1 happiness, 2 sadness, 3 surprise, 4 fear, 5 disgust, 6 anger, "
    "7 contempt",
    "aihub": "기쁨 happiness, 당황 embarrassment, 분노 anger, 불안 anxiety, 상처 hurt, "
    "슬픔 sadness, 중립 neutral",
    "ck48": "anger anger, contempt contempt, disgust disgust, fear fear, happy happiness, "
    "sadness sadness, surprise surprise",
    "ckplus": "0 neutral, 1 anger, 2 contempt, 3 disgust, 4 fear, 5 happiness, 6 sadness, "
    "7 surprise",
    "expw": "0 anger, 1 disgust, 2 fear, 3 happiness, 4 sadness, 5 surprise, 6 neutral",
    "fer2013": "0 anger, 1 disgust, 2 fear, 3 happiness, 4 sadness, 5 surprise, 6 neutral, "
    "angry anger, disgust disgust, fear fear, happy happiness, sad sadness, surprise surprise, "
    "neutral neutral",
    "jaffe": "AN anger, DI disgust, FE fear, HA happiness, NE neutral, SA sadness, SU surprise",
    "kdef": "AF fear, AN anger, DI disgust, HA happiness, NE neutral, SA sadness, SU surprise",
    "mpifaces": "a anger, d disgust, f fear, h happiness, n neutral, s sadness",
    "nimstim": "AN anger, CA neutral, DI disgust, FE fear, HA happiness, NE neutral, SA sadness, "
    "SP surprise",
    "oulucasia": "Anger anger, Disgust disgust, Fear fear, Happiness happiness, "
    "Neutral neutral, Sadness sadness, Surprise surprise",
    "rafd": "angry anger, contemptuous contempt, disgusted disgust, fearful fear, "
    "happy happiness, neutral neutral, sad sadness, surprised surprise",
    "rafdb": "1 surprise, 2 fear, 3 disgust, 4 happiness, 5 sadness, 6 anger, 7 neutral",
    "sfew": "Angry anger, Disgust disgust, Fear fear, Happy happiness, Neutral neutral, "
    "Sad sadness, Surprise surprise",
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_code_means_what_its_publisher_says(name):
    """Two swapped codes leave the counts of a balanced fake as they are."""
    words = dict(pair.split() for pair in PUBLISHED[name].split(", "))
    assert words == folder.load("sources", name).LABELS


@every_case
def test_a_fake_is_read_as_it_says(name, variant, drawn):
    raw, truth, out = drawn(name, variant)
    if truth.refused:
        with pytest.raises(FerError, match=truth.refused):
            run(name, raw, truth, out)
        assert not out.exists()
        return
    table = read_manifest(out).table
    ok = table.filter(pc.equal(table["status"], "ok"))
    assert counted(table["status"]) == truth.statuses
    if truth.labels:  # where a copy has codes of its own, a fake tells the words alone
        assert counted(ok["raw_label"]) == truth.labels
    assert counted(ok["native_label"]) == truth.words
    assert counted(ok["official_split"]) == truth.splits
    assert {s.split(":", 1)[1] for s in present(ok["subject"])} == truth.subjects
    assert set(present(ok["sequence"])) == truth.sequences


def counted(column):
    return dict(Counter(present(column)))


def present(column):
    return [value for value in column.to_pylist() if value is not None]


@every_case
def test_rows_are_whole(name, variant, drawn):
    """Ids, paths, shards and reasons of every row, and the sums of the card."""
    _, truth, out = drawn(name, variant)
    if truth.refused:
        return
    manifest = read_manifest(out)
    rows = manifest.table.to_pylist()
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        has_face = row["status"] == "ok"
        assert row["id"].startswith(f"{row['source']}/")
        assert row["id"] == unicodedata.normalize("NFC", row["id"])
        assert row["path"] == unicodedata.normalize("NFC", row["path"])
        assert "\\" not in row["path"]
        climbs = row["path"].startswith("/") or ".." in row["path"].replace("!", "/").split("/")
        assert not climbs or row["status"] == "unsafe_path"
        assert has_face == (row["shard"] is not None) == (row["row"] is not None)
        assert has_face == (row["store"] is not None) == (row["face_hash"] is not None)
        assert has_face or row["detail"]
        assert row["subject"] is None or ":" in row["subject"]
    assert sum(n for s, n in manifest.card["statuses"].items() if s != "pending") == len(rows)
    faces = open_faces(manifest)
    at = [place for place, row in enumerate(rows) if row["status"] == "ok"]
    assert faces[at].shape == (truth.ok, *faces.shape)
    stored = Path(out).glob("faces-*.npy")
    kept = sum(entry["rows"] for entry in shards(manifest).values())
    assert {p.name for p in stored} == set(shards(manifest))
    assert kept == truth.ok + truth.statuses.get("duplicate_id", 0)


def shards(manifest):
    (store,) = manifest.card["stores"].values()
    return store["shards"]


@pytest.mark.parametrize("name", NAMES)
def test_a_root_is_known_by_its_own_source_alone(name, drawn):
    variants = folder.load("fakes", name).VARIANTS
    for variant in variants:
        raw, truth, _ = drawn(name, variant)
        if truth.refused:
            continue
        for path in truth.raws(raw):
            known = {other for other in NAMES if matches(other, path)} - {*GENERIC}
            known -= {*HALVES} if name in HALVES else set()
            assert known <= {name}, (variant, path)
        assert any(matches(name, path) for path in truth.raws(raw))


def matches(name, path):
    module = folder.load("sources", name)
    options = module.Options() if hasattr(module, "Options") else None
    return bool(module.matches(Root(path, options)))


@pytest.mark.parametrize("name", NAMES)
def test_the_bytes_depend_on_nothing_but_the_data(name, drawn, tmp_path):
    """Another folder for raw data and output, another run, other rows first."""
    variant = folder.load("fakes", name).VARIANTS[0]
    _, truth, out = drawn(name, variant)
    elsewhere = tmp_path / "elsewhere"
    folder.load("fakes", name).write(elsewhere, people=4, variant=variant)
    run(name, elsewhere, truth, tmp_path / "again")
    assert tree(tmp_path / "again") == tree(out)


@pytest.mark.parametrize("name", ["ck48", "table"])
def test_two_workers_give_the_same_bytes(name, drawn, tmp_path):
    raw, truth, out = drawn(name, folder.load("fakes", name).VARIANTS[0])
    run(name, raw, truth, tmp_path / "two", workers=2)
    assert tree(tmp_path / "two") == tree(out)
