"""The temperature of probabilities, and the threshold of a share."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fertools.measures.scores import negative_log_likelihood
from fertools.measures.temperature import fit_temperature, probabilities, threshold_for


def drawn(seed: int, rows: int = 20_000):
    """Logits (n, 5), and a truth that is drawn from their softmax."""
    rng = np.random.default_rng(seed)
    logits = 2 * rng.normal(size=(rows, 5))
    sums = probabilities(logits).cumsum(axis=1)
    return logits, np.minimum((rng.random((rows, 1)) > sums).sum(axis=1), 4)


@pytest.mark.parametrize("times", [0.4, 1.0, 3.0])
def test_the_temperature_takes_back_what_was_multiplied(times: float) -> None:
    logits, truth = drawn(0)
    assert fit_temperature(times * logits, truth) == pytest.approx(times, rel=0.03)


@given(st.integers(0, 50))
def test_the_temperature_is_the_lowest_of_its_neighbours(seed: int) -> None:
    logits, truth = drawn(seed, rows=60)
    found = fit_temperature(logits, truth)
    assert found is not None
    nll = [
        negative_log_likelihood(probabilities(logits, found * factor), truth)
        for factor in (1.0, 0.97, 1.03)
    ]
    assert nll[0] == min(nll)


def test_rows_that_bound_nothing_give_no_temperature() -> None:
    logits, truth = drawn(0, rows=100)
    assert fit_temperature(logits, logits.argmax(axis=1)) is None
    assert fit_temperature(-logits, truth) is None  # worse than chance
    assert fit_temperature(0 * logits, truth) is None


def test_probabilities_bear_large_logits() -> None:
    share = probabilities(np.array([[1000.0, 0.0, 1000.0]]))
    assert share.tolist() == [[0.5, 0.0, 0.5]]


def test_as_many_rows_as_asked_lie_below_the_threshold() -> None:
    values = np.arange(100) / 100
    for share in (0.29, 0.57, 0.58):  # 100 times these is a hair below a whole number
        assert (values < threshold_for(values, share)).sum() == round(100 * share)


@given(
    st.lists(st.sampled_from([0.2, 0.4, 0.5, 0.9]) | st.floats(0, 1), min_size=1, max_size=50),
    st.floats(0, 0.999),
)
def test_never_more_rows_than_asked_lie_below_the_threshold(best, share) -> None:
    values = np.array(best)
    below = (values < threshold_for(values, share)).mean()
    assert below <= share
    if len(set(best)) == len(best):
        assert below > share - 1 / len(best) - 1e-12
