"""Several RAW arguments whose files may have the same names: what tells them apart.

In go a root and where it lies; out comes the end of that place which no other root has.
"""

import os
from collections.abc import Callable
from pathlib import Path

from fertools.locations import Location
from fertools.manifest import clean_path
from fertools.roots import Root


def apart(root: Root, place: Callable[[Root], Location]) -> str:
    """The shortest end of a root's place that no other has, `train` of `fer/train` and `fer/test`.

    "" where the command has one RAW argument alone, or all of them lie in one place.
    """
    own, *others = (_parts(place(r)) for r in (root, *root.beside))
    others = [other for other in others if other != own]
    if not others:
        return ""
    ends = (n for n in range(1, len(own)) if all(own[-n:] != other[-n:] for other in others))
    return clean_path("/".join(own[-next(ends, len(own)) :]))


def _parts(place: Location) -> list[str]:
    """Components of a place; of one on a disk, from the top."""
    text = os.path.normpath(place.absolute()) if isinstance(place, Path) else str(place)
    return text.replace(os.sep, "/").split("/")
