"""What an ingest need not load.

pyarrow looks for pandas when it makes its first array from a list, to see whether it was given a
Series, and loads it: half of the time that a process takes to start.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

import pyarrow as pa


class _Refusal(MetaPathFinder):
    """Says of pandas that it is not there."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == "pandas":
            raise ModuleNotFoundError("an ingest needs no pandas")
        return None


def with_pyarrow_alone() -> None:
    """Let pyarrow in this process believe that there is no pandas.

    For good: it remembers, and gives and takes no data frames afterwards. So this is for processes
    whose whole code is known not to ask for one.
    """
    if "pandas" in sys.modules:
        return
    refusal = _Refusal()
    sys.meta_path.insert(0, refusal)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(refusal)
