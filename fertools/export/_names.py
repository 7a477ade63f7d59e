"""Names of files and folders that are safe on every system, made of ids and labels.

In go words that nobody has checked (`../x`, `CON`, `a/b`, an id of a stranger's manifest); out come
names without separators, dots and reserved words, unlike one another without regard to case.
"""

import hashlib
import unicodedata
from collections.abc import Iterable

from fertools.roots import slug

# Windows opens a device for these, whatever the ending: "Naming Files, Paths, and Namespaces",
# Microsoft Learn. The superscript digits count as digits there.
DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "clock$"]
    + [f"{port}{number}" for port in ("com", "lpt") for number in range(10)]
)


def safe(text: str) -> str:
    """One name: letters of any script, digits, `_` and `-`, at most 81 bytes.

    Dots become `_`, since webdataset ends a key at the first one; a name never starts with `_`,
    `-` or a dot, since some readers take such files for hidden ones.
    """
    name = slug(text).replace(".", "_").lstrip("_-") or "x"
    return f"{name}_" if _folded(name) in DEVICES else name


def distinct(texts: Iterable[str]) -> list[str]:
    """A safe name for each text, in order; equal ones get a digest of their text behind them."""
    taken: set[str] = set()
    found = []
    for text in texts:
        name = safe(text)
        if _folded(name) in taken:
            name = f"{name[:60]}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        if _folded(name) in taken:  # the text itself occurs twice, as no id or class does
            raise ValueError(f"{text!r} is there twice")
        taken.add(_folded(name))
        found.append(name)
    return found


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
