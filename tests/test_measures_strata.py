"""Shares of a whole of which parts were sampled unlike."""

import math

import numpy as np
import pytest

from fertools.measures.intervals import wilson
from fertools.measures.strata import Stratum, weighted_share


def test_each_stratum_weighs_as_much_as_it_is_large():
    # 3 of 4 of 40, 0 of 2 of 60: 0.4 * 0.75 + 0.6 * 0
    found = weighted_share([Stratum(3, 4, 40), Stratum(0, 2, 60)])
    assert found.value == pytest.approx(0.3) and found.groups == 6
    a, b = wilson(3, 4), wilson(0, 2)
    low = 0.3 - math.sqrt((0.4 * (0.75 - a.low)) ** 2 + (0.6 * (0 - b.low)) ** 2)
    high = 0.3 + math.sqrt((0.4 * (a.high - 0.75)) ** 2 + (0.6 * b.high) ** 2)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_one_stratum_is_wilson(confidence):
    found = weighted_share([Stratum(7, 50, 1000)], confidence)
    share = wilson(7, 50, confidence)
    assert (found.value, found.low, found.high) == pytest.approx(
        (share.value, share.low, share.high)
    )


def test_what_was_looked_at_whole_is_exact():
    found = weighted_share([Stratum(2, 10, 10), Stratum(0, 0, 0)])
    assert (found.value, found.low, found.high) == (0.2, 0.2, 0.2)


def test_a_stratum_that_nobody_looked_at_leaves_nothing_to_say():
    assert math.isnan(weighted_share([Stratum(2, 10, 10), Stratum(0, 0, 5)]).value)
    assert math.isnan(weighted_share([]).value)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    sizes, shares, seen = (2000, 8000), (0.4, 0.03), (150, 100)
    truth = (2000 * 0.4 + 8000 * 0.03) / 10000
    hits = [rng.binomial(n, p, 2000) for n, p in zip(seen, shares, strict=True)]
    held = 0
    for a, b in zip(*hits, strict=True):
        found = weighted_share([Stratum(int(a), 150, sizes[0]), Stratum(int(b), 100, sizes[1])])
        held += found.low <= truth <= found.high
    assert 0.93 < held / 2000 < 0.98
