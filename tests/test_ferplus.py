"""FER+: votes by row order for the table, by content for the folders."""

import io
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pytest

from fertools.errors import FerError
from fertools.fakes import fer2013 as fake2013
from fertools.fakes import ferplus as fake
from fertools.fakes._files import jpeg, put
from fertools.ingest import ingest
from fertools.labelling import label, votes_of
from fertools.manifest import VOTE_WORDS, VOTES, read_manifest
from fertools.sources import _ferplus_join as joining
from fertools.sources import fer2013, ferplus
from fertools.sources._ferplus_join import Pictures, join
from fertools.sources._together import each_once
from tests.conftest import REAL, needs_real
from tests.made import ingester

ROWS = 3000  # of the real table: a full run is tests/benchmarks/bench_ferplus_join.py


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A variant of the fake, ingested once: folder, truth, result, table."""
    return ingester(tmp_path_factory, fake)


def written(place):
    """The votes as the file holds them, (rows, 10), in the order of VOTE_WORDS."""
    lines = (place / "fer2013new.csv").read_text().splitlines()
    columns = ["non_face" if c == "NF" else c for c in lines[0].split(",")[2:]]
    order = [columns.index(word) for word in VOTE_WORDS]
    return np.array([[int(n) for n in line.split(",")[2:]] for line in lines[1:]])[:, order]


def test_votes_join_the_table_by_row_order(done):
    place, truth, result, table = done("csv")
    assert result.statuses == dict(truth.statuses)
    assert (votes_of(table["votes"]) == written(place)).all()
    assert table["source_row"].to_pylist() == list(range(len(table)))
    kept = label(table, "ferplus-majority")
    for usage, part in fer2013.USAGES.items():
        rows = kept.filter(pa.compute.equal(kept["official_split"], part))
        assert rows["label"].null_count == len(rows) - truth.counts[f"kept_{usage}"]


def test_votes_join_the_folders_by_content(done):
    place, truth, result, table = done("folder")
    assert result.statuses == dict(truth.statuses)  # the table lends pixels and gives no rows
    votes = written(place)
    rows = {row["source_row"]: row for row in table.to_pylist()}
    assert len(rows) == len(votes)  # no row serves two files
    assert (votes_of(table["votes"]) == votes[table["source_row"].to_numpy()]).all()
    by_table = {r["source_row"]: r for r in done("csv")[3].to_pylist()}
    for number, row in rows.items():
        assert row["native_label"] == by_table[number]["native_label"]
        assert row["official_split"] == by_table[number]["official_split"]
        assert row["record"] == by_table[number]["record"] == f"{number:05d}"


def test_files_that_another_encoder_wrote_find_their_row_by_a_sketch(tmp_path):
    truth = fake.write(tmp_path, people=6, variant="folder")
    faces = fake2013.faces(0, 6, True)
    rewritten = []
    for number, file in enumerate(sorted((tmp_path / "fer2013").rglob("*.jpg"))):
        if number % 3 == 0:
            pixels = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
            file.write_bytes(jpeg(pixels, quality=90))
            rewritten.append(f"ferplus/{pixels.shape}")
    ingest("ferplus", truth.raws(tmp_path), tmp_path / "out")
    table = read_manifest(tmp_path / "out").table
    assert len(rewritten) > 15
    assert table["source_row"].null_count == 0
    for row in table.to_pylist():
        face = faces[row["source_row"]]
        assert fer2013.CODES[face.code] == row["native_label"]
        pixels = np.load(tmp_path / "out" / row["shard"])[row["row"]]
        assert np.abs(pixels.astype(int) - face.pixels).mean() < 4


def test_a_picture_that_is_no_row_has_no_votes_and_a_row_without_picture_is_pending(tmp_path):
    truth = fake.write(tmp_path, people=6, variant="folder")
    noise = np.random.default_rng(0).integers(0, 255, (48, 48)).astype(np.uint8)
    file = sorted((tmp_path / "fer2013/train/happy").iterdir())[3]
    file.write_bytes(jpeg(noise))
    put(tmp_path, "fer2013/train/happy/Training_77.jpg", b"")
    result = ingest("ferplus", truth.raws(tmp_path), tmp_path / "out")
    assert result.statuses == {**truth.statuses, "empty": 1, "pending": 1}
    assert "rows without votes: 2" in result.notes
    rows = {r["path"]: r for r in read_manifest(tmp_path / "out").table.to_pylist()}
    lost = rows[f"train/happy/{file.name}"]
    assert (lost["status"], lost["votes"], lost["source_row"]) == ("ok", None, None)


def pictures(*rows):
    """Pictures of (key, hash, part, word, grey level)."""
    keys, hashes, parts, words, levels = zip(*rows, strict=True)
    return Pictures(keys, hashes, parts, words, np.repeat(levels, 64).reshape(-1, 64).astype("u1"))


def test_copies_are_dealt_in_order_and_none_twice():
    rows = pictures(
        ("00", "twin", "train", "fear", 10),
        ("01", "twin", "train", "anger", 10),
        ("02", "twin", "train", "fear", 10),
        ("03", "twin", "test", "fear", 10),
    )
    files = pictures(
        ("a", "twin", "test", "fear", 10),
        ("b", "twin", "train", "fear", 10),
        ("c", "twin", "train", "fear", 10),
        ("d", "twin", "train", "fear", 10),  # a copy whose class somebody changed
        ("e", "twin", "train", "fear", 10),  # one too many
    )
    assert join(files, rows).tolist() == [3, 0, 2, 1, -1]


def test_a_sketch_decides_only_where_one_row_is_near():
    rows = pictures(
        ("00", "x", "train", "fear", 100),
        ("01", "y", "train", "fear", 103),
        ("02", "z", "train", "anger", 101),
        ("03", "w", "train", "fear", 150),
    )
    files = pictures(
        ("a", "?", "train", "fear", 101),  # two are near
        ("b", "?", "train", "fear", 147),  # none is within 2
        ("c", "?", "train", "fear", 152),
        ("d", "?", "test", "anger", 101),  # another part
        ("e", "?", "train", "fear", 149),  # near, and given away
    )
    assert join(files, rows).tolist() == [-1, -1, 3, -1, -1]


def test_nothing_to_join():
    empty = joining._pictures([])
    assert join(empty, pictures(("00", "x", "train", "fear", 1))).tolist() == []
    assert join(pictures(("a", "x", "train", "fear", 1)), empty).tolist() == [-1]


def test_what_is_missing_is_said(done, tmp_path):
    place, *_ = done("folder")
    faces, table, votes = (place / name for name in ("fer2013", "fer2013.csv", "fer2013new.csv"))
    with pytest.raises(FerError, match=r"fer2013.csv: no votes; give fer2013new.csv"):
        ingest("ferplus", [table], tmp_path / "one")
    with pytest.raises(FerError, match=r"folders have no rows; give fer2013.csv"):
        ingest("ferplus", [faces, votes], tmp_path / "two")
    with pytest.raises(FerError, match=r"not laid out as ferplus"):
        ingest("ferplus", [Path(__file__).parent, votes], tmp_path / "three")


def test_another_order_is_refused(tmp_path):
    truth = fake.write(tmp_path, people=6)
    table = tmp_path / "fer2013.csv"
    head, *rows = table.read_text().splitlines()
    table.write_text("\n".join([head, *rows[::-1]]))
    with pytest.raises(FerError, match=r"row 0 is of test, its votes of train"):
        ingest("ferplus", truth.raws(tmp_path), tmp_path / "out")


def test_another_order_within_a_part_is_said_aloud(tmp_path):
    truth = fake.write(tmp_path, people=6)
    table = tmp_path / "fer2013.csv"
    head, *rows = table.read_text().splitlines()
    training = [row for row in rows if row.endswith(",Training")]
    mixed = np.random.default_rng(0).permutation(training).tolist()
    table.write_text("\n".join([head, *mixed, *rows[len(training) :]]))
    result = ingest("ferplus", truth.raws(tmp_path), tmp_path / "out")
    assert any("these votes belong to other rows" in note for note in result.notes)


def test_votes_that_change_are_named(tmp_path):
    truth = fake.write(tmp_path, people=6)
    ingest("ferplus", truth.raws(tmp_path), tmp_path / "out")
    votes = tmp_path / "fer2013new.csv"
    votes.write_text(votes.read_text().replace(",8,", ",7,", 1))
    with pytest.raises(FerError, match=r"000\d\d: its label changed since"):
        ingest("ferplus", truth.raws(tmp_path), tmp_path / "out")
    (tmp_path / "other").mkdir()
    other = tmp_path / "other/fer2013new.csv"
    other.write_text(votes.read_text().replace(",7,", ",8,", 1))
    both = [*truth.raws(tmp_path), other]
    with pytest.raises(FerError, match=r"or two files differ on it \(take one of them away\)"):
        ingest("ferplus", both, tmp_path / "out", force=True)
    assert ingest("ferplus", truth.raws(tmp_path), tmp_path / "new").ok


def test_of_three_records_none_may_differ():
    columns = {"key": ["0", "1", "0", "0", "1"], "at": [1, 2, 1, 1, 2]}
    table = pa.table({**columns, "votes": ["a", "b", "a", "a", "b"]})
    assert each_once(table, ["key", "at"]).to_pylist() == [
        {"key": "0", "at": 1, "votes": "a"},
        {"key": "1", "at": 2, "votes": "b"},
    ]
    table = pa.table({**columns, "votes": ["a", "b", "c", "a", "b"]})
    with pytest.raises(FerError, match=r"^0: its label changed since it was first read"):
        each_once(table, ["key", "at"])


def test_agreement_leaves_out_ties_and_words_that_fer2013_lacks():
    counts = [
        {"happiness": 8, "fear": 2},  # the same
        {"sadness": 6, "neutral": 4},  # another
        {"contempt": 9, "anger": 1},  # not FER2013's
        {"anger": 5, "disgust": 5},  # a tie
        {"unknown": 10},
    ]
    votes = pa.array([dict.fromkeys(VOTE_WORDS, 0) | some for some in counts], VOTES)
    table = pa.table({"votes": votes, "native_label": ["happiness", "neutral", *["anger"] * 3]})
    assert ferplus._agreement(table) == (1, 2)


def test_a_part_of_the_table_is_refused(tmp_path):
    fake.write(tmp_path, people=6)
    truth = fake2013.write(tmp_path / "challenge", people=6, variant="challenge")
    raws = [*truth.raws(tmp_path / "challenge"), tmp_path / "fer2013new.csv"]
    with pytest.raises(FerError, match="a table without Usage is a part"):
        ingest("ferplus", raws, tmp_path / "out")


def test_rows_beyond_the_votes_have_none(tmp_path):
    truth = fake.write(tmp_path, people=6)
    votes = tmp_path / "fer2013new.csv"
    lines = votes.read_text().splitlines()
    votes.write_text("\n".join([*lines[:-2], ""]))
    result = ingest("ferplus", truth.raws(tmp_path), tmp_path / "out")
    assert result.statuses == dict(truth.statuses) and "rows without votes: 2" in result.notes
    table = read_manifest(tmp_path / "out").table
    assert [i for i, v in enumerate(table["votes"].to_pylist()) if v is None] == [
        len(table) - 2,
        len(table) - 1,
    ]


def test_the_folders_lend_no_picture_of_another_size_and_the_table_no_broken_row(tmp_path):
    truth = fake.write(tmp_path, people=6, variant="folder")
    put(tmp_path, "fer2013/train/happy/Training_77.jpg", jpeg(np.zeros((50, 50), np.uint8)))
    table = tmp_path / "fer2013.csv"
    head, first, *rows = table.read_text().splitlines()
    table.write_text("\n".join([head, first.replace(" ", " x", 1), *rows, ""]))
    result = ingest("ferplus", truth.raws(tmp_path), tmp_path / "out")
    assert result.ok == truth.ok + 1 and "rows without votes: 2" in result.notes
    whole = written(tmp_path)
    for row in read_manifest(tmp_path / "out").table.to_pylist():
        if row["votes"] is not None:
            said = [row["votes"][word] for word in VOTE_WORDS]
            assert row["source_row"] > 0 and said == whole[row["source_row"]].tolist()


@pytest.mark.parametrize(
    "text",
    [
        "Training,fer0.png,1,2\n",
        "Training,fer0.png" + ",x" * 10,
        "Training,fer0.png,11,-1" + ",0" * 8,
        "Training,fer0.png,1001" + ",0" * 9,
    ],
)
def test_a_broken_row_of_votes_is_named(tmp_path, text):
    head = ",".join(("Usage", "Image name", *fake.COLUMNS))
    put(tmp_path, "fer2013new.csv", f"{head}\n{text}".encode())
    with pytest.raises(FerError, match=r"fer2013new.csv: a row that is no votes"):
        ferplus._read_votes(ferplus.Root(tmp_path).members[0])


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """The first rows of the real table and its votes, with the folders that Pillow makes of it."""
    Image = pytest.importorskip("PIL.Image")
    place = tmp_path_factory.mktemp("real")
    with pa.CompressedInputStream(str(REAL / "fer2013/fer2013.csv.zst"), "zstd") as packed:
        text = io.BufferedReader(_Readable(packed), 1 << 20)
        put(place, "fer2013.csv", b"".join(text.readline() for _ in range(ROWS + 1)))
    votes = (REAL / "ferplus/fer2013new.csv").read_bytes().split(b"\n")[: ROWS + 1]
    put(place, "fer2013new.csv", b"\n".join(votes))
    rng = np.random.default_rng(0)
    truth = {}
    (unit,) = fer2013.units(ferplus.Root(place / "fer2013.csv"))
    faces = [(c, f) for b in fer2013.read(unit) for c, f in zip(
        b.columns["raw_label"], b.faces, strict=True)]  # fmt: skip
    for row, (code, face) in enumerate(faces):
        name = f"train/{fake2013.FOLDERS[int(code)]}/Training_{rng.integers(1206, 10**8)}.jpg"
        data = io.BytesIO()
        Image.fromarray(face).save(data, "JPEG", quality=95)
        put(place, f"folders/{name}", data.getvalue())
        truth[name] = row
    return place, truth


class _Readable(io.RawIOBase):
    """A pyarrow stream as Python's."""

    def __init__(self, stream):
        self._stream = stream

    def readable(self):
        return True

    def readinto(self, buffer):
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


@needs_real
def test_real_rows_agree_with_fer2013_in_order_only(real, tmp_path):
    place, _ = real
    result = ingest("ferplus", [place / "fer2013.csv", place / "fer2013new.csv"], tmp_path)
    table = read_manifest(tmp_path).table
    same, of = ferplus._agreement(table)
    assert result.ok == ROWS
    assert 0.63 < same / of < 0.68
    shifted = table.set_column(
        table.column_names.index("votes"), "votes",
        pa.concat_arrays([table["votes"].combine_chunks()[85:],
                          table["votes"].combine_chunks()[:85]]),
    )  # fmt: skip
    same, of = ferplus._agreement(shifted)
    assert same / of < 0.25


@needs_real
def test_real_folders_get_the_votes_of_their_row(real, tmp_path):
    place, truth = real
    raws = [place / name for name in ("folders", "fer2013.csv", "fer2013new.csv")]
    ingest("ferplus", raws, tmp_path)
    table = read_manifest(tmp_path).table
    right = np.array([truth[path] for path in table["path"].to_pylist()])
    votes = written(place)
    assert (votes_of(table["votes"]) == votes[right]).all()
    exact = (table["source_row"].to_numpy() == right).mean()
    assert exact > 0.98  # the rest are copies within a part and class
