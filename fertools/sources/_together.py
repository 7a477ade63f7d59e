"""Data sets whose labels lie beside their pictures, in one RAW argument or in several.

In goes a root; out come the members of all roots of the command for one of those with pictures, and
none for the others, so that every picture is read once and finds its labels wherever they are.
"""

import codecs
import functools
import hashlib
import math
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fertools.errors import FerError
from fertools.locations import at
from fertools.roots import Member, ReadFault, Root, Unit, make_unit, open_member, slug
from fertools.roots.archives import JOINT, impostor

UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
NAMES = {",": "commas", " ": "blanks"}  # of what stands between the columns of a list


class Row(Protocol):
    """A row to come: its files, the picture first, and what is said of it elsewhere."""

    @property
    def files(self) -> tuple[Member, ...]: ...

    @property
    def said(self) -> str: ...


def together(root: Root, is_picture: Callable[[Member], bool]) -> tuple[Member, ...]:
    """The members of all roots, for the first of those that hold a picture; none for the others.

    Raises `FerError` where no root holds one.
    """
    roots = sorted((root, *root.beside), key=lambda r: str(r.path))
    first = next((r for r in roots if any(map(is_picture, r.members))), None)
    if first is None:
        raise FerError(f"{root}: labels without images; give the folder or the zip of those, too")
    return tuple(m for r in roots for m in r.members) if first is root else ()


def sliced(name: str, rows: Sequence[Row], size: int) -> list[Unit]:
    """Units of at most `size` rows, which become their `options`.

    The digest covers the files and what is said of them: a label that is mended changes it.
    """
    found = []
    for start in range(0, len(rows), size):
        chunk = tuple(rows[start : start + size])
        files = make_unit("", [member for row in chunk for member in row.files])
        said = "\n".join([files.digest, *(row.said for row in chunk)])
        digest = hashlib.sha256(said.encode()).hexdigest()[:32]
        found.append(
            Unit(slug(f"{name}-{start // size:03d}"), files.members, digest, chunk, rows=len(chunk))
        )
    return found


def each_once(records: pa.Table, by: list[str]) -> pa.Table:
    """The records of all rounds, those that the columns `by` call the same once.

    Raises `FerError` where one is not what it was in an earlier round, or two of one round differ.
    """
    numbered = records.select(by).append_column("number", pa.array(np.arange(len(records))))
    found = numbered.group_by(by).aggregate([("number", "min")]).sort_by("number_min")
    if len(found) == len(records):
        return records
    first = records.take(found["number_min"])
    again = numbered.join(found, by).filter(pc.field("number") != pc.field("number_min"))
    again = again.sort_by("number")
    befores, others = records.take(again["number_min"]), records.take(again["number"])
    if not befores.equals(others):
        pairs = zip(befores.to_pylist(), others.to_pylist(), strict=True)
        one = next(one for one, other in pairs if one != other)
        name = one.get("file") or one["key"]
        raise FerError(
            f"{name}: its label changed since it was first read (--force starts over), or two "
            "files differ on it (take one of them away)"
        )
    return first


def latest(records: pa.Table) -> pa.Table:
    """The records of all rounds; of several with one key the last, by key."""
    last = dict(zip(records["key"].to_pylist(), range(len(records)), strict=True))
    return records.take(sorted(last.values())).sort_by("key")


def not_reached(images: pa.Table, table: pa.Table) -> int:
    """Images of sequences (`key`, `images`) that have no row yet: more than `--limit` allowed."""
    here = pc.is_in(images["key"], pc.unique(table["sequence"]))
    return int(pc.sum(images.filter(pc.invert(here))["images"]).as_py() or 0)


def whole_path(member: Member) -> str:
    """Where a file lies, with folders above the RAW argument, which may have named what it is."""
    inner = member.inner if member.archive else member.name
    return f"{_from_the_top(member.container, Path.cwd())}/{inner}".replace("\\", "/")


def copied(picture: Member, other: str) -> str:
    """The reason of a picture that another one of its name is read for."""
    return f"{picture.path}: {other} has the same name and is read; take one of them away"


def folders(member: Member) -> list[str]:
    """The folders and archives of a file below the RAW argument, with the name of that itself."""
    return whole_path(member).split("/")[-len(member.parts) - 1 : -1]


@functools.lru_cache(maxsize=4096)
def _from_the_top(container: str, here: Path) -> str:
    """A container, of a disk by its whole path: `.` does not say what its name is."""
    places = (at(part) for part in container.split(JOINT))
    return JOINT.join(
        os.path.normpath(here / place) if isinstance(place, Path) else str(place)
        for place in places
    )


def text(member: Member) -> str:
    """A small text file in any encoding that keeps digits; raises `FerError` where it cannot."""
    try:
        with open_member(member) as stream:
            return _decoded(stream.read())
    except ReadFault as fault:
        raise FerError(f"{fault}; download it again, or take it away") from fault


def _decoded(data: bytes) -> str:
    return data.decode("utf-16" if data.startswith(UTF16) else "utf-8-sig", "replace")


def complaint(member: Member, separator: str) -> str:
    """What is wrong with a list of which no line can be used, and the cure.

    `separator` is what should stand between its columns: a comma or a blank.
    """
    with open_member(member) as stream:
        start = stream.read(4096)
    if what := impostor(start):
        return f"{member.path} is {what}; download it again"
    line = next((found for found in map(str.strip, _decoded(start).splitlines()) if found), "")
    if mark := next((m for m in ";\t|," if m in line and m != separator), None):
        shown = "tabs" if mark == "\t" else repr(mark)
        cure = f"save it with {NAMES[separator]}"
        return f"{member.path}: its columns stand between {shown}; {cure}"
    return f"{member.path}: no line of it can be used, it begins {line[:60]!r}; download it again"


def numbers(member: Member) -> list[float]:
    """Every number of a text file, in order; none where any word of it is no finite number."""
    try:
        found = [float(word) for word in text(member).split()]
    except ValueError:
        return []
    return found if all(map(math.isfinite, found)) else []


def lines(member: Member) -> Iterator[str]:
    """The lines of a text file that hold something."""
    return (line.strip() for line in text(member).splitlines() if line.strip())
