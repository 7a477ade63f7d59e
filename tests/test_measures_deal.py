"""Dealing whole groups: exact for single rows, best or near it for groups, whatever the order."""

import itertools

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fertools.measures.deal import deal, infeasible, nearest_counts
from tests.conftest import REAL, needs_real

CLASS_SHARES = [0.14, 0.015, 0.14, 0.25, 0.17, 0.11, 0.175]  # about those of FER2013


def people(rows, groups, seed=0):
    """Rows dealt evenly to people, classes by lot."""
    rng = np.random.default_rng(seed)
    strata = rng.choice(7, rows, p=CLASS_SHARES)
    return rng.permutation(np.arange(rows) % groups), strata


def off_share(part, strata, shares):
    """|share of each stratum in each part - wished share|, (P, S), in points."""
    wished = np.asarray(shares, float) / np.sum(shares)
    counts = np.zeros((len(wished), strata.max() + 1))
    np.add.at(counts, (part, strata), 1)
    return abs(counts / counts.sum(0) - wished[:, None]) * 100


def cost(part, groups, strata, shares):
    """The sum that the module's docstring minimises."""
    sizes = off_share(part, np.zeros_like(strata), shares)
    return ((off_share(part, strata, shares) / 100) ** 2).sum() + ((sizes / 100) ** 2).sum()


@st.composite
def problems(draw):
    n = draw(st.integers(1, 60))
    groups = draw(st.lists(st.integers(0, 11), min_size=n, max_size=n))
    strata = draw(st.lists(st.integers(-1, 4), min_size=n, max_size=n))
    shares = draw(st.lists(st.sampled_from([1.0, 2.0, 8.0]), min_size=1, max_size=5))
    return np.unique(groups, return_inverse=True)[1], np.array(strata), shares


@settings(max_examples=40, deadline=None)
@given(problems(), st.integers(0, 5), st.randoms(use_true_random=False))
def test_groups_stay_whole_and_the_order_of_rows_is_nothing(problem, seed, random):
    groups, strata, shares = problem
    part = deal(groups, strata, shares, seed)
    assert part.shape == groups.shape and part.min() >= 0 and part.max() < len(shares)
    assert len(set(zip(groups.tolist(), part.tolist(), strict=True))) == groups.max() + 1
    order = np.array(random.sample(range(len(groups)), len(groups)))
    assert (deal(groups[order], strata[order], shares, seed) == part[order]).all()
    assert len(set(part.tolist())) == min(len(shares), groups.max() + 1)  # nobody goes without


@settings(max_examples=40, deadline=None)
@given(problems(), st.data())
def test_fixed_groups_stay(problem, data):
    groups, strata, shares = problem
    n = int(groups.max()) + 1
    place = st.integers(-1, len(shares) - 1)
    fixed = np.array(data.draw(st.lists(place, min_size=n, max_size=n)))
    part = deal(groups, strata, shares, 0, fixed)
    stays = fixed[groups] >= 0
    assert (part[stays] == fixed[groups][stays]).all() and part.min() >= 0


def test_new_groups_even_out_what_the_kept_ones_left_askew():
    groups, strata = people(20_000, 1_000)
    fixed = np.full(1_000, -1)
    fixed[:150] = 1  # the second part has 15 % already, and wants 20 %
    part = deal(groups, strata, [6, 2, 2], 0, fixed)
    assert off_share(part, strata, [6, 2, 2]).max() < 0.5


@settings(max_examples=60, deadline=None)
@example([0] * 9 + [1] * 9 + [2] * 9 + [3] * 3, [1, 6, 8], 0)
@given(
    st.lists(st.integers(0, 4), min_size=20, max_size=200),
    st.lists(st.integers(1, 9), min_size=1, max_size=6),
    st.integers(0, 3),
)
def test_single_rows_come_out_by_largest_remainder(strata, shares, seed):
    stratum = np.array(strata)
    part = deal(np.arange(len(stratum)), stratum, shares, seed)
    if np.bincount(part, minlength=len(shares)).min() < 2:
        return  # a part that would have stayed empty was given a row
    for s in set(strata):
        counts = np.bincount(part[stratum == s], minlength=len(shares))
        quota = np.array(shares) / sum(shares) * counts.sum()
        up = counts - np.floor(quota + 1e-9)
        remainder = quota - np.floor(quota + 1e-9)
        assert set(up.tolist()) <= {0.0, 1.0}
        assert remainder[up == 1].min(initial=1) >= remainder[up == 0].max(initial=0) - 1e-9


def test_single_rows_with_equal_remainders_keep_the_parts_even():
    stratum = np.repeat(np.arange(40), 5)  # 8:1:1 of 5 rows leaves one row and two equal claims
    sizes = np.bincount(deal(np.arange(200), stratum, [8, 1, 1]))
    assert sizes.tolist() == [160, 20, 20]
    tenths = np.bincount(deal(np.arange(103), np.arange(103) % 7, np.ones(10)))
    assert sorted(tenths.tolist()) == [10] * 7 + [11] * 3


def best_by_trying(groups, strata, shares):
    """The least cost over all deals without an empty part."""
    n_groups = int(groups.max()) + 1
    every = itertools.product(range(len(shares)), repeat=n_groups)
    full = (np.array(d) for d in every if len(set(d)) == len(shares))
    return min(cost(d[groups], groups, strata, shares) for d in full)


@pytest.mark.parametrize("seed", range(6))
def test_finds_the_best_deal_of_few_groups(seed):
    rng = np.random.default_rng(seed)
    groups = np.r_[np.arange(7), rng.integers(0, 7, 33)]
    strata = rng.integers(0, 3, 40)
    for shares in ([1, 1], [3, 1, 1]):
        ours = cost(deal(groups, strata, shares, seed), groups, strata, shares)
        assert ours == pytest.approx(best_by_trying(groups, strata, shares))


def test_seeds_give_truly_different_splits():
    groups, strata = people(1_000, 100)
    tests = [
        set(groups[deal(groups, strata, np.ones(10), seed) == 0].tolist()) for seed in range(10)
    ]
    shared = [len(a & b) / len(a | b) for a, b in itertools.combinations(tests, 2)]
    assert np.mean(shared) < 0.15  # two lots of 10 of 100 share about 5 %


def test_a_part_without_share_gets_nothing():
    groups, strata = people(300, 60)
    assert set(deal(groups, strata, [8, 0, 2]).tolist()) == {0, 2}


def test_tells_the_strata_that_too_few_groups_hold():
    groups, strata = np.array([0, 0, 1, 2, 2, 3]), np.array([0, 1, 0, 0, 1, -1])
    assert infeasible(groups, strata, 3) == [1]
    assert infeasible(groups, strata, 2) == []
    assert infeasible([], [], 3) == []


@pytest.mark.parametrize(
    ("groups", "strata", "shares", "fixed"),
    [
        ([0, 1], [0], [1, 1], None),
        ([0, -1], [0, 0], [1, 1], None),
        ([0, 1], [0, -2], [1, 1], None),
        ([0, 1], [0, 0], [], None),
        ([0, 1], [0, 0], [1, -1], None),
        ([0, 1], [0, 0], [0, 0], None),
        ([0, 1], [0, 0], np.ones(40_000), None),
        ([0, 1], [0, 0], [1, 1], [0]),
        ([0, 1], [0, 0], [1, 1], [0, 2]),
    ],
)
def test_refuses_what_does_not_fit(groups, strata, shares, fixed):
    with pytest.raises(ValueError, match=r"code|shares|parts|fixed"):
        deal(groups, strata, shares, 0, fixed)


def test_nothing_to_deal():
    assert deal([], [], [8, 1, 1]).tolist() == []
    assert deal([0, 0], [0, 1], [1]).tolist() == [0, 0]


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=6), st.integers(0, 100))
def test_nearest_counts_are_a_projection(wished, total):
    counts = nearest_counts(np.array(wished), total)
    assert counts.min() >= 0 and counts.sum() == pytest.approx(total, abs=1e-9)
    given_up = np.array(wished) - counts
    least = given_up[counts > 1e-9].max() if (counts > 1e-9).any() else given_up.max()
    assert (given_up[counts <= 1e-9] <= least + 1e-9).all()  # whoever is at 0 had less to give


def test_half_a_million_rows_stay_balanced():
    for n_groups in (2_500, 100_000):
        groups, strata = people(500_000, n_groups)
        off = off_share(deal(groups, strata, np.ones(10)), strata, np.ones(10))
        assert off.max() < 0.02  # one row of the rarest class is 0.013 points


@needs_real
def test_real_ck48_keeps_every_class_within_two_and_a_half_points():
    files = sorted((REAL / "ck48").glob("*/*.png"))
    _, strata = np.unique([f.parent.name for f in files], return_inverse=True)
    subjects, groups = np.unique([f.name[:4] for f in files], return_inverse=True)
    assert (len(files), len(subjects)) == (981, 118)
    splits = [deal(groups, strata, [8, 1, 1], seed) for seed in range(10)]
    assert all(off_share(part, strata, [8, 1, 1]).max() < 2.5 for part in splits)
    assert len({part.tobytes() for part in splits}) == 10
