"""A short round of the fault table, of the faults that `test_faults.py` does not go through."""

import os
from pathlib import Path

import pytest

from tests.faults.lab import Lab
from tests.faults.rounds import FAULTS, rounds

ROUNDS = int(os.environ.get("FERTOOLS_ROUNDS", "1"))
CHOSEN = [f for f in FAULTS if "write" in f.name or "limit" in f.name or "bit" in f.name]
pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    return Lab(tmp_path_factory.mktemp("lab"))


@pytest.mark.parametrize("fault", CHOSEN, ids=lambda fault: fault.name)
def test_the_next_run_ends_with_the_bytes_of_an_undisturbed_one(lab, fault):
    said: list[str] = []
    tally = rounds(lab, fault, ROUNDS, os.getpid(), said.append)
    assert tally.fine, "\n".join(said)
