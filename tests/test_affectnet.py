"""AffectNet: lines and arrays are read as they stand, and its validation part is the test."""

import hashlib
import io
import shutil

import numpy as np
import pyarrow.compute as pc
import pytest

from fertools.errors import FerError
from fertools.fakes import affectnet as fake
from fertools.fakes._files import png, put
from fertools.ingest import ingest
from fertools.manifest import read_manifest
from fertools.protocol import read_protocol
from fertools.roots import Root
from fertools.sources import affectnet
from fertools.split import SplitOptions, split
from tests.made import ingester


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A variant of the fake, ingested once: folder, truth, result, table."""
    boxed = ingester(tmp_path_factory, fake, {"faces": "annotation", "size": 32}, people=5)
    whole = ingester(tmp_path_factory, fake, {"size": 32}, people=5)
    return lambda variant: (boxed if variant == "lists" else whole)(variant)


def ok_rows(table):
    return [row for row in table.to_pylist() if row["status"] == "ok"]


def test_what_a_line_says_is_in_the_row(done):
    """Box, landmarks, valence and arousal, with -1 and -2 for none."""
    _, truth, result, table = done("lists")
    rows = ok_rows(table)
    for row in rows:
        points = np.reshape(row["landmarks"], (68, 2))
        assert (points[:, 0] > row["box_x0"] - 9).all() and (points[:, 0] < row["box_x1"] + 9).all()
        assert row["box_y1"] - row["box_y0"] > 50 and row["box_source"] == "annotation"
        assert (row["valence"] is None) == (row["arousal"] is None) == (row["native_label"] is None)
        assert (row["official_split"] is None) == (row["labelled_by"] == "network")
    happy = [row for row in rows if row["labelled_by"] == "person" and row["raw_label"] == "1"]
    assert {round(row["valence"], 3) for row in happy} == {0.8}
    assert {row["status"] for row in table.to_pylist()} >= {"no_box", "missing"}
    assert f"pictures that no list names, not read: {truth.counts['unlisted']}" in result.notes
    assert "rows that a network labelled, in no official part: 1" in result.notes


def test_the_field_s_validation_is_the_test(done):
    for variant in ("lists", "arrays"):
        table = done(variant)[3]
        assert set(table["official_split"].to_pylist()) - {None} == {"train", "test"}


def test_a_row_that_is_missing_names_its_line(done):
    (row,) = [r for r in done("lists")[3].to_pylist() if r["status"] == "missing"]
    assert row["path"] == ["AffectNet", "Manually_Annotated_file_lists/training.csv#5"][1]
    assert row["detail"].endswith("there is no picture " + row["id"].removeprefix("affectnet/"))


def test_two_archives_hold_what_the_folders_hold(done):
    columns = ["id", "status", "raw_label", "valence", "arousal", "official_split", "face_hash"]
    assert done("tar")[3].select(columns).equals(done("arrays")[3].select(columns))


def test_a_set_may_be_a_raw_argument(done, tmp_path):
    place, _, _, table = done("arrays")
    raws = [place / "AffectNet" / name for name in ("val_set", "train_set")]
    ingest("affectnet", raws, tmp_path, face={"size": 32})
    again = read_manifest(tmp_path).table
    assert again["id"].equals(table["id"]) and again["raw_label"].equals(table["raw_label"])


def test_no_pickle_is_read(done):
    (row,) = [r for r in done("arrays")[3].to_pylist() if r["status"] == "bad_value"]
    assert "_exp.npy: no NumPy array" in row["detail"] and "allow_pickle=False" in row["detail"]
    assert row["raw_label"] is None and row["shard"] is None


def test_a_mended_line_is_noticed(done, tmp_path):
    raw = shutil.copytree(done("lists")[0] / "AffectNet", tmp_path / "AffectNet")
    before = {unit.name: unit.digest for unit in affectnet.units(Root(raw))}
    file = raw / "Manually_Annotated_file_lists/training.csv"
    file.write_bytes(file.read_bytes().replace(b",0.8,0.3\r\n", b",0.7,0.3\r\n", 1))
    after = {unit.name: unit.digest for unit in affectnet.units(Root(raw))}
    assert [name for name in before if before[name] != after[name]] == ["training-000"]


def test_two_lists_of_one_name_keep_their_own_lines(tmp_path):
    names = {}
    for folder, code in (("a", "1"), ("b", "6")):
        names[f"1/{hashlib.sha256(folder.encode()).hexdigest()[:56]}.png"] = code
        path = list(names)[-1]
        put(tmp_path, f"{folder}/{path}", png(np.zeros((32, 32), np.uint8)))
        line = f"{path},0,0,9,9,{';'.join(['1'] * 136)},{code},0,0\n"
        put(tmp_path, f"{folder}/training.csv", f"{fake.HEADER}\n{line}".encode())
    face = {"faces": "as-is", "size": 32}
    ingest("affectnet", [tmp_path / "a", tmp_path / "b"], tmp_path / "out", face=face)
    rows = ok_rows(read_manifest(tmp_path / "out").table)
    assert {r["id"].removeprefix("affectnet/"): r["raw_label"] for r in rows} == names


@pytest.mark.parametrize(
    ("list_bytes", "words"),
    [
        (b"", r"^training\.csv is empty"),
        (b"\n\n", r"^training\.csv is empty"),
        (b"file,label\na.jpg,1\n", r"^training\.csv: no line of it can be used, .*'file,label'"),
        (fake.HEADER.replace(",", ";").encode(), r"^training\.csv: its columns stand between ';'"),
        (None, "pictures without labels; give training"),
    ],
)
def test_a_table_that_is_no_list_is_named(tmp_path, list_bytes, words):
    name = hashlib.sha256(b"x").hexdigest()[:56]
    put(tmp_path, f"1/{name}.png", png(np.zeros((8, 8), np.uint8)))
    if list_bytes is not None:
        put(tmp_path, "training.csv", list_bytes)
    with pytest.raises(FerError, match=words):
        affectnet.units(Root(tmp_path))


def take(folder, number, code):
    """A face of 2021 with its label."""
    stream = io.BytesIO()
    np.save(stream, np.array(code))
    put(folder, f"images/{number}.png", png(np.full((32, 32), 20 * code, np.uint8)))
    put(folder, f"annotations/{number}_exp.npy", stream.getvalue())


@pytest.mark.parametrize("other", ["train_set_mine", "a/train_set_mine", "train_set.old"])
def test_another_copy_of_a_set_does_not_take_its_place(tmp_path, other):
    for number in (1, 2, 3):
        take(tmp_path / "raw/train_set", number, 1)
    for number in (1, 2):
        take(tmp_path / "raw" / other, number, 6)
    done = ingest("affectnet", [tmp_path / "raw"], tmp_path / "out", face={"size": 32})
    assert done.statuses == {"ok": 3, "duplicate_id": 2}
    rows = read_manifest(tmp_path / "out").table.to_pylist()
    good = {r["id"]: (r["path"], r["raw_label"]) for r in rows if r["status"] == "ok"}
    assert good == {
        f"affectnet/train_set/{n}": (f"train_set/images/{n}.png", "1") for n in (1, 2, 3)
    }
    (one, _) = [r for r in rows if r["status"] != "ok"]
    assert one["path"] == f"{other}/images/1.png" and one["face_hash"] is None
    assert "train_set/images/1.png has the same name and is read" in one["detail"]


def test_annotations_may_lie_apart_from_their_pictures(tmp_path):
    take(tmp_path / "train_set", 1, 3)
    (tmp_path / "train_set/annotations").rename(tmp_path / "notes")
    (tmp_path / "train_set_labels").mkdir()
    (tmp_path / "notes").rename(tmp_path / "train_set_labels/annotations")
    (unit,) = affectnet.units(Root(tmp_path))
    assert [frame.raw_label for frame in affectnet.read(unit)] == ["3"]


def listed(folder, text, name="training"):
    """The rows of a list, where `1/PICTURE` is the one picture."""
    put(folder, f"Manually_Annotated_Images/1/{PICTURE}", png(np.zeros((8, 8), np.uint8)))
    put(folder, f"{name}.csv", text.encode())
    return [frame for unit in affectnet.units(Root(folder)) for frame in affectnet.read(unit)]


PICTURE = f"{hashlib.sha256(b'x').hexdigest()[:56]}.png"
POINTS = ";".join(map(str, range(136)))


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (f"5,6,10,20,{POINTS},3,-1,1", ("3", -1, 1, (5, 6, 15, 26), 136)),
        (f"5,6,10,0,{POINTS},3.0,1,-1", ("3", 1, -1, None, 136)),  # as pandas writes a code
        ("5,6,0,20,1;2,10,-1.01,1.01", ("10", None, None, None, 0)),
        ("nan,6,10,20,,0,-2,-2", ("0", None, None, None, 0)),
    ],
)
def test_every_cell_of_a_line(tmp_path, cells, said):
    """Corner and size of the box; -1 and 1 are the ends of valence and arousal; 68 points."""
    (frame,) = listed(tmp_path, f"{fake.HEADER}\n1/{PICTURE},{cells}\n")
    points = len(frame.landmarks or [])
    assert (frame.raw_label, frame.valence, frame.arousal, frame.box, points) == said


def test_blank_lines_are_no_rows_and_other_spellings_find_their_picture(tmp_path):
    name = PICTURE.upper()
    text = f"{fake.HEADER}\n\n1\\{name},0,0,9,9,,1,0,0\n,,,,,,,,\n2/gone.png,0,0,9,9,,6,0,0\n"
    frames = listed(tmp_path, text)
    assert [(f.status, f.key, f.raw_label) for f in frames] == [
        ("ok", f"1/{name}", "1"),
        ("missing", "2/gone.png", "6"),
    ]
    assert frames[1].path == "training.csv#1"


@pytest.mark.parametrize("home", ["Manually", "Automatically"])
def test_each_list_has_its_own_folder_of_pictures(tmp_path, home):
    for folder in ("Manually", "Automatically"):
        put(tmp_path, f"{folder}_Annotated_Images/1/{PICTURE}", b"x")
    name = "training" if home == "Manually" else "automatically_annotated"
    put(tmp_path, f"{name}.csv", f"{fake.HEADER}\n1/{PICTURE},0,0,9,9,,1,0,0\n".encode())
    frames = [frame for unit in affectnet.units(Root(tmp_path)) for frame in affectnet.read(unit)]
    found = {frame.path.split("_")[0]: frame.status for frame in frames}
    assert found == {"Manually": "duplicate_id", "Automatically": "duplicate_id", home: "ok"}


@pytest.mark.parametrize(
    "other", ["Manually_Annotated_small", "A", "Automatically_Annotated_Images"]
)
def test_a_line_names_the_picture_in_the_authors_folder(tmp_path, other):
    path = f"1/{hashlib.sha256(b'x').hexdigest()[:56]}.png"
    for folder, size in (("Manually_Annotated_Images", 64), (other, 16)):
        put(tmp_path, f"raw/{folder}/{path}", png(np.zeros((size, size), np.uint8)))
    line = f"{path},0,0,9,9,,1,0,0\n"
    put(tmp_path, "raw/training.csv", f"{fake.HEADER}\n{line}".encode())
    face = {"faces": "as-is", "size": 16}
    done = ingest("affectnet", [tmp_path / "raw"], tmp_path / "out", face=face)
    assert done.statuses == {"ok": 1, "duplicate_id": 1}
    (row,) = ok_rows(read_manifest(tmp_path / "out").table)
    assert row["path"] == f"Manually_Annotated_Images/{path}" and row["width"] == 64
    assert not any("no list names" in note for note in done.notes)


def array(folder, name, value):
    stream = io.BytesIO()
    np.save(stream, np.array(value))
    put(folder, f"annotations/{name}.npy", stream.getvalue())


def test_every_array_of_a_face(tmp_path):
    take(tmp_path / "val_set", 7, 6)
    points = np.arange(136.0)
    for kind, value in (("val", -0.5), ("aro", 0.25), ("lnd", points)):
        array(tmp_path / "val_set", f"7_{kind}", value)
    (unit,) = affectnet.units(Root(tmp_path))
    (frame,) = affectnet.read(unit)
    assert (frame.raw_label, frame.valence, frame.arousal) == ("6", -0.5, 0.25)
    assert frame.landmarks == points.tolist() and frame.official_split == "test"


def test_of_annotations_apart_those_in_the_authors_folder_stand(tmp_path):
    put(tmp_path, "train_set_faces/images/1.png", png(np.zeros((8, 8), np.uint8)))
    for folder, code in (("train_set", 2), ("train_set_mine", 5), ("train_set_a", 7)):
        array(tmp_path / folder, "1_exp", code)
    (unit,) = affectnet.units(Root(tmp_path))
    assert [frame.raw_label for frame in affectnet.read(unit)] == ["2"]


def test_faces_of_2021_beside_a_list_are_not_counted_as_unlisted(tmp_path):
    take(tmp_path / "train_set", 1, 3)
    listed(tmp_path, f"{fake.HEADER}\n1/{PICTURE},0,0,9,9,,1,0,0\n")
    assert affectnet.index(Root(tmp_path))["count"].to_pylist() == [0]


def test_lists_alone_are_refused(done):
    lists = done("lists")[0] / "AffectNet/Manually_Annotated_file_lists"
    with pytest.raises(FerError, match="labels without images"):
        affectnet.units(Root(lists))


@pytest.mark.parametrize(
    ("array", "word"),
    [(np.array(3), "3"), (np.array("3"), "3"), (np.array([3.0]), "3"), (np.array([]), None)],
)
def test_a_label_is_a_number_or_text(tmp_path, array, word):
    stream = io.BytesIO()
    np.save(stream, array)
    put(tmp_path, "train_set/images/5.png", png(np.zeros((8, 8), np.uint8)))
    put(tmp_path, "train_set/annotations/5_exp.npy", stream.getvalue())
    (unit,) = affectnet.units(Root(tmp_path))
    (frame,) = affectnet.read(unit)
    assert (frame.raw_label, frame.key, frame.valence) == (word, "train_set/5", None)


@pytest.mark.parametrize(("name", "count"), [("affectnet7", 7), ("affectnet8", 8)])
def test_the_protocols_take_validation_from_training(done, tmp_path, name, count):
    place, _, _, table = done("lists")
    out = split([place / "out"], tmp_path / "m.parquet", SplitOptions(protocol=name)).out
    dealt = read_manifest(out).table
    inside = dealt.filter(pc.is_valid(dealt["split"]))
    protocol = read_protocol(name)
    assert len(protocol.classes) == count
    assert set(inside["label"].to_pylist()) <= set(protocol.classes)
    assert ("contempt" in inside["label"].to_pylist()) == (count == 8)
    parts = {(row["official_split"], row["split"]) for row in inside.to_pylist()}
    assert parts == {("train", "train"), ("train", "val"), ("test", "test")}
    left = dealt.filter(pc.is_null(dealt["split"]))
    assert "network" in left["labelled_by"].to_pylist()
    assert len(table) == len(dealt)
