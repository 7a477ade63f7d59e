"""Intervals and paired tests: known numbers, coverage, and groups that count as one."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fertools.measures._bootstrap import resampled
from fertools.measures.intervals import (
    Interval,
    bootstrap,
    bootstrap_mean,
    group_sums,
    mcnemar,
    sign_flip,
    wilson,
)


def test_wilson_of_known_counts():
    # 81 of 263: 0.2553 .. 0.3662 (Newcombe, Statistics in Medicine 17, 1998, method 3)
    found = wilson(81, 263)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)
    assert (wilson(0, 20).low, round(wilson(0, 20).high, 4)) == (0, 0.1611)
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0, 1) and math.isnan(wilson(0, 0).value)
    with pytest.raises(ValueError, match="successes"):
        wilson(3, 2)


@given(st.integers(0, 50), st.integers(1, 50))
def test_wilson_is_symmetric_and_holds_the_share(successes, more):
    n = successes + more
    found, mirrored = wilson(successes, n), wilson(more, n)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low == pytest.approx(1 - mirrored.high, abs=1e-12)


@pytest.mark.parametrize(("confidence", "z"), [(0.8, 1.2815516), (0.99, 2.5758293)])
def test_the_bounds_of_wilson_are_as_far_as_the_confidence_asked_for(confidence, z):
    found = wilson(7, 50, confidence)
    for bound in (found.low, found.high):  # (p - b)^2 = z^2 b (1 - b) / n defines them
        reach = z * math.sqrt(bound * (1 - bound) / 50)
        assert abs(bound - 7 / 50) == pytest.approx(reach, rel=1e-6)


def test_group_sums_take_any_codes():
    assert group_sums([1, 2, 4], [9, -1, 9]).tolist() == [[2], [5]]
    assert group_sums([[1, 2], [3, 4]]).tolist() == [[1, 2], [3, 4]]
    with pytest.raises(ValueError, match="groups for"):
        group_sums([1, 2], [0])


def test_resampling_draws_as_many_groups_as_there_are():
    sums = np.array([[1.0, 0], [1, 5], [1, 5], [1, 7]])
    kinds = np.unique(sums, axis=0, return_counts=True)
    drawn = resampled(*kinds, 4000, 0)
    assert drawn.shape == (4000, 2) and (drawn[:, 0] == 4).all()
    assert drawn[:, 1].mean() == pytest.approx(17, abs=0.3)
    assert drawn[:, 1].std() == pytest.approx(sums[:, 1].std() * 2, rel=0.05)
    assert (resampled(*kinds, 50, 1) == resampled(*kinds, 50, 1)).all()


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_independent_rows_give_the_interval_of_wilson(confidence):
    correct = np.arange(3589) < 2620
    ours = bootstrap_mean(correct, confidence=confidence)
    known = wilson(2620, 3589, confidence)
    assert ours.value == known.value and ours.groups == 3589
    assert ours.low == pytest.approx(known.low, abs=0.002)
    assert ours.high == pytest.approx(known.high, abs=0.002)


def test_people_who_are_all_right_or_all_wrong_count_once():
    people = np.repeat(np.arange(40), 25)
    correct = (np.arange(40) % 4 > 0)[people]
    by_person, by_row = bootstrap_mean(correct, people), bootstrap_mean(correct)
    assert by_person.value == by_row.value == 0.75
    assert by_person.high - by_person.low > 4 * (by_row.high - by_row.low)
    assert by_person.is_reliable and not bootstrap_mean(correct[:50], people[:50]).is_reliable


def test_an_interval_of_few_errors_is_not_relied_on():
    """The percentile interval of 196 rows, 1 % wrong, is too narrow: it holds 99 % too seldom."""
    few, more = (bootstrap_mean(np.arange(196) >= wrong) for wrong in (2, 10))
    assert (few.unlike, more.unlike) == (2, 10)
    assert few.doubt == "under 5 groups unlike the rest" and more.is_reliable
    whole = bootstrap_mean(np.ones(196))
    assert (whole.low, whole.high) == (1, 1) and not whole.is_reliable
    # half right, half wrong, people of one size: nobody is like the rest without a reason
    assert bootstrap_mean(np.arange(200) % 2).unlike == 100


def test_doubt_begins_below_thirty_groups_and_five_unlike_the_rest():
    assert Interval(0.5, 0.4, 0.6, 30, 5).is_reliable
    assert Interval(0.5, 0.4, 0.6, 30).is_reliable
    assert Interval(0.5, 0.4, 0.6, 29, 5).doubt == "under 30 groups"
    assert Interval(0.5, 0.4, 0.6, 30, 4).doubt == "under 5 groups unlike the rest"


def test_another_seed_draws_other_groups():
    values = np.arange(60.0) ** 2
    assert bootstrap_mean(values, seed=1) == bootstrap_mean(values, seed=1)
    assert bootstrap_mean(values, seed=1) != bootstrap_mean(values, seed=2)
    one = bootstrap_mean(values, draws=1)
    assert one.low == one.high != one.value


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held = 0
    for seed in range(200):
        people = np.repeat(np.arange(60), rng.integers(1, 20, 60))
        correct = rng.random(len(people)) < rng.beta(4, 2, 60)[people]
        found = bootstrap_mean(correct, people, draws=400, seed=seed)
        held += found.low <= 4 / 6 <= found.high
    assert 0.88 < held / 200 <= 0.99  # 95 % asked for


def test_weights_and_statistics_of_ones_own():
    assert bootstrap_mean([1, 0, 1], weights=[2, 1, 1]).value == 0.75
    spread = bootstrap(group_sums([[1.0, 1], [3, 1]]), lambda s: s[:, 0] - s[:, 1])
    assert (spread.value, spread.low, spread.high) == (2, 0, 4)


def test_nothing_gives_nan():
    assert math.isnan(bootstrap_mean([]).low)
    weightless = bootstrap_mean([1.0], weights=[0.0])
    assert math.isnan(weightless.value) and math.isnan(weightless.high)


def test_mcnemar_of_known_counts():
    def rows(only_first, only_second, both):
        return [1] * only_first + [0] * only_second + [1] * both, [0] * only_first + [1] * (
            only_second + both
        )

    assert mcnemar(*rows(1, 9, 100)) == pytest.approx(22 / 1024)  # 2 (1 + 10) / 2^10
    assert mcnemar(*rows(5, 5, 3)) == 1
    assert mcnemar(*rows(0, 0, 3)) == 1
    assert 0 < mcnemar(*rows(2000, 2500, 0)) < 1e-12


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), max_size=30))
def test_few_groups_are_flipped_in_every_way(rows):
    groups = [g for g, _, _ in rows]
    first, second = [a for _, a, _ in rows], [b for _, _, b in rows]
    found = sign_flip(first, second, groups)
    sums = [sum(a - b for g, a, b in rows if g == name) for name in sorted(set(groups))]
    every = [
        abs(sum(s * d for s, d in zip(signs, sums, strict=True)))
        for signs in itertools.product([1, -1], repeat=len(sums))
    ]
    assert found.is_exact and found.groups == len(sums)
    assert found.p == pytest.approx(np.mean([total >= abs(sum(sums)) for total in every]))


def test_single_rows_flip_as_mcnemar_says():
    rng = np.random.default_rng(0)
    first, second = rng.random(2000) < 0.75, rng.random(2000) < 0.72
    found = sign_flip(first, second)
    assert found.p == pytest.approx(mcnemar(first, second), abs=0.02)
    assert found.difference == pytest.approx(first.mean() - second.mean())
    assert not found.is_exact and found.flips == 9999


def test_patterns_by_lot_count_the_one_that_was_seen():
    """Forty signs alike: the other 2^40 - 2 patterns are nearer, and none by lot is as far."""
    found = sign_flip(np.ones(40), np.zeros(40))
    assert (found.p, found.is_exact) == (1 / 10_000, False)
    first = np.arange(40) % 3 > 0
    lots = [sign_flip(first, ~first, flips=99, seed=seed).p for seed in (1, 1, 2, 3, 4)]
    assert lots[0] == lots[1] and len(set(lots)) > 1


def test_as_many_flips_as_there_are_patterns_are_all_of_them():
    assert sign_flip(np.ones(3), np.zeros(3), flips=8).is_exact
    assert sign_flip(np.ones(3), np.zeros(3), flips=8).p == 2 / 8
    assert not sign_flip(np.ones(3), np.zeros(3), flips=7).is_exact


def test_one_person_proves_nothing():
    people = np.repeat(np.arange(30), 20)
    better = people == 3
    assert sign_flip(better, np.zeros(600), people).p == 1
    assert mcnemar(better, np.zeros(600)) < 1e-5


def test_means_over_three_seeds_are_compared_up_to_their_rounding():
    """Sums of thirds that cancel are 0, though not to the last bit: every pattern is as far."""
    assert sign_flip([1, 1 / 3, 1, 1 / 3], np.full(4, 2 / 3)).p == 1
