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


def _whole(member: Member) -> str:
    return ""


def wanted(
    members: Iterable[Member], options: Options | None, is_aligned: Callable[[Member], bool]
) -> bool:
    """Whether the aligned pictures are read, not the originals."""
    choice = options.images if options else "auto"
    if choice not in IMAGES:
        raise unknown("images", choice, list(IMAGES))
    return choice == "aligned" or (choice == "auto" and any(map(is_aligned, members)))


def wanted_by_part(
    members: Iterable[Member],
    options: Options | None,
    is_aligned: Callable[[Member], bool],
    part_of: Callable[[Member], str | None],
) -> dict[str, bool]:
    """`wanted` for each part: one may have originals only. `part_of` is None for other files."""
    parts: dict[str, list[Member]] = {}
    for member in members:
        if (part := part_of(member)) is not None:
            parts.setdefault(part, []).append(member)
    return {part: wanted(parts[part], options, is_aligned) for part in sorted(parts)}


def other_kind(path: str, aligned: bool) -> str:
    """The reason of a face that is there only as the kind that is not read."""
    kind = "original" if aligned else "aligned"
    return f"{path}: this face is there as {kind} only; --images {kind} --force reads those"


def face_defaults(
    roots: Sequence[Root],
    is_aligned: Callable[[Member], bool],
    size: int,
    part_of: Callable[[Member], str | None] = _whole,
) -> dict[str, Any]:
    """How faces are taken unless it is said: aligned pictures are faces, in originals a box or a
    detector says where the face is. Where parts differ, a detector looks at all of them.
    """
    members = [member for root in roots for member in root.members]
    aligned = wanted_by_part(members, roots[0].options, is_aligned, part_of).values()
    as_is = bool(aligned) and all(aligned)
    return {"size": size, "channels": 3, "faces": "as-is" if as_is else "auto"}
