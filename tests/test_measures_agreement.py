"""Agreement of raters: the published examples, and the votes of FER+."""

import math

import numpy as np
import pytest

from fertools.measures.agreement import (
    fleiss_kappa,
    krippendorff_alpha,
    majority,
    no_majority_share,
    pairwise_agreement,
    votes_of,
)
from tests.conftest import REAL, needs_real

# Ten rows, 14 raters, five categories: the worked example of Fleiss' kappa on Wikipedia, 0.210
WORKED = np.array(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)

# Krippendorff 2011, example C: four observers, twelve units, nominal alpha 0.743
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, -1, -1, -1],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, -1, 3],
    [-1, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, -1],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, -1],
]


def test_votes_of_raters_leave_silence_out():
    votes = votes_of([[0, 1, -1], [0, -1, -1], [1, 1, 2]], 3)
    assert votes.tolist() == [[2, 1, 0], [0, 2, 0], [0, 0, 1]]
    assert votes_of([], 4).shape == (0, 4)
    with pytest.raises(ValueError, match="one code below 2"):
        votes_of([[0, 2]], 2)
    with pytest.raises(ValueError, match="for each row"):
        votes_of([[0, 1], [0]], 2)


def test_fleiss_kappa_of_the_worked_example():
    assert fleiss_kappa(WORKED) == pytest.approx(0.210, abs=5e-4)
    assert pairwise_agreement(WORKED) == pytest.approx(0.378, abs=5e-4)


def test_single_votes_have_no_pair():
    lonely = np.vstack([WORKED, [[1, 0, 0, 0, 0], [0, 0, 0, 0, 0]]])
    assert fleiss_kappa(lonely) == fleiss_kappa(WORKED)
    assert math.isnan(fleiss_kappa([[1, 0]])) and math.isnan(pairwise_agreement([[1, 0]]))
    assert math.isnan(fleiss_kappa([[3, 0], [2, 0]]))
    assert fleiss_kappa([[3, 0], [0, 2]]) == 1


def test_alpha_of_the_published_example():
    found = krippendorff_alpha(votes_of(OBSERVERS, 6))
    assert found.value == pytest.approx(0.743, abs=5e-4)
    assert found.low < found.value < found.high <= 1 and found.groups == 11


def test_alpha_by_its_definition_on_pairs():
    rng = np.random.default_rng(0)
    votes = rng.integers(0, 4, (20, 3))
    values = [np.repeat(np.arange(3), row) for row in votes if row.sum() >= 2]
    observed = sum((row[:, None] != row).sum() / (len(row) - 1) for row in values)
    every = np.concatenate(values)
    expected = (every[:, None] != every).sum() / (len(every) - 1)
    assert krippendorff_alpha(votes).value == pytest.approx(1 - observed / expected)


def test_alpha_over_people_is_less_sure_than_over_rows():
    rng = np.random.default_rng(0)
    people = np.repeat(np.arange(20), 30)
    unclear = (np.arange(20) % 2 == 0)[people]
    said = [np.where(unclear, rng.integers(0, 3, 600), people % 3) for _ in range(3)]
    by_row = krippendorff_alpha(votes_of(said, 3))
    by_person = krippendorff_alpha(votes_of(said, 3), people)
    assert by_person.value == by_row.value and by_person.groups == 20
    assert by_person.high - by_person.low > 2 * (by_row.high - by_row.low)
    assert math.isnan(krippendorff_alpha(np.zeros((3, 2))).value)


def test_a_row_without_a_pair_takes_its_group_along():
    groups = np.arange(10) // 2
    lonely = np.vstack([[[1, 0, 0, 0, 0]], WORKED])
    found = krippendorff_alpha(lonely, np.append(7, groups))
    assert found == krippendorff_alpha(WORKED, groups) and found.groups == 5


def test_alpha_draws_as_it_is_asked_to():
    wide = krippendorff_alpha(WORKED, seed=1)
    assert krippendorff_alpha(WORKED, seed=1) == wide != krippendorff_alpha(WORKED, seed=2)
    half = krippendorff_alpha(WORKED, confidence=0.5, seed=1)
    assert wide.low < half.low < half.high < wide.high
    one = krippendorff_alpha(WORKED, draws=1)
    assert one.low == one.high


def test_majority_is_more_than_half():
    votes = [[2, 1, 0], [1, 1, 0], [2, 1, 1], [0, 0, 0], [0, 0, 1]]
    assert majority(votes).tolist() == [0, -1, -1, -1, 2]
    assert no_majority_share(votes) == 0.5
    assert math.isnan(no_majority_share([[0, 0]]))


@needs_real
def test_votes_of_ferplus():
    file = REAL / "ferplus" / "fer2013new.csv"
    columns = tuple(range(2, 12))
    votes = np.loadtxt(file, delimiter=",", skiprows=1, usecols=columns, dtype=np.int64)
    assert votes.shape == (35_887, 10)
    assert round(fleiss_kappa(votes), 3) == 0.515
    assert round(pairwise_agreement(votes), 3) == 0.610
    assert round(no_majority_share(votes), 3) == 0.231
    alpha = krippendorff_alpha(votes, draws=200)
    assert alpha.value == pytest.approx(fleiss_kappa(votes), abs=1e-3)
    assert alpha.low < alpha.value and alpha.high - alpha.low < 0.02
