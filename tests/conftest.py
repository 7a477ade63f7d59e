"""What several tests need: where the real data lies, and how many threads compute."""

import os
import sys
from pathlib import Path

import pytest

REAL = Path(os.environ.get("FERTOOLS_DATA", Path(__file__).parents[2] / "shared" / "data"))
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason=f"the research data is not at {REAL}")


def pytest_collection_finish() -> None:
    """Networks compute on one thread, whichever tests are run: two may round otherwise than one."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
