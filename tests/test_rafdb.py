"""RAF-DB: which set, which picture, which code; and annotations that belong to the originals."""

import csv
import shutil
from collections import Counter

import numpy as np
import pytest

from fertools import labels
from fertools.errors import FerError
from fertools.fakes import rafdb as fake
from fertools.fakes._files import put, zipped
from fertools.image.align import similarity
from fertools.ingest import ingest
from fertools.ingest.plan import open_roots
from fertools.manifest import read_manifest
from fertools.roots import Root
from fertools.sources import _rafdb_lists, rafdb
from tests.made import ingester


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A variant of the fake, ingested once with some options: folder, truth, result, table."""
    return ingester(tmp_path_factory, fake, people=3)


def rows(table, status="ok"):
    return [row for row in table.to_pylist() if row["status"] == status]


@pytest.mark.parametrize("variant", fake.VARIANTS)
def test_every_copy_gives_the_same_words(variant, done):
    _, truth, result, table = done(variant)
    assert result.statuses == dict(truth.statuses)
    good = rows(table)
    words = Counter(row["native_label"] for row in good if row["native_label"])
    assert words == dict(truth.words)
    assert Counter(row["official_split"] for row in good) == dict(truth.splits)
    (gone,) = rows(table, "missing")
    assert gone["raw_label"] and gone["shard"] is None and "#train_" in gone["path"]


def test_codes_are_those_of_the_authors_in_every_copy(done):
    """Ids and codes agree, whether the copy counts from 0 or from 1."""
    tables = [done(variant)[3] for variant in ("kaggle", "kaggle_zero")]
    one, other = ({r["id"]: r["raw_label"] for r in table.to_pylist()} for table in tables)
    assert one == other
    official = {row["id"]: row["raw_label"] for row in done("basic")[3].to_pylist()}
    assert official.keys() == one.keys()
    assert sum(official[key] != one[key] for key in one) == 1  # the list lacks one


def test_compounds_have_names_of_their_own(done):
    _, _, _, table = done("compound")
    good = rows(table)
    assert {row["raw_label"] for row in good} - {None} == set(_rafdb_lists.COMPOUNDS)
    assert {row["native_label"] for row in good} - {None} == set(labels.COMPOUND)
    assert all(row["id"].startswith("rafdb/compound/") for row in good)


def test_two_folders_whose_files_have_the_same_names_keep_their_labels(tmp_path):
    """`raf/basic raf/compound`: both have Image/aligned and EmoLabel/list_patition_label.txt."""
    for folder, name, code in (("basic", "train_00001", 4), ("compound", "train_0001", 2)):
        put(tmp_path, f"{folder}/Image/aligned/{name}_aligned.jpg", b"x")
        put(tmp_path, f"{folder}/EmoLabel/list_patition_label.txt", f"{name}.jpg {code}".encode())
    assert said(tmp_path / "basic", tmp_path / "compound") == {
        "basic/train_00001": "4",
        "compound/train_0001": "Happily Disgusted",
    }


def test_a_set_without_aligned_faces_keeps_its_originals(tmp_path):
    put(tmp_path, "basic/Image/aligned/train_00001_aligned.jpg", b"x")
    put(tmp_path, "basic/Image/original/train_00001.jpg", b"x")
    put(tmp_path, "compound/Image/original/train_0001.jpg", b"x")
    put(tmp_path, "basic/EmoLabel/list_patition_label.txt", b"train_00001.jpg 4")
    put(tmp_path, "compound/EmoLabel/list_patition_label.txt", b"train_0001.jpg 2")
    roots = open_roots(rafdb, [tmp_path / "basic", tmp_path / "compound"], {})
    shots = [shot for r in roots for unit in rafdb.units(r) for shot in unit.options]
    assert [(shot.path, shot.aligned) for shot in shots] == [
        ("Image/aligned/train_00001_aligned.jpg", True),
        ("Image/original/train_0001.jpg", False),
    ]
    assert rafdb.defaults(roots)["faces"] == "auto" != rafdb.defaults(roots[:1])["faces"]


OFFICIAL = "".join(f"train_{n:05d}.jpg {n}\n" for n in range(1, 8))
FROM_ZERO = "image,label\n" + "".join(f"train_{n:05d}.jpg,{n - 1}\n" for n in range(1, 8))
RIGHT = {f"basic/train_{n:05d}": str(n) for n in range(1, 8)}


def seven(folder, **lists):
    """Seven pictures of the basic set, one for each word, and the lists with these texts."""
    for n in range(1, 8):
        put(folder, f"Image/aligned/train_{n:05d}_aligned.jpg", b"x")
    for name, data in lists.items():
        path = {"official": "EmoLabel/list_patition_label.txt", "table": "train_labels.csv"}[name]
        put(folder, path, data if isinstance(data, bytes) else data.encode())
    return folder


def test_a_copy_that_counts_from_zero_leaves_the_authors_list_alone(tmp_path):
    assert said(seven(tmp_path, official=OFFICIAL, table=FROM_ZERO)) == RIGHT


def test_each_table_says_itself_what_it_counts_from(tmp_path):
    """The test table has neither 0 nor 7 and counts as the other does, if there is one other."""
    seven(tmp_path / "zero", table=FROM_ZERO)
    put(tmp_path, "zero/test_0001_aligned.jpg", b"x")
    put(tmp_path, "zero/test_labels.csv", b"image,label\ntest_0001.jpg,2\n")
    assert said(tmp_path / "zero") == RIGHT | {"basic/test_0001": "3"}
    put(tmp_path, "one/train_labels.csv", b"image,label\ntrain_00008.jpg,7\n")
    put(tmp_path, "one/train_00008_aligned.jpg", b"x")
    with pytest.raises(FerError, match="some lists or folders of labels count from 0, others"):
        said(tmp_path / "zero", tmp_path / "one")
    (tmp_path / "zero/test_labels.csv").unlink()
    found = said(tmp_path / "zero", tmp_path / "one")
    assert found == RIGHT | {"basic/test_0001": None, "basic/train_00008": "7"}


def test_each_tree_of_folders_says_itself_what_it_counts_from(tmp_path):
    for n in range(1, 8):
        put(tmp_path, f"zero/train/{n - 1}/train_{n:05d}_aligned.jpg", b"x")
        put(tmp_path, f"one/train/{n}/train_1{n:04d}_aligned.jpg", b"x")
    more = {f"basic/train_1{n:04d}": str(n) for n in range(1, 8)}
    assert said(tmp_path) == said(tmp_path / "zero", tmp_path / "one") == RIGHT | more


def test_lists_that_disagree_are_named_with_the_picture_and_both_words(tmp_path):
    wrong = FROM_ZERO.replace("train_00003.jpg,2", "train_00003.jpg,3")
    seven(tmp_path, official=OFFICIAL, table=wrong)
    words = r"patition_label\.txt calls train_00003 disgust, .*train_labels\.csv calls it happiness"
    with pytest.raises(FerError, match=words):
        said(tmp_path)


@pytest.mark.parametrize(
    ("lists", "words"),
    [
        ({}, "pictures without labels; give list_patition_label.txt"),
        ({"table": FROM_ZERO.replace(",", ";")},
         r"train_labels\.csv: its columns stand between ';'; save it with commas"),
        ({"official": OFFICIAL.replace(" ", ",")},
         r"list_patition_label\.txt: its columns stand between ','; save it with blanks"),
        ({"official": OFFICIAL, "table": FROM_ZERO.replace(",", "\t")}, "stand between tabs"),
        ({"official": ""}, r"list_patition_label\.txt is empty; download it again"),
        ({"official": "<html>sorry"}, r"list_patition_label\.txt is .* web page"),
        ({"official": "1 2 3\n"}, "no line of it can be used, it begins '1 2 3'"),
    ],
)  # fmt: skip
def test_pictures_that_nobody_labels_are_no_success(tmp_path, lists, words):
    with pytest.raises(FerError, match=words):
        said(seven(tmp_path, **lists))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_list_in_windows_encodings(tmp_path, encoding):
    assert said(seven(tmp_path, official=OFFICIAL.encode(encoding))) == RIGHT


def said(*folders):
    """What several RAW arguments say of each key."""
    roots = open_roots(rafdb, folders, {})
    found = [rafdb._frame(shot) for r in roots for u in rafdb.units(r) for shot in u.options]
    return {frame.key: frame.raw_label for frame in found}


def test_a_compound_list_is_told_by_its_codes_when_the_digits_are_gone(tmp_path):
    for n in (1, 2):
        put(tmp_path, f"Image/aligned/train_{n:05d}_aligned.jpg", b"x")
    put(tmp_path, "EmoLabel/list_patition_label.txt", b"train_00001.jpg 11\ntrain_00002.jpg 1\n")
    shots = [shot for unit in rafdb.units(Root(tmp_path)) for shot in unit.options]
    assert [rafdb._frame(shot).raw_label for shot in shots] == [
        "Disgustedly Surprised", "Happily Surprised",
    ]  # fmt: skip
    assert all(shot.aligned for shot in shots)  # whose coordinates are the originals'


def test_annotations_of_the_people(done):
    _, truth, _, table = done("basic")
    good = rows(table)
    assert {row["gender"] for row in good} - {None} <= set(rafdb.GENDERS)
    assert {row["race"] for row in good} - {None} <= set(rafdb.RACES)
    assert {row["age"] for row in good} - {None} <= set(rafdb.AGES)
    blank = [row for row in good if row["gender"] is None]
    assert len(blank) == truth.counts["without_annotation"]


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        ("0 0 0", ("male", "Caucasian", "0-3")),
        ("1 1 1", ("female", "African-American", "4-19")),
        ("2 2 2", ("unsure", "Asian", "20-39")),
        ("0 1 3", ("male", "African-American", "40-69")),
        ("1 0 4", ("female", "Caucasian", "70+")),
        ("3 3 5", (None, None, None)),
    ],
)
def test_gender_race_and_age_by_their_codes(tmp_path, codes, words):
    """Five points and three codes, each in a line; the codes are those of the authors' readme."""
    put(tmp_path, "Image/original/train_00001.jpg", b"x")
    put(tmp_path, "EmoLabel/list_patition_label.txt", b"train_00001.jpg 4")
    points = [f"{10.5 * n:.3f}\t{20.5 * n:.3f}" for n in range(1, 6)]
    note = "\n".join([*points, *codes.split(), ""])
    put(tmp_path, "Annotation/manual/train_00001_manu_attri.txt", note.encode())
    put(tmp_path, "Annotation/boundingbox/train_00001_boundingbox.txt", b"5.5 6.5 70 90.25 ")
    (unit,) = rafdb.units(Root(tmp_path))
    (frame,) = rafdb.read(unit)
    assert (frame.gender, frame.race, frame.age) == words
    assert frame.landmarks == [n * side for n in range(1, 6) for side in (10.5, 20.5)]
    assert frame.box == (5.5, 6.5, 70, 90.25)


def test_aligned_faces_may_be_told_by_their_folder(tmp_path):
    for kind in ("aligned", "original"):
        put(tmp_path, f"Image/{kind}/train_00001.jpg", b"x")
    put(tmp_path, "EmoLabel/list_patition_label.txt", b"train_00001.jpg 4")
    (unit,) = rafdb.units(Root(tmp_path))
    assert [frame.path for frame in rafdb.read(unit)] == ["Image/aligned/train_00001.jpg"]


def test_a_face_without_its_aligned_picture_is_a_row(tmp_path):
    """Listed or not, it is told that the original is there."""
    for name in ("aligned/train_00001_aligned.jpg", "original/train_00001.jpg",
                 "original/train_00002.jpg", "original/train_00003.jpg"):  # fmt: skip
        put(tmp_path, f"Image/{name}", b"x")
    put(tmp_path, "list_patition_label.txt", b"train_00001.jpg 4\ntrain_00002.jpg 1\n")
    (unit,) = rafdb.units(Root(tmp_path))
    rows = [(row.key, row.status, row.raw_label, row.path) for row in rafdb.read(unit)]
    assert rows == [
        ("basic/train_00001", "ok", "4", "Image/aligned/train_00001_aligned.jpg"),
        ("basic/train_00002", "missing", "1", "list_patition_label.txt#train_00002"),
        ("basic/train_00003", "missing", None, "Image/original/train_00003.jpg"),
    ]
    details = [row.detail for row in rafdb.read(unit)][1:]
    assert all("original only; --images original" in detail for detail in details)


def test_the_order_of_the_compounds(tmp_path):
    words = [
        "Happily Surprised", "Happily Disgusted", "Sadly Fearful", "Sadly Angry",
        "Sadly Surprised", "Sadly Disgusted", "Fearfully Angry", "Fearfully Surprised",
        "Angrily Surprised", "Angrily Disgusted", "Disgustedly Surprised",
    ]  # fmt: skip
    for n in range(1, 12):
        put(tmp_path, f"Image/aligned/train_{n:04d}_aligned.jpg", b"x")
    text = "".join(f"train_{n:04d}.jpg {n}\n" for n in range(1, 12))
    put(tmp_path, "EmoLabel/list_patition_label.txt", text.encode())
    assert list(said(tmp_path).values()) == words


def test_coordinates_go_with_the_originals_only(done):
    aligned = rows(done("basic")[3])
    assert {row["landmarks"] for row in aligned} == {None}
    assert {row["box_source"] for row in aligned} == {"image"}
    assert {(row["width"], row["height"]) for row in aligned} == {(100, 100)}
    original = rows(done("basic", images="original")[3])
    assert [row["id"] for row in original] == [row["id"] for row in aligned]
    known = [row for row in original if row["landmarks"] is not None]
    assert len(known) == len(original) - 1
    for row in known:
        points = np.reshape(row["landmarks"], (5, 2))
        assert row["box_source"] == "annotation"
        assert (points[:2, 0] > row["box_x0"]).all() and (points[:2, 0] < row["box_x1"]).all()


def test_aligned_by_landmarks_the_eyes_are_level(done, tmp_path):
    """The dark of both eyes lies where the template has them, in the same row of pixels."""
    place, truth, *_ = done("basic")
    ingest(
        "rafdb", truth.raws(place), tmp_path, options={"images": "original"},
        face={"align": True, "size": 96, "channels": 1, "faces": "annotation"},
    )  # fmt: skip
    turned = 0
    for row in rows(read_manifest(tmp_path).table):
        points = np.reshape(row["landmarks"], (5, 2))
        turned += abs(points[0, 1] - points[1, 1]) > 3
        matrix = similarity(points, 96)
        eyes = points[:2] @ matrix[:, :2].T + matrix[:, 2]
        assert abs(eyes[0, 1] - eyes[1, 1]) < 1e-3
        face = np.load(tmp_path / row["shard"])[row["row"]].astype(float)
        heights = [_dark(face, x, y) for x, y in eyes]
        assert abs(heights[0] - heights[1]) < 1.5
    assert turned > 5  # the photographs themselves are tilted


def _dark(face, x, y):
    """Height of the dark within 5 pixels of a place: its centre of mass."""
    window = face[round(y) - 5 : round(y) + 6, round(x) - 5 : round(x) + 6]
    dark = np.maximum(np.median(face) - 40 - window, 0).sum(axis=1)
    return float((dark * np.arange(11)).sum() / dark.sum())


def test_pictures_lists_and_annotations_may_lie_apart(done, tmp_path):
    place, truth, _, table = done("basic", images="original")
    whole = place / "basic"
    parts = {"pictures.zip": "Image", "labels.zip": "EmoLabel", "notes": "Annotation"}
    for name, folder in parts.items():
        files = sorted(p for p in (whole / folder).rglob("*") if p.is_file())
        if name.endswith(".zip"):
            entries = [(str(p.relative_to(whole)), p.read_bytes()) for p in files]
            put(tmp_path, name, zipped(entries, packed=True))
        else:
            shutil.copytree(whole / folder, tmp_path / name)
    raws = [tmp_path / name for name in reversed(parts)]
    result = ingest("rafdb", raws, tmp_path / "out", options={"images": "original"})
    assert result.statuses == dict(truth.statuses)
    apart = read_manifest(tmp_path / "out").table
    columns = [c for c in table.column_names if c not in ("path", "detail")]
    assert apart.select(columns).equals(table.select(columns))


def test_a_list_alone_is_refused(done):
    place, *_ = done("basic")
    with pytest.raises(FerError, match="EmoLabel: labels without images; give the folder"):
        rafdb.units(Root(place / "basic" / "EmoLabel"))


def test_a_mended_list_is_noticed(done, tmp_path):
    place, truth, *_ = done("kaggle")
    raw = shutil.copytree(place / "DATASET", tmp_path / "DATASET")
    before = {unit.name: unit.digest for unit in rafdb.units(Root(raw))}
    text = (raw / "train_labels.csv").read_text().replace("_aligned.jpg,1", "_aligned.jpg,2", 1)
    (raw / "train_labels.csv").write_text(text)
    after = {unit.name: unit.digest for unit in rafdb.units(Root(raw))}
    assert [name for name in before if before[name] != after[name]] == ["basic-train-000"]
    result = ingest("rafdb", [raw], tmp_path / "out")
    assert result.notes == ["pictures in another folder than their list says (the list stands): 1"]
    assert truth.rows == result.rows


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("image,label\r\ntrain_00001_aligned.jpg,7\r\n", {"train_00001": "7"}),
        ("image_name,label_index\ntrain_00001.jpg,0\n", {"train_00001": "1"}),
        ("image,folder,label\n3/train_00001_aligned.jpg,3,3\n", {"train_00001": "3"}),
        ('"Image" ,"Label"\ntrain\\train_00001.jpg, 2.0\n', {"train_00001": "2"}),
        ("image,label\ntrain_00001.jpg,\nholiday.jpg,1\n", {}),
        ("image,label\ntrain_00001.jpg,happiness\n", {"train_00001": "happiness"}),
        ("path,age\ntrain_00001.jpg,4\n", {}),
    ],
)
def test_tables_of_the_copies(tmp_path, text, labels):
    put(tmp_path, "labels.csv", text.encode("utf-8-sig"))
    found, compound = rafdb.read_lists(Root(tmp_path).members)
    assert {name: code for name, (_, code) in found.items()} == labels
    assert not compound


def test_a_table_whose_quote_is_never_closed_is_named(tmp_path):
    limit = csv.field_size_limit(131_072)  # others may have raised it
    put(tmp_path, "labels.csv", b'image,label\n"train_00001.jpg,1\n' + b"x\n" * 200_000)
    with pytest.raises(FerError, match=r"^labels\.csv, line \d+: field larger than .*mend this"):
        rafdb.read_lists(Root(tmp_path).members)
    csv.field_size_limit(limit)


@pytest.mark.parametrize("text", [b"1 2 3", b"3 2 1 4 ", b"a b c d", b""])
def test_a_box_that_is_none_is_left_out(tmp_path, text):
    put(tmp_path, "train_00001_boundingbox.txt", text)
    assert rafdb._box(Root(tmp_path).members[0]) is None


def test_a_strange_picture_is_a_row_and_unknown_images_list_the_known(done, tmp_path):
    place, truth, *_ = done("basic")
    raw = shutil.copytree(place / "basic", tmp_path / "basic")
    put(raw, "Image/aligned/holiday.jpg", b"x")
    result = ingest("rafdb", [raw], tmp_path / "out")
    assert result.statuses == {**truth.statuses, "unknown_name": 1}
    with pytest.raises(FerError, match="images 'both': known are aligned, auto, original"):
        ingest("rafdb", [raw], tmp_path / "other", options={"images": "both"})
