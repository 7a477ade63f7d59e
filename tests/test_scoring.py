"""Scores of predictions made up by hand: what they must be, and what they rest on."""

import subprocess
import sys

import numpy as np
import pytest

from fertools.errors import FerError
from fertools.evaluate import ledger
from fertools.evaluate.predictions import Predictions, pooled
from fertools.evaluate.scoring import score, subset

CLASSES = ("anger", "fear", "joy")


def predictions(truth, given, units=None, sequences=None, sure=0.8, **more) -> Predictions:
    truth, given = np.asarray(truth), np.asarray(given)
    n = len(truth)
    values = np.full((n, 3), (1 - sure) / 2)
    values[np.arange(n), given] = sure
    return Predictions(
        ids=tuple(f"x/{i}" for i in range(n)),
        rows=np.arange(n),
        classes=CLASSES,
        truth=truth,
        values=values,
        units=np.arange(n) if units is None else np.asarray(units),
        sequences=np.full(n, -1) if sequences is None else np.asarray(sequences),
        **more,
    )


def test_scores_are_those_of_the_confusion_matrix() -> None:
    found = score(predictions([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 0, 2]))
    assert found.confusion == [[2, 1, 0], [1, 1, 0], [0, 0, 1]]
    assert found.accuracy.value == pytest.approx(4 / 6) and found.accuracy.groups == 6
    assert found.balanced_accuracy.value == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    assert found.macro_f1.value == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    assert [c.rows for c in found.classes] == [3, 2, 1]
    assert found.classes[0].recall == pytest.approx(2 / 3)
    assert found.nll == pytest.approx(-(4 * np.log(0.8) + 2 * np.log(0.1)) / 6)
    assert found.ece == pytest.approx(0.8 - 4 / 6)
    assert not found.accuracy.is_reliable and found.per_sequence is None


def test_each_class_has_its_precision_recall_and_f1() -> None:
    found = score(predictions([0, 0, 0, 0, 1, 2], [0, 0, 0, 1, 1, 1]))
    each = [(c.precision, c.recall, c.f1) for c in found.classes]
    assert each[0] == pytest.approx((3 / 3, 3 / 4, 6 / 7))
    assert each[1] == pytest.approx((1 / 3, 1 / 1, 2 / 4))
    assert each[2] == (None, 0, 0)  # never given
    right, wrong = 0.2**2 + 2 * 0.1**2, 0.9**2 + 0.8**2 + 0.1**2
    assert found.brier == pytest.approx((4 * right + 2 * wrong) / 6)


def test_an_interval_over_people_is_wider_than_one_over_rows() -> None:
    rng = np.random.default_rng(0)
    good = rng.random(40) < 0.7  # a person is recognised on all images, or on none
    truth = np.zeros(400, int)
    given = np.where(np.repeat(good, 10), 0, 1)
    people = score(predictions(truth, given, np.repeat(np.arange(40), 10))).accuracy
    rows = score(predictions(truth, given)).accuracy
    assert people.groups == 40 and rows.groups == 400
    assert people.high - people.low > 2.5 * (rows.high - rows.low)


def test_a_recording_counts_with_the_mean_of_its_frames() -> None:
    found = predictions([0, 0, 0, 1, 1], [0, 0, 1, 0, 1], sequences=[4, 4, 4, 9, 9])
    found.values[3] = [0.4, 0.35, 0.25]  # hesitant, so the other frame decides
    assert score(found).per_sequence.value == 1.0
    assert score(found).accuracy.value == pytest.approx(3 / 5)
    torn = predictions([0, 1], [0, 1], sequences=[4, 4])
    assert score(torn).per_sequence is None


def test_recordings_rest_on_people_and_take_no_row_of_none() -> None:
    truth, given, people = [0, 0, 1, 1, 2], [0, 0, 1, 1, 0], [7, 7, 7, 7, 3]
    found = score(predictions(truth, given, people, [4, 4, 9, 9, -1])).per_sequence
    assert (found.value, found.groups) == (1.0, 1)
    assert score(predictions(truth, given, people, [1, 2, 3, 4, 5])).per_sequence is None
    one = predictions(truth, given, people, [4, 4, 9, 9, -1])
    assert score(pooled([one, one], once=False)).per_sequence is None


def test_a_subset_is_reweighted_to_the_shares_of_the_whole() -> None:
    truth = np.repeat([0, 1, 2], [100, 100, 200])
    given = truth.copy()
    given[:50] = 1  # half of the first class is missed
    keep = np.ones(400, bool)
    keep[200:350] = False
    found = subset(predictions(truth, given), keep)
    assert found.rows == 250 and found.classes == {"anger": 100, "fear": 100, "joy": 50}
    assert found.accuracy.value == pytest.approx(200 / 250)
    assert found.reweighted.value == pytest.approx(0.25 * 0.5 + 0.25 + 0.5)
    assert found.reweighted.is_reliable and found.reweighted.unlike == 50
    few = subset(predictions(truth, given), np.arange(400) < 99)
    assert few.rows == 99 and few.accuracy is None and few.reweighted is None
    gone = subset(predictions(truth, given), truth != 2)
    assert gone.accuracy is not None and gone.reweighted is None


def test_soft_accuracy_is_the_share_of_the_votes() -> None:
    target = np.array([[0.6, 0.4, 0.0], [0.1, 0.9, 0.0]])
    found = score(predictions([0, 1], [0, 0], target=target))
    assert found.soft_accuracy == pytest.approx((0.6 + 0.1) / 2)


def test_a_row_is_pooled_once() -> None:
    one = predictions([0, 1], [0, 1])
    with pytest.raises(FerError, match="tested the same row"):
        pooled([one, one])
    assert len(pooled([one, one], once=False)) == 4


def test_votes_of_some_parts_are_no_votes_of_the_whole() -> None:
    one = predictions([0, 1], [0, 1], target=np.array([[0.6, 0.4, 0.0], [0.1, 0.9, 0.0]]))
    both = pooled([one, predictions([0, 1], [0, 1])], once=False)
    assert both.target is None and score(both).soft_accuracy is None


def test_every_system_is_a_look_and_the_same_again_is_none(tmp_path) -> None:
    test = ledger.digest_of(["b", "a"], np.array([1, 0]), CLASSES)
    assert test == ledger.digest_of(["a", "b"], np.array([0, 1]), CLASSES)
    assert test != ledger.digest_of(["a", "b"], np.array([1, 1]), CLASSES)
    looks = [ledger.look(tmp_path, test, system, "run") for system in ("s1", "s2", "s1", "s3")]
    assert [str(x) for x in looks] == ["look 1", "look 2", "look 1 (again)", "look 3"]
    assert str(ledger.look(tmp_path, "another test", "s1", "run")) == "look 1"
    with (tmp_path / "looks.jsonl").open("a") as stream:
        stream.write('{"test": "')  # a kill
    for _ in range(2):
        assert ledger.look(tmp_path, test, "s4", "run").number == 4
    gone = ledger.look(tmp_path / "nowhere", test, "s1", "run")
    assert str(gone).startswith("look ? (")


LOOKING = """
import sys
from pathlib import Path
from fertools.evaluate import ledger
for i in range(40):
    print(ledger.look(Path(sys.argv[1]), "t", f"{sys.argv[2]}-{i}", "run").number)
"""


def test_two_processes_that_look_at_once_get_two_numbers(tmp_path) -> None:
    both = [
        subprocess.Popen(
            [sys.executable, "-c", LOOKING, str(tmp_path), name], stdout=subprocess.PIPE, text=True
        )
        for name in "ab"
    ]
    numbers = [int(n) for process in both for n in process.communicate(timeout=300)[0].split()]
    assert sorted(numbers) == list(range(1, 81))


def test_what_a_digest_names_does_not_hang_on_order() -> None:
    codes = np.array([0, 1, 1])
    name = ledger.digest_of(("a", "b", "c"), codes, ("fear", "anger"))
    assert ledger.digest_of(("c", "b", "a"), 1 - codes[::-1], ("anger", "fear")) == name
    assert ledger.digest_of(("a", "b", "c"), 1 - codes, ("fear", "anger")) != name


def test_a_subset_counts_images_not_the_runs_that_saw_them() -> None:
    one = predictions([0, 1] * 20, [0] * 40)
    three = pooled([one, one, one], once=False)
    assert (len(three), three.images) == (120, 40)
    found = subset(three, np.ones(120, np.bool_))
    assert (found.rows, found.images, found.accuracy) == (120, 40, None)
    many = pooled([predictions([0, 1] * 50, [0] * 100)] * 2, once=False)
    assert subset(many, np.ones(200, np.bool_)).accuracy is not None
    assert score(three).images == 40
