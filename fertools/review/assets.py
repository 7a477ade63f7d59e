"""The files that a page is made of: text, style and script, as they lie in `static/`."""

from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"
PARTS = ("words.js", "store.js", "grid.js", "page.js")  # one script, in this order


@cache
def asset(name: str) -> str:
    """One file of `static/` as text; the name is one of ours, never a visitor's."""
    return (STATIC / name).read_text(encoding="utf-8")


@cache
def script() -> str:
    """The page's script, of all its parts."""
    return "\n".join(asset(name) for name in PARTS)
