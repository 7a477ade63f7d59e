"""No input ends in a traceback, hangs, takes all memory, writes elsewhere, or loses rows.

A few inputs per target, enough to notice a parser that has lost its care; `fuzz.py` takes longer.
"""

import pytest
from hypothesis import HealthCheck, given, settings

from tests.faults.targets import TARGETS

INPUTS = 25


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_fuzz(name):
    target = TARGETS[name]
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]

    @settings(max_examples=INPUTS, deadline=None, database=None, suppress_health_check=quiet,
              derandomize=True)  # fmt: skip
    @given(target.inputs)
    def run(value):
        target.check(value)

    run()


@pytest.mark.parametrize("name", sorted(n for n, t in TARGETS.items() if t.seeds))
def test_seeds_are_sound_enough_to_start_from(name):
    for seed in TARGETS[name].seeds:
        TARGETS[name].check(seed)
