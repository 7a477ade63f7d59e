"""What callers in Python may give: one thing for a list of one, a whole number of any kind.

In goes an argument; out comes what the code works with, or one sentence says why not.
"""

import numbers
import os
from collections.abc import Sequence
from typing import Any, TypeVar

from fertools.errors import FerError

Item = TypeVar("Item")


def several(given: Item | Sequence[Item]) -> list[Item]:
    """The items of a list; a text or a path is one item, and not a list of letters."""
    if isinstance(given, str | os.PathLike) or not hasattr(given, "__iter__"):
        return [given]
    return list(given)


def whole(name: str, value: Any, low: int) -> int:
    """A whole number from `low` up; raises `FerError` for anything else."""
    number = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not number or value < low:
        raise FerError(f"{name} {value!r}: at least {low}, a whole number")
    return int(value)


def is_number(name: str, value: Any) -> None:
    """Raise `FerError` for what is no number."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise FerError(f"{name} {value!r}: give a number")


def kind_of(name: str, value: Any, kind: type) -> None:
    """Raise `FerError` where a value is not of a kind that the user makes."""
    if not isinstance(value, kind):
        what = f"{type(value).__name__} {value!r:.60}"
        raise FerError(f"{name}: takes {kind.__module__}.{kind.__name__}(..), not {what}")
