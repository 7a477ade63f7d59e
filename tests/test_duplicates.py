"""The check for copies: planted ones, and the counts of the real data sets."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from fertools.checks import _pairs
from fertools.checks._pairs import LISTED
from fertools.checks.duplicates import Options, find
from fertools.errors import FerError
from fertools.faces import open_faces
from fertools.finding import Finding
from tests.made import made, smooth


def noisy(face, near, seed=0):
    """The face with so much noise that the NCC is about `near`."""
    rng = np.random.default_rng(seed)
    level = face.astype(float) - face.mean()
    noise = rng.normal(scale=face.std() * np.sqrt(1 / near**2 - 1), size=face.shape)
    return np.clip(128 + 0.7 * (level + noise), 0, 255).astype(np.uint8)


def flags(finding: Finding) -> dict[str, list[int]]:
    out: dict[str, list[int]] = {}
    for row, flag in zip(finding.rows.tolist(), finding.flags, strict=True):
        out.setdefault(flag, []).append(row)
    return out


def looked(folder: Path, faces, options: Options | None = None, **columns):
    return find(*made(folder, faces, **columns), options or Options())


@pytest.fixture
def faces():
    """0..9 are unlike; 10 copies 2, 11 is near 3, 12 mirrors 4, 13 and 14 are blank, 15 is doubtful
    beside 5."""
    out = np.concatenate([smooth(10, 1), np.zeros((6, 48, 48), np.uint8)])
    out[10], out[11], out[12] = out[2], noisy(out[3], 0.95), out[4, :, ::-1]
    out[13:15], out[15] = 7, noisy(out[5], 0.88)
    return out


def test_copies_of_every_kind_are_found(tmp_path, faces):
    found = looked(tmp_path, faces)
    assert flags(found) == {"constant": [13, 14], "exact_copy": [10], "near_copy": [11, 12]}
    groups = found.columns["twin_group"].to_pylist()
    assert {i: g for i, g in enumerate(groups) if g} == {
        2: "t:x/002", 10: "t:x/002", 3: "t:x/003", 11: "t:x/003", 4: "t:x/004", 12: "t:x/004",
    }  # fmt: skip
    rows = found.tables["twins"].to_pylist()
    assert [(r["id_a"], r["id_b"], r["kind"], r["mirrored"]) for r in rows] == [
        ("x/002", "x/010", "exact", False),
        ("x/003", "x/011", "near", False),
        ("x/004", "x/012", "near", True),
    ]
    assert rows[1]["ncc"] == pytest.approx(0.95, abs=0.01)
    assert rows[2]["ncc"] == 1
    review = found.tables["review"].to_pylist()
    assert [(r["id_a"], r["id_b"]) for r in review] == [("x/005", "x/015")]
    assert found.facts["threshold"] == 0.9
    assert found.facts["exact_redundant"] == 2  # with the second blank, as published counts do
    assert any("predicted" in note for note in found.notes)


def test_a_threshold_that_was_asked_for_stands(tmp_path, faces):
    found = looked(tmp_path, faces, Options(threshold=0.8))
    assert 15 in flags(found)["near_copy"]
    assert found.tables["review"].num_rows == 0
    most = looked(tmp_path / "most", faces, Options(threshold=1.0))
    assert flags(most)["near_copy"] == [12]  # at 1 itself
    with pytest.raises(FerError, match=r"threshold 1\.5"):
        looked(tmp_path, faces, Options(threshold=1.5, review=1.5))


def test_labels_that_differ_between_twins_contradict(tmp_path, faces):
    labels = ["fear"] * 16
    labels[10], labels[11], labels[14] = "anger", None, "anger"
    found = looked(tmp_path, faces, native_label=labels)
    assert flags(found)["contradicting_twins"] == [2, 10]
    assert found.facts["contradicting_twin_groups"] == 1
    assert found.facts["exact_contradicting_groups"] == 2  # the blanks are equal, too


def test_twins_through_a_third_are_one_group(tmp_path):
    faces = smooth(4, 2)
    faces[1] = noisy(faces[0], 0.92, 1)
    faces[2] = noisy(faces[0], 0.92, 2)
    found = looked(tmp_path, faces)
    assert found.columns["twin_group"].to_pylist() == ["t:x/000"] * 3 + [None]
    assert flags(found) == {"near_copy": [1, 2]}  # 2 is near to 0, not to 1


def test_frames_of_one_sequence_are_no_twins(tmp_path, faces):
    sequence = [None] * 16
    sequence[3] = sequence[11] = "a"
    sequence[4], sequence[12] = "a", "b"
    sequence[2] = sequence[10] = "c"
    sequence[5] = sequence[15] = "d"
    found = looked(tmp_path, faces, sequence=sequence)
    assert flags(found) == {"constant": [13, 14], "exact_copy": [10], "near_copy": [12]}
    assert found.tables["twins"]["kind"].to_pylist() == ["exact", "sequence", "near"]
    assert found.facts["pairs"] == {"near": 1, "sequence": 1, "exact": 1}
    assert found.tables["review"].num_rows == 0  # a doubtful pair of frames is no doubt
    assert any("one sequence" in note for note in found.notes)


def test_subjects_set_the_threshold(tmp_path, faces):
    subjects = [f"p:{i}" for i in range(16)]
    subjects[12] = subjects[4]  # 3 and 11 are two people, and alike to 0.95
    found = looked(tmp_path, faces, subject=subjects)
    assert found.facts["threshold_by"] == "subjects"
    assert 0.94 < found.facts["threshold"] < 0.965
    assert flags(found)["near_copy"] == [12]
    assert found.facts["curve"]["different_subjects"][0] == 1
    assert found.tables["review"].num_rows == 0  # known to be two people: nothing to decide
    # a copy under two names is a mistake in the names and says nothing of resemblance
    assert flags(found)["exact_copy"] == [10]


def test_two_recordings_of_one_person_do_not_contradict(tmp_path, faces):
    labels = ["fear"] * 16
    labels[10] = labels[11] = "anger"
    subjects = ["p:1"] * 16
    found = looked(tmp_path, faces, native_label=labels, subject=subjects)
    assert flags(found)["near_copy"] == [11, 12]
    assert flags(found)["contradicting_twins"] == [2, 10]


def test_many_copies_of_one_face_cost_nothing(tmp_path):
    faces = np.concatenate([np.repeat(smooth(1, 3), LISTED + 5, axis=0), smooth(3, 4)])
    faces[-1] = noisy(faces[0], 0.95)
    found = looked(tmp_path, faces)
    assert found.facts["cost"]["compared_pairs"] == 6  # of four different faces
    kinds = Counter(found.tables["twins"]["kind"].to_pylist())
    assert kinds == {"exact": LISTED + 4, "near": LISTED + 5}
    assert len(flags(found)["exact_copy"]) == LISTED + 4


@pytest.mark.parametrize("shape", [(96, 96), (96, 96, 3), (64, 64)])
def test_larger_and_coloured_faces_are_compared_small(tmp_path, shape):
    faces = smooth(6, 5, shape[0])
    faces[5] = noisy(faces[1], 0.93)
    if len(shape) == 3:
        faces = np.repeat(faces[..., None], 3, axis=3)
    assert flags(looked(tmp_path, faces)) == {"near_copy": [5]}


def test_rows_without_a_face_take_no_part(tmp_path, faces):
    status = ["ok"] * 16
    status[2] = "no_face"
    holes = {"store": ["x-1"] * 16, "shard": ["faces-x-0.npy"] * 16, "row": list(range(16))}
    for column in holes.values():
        column[2] = None
    found = looked(tmp_path, faces, status=status, **holes)
    assert flags(found) == {"constant": [13, 14], "near_copy": [11, 12]}


def test_pairs_are_searched_once(tmp_path, faces, monkeypatch):
    manifest, opened = made(tmp_path, faces)
    first = find(manifest, opened, Options())
    monkeypatch.setattr(_pairs, "near_twins", None)
    assert find(manifest, opened, Options()).tables["twins"] == first.tables["twins"]


def test_a_manifest_without_a_face_has_no_copies(tmp_path, faces):
    manifest, _ = made(tmp_path, faces)
    empty = manifest.replace(manifest.table.slice(0, 0))
    found = find(empty, open_faces(empty), Options())
    assert flags(found) == {}
    assert found.facts["exact_groups"] == 0
