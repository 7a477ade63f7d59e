"""Fingerprints of copies of a small data set whose signature the test makes itself."""

import dataclasses
import io
import json

import cv2
import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from fertools import fingerprint as stage
from fertools.cli import main
from fertools.errors import FerError
from fertools.fingerprint import fingerprint
from fertools.fingerprint.signatures import Signature, in_bytes, look, nearest, numbers, signatures
from fertools.flows.signatures import make
from fertools.image import digest
from fertools.ingest import ingest
from fertools.resources import folder
from tests.conftest import REAL, needs_real
from tests.made import natural

WORDS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
FOLDERS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
COUNT = 210
GUESSED = (5, 80, 150)


def jpeg(face, quality=95):
    data = io.BytesIO()
    Image.fromarray(face).save(data, "JPEG", quality=quality)
    return data.getvalue()


@pytest.fixture(scope="module")
def faces():
    return natural(COUNT, 31)


@pytest.fixture(autouse=True)
def known(faces, monkeypatch):
    """The package knows this data set alone: every row by its look, three by a guess."""
    usage = ["train" if i < 150 else "val" if i < 180 else "test" for i in range(COUNT)]
    as_jpeg = [np.asarray(Image.open(io.BytesIO(jpeg(face)))) for face in faces]
    hashes = {
        "image_hash": [digest(face)[:16] for face in faces],
        "jpeg_hash": [digest(face)[:16] for face in as_jpeg],
    }
    for column in hashes.values():
        for row in GUESSED:
            column[row] = None
    labels = [WORDS[i % 7] for i in range(COUNT)]
    rows = pa.table({**hashes, "source_row": range(COUNT), "native_label": labels,
                     "official_split": usage})  # fmt: skip
    guessed = {row: digest(faces[row])[:16] for row in GUESSED}
    shipped = np.stack(in_bytes(numbers(faces)), axis=1) / [40, 255, 510, 255]
    own = Signature("fer2013", rows, rows, look(faces), shipped, guessed)
    monkeypatch.setattr(stage, "signatures", lambda: (own,))


def usage_of(row):
    return "Training" if row < 150 else "PublicTest" if row < 180 else "PrivateTest"


def table(folder, faces, rows=None, code=lambda row: row % 7):
    rows = range(COUNT) if rows is None else rows
    lines = [f"{code(i)},{' '.join(map(str, faces[i].ravel()))},{usage_of(i)}" for i in rows]
    folder.mkdir()
    (folder / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *lines, ""]))
    return folder


def tree(folder, faces, train=None, test=None, copies=0):
    for row, face in enumerate(faces):
        change = train if row < 150 else test
        part = "train" if row < 150 else "test"
        place = folder / part / FOLDERS[row % 7]
        place.mkdir(parents=True, exist_ok=True)
        name = f"{usage_of(row)}_{1000 + row}.jpg"
        (place / name).write_bytes(jpeg(change(face) if change else face))
        for copy in range(copies if row % 3 == 0 else 0):
            (place / f"{name}{copy}.jpg").write_bytes(jpeg(face[:, ::-1]))
    return folder


def test_a_reconstructed_table_is_told_from_an_official_one(tmp_path, faces):
    found = fingerprint(table(tmp_path / "a", faces))
    assert (found.data, found.variant) == ("fer2013", ["reconstructed CSV"])
    assert found.matched["pixels"] == pytest.approx((COUNT - 3) / COUNT, abs=1e-4)
    other = faces.copy()
    other[list(GUESSED)] = 255 - other[list(GUESSED)]
    assert fingerprint(table(tmp_path / "b", other)).variant == ["official CSV"]


def test_a_table_of_a_data_set_that_never_was_one(tmp_path, faces, monkeypatch):
    """CK+48 as a CSV: its rows have no numbers of an official table."""
    (own,) = stage.signatures()
    none = pa.nulls(COUNT, pa.int64())
    rows = own.rows.set_column(own.rows.column_names.index("source_row"), "source_row", none)
    other = dataclasses.replace(own, rows=rows, guessed={})
    monkeypatch.setattr(stage, "signatures", lambda: (other,))
    assert fingerprint(table(tmp_path / "a", faces)).variant == ["original pixels"]


def test_missing_rows_are_counted_by_word(tmp_path, faces):
    found = fingerprint(table(tmp_path / "a", faces, [i for i in range(COUNT) if i % 70 != 1]))
    assert found.variant == ["reconstructed CSV", "3 rows missing"]
    assert any("disgust -3" in line for line in found.evidence)


def test_pictures_that_others_replace_are_counted(tmp_path, faces):
    tree(tmp_path / "whole", faces)
    assert f"all {COUNT} pictures are there" in fingerprint(tmp_path / "whole").evidence
    tree(tmp_path / "cut", np.concatenate([faces[:-4], faces[:4]]))
    found = fingerprint(tmp_path / "cut")
    assert "4 pictures replaced" in found.variant
    tree(tmp_path / "soft", faces, train=lambda face: cv2.GaussianBlur(face, (5, 5), 2))
    assert f"as many pictures as published: {COUNT}" in fingerprint(tmp_path / "soft").evidence


def test_rows_in_another_order(tmp_path, faces):
    rows = np.random.default_rng(0).permutation(COUNT).tolist()
    found = fingerprint(table(tmp_path / "a", faces, rows))
    assert found.variant == ["reconstructed CSV", "rows in another order"]


def test_renumbered_labels(tmp_path, faces):
    alphabetical = [sorted(WORDS).index(word) for word in WORDS]
    found = fingerprint(table(tmp_path / "a", faces, code=lambda i: alphabetical[i % 7]))
    assert found.variant == ["reconstructed CSV", "labels in alphabetical order"]
    assert any("4 = neutral, 5 = sadness, 6 = surprise" in line for line in found.evidence)
    found = fingerprint(table(tmp_path / "b", faces, code=lambda i: (i % 7 + 1) % 7))
    assert found.variant == ["reconstructed CSV", "labels renumbered"]
    rng = np.random.default_rng(0)
    found = fingerprint(table(tmp_path / "c", faces, code=lambda i: rng.integers(7)))
    assert found.variant == ["reconstructed CSV", "labels changed"]


def test_labels_that_stand_for_one_word_are_no_renumbering():
    """19 of 20 are as their labels say, then 17; 0.9 are asked for."""
    fear, anger = ("0", "fear"), ("1", "anger")
    odd = [("0", "anger"), ("0", "anger"), ("1", "fear")]
    assert stage._renumbered([fear] * 9 + odd[:1] + [anger] * 10) == {"0": "fear", "1": "anger"}
    assert stage._renumbered([fear] * 8 + odd + [anger] * 9) is None
    assert stage._renumbered([fear] * 10 + [("1", "fear")] * 10) is None


def test_a_picture_of_two_labels_judges_no_label(tmp_path, faces, monkeypatch):
    """Rows 0 and 1 are listed with one picture: 210 less these two and the three without a hash."""
    (own,) = stage.signatures()
    hashes = own.rows["image_hash"].to_pylist()
    hashes[1] = hashes[0]
    at = own.rows.column_names.index("image_hash")
    other = dataclasses.replace(own, rows=own.rows.set_column(at, "image_hash", [hashes]))
    monkeypatch.setattr(stage, "signatures", lambda: (other,))
    evidence = fingerprint(table(tmp_path / "a", faces)).evidence
    assert "100.0% of 205 labels are those of the data set" in evidence


def test_looks_of_some_rows_stand_for_all(tmp_path, faces, monkeypatch):
    """Every second row ships with a look, as one in eight of FER2013 does."""
    (own,) = stage.signatures()
    second = np.arange(0, COUNT, 2)
    some = {"known": own.known.take(second), "looks": own.looks[second], "stats": own.stats[second]}
    monkeypatch.setattr(stage, "signatures", lambda: (dataclasses.replace(own, **some),))
    found = fingerprint(tree(tmp_path, faces, CHANGED["blurred"], CHANGED["blurred"]))
    assert (found.data, found.variant) == ("fer2013", ["blurred"])
    assert found.matched["look"] == pytest.approx(1, abs=0.1)


def test_a_look_may_differ_in_24_signs():
    known = np.zeros((1, 16), np.uint8)
    ours = np.zeros((2, 16), np.uint8)
    ours[:, :3] = 255
    ours[1, 3] = 1
    assert nearest(ours, known).tolist() == [0, -1]


CHANGED = {
    "equalised": cv2.equalizeHist,
    "contrast x 1.2 and equalised": lambda face: cv2.equalizeHist(
        np.clip(face * 1.2, 0, 255).astype(np.uint8)
    ),
    "contrast x 0.7": lambda face: (face * 0.7 + 20).astype(np.uint8),
    "blurred": lambda face: cv2.GaussianBlur(face, (3, 3), 0),
    "enlarged to 224 pixels": lambda face: cv2.resize(
        face, (224, 224), interpolation=cv2.INTER_LANCZOS4
    ),
}


@pytest.mark.parametrize("word", CHANGED)
def test_changed_pictures_are_recognised_and_the_change_named(tmp_path, faces, word):
    found = fingerprint(tree(tmp_path, faces, CHANGED[word], CHANGED[word]))
    assert (found.data, found.variant) == ("fer2013", [word])
    assert found.matched["look"] > 0.9 and found.matched["jpeg"] < 0.1


def test_parts_that_differ_are_named_apart(tmp_path, faces):
    found = fingerprint(tree(tmp_path, faces, train=CHANGED["blurred"]))
    assert found.variant == ["test and val: Kaggle's JPEGs", "train: blurred"]


def test_augmented_copies_are_counted_and_not_looked_at(tmp_path, faces):
    found = fingerprint(tree(tmp_path, faces, copies=2))
    assert found.variant == ["Kaggle's JPEGs", "augmented copies"]
    assert found.rows == COUNT + 2 * COUNT // 3 and found.looked_at == COUNT


def test_other_pictures_are_unknown(tmp_path, faces):
    noise = np.random.default_rng(1).integers(0, 256, (COUNT, 48, 48)).astype(np.uint8)
    found = fingerprint(tree(tmp_path / "a", noise))
    assert (found.data, found.variant) == ("unknown", [])
    half = np.concatenate([faces[:90], noise[90:]])
    assert fingerprint(tree(tmp_path / "b", half)).data == "unknown"


def test_files_that_are_no_pictures_are_counted(tmp_path, faces):
    tree(tmp_path, faces)
    (tmp_path / "train" / "angry" / "Training_1000.jpg").write_bytes(b"<html>")
    found = fingerprint(tmp_path)
    assert any("1 of those looked at could not be read" in line for line in found.evidence)


def test_nothing_to_look_at_is_an_error(tmp_path):
    (tmp_path / "notes.txt").write_text("no data")
    with pytest.raises(FerError, match="neither pictures nor a table"):
        fingerprint(tmp_path)


def test_looks_bear_a_blur_but_not_another_face(faces):
    looks = look(faces)
    assert (nearest(looks, looks) == np.arange(COUNT)).all()
    soft = np.stack([cv2.GaussianBlur(face, (0, 0), 2) for face in faces])
    assert (nearest(look(soft), looks) == np.arange(COUNT)).all()
    assert (nearest(look(natural(50, 99)), looks) == -1).all()
    assert (nearest(look(faces[:0]), looks) == -1).all()


def test_the_command_prints_name_and_evidence(tmp_path, faces, capsys):
    folder = table(tmp_path / "a", faces)
    with pytest.raises(SystemExit) as done:
        main(["fingerprint", str(folder)])
    assert done.value.code == 0
    assert capsys.readouterr().out.startswith("fer2013, reconstructed CSV\n  210 rows")
    with pytest.raises(SystemExit):
        main(["fingerprint", str(folder), "--json"])
    assert json.loads(capsys.readouterr().out)["variant"] == ["reconstructed CSV"]


def test_what_ships_is_small_and_complete():
    fer, ck = signatures()
    assert (fer.data, ck.data) == ("fer2013", "ck48")
    assert 0.11 < fer.share < 0.14 and ck.share == 1
    assert len(fer.guessed) == fer.rows["image_hash"].null_count
    assert (folder("manifests") / "fingerprints.parquet").stat().st_size < 250_000


@needs_real
def test_the_shipped_signatures_are_those_of_the_data(tmp_path):
    ingest("fer2013", [REAL / "fer2013" / "fer2013.csv.zst"], tmp_path / "fer2013")
    ingest("ck48", [REAL / "ck48"], tmp_path / "ck48")
    again = make({name: tmp_path / name for name in ("fer2013", "ck48")}, tmp_path)
    assert again.read_bytes() == (folder("manifests") / "fingerprints.parquet").read_bytes()


@needs_real
def test_the_real_data_is_recognised(monkeypatch):
    monkeypatch.setattr(stage, "signatures", signatures)
    found = fingerprint(REAL / "fer2013")
    assert (found.data, found.variant) == ("fer2013", ["reconstructed CSV"])
    found = fingerprint(REAL / "ck48")
    assert (found.data, found.variant) == ("ck48", ["original pixels"])
    assert fingerprint(REAL / "photos").data == "unknown"
