"""What several tests need: where the real data lies."""

import os
from pathlib import Path

import pytest

REAL = Path(os.environ.get("FERTOOLS_DATA", Path(__file__).parents[2] / "shared" / "data"))
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason=f"the research data is not at {REAL}")
