"""Laboratories' data sets: the name of each photograph says who shows what, wherever it lies.

In go a pattern of names and what a name says; out come what a source has: `matches`, `units`,
`read`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fertools.frame import Frame, rejected
from fertools.roots import Member, Root, Unit

IMAGES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff")
Name = re.Match[str]


@dataclass(frozen=True, slots=True)
class Names:
    """How the pictures of a data set are called, and what a source makes of it.

    `pattern` holds for a name without its extension, all of it in one `case` (str.upper or
    str.lower), and has a group `label`; `example` is a name for sentences. Names that are alike in
    the groups `together` are units; `said` gives the fields of a frame. `misnamed` tells what names
    are meant to be that do not follow the pattern.
    """

    pattern: re.Pattern[str]
    case: Callable[[str], str]
    example: str
    together: tuple[str, ...]
    said: Callable[[Name], dict[str, Any]]
    misnamed: Mapping[str, str] = field(default_factory=dict)

    def matches(self, root: Root) -> bool:
        """Whether a picture is called so."""
        return any(self._read(member) for member in root.members)

    def units(self, root: Root) -> list[Unit]:
        """Units of pictures whose names are alike; the others are a unit of their own."""
        images = [member for member in root.members if member.suffix in IMAGES]
        return root.units(images, key=self._key)

    def read(self, unit: Unit) -> Iterator[Frame]:
        """The pictures of a unit in the order of their paths, each with what its name says."""
        for member in unit.members:
            name = self._read(member)
            if name is None:
                detail = f"{member.path}: no name like {self.example}"
                yield rejected(member, "unknown_name", detail)
                continue
            yield Frame(
                key=self._stem(member),
                path=member.path,
                image=member,
                raw_label=name["label"],
                **self.said(name),
            )

    def _key(self, member: Member) -> str:
        name = self._read(member)
        return "".join(name[group] for group in self.together) if name else "elsewhere"

    def _stem(self, member: Member) -> str:
        return self.case(member.name[: -len(member.suffix)])

    def _read(self, member: Member) -> Name | None:
        if member.suffix not in IMAGES:
            return None
        stem = self._stem(member)
        return self.pattern.fullmatch(self.misnamed.get(stem, stem))
