"""Data sets that hold each face twice: as it was found, and aligned.

In go the files of a root and the option; out comes which of the two is read.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fertools.errors import unknown
from fertools.frame import option
from fertools.roots import Member, Root

IMAGES = ("auto", "aligned", "original")


@dataclass(frozen=True, slots=True)
class Options:
    """Which of the two pictures of a face is read."""

    images: str = option("auto", "aligned, original, or auto: aligned where there are any")


def wanted(
    members: Iterable[Member], options: Options | None, is_aligned: Callable[[Member], bool]
) -> bool:
    """Whether the aligned pictures are read, not the originals."""
    choice = options.images if options else "auto"
    if choice not in IMAGES:
        raise unknown("images", choice, list(IMAGES))
    return choice == "aligned" or (choice == "auto" and any(map(is_aligned, members)))


def face_defaults(
    roots: Sequence[Root], is_aligned: Callable[[Member], bool], size: int
) -> dict[str, Any]:
    """How faces are taken unless it is said: aligned pictures are faces, in originals a box or a
    detector says where the face is.
    """
    members = [member for root in roots for member in root.members]
    aligned = wanted(members, roots[0].options, is_aligned)
    return {"size": size, "channels": 3, "faces": "as-is" if aligned else "auto"}
