"""The check of labels: what twins, raters, votes and a model make of them."""

import sys

import numpy as np
import pytest

from fertools.checks import _doubts
from fertools.checks.label_noise import SILENT, Options, _agreement, _disjoint, _Said, find
from fertools.errors import FerError
from fertools.manifest import VOTE_WORDS
from fertools.probs import Probs, write_probs
from tests.made import made, smooth

WORDS = ["anger", "fear", "sadness"]


def noisy(face, near, seed):
    rng = np.random.default_rng(seed)
    noise = rng.normal(scale=face.std() * np.sqrt(1 / near**2 - 1), size=face.shape)
    return np.clip(128 + 0.7 * (face - face.mean() + noise), 0, 255).astype(np.uint8)


def suspects(found, by=None):
    rows = found.tables["suspects"].to_pylist()
    return [(r["id"], r["label"], r["suggested"]) for r in rows if by in (None, r["by"])]


@pytest.fixture
def faces():
    """0, 1, 2 are copies, 3 and 4 near-twins (0.96), 5 and 6 too (0.93); the others are unlike."""
    out = smooth(12, 21)
    out[1] = out[2] = out[0]
    out[4], out[6] = noisy(out[3], 0.96, 1), noisy(out[5], 0.93, 2)
    return out


def test_twins_measure_the_noise_by_band_and_class_pair(tmp_path, faces):
    labels = ["fear", "fear", "anger", "fear", "fear", "fear", "sadness", *["fear"] * 5]
    found = find(*made(tmp_path, faces, native_label=labels), Options())
    assert found.facts["twins"] == {
        "pairs": 5, "differ": 3, "rate": 0.6, "rows": 7, "wrong": 2, "lower_bound": 2 / 7,
    }  # fmt: skip
    assert found.facts["bands"] == [
        {"band": "0.92", "pairs": 1, "differ": 1},
        {"band": "0.95", "pairs": 1, "differ": 0},
        {"band": "exact", "pairs": 3, "differ": 2},
    ]
    cells = {(r["band"], r["label_a"], r["label_b"]): r["pairs"]
             for r in found.tables["agreement"].to_pylist()}  # fmt: skip
    assert cells == {
        ("0.92", "fear", "sadness"): 1,
        ("0.95", "fear", "fear"): 1,
        ("exact", "anger", "fear"): 2,
        ("exact", "fear", "fear"): 1,
    }
    assert "at least 2 of their 7 labels are wrong, 28.6 % (a lower bound" in found.notes[0]


def test_many_copies_bound_the_wrong_labels_by_rows_not_by_pairs(tmp_path) -> None:
    faces = np.repeat(smooth(2, 3), [70, 10], axis=0)
    labels = ["anger"] + ["fear"] * 69 + ["fear"] * 6 + ["sadness"] * 4
    found = find(*made(tmp_path, faces, native_label=labels), Options())
    told = found.facts["twins"]
    assert (told["rows"], told["wrong"]) == (80, 1 + 4)


def test_pairs_without_a_common_row_begin_at_the_ends() -> None:
    # a chain 2 - 0 - 1 - 3: from its middle there would be one pair
    assert _disjoint(np.array([[0, 1], [0, 2], [1, 3]])) == 2


def test_a_band_begins_at_its_own_value() -> None:
    said = _Said(np.array([0, 0, 1]), ["anger", "fear"])
    pairs, ncc = np.array([[0, 1], [0, 2], [1, 2]]), np.array([0.949, 0.95, 1.0])
    rates = _agreement(said, pairs, ncc, np.array([False, False, True]))[1]
    assert rates == [
        {"band": "0.92", "pairs": 1, "differ": 0},
        {"band": "0.95", "pairs": 1, "differ": 1},
        {"band": "exact", "pairs": 1, "differ": 1},
    ]


def test_two_twins_of_one_word_outvote_a_label(tmp_path, faces):
    labels = ["fear", "fear", "anger", "fear", "sadness", *["fear"] * 7]
    found = find(*made(tmp_path, faces, native_label=labels), Options())
    # 3 and 4 differ as well, but which of the two is wrong nobody can tell
    assert suspects(found, "twins") == [("x/002", "anger", "fear")]
    assert found.rows.tolist() == [2] and list(found.flags) == ["label_suspect"]
    assert found.tables["suspects"]["score"].to_pylist() == pytest.approx([2 / 3])


def test_one_person_and_one_sequence_are_left_out(tmp_path, faces):
    labels = ["fear", "anger", "sadness", "fear", "anger", "fear", None, *["fear"] * 5]
    people = ["p:1"] * 3 + ["p:2", "p:2", "p:3", "p:4"] + [None] * 5
    sequence = [None] * 3 + ["s", "s"] + [None] * 7
    columns = {"native_label": labels, "subject": people, "sequence": sequence}
    found = find(*made(tmp_path, faces, **columns), Options(threshold=0.9))
    assert found.facts["left_out"] == {"one_sequence": 1, "one_subject": 3, "unlabelled": 1}
    assert found.facts["twins"]["pairs"] == 0 and found.facts["twins"]["rate"] is None
    assert found.notes == [SILENT] and len(found.rows) == 0


def votes(**said):
    return {word: said.get(word, 0) for word in VOTE_WORDS}


def test_votes_that_outweigh_a_label(tmp_path, faces):
    said = [
        votes(fear=8, anger=2), votes(anger=8, fear=2), votes(anger=7, fear=3),
        votes(non_face=10), votes(), None, *[votes(fear=10)] * 6,
    ]  # fmt: skip
    found = find(*made(tmp_path, faces, votes=said), Options())
    wanted = [("x/003", "fear", "non_face"), ("x/001", "fear", "anger")]
    assert suspects(found, "votes") == wanted
    more = find(*made(tmp_path, faces, votes=said), Options(votes=0.7))
    assert len(suspects(more, "votes")) == 3


def test_raters_must_be_of_one_mind(tmp_path, faces):
    columns = {
        "rater_a_label": ["anger", "anger", "anger", "fear", "슬픔", *[None] * 7],
        "rater_b_label": ["anger", "anger", None, "fear", "sad", *[None] * 7],
        "rater_c_label": ["anger", "fear", None, "fear", None, *[None] * 7],
    }
    found = find(*made(tmp_path, faces, **columns), Options())
    wanted = [("x/000", "fear", "anger"), ("x/004", "fear", "sadness")]
    assert suspects(found, "raters") == wanted


def model(folder, ids, labels, wrong, **more):
    """A sure and good model's probabilities of labels of which some are wrong."""
    values = np.full((len(ids), 3), 0.05)
    truth = [wrong.get(i, label) for i, label in enumerate(labels)]
    values[np.arange(len(ids)), [WORDS.index(word) for word in truth]] = 0.9
    write_probs(folder / "p.parquet", Probs(tuple(ids), tuple(WORDS), values), more)
    return str(folder / "p.parquet")


def test_a_model_that_has_not_seen_them_doubts_labels(tmp_path):
    pytest.importorskip("cleanlab")
    faces = np.concatenate([smooth(90, 23), smooth(3, 24)])
    labels = [WORDS[i % 3] for i in range(93)]
    labels[90], labels[91] = "happiness", None
    ids = [f"x/{i:03d}" for i in range(93)]
    wrong = {4: "sadness", 30: "fear", 77: "anger"}
    known = [label if label in WORDS else "fear" for label in labels]
    file = model(tmp_path, [*ids[:92], "x/zzz"], known, wrong)
    found = find(*made(tmp_path / "d", faces, native_label=labels), Options(probs=file))
    assert {(name, word) for name, _, word in suspects(found, "probs")} == {
        (f"x/{i:03d}", word) for i, word in wrong.items()
    }
    assert found.facts["probs"] == {
        "rows": 90,
        "agreement": round(87 / 90, 4),
        "without_probabilities": 1,
        "other_labels": 1,
        "unknown_ids": 1,
    }
    assert any("1 ids" in note for note in found.notes)
    scores = found.tables["suspects"]["score"].to_pylist()
    assert scores == sorted(scores, reverse=True)


def test_a_model_that_knew_twins_or_people_is_told_on(tmp_path, faces):
    pytest.importorskip("cleanlab")
    ids, labels = [f"x/{i:03d}" for i in range(12)], [WORDS[i % 3] for i in range(12)]
    people = [None] * 9 + ["p:1"] * 3
    fold = [0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1]
    file = model(tmp_path, ids, labels, {}, fold=fold)
    columns = {"native_label": labels, "subject": people}
    found = find(*made(tmp_path / "d", faces, **columns), Options(probs=file, threshold=0.9))
    # 0 and 1 beside 2, 5 beside 6, and all of the person
    assert found.facts["probs"]["seen_in_training"] == 3 + 2 + 3
    assert any("split by group" in note for note in found.notes)


def test_a_weak_model_is_called_weak(tmp_path):
    pytest.importorskip("cleanlab")
    ids, labels = [f"x/{i:03d}" for i in range(90)], [WORDS[i % 3] for i in range(90)]
    wrong = {i: WORDS[(i + 1) % 3] for i in range(0, 90, 2)}
    file = model(tmp_path, ids, labels, wrong)
    found = find(*made(tmp_path / "d", smooth(90, 25), native_label=labels), Options(probs=file))
    assert found.facts["probs"]["agreement"] == 0.5
    assert any("agrees with 50 % of the labels" in note for note in found.notes)


def test_without_cleanlab_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "cleanlab", None)
    monkeypatch.setitem(sys.modules, "cleanlab.filter", None)
    with pytest.raises(FerError, match=r"fertools\[curate\]"):
        _doubts.by_probabilities(np.full((2, 2), 0.5), np.array([0, 1]))


def test_one_class_alone_cannot_be_doubted():
    pytest.importorskip("cleanlab")
    found = _doubts.by_probabilities(np.full((4, 2), 0.5), np.zeros(4, np.int64))
    assert len(found.rows) == 0


def test_data_without_labels_has_no_doubts(tmp_path, faces):
    found = find(*made(tmp_path, faces, native_label=[None] * 12), Options())
    assert len(found.rows) == 0
    assert found.tables["suspects"].num_rows == 0
    assert found.facts["left_out"]["unlabelled"] == 5
