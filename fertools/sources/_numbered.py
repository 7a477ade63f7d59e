"""RAF-ML and RAF-CE: pictures with numbers for names, and lists that speak of them by name.

In go the files of a root; out come the words behind each name of a list, and the rows to come.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fertools.errors import FerError
from fertools.frame import Frame
from fertools.roots import Member
from fertools.sources._aligned import other_kind
from fertools.sources._together import folders, lines, whole_path

PICTURE = re.compile(r"^(?P<stem>\d{4})(?P<aligned>_aligned)?\.(?:jpe?g|png)$", re.IGNORECASE)
KIND = re.compile(r"^(?P<kind>aligned|original)(?:\.zip)?$", re.IGNORECASE)
SET = re.compile(r"/RAF[-_]?(?P<set>ML|CE|AU)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a list: the words behind the name of a picture, and the file."""

    words: tuple[str, ...]
    member: Member


@dataclass(frozen=True, slots=True)
class Shot:
    """A row to come: a picture, or a name on a list (`where`) without one; `words` by list.

    `other` tells of the picture's other kind, where that alone is there.
    """

    stem: str
    where: str
    picture: Member | None
    words: tuple[tuple[str, tuple[str, ...]], ...]
    other: str = ""

    @property
    def files(self) -> tuple[Member, ...]:
        """The picture."""
        return () if self.picture is None else (self.picture,)

    @property
    def said(self) -> str:
        """What the lists say."""
        return f"{self.stem} {self.words} {self.other}".rstrip()

    def frame(self, **more: Any) -> Frame:
        """The row, with what the lists say of it."""
        missing = self.picture is None
        what = self.other or f"{self.where}: there is no picture of this name"
        return Frame(
            key=self.stem,
            path=self.where,
            image=self.picture,
            status="missing" if missing else "ok",
            detail=what if missing else None,
            **more,
        )


def is_picture(member: Member) -> bool:
    """Whether a file has a number for its name, and its place or its name says that it is a face's.

    Numbers are names of pictures in many a data set.
    """
    found = PICTURE.match(member.name)
    return bool(found and (found["aligned"] or KIND.match(folders(member)[-1])))


def bare(members: Iterable[Member], *sets: str) -> bool:
    """Whether there are pictures in folders that are of these sets (`ml`) or of no known one."""
    named = (SET.search(whole_path(member)) for member in members if is_picture(member))
    return any(found is None or found["set"].lower() in sets for found in named)


def is_aligned(member: Member) -> bool:
    """Whether a picture is an aligned face, by its name or its innermost folder of a kind."""
    found = PICTURE.match(member.name)
    kinds = [kind["kind"].lower() for folder in folders(member) if (kind := KIND.match(folder))]
    return bool(found and (found["aligned"] or kinds[-1:] == ["aligned"]))


def listed(members: Iterable[Member]) -> dict[str, Line]:
    """What the lists of one kind say of each picture, by its stem.

    Raises `FerError` where two lines say different things of one.
    """
    found: dict[str, Line] = {}
    for member in members:
        for text in lines(member):
            name, *words = text.split()
            if picture := PICTURE.match(name):
                line = Line(tuple(words), member)
                before = found.setdefault(picture["stem"], line)
                if before.words != line.words:
                    raise FerError(_two_lines(picture["stem"], before, line))
    return found


def _two_lines(stem: str, one: Line, other: Line) -> str:
    files = dict.fromkeys(whole_path(line.member) for line in (one, other))
    said = f"{' '.join(one.words)!r} and {' '.join(other.words)!r}"
    return f"{' and '.join(files)}: two lines of {stem}, {said}; take the one out that is wrong"


def shots(
    members: Sequence[Member], lists: Mapping[str, Sequence[Member]], *, aligned: bool
) -> Iterator[Shot]:
    """Every picture of the wanted kind, every name of the lists and of the other kind, by name.

    `lists` holds them by what they are called in `Shot.words`.
    """
    pictures: dict[str, list[Member | None]] = {}
    others: dict[str, str] = {}
    for member in members:
        found = PICTURE.match(member.name)
        if found and is_aligned(member) == aligned:
            pictures.setdefault(found["stem"], []).append(member)
        elif found and is_picture(member):
            others.setdefault(found["stem"], member.path)
    said = {kind: listed(of_kind) for kind, of_kind in lists.items()}
    for stem in sorted({*pictures, *others, *(stem for words in said.values() for stem in words)}):
        named = {kind: of_kind[stem] for kind, of_kind in said.items() if stem in of_kind}
        words = tuple((kind, line.words) for kind, line in named.items())
        first = next(iter(named.values()), None)
        where = f"{first.member.path}#{stem}" if first else others.get(stem, "")
        for picture in pictures.get(stem, [None]):
            path = picture.path if picture else where
            other = other_kind(others[stem], aligned) if stem in others and not picture else ""
            yield Shot(stem, path, picture, words, other)
