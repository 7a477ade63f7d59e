"""The check for augmented copies: each kind planted, sound neighbours left alone, names read."""

import cv2
import numpy as np
import pytest

from fertools.checks._copy_names import by_name
from fertools.checks._explain import explain, tone
from fertools.checks.derived import Options, find
from fertools.fakes._face import draw, person
from fertools.image import decode, encode
from tests.made import made, smooth


def grainy(count, seed):
    """Patterns with detail that a blur takes away."""
    grain = np.random.default_rng(seed).normal(scale=7, size=(count, 48, 48))
    return np.clip(smooth(count, seed) * 0.8 + 25 + grain, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def people():
    words = ("happiness", "fear", "anger", "neutral")
    return np.stack([draw(person(i), words[i % 4], seed=i) for i in range(12)])


def rotated(face, angle):
    matrix = cv2.getRotationMatrix2D((23.5, 23.5), angle, 1)
    return cv2.warpAffine(face, matrix, (48, 48), borderMode=cv2.BORDER_REPLICATE)


def jpeg(face):
    return decode(encode(face, "jpeg", quality=90), gray=True).pixels


CHANGES = {
    "mirrored": lambda face: face[:, ::-1],
    "rotated 90": lambda face: np.rot90(face),
    "rotated 180": lambda face: np.rot90(face, 2),
    "rotated 270": lambda face: np.rot90(face, 3),
    "rotated": lambda face: rotated(face, 4),
    "blurred": lambda face: cv2.GaussianBlur(face, (0, 0), 1.5),
    "equalised": cv2.equalizeHist,
    "contrast": lambda face: np.clip(face * 0.6 + 30, 0, 255).astype(np.uint8),
    "tone": lambda face: (255 * (face / 255) ** 2.5).astype(np.uint8),
    "mirrored+blurred": lambda face: cv2.GaussianBlur(face, (0, 0), 1.5)[:, ::-1],
    "rotated 180+contrast": lambda face: (np.rot90(face, 2) * 0.6).astype(np.uint8),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_planted_copy_is_found_and_its_kind_named(tmp_path, kind):
    faces = grainy(12, 6)
    copy = jpeg(np.ascontiguousarray(CHANGES[kind](faces[4])))
    manifest, opened = made(tmp_path, np.concatenate([faces, copy[None]]))
    found = find(manifest, opened, Options())
    assert found.tables["pairs"].select(["row", "of", "id", "of_id", "kind"]).to_pylist() == [
        {"row": 12, "of": 4, "id": "x/012", "of_id": "x/004", "kind": kind}
    ]
    assert (found.rows.tolist(), list(found.flags)) == ([12], ["derived_copy"])
    assert found.columns["derived_from"].to_pylist() == [None] * 12 + ["x/004"]
    assert found.facts["pairs"] == {kind: 1}


@pytest.mark.parametrize("kind", ["blurred", "equalised"])
def test_what_lost_something_is_the_copy_also_where_it_comes_first(tmp_path, kind):
    faces = grainy(5, 7)
    faces[0] = CHANGES[kind](faces[3])
    pairs = find(*made(tmp_path, faces), Options()).tables["pairs"].to_pylist()
    assert [(p["row"], p["of"], p["kind"]) for p in pairs] == [(0, 3, kind)]


def test_different_faces_and_mere_likeness_are_not_derived(tmp_path, people):
    rng = np.random.default_rng(0)
    noise = rng.normal(scale=people[0].std() * np.sqrt(1 / 0.96**2 - 1), size=(48, 48))
    like = np.clip(people[0] + noise, 0, 255).astype(np.uint8)
    again = jpeg(people[5])
    faces = np.concatenate([people, like[None], again[None], people[7:8]])
    found = find(*made(tmp_path, faces), Options())
    assert found.tables["pairs"].num_rows == 0
    assert found.columns["derived_from"].null_count == len(faces)


def test_angles_are_looked_for_when_asked(tmp_path):
    faces = grainy(8, 8)
    faces[7] = rotated(faces[2], 12)
    manifest, opened = made(tmp_path, faces)
    assert find(manifest, opened, Options()).tables["pairs"].num_rows == 0
    pairs = find(manifest, opened, Options(angles=(12.0,))).tables["pairs"].to_pylist()
    assert [(p["row"], p["of"], p["kind"]) for p in pairs] == [(7, 2, "rotated")]


def test_copies_of_a_copy_are_copies_too(tmp_path):
    faces = grainy(6, 9)
    faces[4] = faces[1]
    faces[5] = faces[1][:, ::-1]
    pairs = find(*made(tmp_path, faces), Options()).tables["pairs"].to_pylist()
    assert [(p["row"], p["of"]) for p in pairs] == [(5, 1), (5, 4)]


def test_frames_of_one_sequence_are_not_derived(tmp_path):
    faces = grainy(6, 10)
    faces[5] = CHANGES["blurred"](faces[1])
    sequence = [None, "a", None, None, None, "a"]
    assert find(*made(tmp_path, faces, sequence=sequence), Options()).tables["pairs"].num_rows == 0


def test_a_symmetrical_face_is_not_its_own_mirror_image(tmp_path):
    faces = grainy(4, 11)
    half = faces[0].astype(int)
    faces[0] = (half + half[:, ::-1]) // 2
    faces[3] = jpeg(faces[0])
    assert find(*made(tmp_path, faces), Options()).tables["pairs"].num_rows == 0


def test_faces_that_are_not_square_cannot_be_turned(tmp_path):
    faces = grainy(4, 12)[:, :, :40]
    faces[3] = faces[1][:, ::-1]
    pairs = find(*made(tmp_path, faces), Options()).tables["pairs"].to_pylist()
    assert [p["kind"] for p in pairs] == ["mirrored"]


@pytest.mark.parametrize(
    ("name", "original"),
    [
        ("a/X.jpg0.jpg", "a/X.jpg"),
        ("a/X.jpg12.jpg", "a/X.jpg"),
        ("a/X_flip.png", "a/X.jpg"),
        ("a/X-rot 90.jpg", "a/X.jpg"),
        ("a/aug_X.jpg", "a/X.jpg"),
        ("a/X_augmented3.jpg", "a/X.jpg"),
        ("b/X_flip.jpg", None),
        ("a/X1.jpg", None),
        ("a/X (1).jpg", None),
        ("a/Xrot.jpg", None),
        ("a/Y.jpg0.jpg", None),
        ("t.csv#3", None),
    ],
)
def test_names_that_tell(name, original):
    paths = ["a/X.jpg", name, "t.csv#1"]
    rows, of = by_name(paths, np.ones(3, np.bool_))
    assert [(paths[r], paths[o]) for r, o in zip(rows, of, strict=True)] == (
        [(name, original)] if original else []
    )


def test_a_name_is_evidence_where_the_pixels_are_not(tmp_path):
    faces = grainy(4, 13)
    paths = ["d/1.jpg", "d/2.jpg", "d/1.jpg0.jpg", "d/2.jpg7.jpg"]
    found = find(*made(tmp_path, faces, path=paths), Options())
    assert found.columns["derived_from"].to_pylist() == [None, None, "x/000", "x/001"]
    assert found.facts["pairs"] == {"name": 2}


def test_tone_explains_no_noise():
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (6, 48, 48)).astype(np.uint8)
    assert tone(noise[:3], noise[3:]).max() < 0.15
    assert tone(noise[:3], 255 - noise[:3]).min() == 1


def test_no_pairs_need_no_explanation():
    none = np.empty((0, 48, 48), np.uint8)
    assert len(explain(none, none, np.empty(0, np.bool_)).score) == 0
