"""Scores: hand-made numbers, and scikit-learn's where it is installed."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fertools.measures import scores
from fertools.measures.intervals import bootstrap

CODES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)


def test_confusion_has_the_truth_in_rows():
    assert scores.confusion([0, 0, 2], [0, 1, 2], 3).tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]
    by_group = scores.confusions([0, 0, 1], [0, 1, 1], [7, 3, 7], 2)
    assert by_group.tolist() == [[0, 1, 0, 0], [1, 0, 0, 1]]


@pytest.mark.parametrize(("truth", "predicted"), [([0, 3], [0, 0]), ([0], [-1]), ([0, 1], [0])])
def test_confusion_refuses_strange_codes(truth, predicted):
    with pytest.raises(ValueError, match=r"outside|differ"):
        scores.confusion(truth, predicted, 3)


def test_scores_of_a_known_table():
    table = [[8, 2, 0], [4, 6, 0], [0, 0, 0]]
    assert scores.accuracy(table) == pytest.approx(0.7)
    assert scores.recall(table)[:2].tolist() == [0.8, 0.6]
    assert scores.precision(table)[:2].tolist() == [8 / 12, 0.75]
    assert np.isnan(
        [scores.recall(table)[2], scores.precision(table)[2], scores.f1(table)[2]]
    ).all()
    assert scores.macro_f1(table) == pytest.approx((16 / 22 + 12 / 18) / 2)
    assert scores.balanced_accuracy(table) == pytest.approx(0.7)
    assert scores.reweighted_accuracy(table, [3, 1, 0]) == pytest.approx(0.75)
    assert math.isnan(scores.reweighted_accuracy(table, [1, 1, 1]))
    assert math.isnan(scores.accuracy(np.zeros((3, 3)))) and math.isnan(scores.macro_f1([[0]]))


@settings(deadline=None)
@given(CODES)
def test_agrees_with_scikit_learn(rows):
    metrics = pytest.importorskip("sklearn.metrics")
    truth, given_class = np.array(rows).T
    table = scores.confusion(truth, given_class, 4)
    assert scores.accuracy(table) == pytest.approx(metrics.accuracy_score(truth, given_class))
    peer = metrics.f1_score(truth, given_class, average="macro", zero_division=0)
    assert scores.macro_f1(table) == pytest.approx(peer)
    recalls = metrics.recall_score(truth, given_class, labels=sorted(set(truth)), average="macro")
    assert scores.balanced_accuracy(table) == pytest.approx(recalls)


def test_many_tables_are_scored_at_once():
    tables = np.random.default_rng(0).integers(0, 9, (5, 4, 4))
    for score in (scores.accuracy, scores.macro_f1, scores.balanced_accuracy):
        assert score(tables).tolist() == [float(score(table)) for table in tables]


def test_macro_f1_gets_an_interval_over_groups():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 900)
    given_class = np.where(rng.random(900) < 0.7, truth, rng.integers(0, 3, 900))
    sums = scores.confusions(truth, given_class, np.arange(900) // 10, 3)
    found = bootstrap(sums, lambda s: scores.macro_f1(s.reshape(-1, 3, 3)))
    assert found.value == pytest.approx(scores.macro_f1(scores.confusion(truth, given_class, 3)))
    assert found.low < found.value < found.high and found.groups == 90


def test_probability_scores_of_known_rows():
    probabilities, truth = [[0.8, 0.2], [0.4, 0.6]], [0, 0]
    assert scores.negative_log_likelihood(probabilities, truth) == pytest.approx(
        -(math.log(0.8) + math.log(0.4)) / 2
    )
    assert scores.brier(probabilities, truth) == pytest.approx((0.08 + 0.72) / 2)
    assert scores.calibration_error(probabilities, truth) == pytest.approx((0.2 + 0.6) / 2)
    assert scores.negative_log_likelihood([[0.0, 1.0]], [0]) == pytest.approx(math.log(1e12))
    assert scores.soft_accuracy([0, 1], [[0.7, 0.3], [0.9, 0.1]]) == pytest.approx(0.4)


def test_calibration_gaps_of_one_bin_cancel_and_of_two_do_not():
    probabilities = [[0.9, 0.1], [0.1, 0.9], [0.6, 0.4], [0.4, 0.6]]
    truth = [0, 1, 1, 0]  # sure and right twice, unsure and wrong twice
    assert scores.calibration_error(probabilities, truth, 1) == pytest.approx(0.25)
    assert scores.calibration_error(probabilities, truth) == pytest.approx((0.1 + 0.6) / 2)


def test_a_confidence_on_the_edge_of_two_bins_falls_into_the_lower():
    # 0.5, wrong, in (0, 0.5]; 0.6, right, in (0.5, 1]: in one bin their gaps would cancel
    found = scores.calibration_error([[0.5, 0.5], [0.6, 0.4]], [1, 0], bins=2)
    assert found == pytest.approx((0.5 + 0.4) / 2)


def test_calibrated_rows_have_a_small_error():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet([1, 1, 1], 20_000)
    truth = (rng.random(20_000)[:, None] > probabilities.cumsum(1)[:, :2]).sum(1)
    assert scores.calibration_error(probabilities, truth) < 0.02
    sure = np.eye(3)[probabilities.argmax(1)]
    assert scores.calibration_error(sure, truth) == pytest.approx(
        1 - (probabilities.argmax(1) == truth).mean()
    )


@pytest.mark.parametrize(
    ("probabilities", "truth"),
    [([0.5, 0.5], [0]), ([[0.5, 0.5]], [2]), ([[0.5, 0.4]], [0]), ([[1.5, -0.5]], [0]), ([], [])],
)
def test_refuses_what_are_no_probabilities(probabilities, truth):
    with pytest.raises(ValueError, match=r"shapes|outside|probabilities"):
        scores.brier(probabilities, truth)
