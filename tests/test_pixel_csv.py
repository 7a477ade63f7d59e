"""Pixels in a CSV: the fast way agrees with int(), and every bad row gets its reason."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fertools.errors import FerError
from fertools.fakes._files import gzipped, jpeg, put, zstandard
from fertools.ingest import ingest
from fertools.manifest import read_manifest
from fertools.roots import Root
from fertools.sources import _pixel_csv, fer2013

COUNT = _pixel_csv.COUNT
GOOD = " ".join(str((7 * i) % 256) for i in range(COUNT))
FACE = np.array(GOOD.split(), np.uint8).reshape(48, 48)


def plain(text):
    """What a careful reader does, number by number."""
    words = text.split()
    if len(words) != COUNT or not all(word.isdigit() and int(word) < 256 for word in words):
        return None
    return np.array([int(word) for word in words], np.uint8).reshape(48, 48)


number = st.one_of(
    st.integers(0, 255).map(str),
    st.sampled_from(["0", "9", "10", "99", "100", "199", "249", "250", "255", "007", "00"]),
)
odd = st.sampled_from(
    ["256", "299", "300", "999", "1000", "-1", "1.5", "nan", "", "x", "\t", "2５"]
)


@st.composite
def rows(draw):
    """A few rows of 2,304 numbers that repeat a short drawn pattern; some are spoilt."""
    found = []
    for _ in range(draw(st.integers(1, 4))):
        pattern = draw(st.lists(number, min_size=1, max_size=12))
        words = (pattern * (COUNT // len(pattern) + 1))[:COUNT]
        if draw(st.booleans()):
            words[draw(st.integers(0, COUNT - 1))] = draw(odd)
        if draw(st.integers(0, 3)) == 0:
            del words[draw(st.integers(0, COUNT - 1))]
        found.append(" ".join(words).encode())
    return found


@settings(max_examples=60, deadline=None)
@given(rows())
def test_the_fast_way_agrees_with_int(texts):
    faces, faults = _pixel_csv.parse(texts)
    expected = [plain(text) for text in texts]
    assert set(faults) == {place for place, face in enumerate(expected) if face is None}
    assert all(reason in ("empty", "wrong_pixels", "bad_value") for reason, _ in faults.values())
    good = [face for face in expected if face is not None]
    assert np.array_equal(faces, np.array(good, np.uint8).reshape(-1, 48, 48))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=40), st.integers(0, 40))
def test_rubbish_among_good_rows_spoils_no_other(rubbish, at):
    texts = [GOOD.encode()] * 3 + rubbish + [GOOD.encode()] * 3
    faces, faults = _pixel_csv.parse(texts)
    assert set(faults) == set(range(3, 3 + len(rubbish)))
    assert len(faces) == 6 and all(np.array_equal(face, FACE) for face in faces)


@pytest.mark.parametrize("place", [0, 1, 2302, 2303])
@pytest.mark.parametrize("value", [0, 9, 10, 99, 100, 255])
def test_every_length_of_number_at_every_end(place, value):
    words = ["0"] * COUNT
    words[place] = str(value)
    together = _pixel_csv.numbers([" ".join(words).encode()] * 3)
    assert together is not None
    expected = np.zeros(COUNT, np.uint8)
    expected[place] = value
    assert np.array_equal(together, np.stack([expected] * 3))


@pytest.mark.parametrize(
    ("change", "reason", "words"),
    [
        (lambda t: "", "empty", "no pixels"),
        (lambda t: "   ", "empty", "no pixels"),
        (lambda t: t.rsplit(" ", 1)[0], "wrong_pixels", "2303 pixels instead of 2304"),
        (lambda t: t + " 1", "wrong_pixels", "2305 pixels"),
        (lambda t: "256 " + t.split(" ", 1)[1], "bad_value", "pixel 0 is '256'"),
        (lambda t: t.rsplit(" ", 1)[0] + " 1000", "bad_value", "pixel 2303 is '1000'"),
        (lambda t: "-1 " + t.split(" ", 1)[1], "bad_value", "'-1'"),
        (lambda t: "nan " + t.split(" ", 1)[1], "bad_value", "'nan'"),
        (lambda t: "1.0 " + t.split(" ", 1)[1], "bad_value", "'1.0'"),
        (lambda t: "9" * 9999 + " " + t.split(" ", 1)[1], "bad_value", "99999"),
        (lambda t: "é " + t.split(" ", 1)[1], "bad_value", "'é'"),
    ],
)
def test_what_is_wrong_with_a_row_is_said(change, reason, words):
    faces, faults = _pixel_csv.parse([GOOD.encode(), change(GOOD).encode()])
    assert len(faces) == 1
    assert faults[1][0] == reason and words in faults[1][1]


def test_a_row_with_two_blanks_is_read_all_the_same():
    text = "  " + GOOD.replace(" ", "  ", 5).replace("14", "0000014", 1) + " "
    faces, faults = _pixel_csv.parse([text.encode()])
    assert not faults and np.array_equal(faces[0], FACE)


def test_one_number_as_long_as_a_row_may_be():
    """It must end, and say what is wrong."""
    text = b"1" * 900_000 + b" 0" * (COUNT - 1)
    faces, faults = _pixel_csv.parse([text, GOOD.encode()])
    assert len(faces) == 1 and faults[0][0] == "bad_value"


def read(tmp_path, data, name="fer2013.csv"):
    put(tmp_path, name, data)
    ingest("fer2013", [tmp_path / name], tmp_path / "out")
    return read_manifest(tmp_path / "out").table


@pytest.mark.parametrize(
    "head",
    [
        "emotion,pixels,Usage",
        "emotion, Usage, pixels",
        "Usage,emotion,pixels",
        '"emotion","pixels","Usage"',
        "\ufeffemotion,pixels,Usage",
        '\ufeff"Emotion" , "PIXELS","usage"',
        "emotion,pixels,Usage,note",
        " emotion,pixels,Usage\r",
    ],
)
@pytest.mark.parametrize("quote", ["", '"'])
def test_every_variant_of_the_header(tmp_path, head, quote):
    names = [n.strip().strip('"').strip().lower() for n in head.lstrip("\ufeff").split(",")]
    cells = {"emotion": "3", "pixels": GOOD, "usage": "PublicTest", "note": ""}
    line = ",".join(f"{quote}{cells[name]}{quote}" for name in names)
    end = "\r\n" if head.endswith("\r") else "\n"
    (row,) = read(tmp_path, f"{head.rstrip()}{end}{line}{end}".encode()).to_pylist()
    assert (row["status"], row["raw_label"], row["official_split"]) == ("ok", "3", "val")
    assert (row["id"], row["path"]) == ("fer2013/00000", "fer2013.csv#0")
    assert (row["native_label"], row["width"], row["height"]) == ("happiness", 48, 48)


@pytest.mark.parametrize(
    ("head", "cells", "label", "split", "key"),
    [
        ("emotion,pixels", ["6", GOOD], "6", None, "train/00000"),
        ("pixels", [GOOD], None, None, "train/00000"),
        ("pixels,Usage", [GOOD, "Training"], None, "train", "train/00000"),
        ("emotion,pixels,Usage", ["", GOOD, "PrivateTest"], None, "test", "train/00000"),
        ("emotion,pixels,Usage", ["nan", GOOD, ""], None, None, "train/00000"),
        ("emotion,pixels,Usage", ["NaN", GOOD, "NaN"], None, None, "train/00000"),
        ("emotion,pixels,Usage", ["5.0", GOOD, "Elsewhere"], "5", None, "train/00000"),
    ],
)
def test_tables_that_lack_something(tmp_path, head, cells, label, split, key):
    (row,) = read(tmp_path, f"{head}\n{','.join(cells)}\n".encode(), "train.csv").to_pylist()
    assert (row["status"], row["raw_label"], row["official_split"]) == ("ok", label, split)
    assert row["id"] == f"fer2013/{key}"


def test_two_tables_of_one_data_set_keep_their_ids(tmp_path):
    put(tmp_path, "raw/train.csv", f"emotion,pixels\n3,{GOOD}\n".encode())
    put(tmp_path, "raw/test.csv", f"pixels\n{GOOD}\n".encode())
    put(tmp_path, "raw/a/fer2013.csv", f"emotion,pixels,Usage\n0,{GOOD},Training\n".encode())
    done = ingest("fer2013", [tmp_path / "raw"], tmp_path / "out")
    assert done.statuses == {"ok": 3}
    assert read_manifest(tmp_path / "out").table["id"].to_pylist() == [
        "fer2013/00000",
        "fer2013/test/00000",
        "fer2013/train/00000",
    ]


USAGES = ["Training"] * 3 + ["PublicTest"] * 2 + ["PrivateTest"] * 2


def line(number, usage=None):
    """A row whose label is its number."""
    return f"{number},{number} {GOOD.partition(' ')[2]}" + (f",{usage}" if usage else "")


def table(*lines, head="emotion,pixels,Usage"):
    return "\n".join([head, *lines, ""]).encode()


def ids(done):
    """The ids of the rows that have a face, with their paths."""
    rows = read_manifest(done.out).table.to_pylist()
    return {row["id"].partition("/")[2]: row["path"] for row in rows if row["status"] == "ok"}


def test_parts_that_were_cut_with_their_usage_keep_their_rows(tmp_path):
    for name, usage in (("train", "Training"), ("val", "PublicTest"), ("test", "PrivateTest")):
        lines = [line(n, u) for n, u in enumerate(USAGES) if u == usage]
        put(tmp_path, f"raw/{name}.csv", table(*lines))
    done = ingest("fer2013", [tmp_path / "raw"], tmp_path / "out")
    assert done.statuses == {"ok": 7} and done.notes == []
    assert ids(done) == {
        f"{name}/{n:05d}": f"{name}.csv#{n}"
        for name, count in (("train", 3), ("val", 2), ("test", 2))
        for n in range(count)
    }


def test_parts_that_were_cut_and_kept_the_name_keep_their_rows(tmp_path):
    for name, usage in (("a", "Training"), ("b", "PrivateTest")):
        put(tmp_path, f"raw/{name}/fer2013.csv", table(line(1, usage)))
    done = ingest("fer2013", [tmp_path / "raw"], tmp_path / "out")
    assert done.statuses == {"ok": 2}


def test_a_complete_table_of_any_name_has_its_own_numbers(tmp_path):
    whole = [line(n, u) for n, u in enumerate(USAGES)]
    put(tmp_path, "faces.csv", table(*whole))
    done = ingest("fer2013", [tmp_path / "faces.csv"], tmp_path / "out")
    assert list(ids(done)) == [f"{n:05d}" for n in range(7)]


def test_a_table_of_one_part_with_blanks_is_not_the_complete_one(tmp_path):
    put(tmp_path, "raw/train.csv", table(line(0, "Training"), line(1) + ",", line(2) + ",nan"))
    put(tmp_path, "raw/test.csv", table(line(3, "PrivateTest")))
    done = ingest("fer2013", [tmp_path / "raw"], tmp_path / "out")
    assert done.statuses == {"ok": 4} and done.notes == []


def test_folders_in_other_letters_are_the_same_classes(tmp_path):
    put(tmp_path, "Test/Sad/privatetest_7.JPG", b"x")
    (frame,) = [f for unit in fer2013.units(Root(tmp_path)) for f in fer2013.read(unit)]
    said = (frame.key, frame.raw_label, frame.official_split)
    assert said == ("PrivateTest/sad/privatetest_7.JPG", "sad", "test")


@pytest.mark.parametrize("name", ["Training_1.jpg10.jpg", "Training_1.jpeg0.JPEG"])
def test_augmented_copies_are_told_by_their_names(tmp_path, name):
    put(tmp_path, f"train/angry/{name}", b"x")
    put(tmp_path, "train/angry/Training_1.jpg", b"x")
    frames = [f for unit in fer2013.units(Root(tmp_path)) for f in fer2013.read(unit)]
    found = {frame.path.rpartition("/")[2]: frame.status for frame in frames}
    assert found == {name: "augmented_copy", "Training_1.jpg": "ok"}


@pytest.mark.parametrize("apart", [False, True])
def test_other_forms_of_the_complete_table_are_left_out_with_a_note(tmp_path, apart):
    """Kaggle's own folder holds every face three times."""
    whole = [line(n, u) for n, u in enumerate(USAGES)]
    put(tmp_path, "raw/icml_face_data.csv", table(*whole))
    put(tmp_path, "raw/train.csv", table(*map(line, range(3)), head="emotion,pixels"))
    put(tmp_path, "raw/test.csv", table(*map(line, range(3, 7)), head="emotion,pixels"))
    put(tmp_path, "raw/fer2013.csv.gz", gzipped(table(*whole)))
    raws = sorted((tmp_path / "raw").iterdir()) if apart else [tmp_path / "raw"]
    done = ingest("fer2013", raws, tmp_path / "out")
    assert ids(done) == {f"{n:05d}": f"fer2013.csv.gz#{n}" for n in range(7)}
    assert done.notes == [
        "not read, for they are another form of fer2013.csv.gz: icml_face_data.csv, test.csv, "
        "train.csv"
    ]


@pytest.mark.parametrize("apart", [False, True])
def test_the_folders_beside_the_complete_table_are_left_out_with_a_note(tmp_path, apart):
    put(tmp_path, "raw/fer2013.csv", table(*[line(n, u) for n, u in enumerate(USAGES)]))
    picture = jpeg(np.full((48, 48), 9, np.uint8))
    for name in ("train/angry/Training_1.jpg", "train/angry/Training_1.jpg0.jpg",
                 "test/sad/PublicTest_1.jpg", "test/sad/mine.jpg"):  # fmt: skip
        put(tmp_path, f"raw/jpegs/{name}", picture)
    raws = [tmp_path / "raw/fer2013.csv", tmp_path / "raw/jpegs"] if apart else [tmp_path / "raw"]
    done = ingest("fer2013", raws, tmp_path / "out")
    assert done.statuses == {"ok": 7, "unknown_name": 1}
    (note,) = done.notes
    assert note.startswith("not read, for they are another form of fer2013.csv: 3 pictures (")


@pytest.mark.parametrize("words", [("train", "val", "test"), ("TRAINING", "Validation", "Test"),
                                   ("training", "publictest", "privatetest"),
                                   ("Train", "valid", "test")])  # fmt: skip
def test_words_of_usage_as_copies_have_them(tmp_path, words):
    rows = read(tmp_path, table(*map(line, range(3), words))).to_pylist()
    assert [row["official_split"] for row in rows] == ["train", "val", "test"]
    assert "usage" not in rows[0]


def test_a_word_of_usage_that_nobody_knows_is_told(tmp_path):
    put(tmp_path, "fer2013.csv", table(*map(line, range(3), ["Training", "Elsewhere", ""])))
    done = ingest("fer2013", [tmp_path / "fer2013.csv"], tmp_path / "out")
    assert done.notes == [
        "Usage 'Elsewhere' of 1 rows is no part; known are Training, PublicTest, PrivateTest"
    ]
    rows = read_manifest(done.out).table.to_pylist()
    assert [row["usage"] for row in rows] == [None, "Elsewhere", None]


def test_lines_that_are_no_rows_and_rows_that_are_broken(tmp_path):
    lines = ["emotion,pixels,Usage", f"0,{GOOD},Training", "", "\r", "1,2", f"2,{GOOD}", "3",
             f"4,{GOOD},Training,more", f"5,{GOOD},Training", "  "]  # fmt: skip
    rows = read(tmp_path, "\n".join(lines).encode()).to_pylist()
    assert [row["status"] for row in rows] == ["ok", *["wrong_columns"] * 4, "ok"]
    assert rows[1]["detail"] == "fer2013.csv, row 1: not the 3 fields of the header"
    assert [row["path"] for row in rows] == [f"fer2013.csv#{n}" for n in range(6)]
    assert [row["row"] for row in rows] == [0, None, None, None, None, 1]


def test_blocks_are_put_together_again(tmp_path, monkeypatch):
    """Rows across the edges of blocks, a last line without its end, a block of bad rows."""
    good = f"3,{GOOD},Training"
    lines = ["emotion,pixels,Usage", *[good] * 5, *["0,1,Training"] * 9, *[good] * 4]
    data = "\n".join(lines).encode()
    whole = read(tmp_path / "a", data)
    for block in (700, 5000, len(good) + 1):
        monkeypatch.setattr(_pixel_csv, "BLOCK", block)
        assert read(tmp_path / str(block), data).equals(whole)
    assert whole["status"].to_pylist() == ["ok"] * 5 + ["wrong_pixels"] * 9 + ["ok"] * 4


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "Git LFS pointer"),
        (b"\n  <!DOCTYPE html><html>", "web page"),
        (b"<html><body>Sign in</body></html>", "web page"),
        (b"PK\3\4", "zip file under another name"),
        (b"\x1f\x8b\10", "gzip file under another name"),
        (b"\x28\xb5\x2f\xfd", "zstd file under another name"),
    ],
)
def test_what_poses_as_the_table_is_named(tmp_path, data, words):
    with pytest.raises(FerError, match=words) as caught:
        read(tmp_path, data)
    assert "fer2013.csv" in str(caught.value) and "download the data itself" in str(caught.value)


def test_a_table_without_pixels_is_another_data_set(tmp_path):
    with pytest.raises(FerError, match=r"not laid out as fer2013: 1 files \(.csv\); it looks like"):
        read(tmp_path, b"path,label\na.png,happy\n")


@pytest.mark.parametrize("pack", [gzipped, zstandard])
def test_a_table_that_was_cut_while_it_was_fetched(tmp_path, pack):
    """Not a shorter data set, but a sentence; nothing half-read is left for the next run."""
    whole = pack(b"emotion,pixels,Usage\n" + f"0,{GOOD},Training\n".encode() * 300)
    name = "fer2013.csv.gz" if pack is gzipped else "fer2013.csv.zst"
    with pytest.raises(FerError, match=r"fer2013\.csv\..*: cannot be read"):
        read(tmp_path, whole[: len(whole) * 2 // 3], name)
    assert not (tmp_path / "out" / "manifest.parquet").exists()
    put(tmp_path, name, whole)
    assert ingest("fer2013", [tmp_path / name], tmp_path / "out").ok == 300


def test_one_endless_line_is_no_table(tmp_path):
    with pytest.raises(FerError, match=r"fer2013.csv: a line of over 1048576 bytes"):
        read(tmp_path, b"emotion,pixels,Usage\n" + b"1 " * (3 << 20))


def test_the_rows_of_a_unit_hold_their_number(tmp_path):
    read(tmp_path, f"emotion,pixels,Usage\n0,{GOOD},Training\n1,x,Training\n".encode())
    assert read_manifest(tmp_path / "out").table["source_row"].to_pylist() == [0, 1]
    assert pq.read_table(tmp_path / "out/units/fer2013.parquet").num_rows == 2


def test_a_root_is_looked_at_without_reading_it_all(tmp_path):
    put(tmp_path, "fer2013.csv", f"emotion,pixels,Usage\n0,{GOOD},Training\n".encode())
    assert fer2013.matches(Root(tmp_path))
    put(tmp_path, "a.csv", b"name,pixel\n")
    assert [u.name for u in fer2013.units(Root(tmp_path))] == ["fer2013"]
