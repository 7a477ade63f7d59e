"""The calibration of the twin threshold on pairs whose people are known."""

import numpy as np
import pytest

from fertools.measures.twins import GRID, UNKNOWN, calibrated, curve, doubled

PAIRS = np.array([[0, 1], [0, 2], [1, 3], [2, 3], [2, 4], [3, 4]])
SUBJECTS = np.array([7, 7, 8, 8, UNKNOWN])


def test_pairs_are_counted_by_what_is_known_of_their_people() -> None:
    found = curve(PAIRS, np.array([0.99, 0.93, 0.905, 1.0, 0.95, 0.9]), SUBJECTS)
    at = dict(zip(found.thresholds.round(3).tolist(), range(len(GRID)), strict=True))
    assert found.same[at[0.9]] == 2
    assert found.same[at[0.99]] == 2
    assert found.same[at[0.995]] == 1
    assert found.different.tolist()[: at[0.94]] == [2, 2, 1, 1, 1, 1, 1, 0]
    assert found.unknown[at[0.9]] == 2
    assert found.unknown[at[0.95]] == 1
    assert found.unknown[at[0.955]] == 0
    assert calibrated(found) == 0.935


def test_a_pair_on_a_step_of_the_grid_still_counts_there() -> None:
    for step in range(180, 196):
        found = curve(np.array([[0, 1]]), np.array([step / 200]), np.array([1, 2]))
        assert calibrated(found) == (step + 1) / 200


def test_no_two_people_alike_leaves_the_least_threshold() -> None:
    assert calibrated(curve(PAIRS[:1], np.array([0.97]), SUBJECTS)) == 0.9
    assert calibrated(curve(np.empty((0, 2), np.int64), np.empty(0), SUBJECTS)) == 0.9


@pytest.mark.parametrize("ncc", [0.98, 0.9951, 1.0])
def test_a_photograph_under_two_names_says_nothing_of_resemblance(ncc: float) -> None:
    found = curve(PAIRS, np.full(len(PAIRS), ncc), SUBJECTS)
    assert calibrated(found) == 0.9 and doubled(found) == 2
    found = curve(PAIRS, np.array([0.99, ncc, 0.942, 1.0, 0.95, 0.9]), SUBJECTS)
    assert calibrated(found) == 0.945 and doubled(found) == 1


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_a_pair_found_both_ways_counts_once_by_the_better(order: list[int]) -> None:
    found = curve(np.array([[0, 2], [0, 2]]), np.array([0.91, 0.95])[order], SUBJECTS)
    assert found.different.max() == 1
    assert calibrated(found) == 0.955
