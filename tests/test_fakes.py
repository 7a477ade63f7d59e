"""Contract of the fakes: the same bytes every time, and a truth that the disk bears out."""

import csv
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections import Counter

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fertools import folder
from fertools.errors import FerError
from fertools.fakes import aihub, ck48, ckplus, fer2013, ferplus, rafdb
from fertools.fakes._expected import Row, expected
from fertools.fakes._files import as_stored, jpeg, zipped
from fertools.image import decode

STATUSES = {
    "ok", "empty", "not_an_image", "undecodable", "truncated", "too_large", "unknown_name",
    "wrong_pixels", "bad_value", "augmented_copy", "duplicate_id", "unsafe_path", "no_face",
    "many_faces", "low_score", "no_box", "missing", "no_image",
}  # fmt: skip
CASES = [(name, v) for name in folder.names("fakes") for v in folder.load("fakes", name).VARIANTS]
IMAGE = re.compile(r"\.(png|jpe?g|bmp|webp|tiff?)$", re.IGNORECASE)
PART = re.compile(r"\.zip\.part\d+$")
every_case = pytest.mark.parametrize(("name", "variant"), CASES, ids=["-".join(c) for c in CASES])


FIRST = [(name, folder.load("fakes", name).VARIANTS[0]) for name in folder.names("fakes")]
first_of_each = pytest.mark.parametrize(("name", "variant"), FIRST)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Writes a fake once and remembers where, and what it said."""
    done = {}

    def get(name, variant):
        if (name, variant) not in done:
            place = tmp_path_factory.mktemp(f"{name}-{variant}")
            truth = folder.load("fakes", name).write(place, people=3, variant=variant)
            done[name, variant] = place, truth
        return done[name, variant]

    return get


def tree(place):
    return {p.relative_to(place): p.read_bytes() for p in place.rglob("*") if p.is_file()}


@every_case
def test_two_writes_give_the_same_bytes(name, variant, written, tmp_path):
    place, truth = written(name, variant)
    again = folder.load("fakes", name).write(tmp_path, people=3, variant=variant)
    assert again == truth
    assert tree(tmp_path) == tree(place)


def test_another_process_writes_the_same_bytes(written, tmp_path):
    """Also where Python hashes strings in another way."""
    script = (
        "import sys, pathlib\nfrom fertools import folder\n"
        "for name in folder.names('fakes'):\n"
        "    folder.load('fakes', name).write(pathlib.Path(sys.argv[1], name), people=3)\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": str(folder.HERE.parent)}
    subprocess.run([sys.executable, "-c", script, tmp_path], check=True, env=environment)
    for name, variant in FIRST:
        assert tree(tmp_path / name) == tree(written(name, variant)[0]), name


@first_of_each
def test_another_seed_draws_other_people(name, variant, written, tmp_path):
    place, _ = written(name, variant)
    folder.load("fakes", name).write(tmp_path, people=3, seed=1)
    assert tree(tmp_path) != tree(place)


@every_case
def test_what_it_expects_is_on_the_disk(name, variant, written):
    place, truth = written(name, variant)
    assert all(path.exists() for path in truth.raws(place))
    assert all((place / path).is_file() for path in truth.files.values())
    assert set(truth.statuses) <= STATUSES
    if not truth.refused:
        assert truth.rows == counted(name, truth.raws(place))
    assert sum(truth.labels.values()) <= truth.ok
    assert sum(truth.splits.values()) <= truth.ok


@every_case
def test_it_says_nothing_of_this_machine_and_is_small(name, variant, written):
    place, truth = written(name, variant)
    assert str(place) not in repr(truth)
    assert not any(path.startswith("/") for path in (*truth.roots, *truth.files.values()))
    assert sum(len(data) for data in tree(place).values()) < 4_000_000


@first_of_each
def test_without_traps_every_row_is_fine(name, variant, tmp_path):
    truth = folder.load("fakes", name).write(tmp_path, people=2, traps=False, variant=variant)
    if not truth.refused:
        assert set(truth.statuses) == {"ok"}
        assert truth.rows == counted(name, truth.raws(tmp_path))


@first_of_each
def test_an_unknown_variant_is_an_error_that_lists_the_known(name, variant, tmp_path):
    fake = folder.load("fakes", name)
    with pytest.raises(FerError, match=f"variant 'nonsense': known are.*{variant}"):
        fake.write(tmp_path, variant="nonsense")
    assert fake.__doc__ and "Traps" in fake.__doc__


def test_fer2013_is_one_data_set_in_many_spellings(tmp_path):
    """The same faces in the same order, whatever the file is called."""
    texts = set()
    for variant in ("official", "icml", "quoted", "reordered", "crlf_bom"):
        place = tmp_path / variant
        truth = fer2013.write(place, people=3, variant=variant)
        header, *rows = _lines((place / truth.roots[0]).read_bytes(), ",")
        names = [cell.strip() for cell in header]
        texts.add(tuple(tuple(row[names.index(c)] for c in ("emotion", "pixels")) for row in rows))
    assert len(texts) == 1
    folders = fer2013.write(tmp_path / "folder", people=3, traps=False, variant="folder")
    table = fer2013.write(tmp_path / "table", people=3, traps=False)
    codes = {name: str(code) for code, name in enumerate(fer2013.FOLDERS)}
    assert {codes[name]: n for name, n in folders.labels.items()} == table.labels
    assert folders.splits == table.splits


def test_aihub_is_one_data_set_in_many_layouts(tmp_path):
    """Zips, parts and a Mac's copy hold what the folders hold."""
    truths, pictures = [], []
    for variant in ("folders", "zips", "parts", "mac"):
        place = tmp_path / variant
        truths.append(aihub.write(place, people=2, variant=variant))
        held = _contents(place)
        pictures.append(sorted(data for name, data in held if IMAGE.search(name)))
    assert all(truth == truths[0] for truth in truths)
    assert all(found == pictures[0] for found in pictures)


def test_aihub_spells_its_labels_in_three_encodings(tmp_path):
    truth = aihub.write(tmp_path, people=2)
    found, records = set(), []
    for path in sorted(tmp_path.rglob("*.json")):
        data = path.read_bytes()
        codec = "utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else "utf-8"
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            codec, text = "cp949", data.decode("cp949")
        found.add(codec)
        records += json.loads(text)
    assert found == {"utf-8", "utf-8-sig", "cp949"}
    assert {type(record["age"]) for record in records} == {int, str}
    assert len(records) == truth.counts["records"]
    assert truth.counts["pending"] == 7 and truth.counts["in_both_parts"] == 1
    assert truth.counts["two_genders"] == truth.counts["two_ages"] == 1


def test_aihub_boxes_lie_in_the_upright_frame(tmp_path):
    """Every copy of the one photograph has the same face where its record says."""
    aihub.write(tmp_path, variant="orientations")
    (labels,) = tmp_path.rglob("*.json")
    records = {record["filename"]: record for record in json.loads(labels.read_text("utf-8"))}
    faces = []
    for path in sorted(tmp_path.rglob("*.*")):
        if path.name in records:
            upright = decode(path.read_bytes()).pixels
            box = records[path.name]["annot_A"]["boxes"]
            x0, y0, x1, y1 = (round(box[k]) for k in ("minX", "minY", "maxX", "maxY"))
            faces.append(cv2.resize(upright[y0:y1, x0:x1], (48, 48), interpolation=cv2.INTER_AREA))
    assert len(faces) == 10
    matrix = np.corrcoef([face.ravel() for face in faces])
    assert matrix.min() > 0.98


def test_ckplus_and_its_extract_share_people_and_sequences(tmp_path):
    whole = ckplus.write(tmp_path / "ckplus", people=3, traps=False)
    extract = ck48.write(tmp_path / "ck48", people=3, traps=False)
    assert whole.subjects == extract.subjects and whole.sequences == extract.sequences
    assert whole.words == extract.words


def test_ckplus_landmarks_lie_on_the_face(tmp_path):
    ckplus.write(tmp_path, people=1, traps=False)
    files = sorted(tmp_path.rglob("*_landmarks.txt"))
    points = np.array([np.loadtxt(path) for path in files])
    assert points.shape[1:] == (68, 2)
    assert (points > 0).all() and (points < ckplus.SIZE[::-1]).all()
    parts = ((0, 17), (36, 42), (42, 48), (48, 60))
    jaw, left_eye, right_eye, mouth = (points[:, a:b].mean(axis=1) for a, b in parts)
    assert (left_eye[:, 0] < mouth[:, 0]).all() and (mouth[:, 0] < right_eye[:, 0]).all()
    assert (left_eye[:, 1] < mouth[:, 1]).all() and (jaw[:, 1] > left_eye[:, 1]).all()


def test_rafdb_annotations_speak_of_the_originals(tmp_path):
    """Turned and scaled by the landmarks, an original is the aligned face."""
    rafdb.write(tmp_path, people=1, traps=False)
    root = tmp_path / "basic"
    for path in sorted((root / "Annotation/manual").iterdir()):
        stem = path.name.removesuffix("_manu_attri.txt")
        lines = path.read_text().splitlines()
        assert len(lines) == 8 and all("\t" in line for line in lines[:5])
        eyes = np.array([line.split("\t") for line in lines[:2]], np.float32)
        third = eyes[0] + [eyes[0, 1] - eyes[1, 1], eyes[1, 0] - eyes[0, 0]]
        target = np.array([*rafdb.EYES, (34.0, 72.0)], np.float32)
        matrix = cv2.getAffineTransform(np.array([*eyes, third], np.float32), target)
        original = cv2.imread(str(root / f"Image/original/{stem}.jpg"))
        aligned = cv2.imread(str(root / f"Image/aligned/{stem}_aligned.jpg"))
        again = cv2.warpAffine(original, matrix, (100, 100), borderMode=cv2.BORDER_REPLICATE)
        assert np.corrcoef(again.ravel(), aligned.ravel())[0, 1] > 0.98


def test_ferplus_has_ten_votes_a_row_but_for_one(tmp_path):
    truth = ferplus.write(tmp_path, people=4)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "fer2013new.csv").read_text())))
    sums = [sum(int(row[word]) for word in ferplus.COLUMNS) for row in rows]
    assert sorted(set(sums)) == [9, 10] and sums.count(9) == truth.counts["nine"] == 1
    blank = [row for row in rows if not row["Image name"]]
    assert len(blank) == truth.counts["blank"] and all(row["NF"] == "10" for row in blank)
    kept = Counter(row["Usage"] for row in rows if _has_majority(row))
    told = {k.removeprefix("kept_"): n for k, n in truth.counts.items() if k.startswith("kept_")}
    assert kept == told


def _has_majority(row):
    """The rule of the FER+ paper's code: single votes out, then over half for one word."""
    votes = {word: int(row[word]) for word in ferplus.COLUMNS}
    left = {word: n if n > 1 else 0 for word, n in votes.items()}
    top = max(left, key=left.get)
    return left[top] > 0.5 * sum(left.values()) and top not in ("unknown", "NF")


def test_counting_rows():
    rows = [Row(label="happy", subject="a", split="train"), Row(), Row(status="empty", label="sad")]
    truth = expected(rows, ["x"])
    assert truth.statuses == {"empty": 1, "ok": 2} and truth.rows == 3 and truth.ok == 2
    assert truth.labels == {"happy": 1} and truth.splits == {"train": 1}
    assert truth.subjects == {"a"}


def test_korean_names_without_the_utf8_flag():
    names = ["[원천]중립/01_여_슬픔.jpg", "plain.txt", "[원천]중립/02_남_기쁨.jpg"]
    data = zipped([(n, n.encode()) for n in names], "cp949")
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None
    for info, name in zip(archive.infolist(), names, strict=True):
        assert not info.flag_bits & 0x800
        assert info.filename.encode("cp437").decode("cp949") == name
        assert archive.read(info) == name.encode()


@pytest.mark.parametrize("orientation", [1, 2, 3, 4, 5, 6, 7, 8])
def test_photographs_lie_on_the_disk_as_a_camera_stores_them(orientation):
    """Pillow, which knows EXIF, turns every one upright."""
    images = pytest.importorskip("PIL.Image")
    turn = pytest.importorskip("PIL.ImageOps").exif_transpose
    upright = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5
    large = np.kron(upright, np.ones((16, 16), np.uint8))
    seen = np.asarray(turn(images.open(io.BytesIO(jpeg(large, orientation)))))
    assert seen.shape == large.shape
    assert np.abs(seen.astype(int) - large).max() < 16
    assert as_stored(large, orientation).shape == (large.shape if orientation < 5 else (128, 96))


def counted(name, raws):
    """Rows that a data set has on the disk, counted from the files alone.

    A fake whose rows are not its pictures has a function `rows_on_disk` that counts them again.
    """
    if hasattr(folder.load("fakes", name), "rows_on_disk"):
        return folder.load("fakes", name).rows_on_disk(raws)
    if name == "table" or (name == "fer2013" and raws[0].is_file()):
        return sum(_count_table(raw) for raw in raws)
    if name == "ferplus":
        return _count_table(raws[-1])
    paths = [path for raw in raws for path in _names(raw)]
    images = [path.rpartition("/")[2] for path in paths if IMAGE.search(path)]
    if name == "ckplus":  # three frames for each label
        return 3 * sum(path.endswith("_emotion.txt") for path in paths)
    if name == "rafdb":  # a line of a list, a picture, or both
        return len({image.replace("_aligned", "") for image in images} | _listed(raws[0]))
    return len(images)


def _listed(root):
    """Names of pictures in RAF-DB's label list, or in Kaggle's two tables."""
    lists = [*root.rglob("list_*_label.txt"), *root.glob("*_labels.csv")]
    lines = [line for path in lists for line in path.read_text().splitlines() if ".jpg" in line]
    return {re.split("[ ,]", line)[0].replace("_aligned", "") for line in lines}


def _contents(place):
    """Name and bytes of every file below a folder, those of its archives included."""
    for path in sorted(place.rglob("*")):
        if path.name.endswith(".part0") or path.suffix == ".zip":
            pieces = _parts(path) if path.name.endswith(".part0") else [path]
            whole = b"".join(piece.read_bytes() for piece in pieces)
            with zipfile.ZipFile(io.BytesIO(whole)) as archive:
                yield from ((name, archive.read(name)) for name in archive.namelist())
        elif path.is_file() and not PART.search(path.name):
            yield path.name, path.read_bytes()


def _names(raw):
    if raw.is_dir():
        for path in sorted(raw.rglob("*")):
            if PART.search(path.name):
                if path.name.endswith("part0"):
                    yield from _names(path)
            elif path.suffix == ".zip":
                yield from _names(path)
            elif path.is_file():
                yield path.relative_to(raw).as_posix()
    elif PART.search(raw.name):
        whole = b"".join(p.read_bytes() for p in _parts(raw))
        yield from zipfile.ZipFile(io.BytesIO(whole)).namelist()
    elif raw.suffix == ".zip":
        yield from zipfile.ZipFile(raw).namelist()
    else:
        yield raw.name


def _parts(first):
    pieces = (p for p in first.parent.iterdir() if p.name.startswith(first.name[:-1]))
    return sorted(pieces, key=lambda path: int(path.name.rpartition("part")[2]))


def _count_table(raw):
    if raw.suffix == ".parquet":
        return pq.read_metadata(raw).num_rows
    data = raw.read_bytes()
    if raw.suffix == ".zip":
        with zipfile.ZipFile(raw) as archive:
            data = archive.read(next(n for n in archive.namelist() if n.endswith(".csv")))
    elif raw.suffix in (".gz", ".zst"):
        with pa.input_stream(str(raw)) as stream:
            data = stream.read()
    return sum(any(row) for row in _lines(data, "\t" if raw.suffix == ".tsv" else ",")) - 1


def _lines(data, delimiter):
    csv.field_size_limit(1 << 20)
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))
