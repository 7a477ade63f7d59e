"""RAF-DB: 15,339 faces of seven basic emotions, 3,954 of eleven compound ones, from the web.

Layout on disk: `basic/` and `compound/`, each with `Image/original/train_00001.jpg`,
`Image/aligned/train_00001_aligned.jpg` (100x100), `EmoLabel/list_patition_label.txt` and
`Annotation/{manual,boundingbox}/`; folders or zips, one or several. Or Kaggle's copies:
`DATASET/{train,test}/{1..7}/train_00001_aligned.jpg` with `train_labels.csv` (`image,label`,
`image_name,label_index`, `image,folder,label`).

Traps: the compound set has the same file names and other codes; it is told by the number of digits
(train 4, test 3; basic 5 and 4) or by a code above 7. Some copies count from 0: a table or a tree
in which a 0 occurs is brought to the official codes 1 to 7, the authors' list never; lists that
disagree are refused, and so are pictures that nobody labels. Landmarks and boxes belong to the
originals; aligned faces get neither, and are read of each set that has any. `raw_label` is the
official code, or the name of the compound (`Happily Surprised`), whose canonical words are `happily
surprised` and the like. A label without its picture is a row `missing`. There are no people's ids
and no validation part. Landmarks are the five manual ones: eyes, nose, corners of the mouth.
Licence: for research, on request.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from fertools.errors import FerError
from fertools.frame import Box, Frame, rejected
from fertools.roots import Member, Root, Unit
from fertools.sources._aligned import Options as Options
from fertools.sources._aligned import face_defaults, other_kind, wanted_by_part
from fertools.sources._rafdb_lists import (
    CODES,
    LIST,
    NOTE,
    PICTURE,
    is_compound,
    official,
    read_lists,
    stem,
    word_of,
)
from fertools.sources._together import numbers, sliced, together, whole_path

LICENCE = "research use, on request to the authors; not to be passed on"
CITATION = (
    "Li, Deng, Du: Reliable Crowdsourcing and Deep Locality-Preserving Learning for Expression "
    "Recognition in the Wild, CVPR 2017"
)
HOMEPAGE = "Real-world Affective Faces, Beijing University of Posts and Telecommunications"
POPULATION = "rafdb"
LABELS = {str(code): word for code, word in enumerate(CODES, start=1)}
GENDERS = ("male", "female", "unsure")
RACES = ("Caucasian", "African-American", "Asian")
AGES = ("0-3", "4-19", "20-39", "40-69", "70+")
SLICE = 2000


@dataclass(frozen=True, slots=True)
class Shot:
    """A row to come. `picture` is None for a label without one, `path` then names the label.

    `other` is then a picture of the kind that is not read.
    """

    stem: str
    part: str
    path: str
    label: str | None
    folder: str | None
    compound: bool
    aligned: bool
    picture: Member | None = None
    manual: Member | None = None
    box: Member | None = None
    other: str = ""

    @property
    def files(self) -> tuple[Member, ...]:
        """The picture, then what speaks of it."""
        return tuple(m for m in (self.picture, self.manual, self.box) if m is not None)

    @property
    def said(self) -> str:
        """The label, and whose it is."""
        return f"{self.stem} {self.label} {self.folder} {self.compound} {self.other}".rstrip()


def matches(root: Root) -> bool:
    """Whether the root holds a picture, an annotation or a list of labels."""
    return any(p.match(m.name) for m in root.members for p in (PICTURE, NOTE, LIST))


def defaults(roots: Sequence[Root]) -> dict[str, Any]:
    """Aligned pictures are faces; in originals the face is where the data set's box says."""
    return face_defaults(roots, _is_aligned, 100, _set_by_name)


def units(root: Root) -> list[Unit]:
    """Slices by set and part, `basic-train-000`; each picture with its annotations."""
    members = together(root, _is_picture)
    if not members:
        return []
    groups: dict[str, list[Shot]] = {}
    shots = list(_shots(members, root.options))
    if not any(shot.label for shot in shots if shot.picture):
        raise FerError(f"{root}: pictures without labels; give list_patition_label.txt as well")
    for shot in shots:
        groups.setdefault(f"{_set(shot)}-{shot.part}", []).append(shot)
    found = [u for name in sorted(groups) for u in sliced(name, groups[name], SLICE)]
    strange = [m for m in members if m.suffix in (".jpg", ".jpeg", ".png") and not _is_picture(m)]
    return found + root.units(strange, key=lambda member: "elsewhere")


def read(unit: Unit) -> Iterator[Frame]:
    """The faces of a slice in the order of their names."""
    if not isinstance(unit.options, tuple):
        for member in unit.members:
            yield rejected(member, "unknown_name", f"{member.path}: no train_00001.jpg or the like")
        return
    for shot in unit.options:
        yield _frame(shot)


def _is_picture(member: Member) -> bool:
    return PICTURE.match(member.name) is not None


def _is_aligned(member: Member) -> bool:
    found = PICTURE.match(member.name)
    return bool(found and (found["aligned"] or "aligned" in member.parts[:-1]))


def _set(shot: Shot) -> str:
    return "compound" if shot.compound else "basic"


def _set_by_name(member: Member, compound: Collection[str] = ()) -> str | None:
    """The set of a picture, None for any other file; `compound` are names that lists put there."""
    name = stem(member.name)
    if not name:
        return None
    return "compound" if name in compound or is_compound(name) else "basic"


def _shots(members: Sequence[Member], options: Options | None) -> Iterator[Shot]:
    """Every picture of the kind that is wanted of its set, by name, and every name without one: on
    a list, or of a picture of the other kind.
    """
    listed, compound = read_lists(members)
    sets = {member: _set_by_name(member, compound) for member in members}
    aligned = wanted_by_part(members, options, _is_aligned, sets.__getitem__)
    notes = {
        (found["stem"].lower(), found["what"].lower()): member
        for member in members
        if (found := NOTE.match(member.name))
    }
    folders = _folders(members)
    pictures: dict[str, list[Member | None]] = {name: [] for name in listed}
    others: dict[str, Member] = {}
    for member in filter(_is_picture, members):
        named = pictures.setdefault(stem(member.name), [])
        if _is_aligned(member) == aligned[sets[member] or ""]:
            named.append(member)
        else:
            others.setdefault(stem(member.name), member)
    for name in sorted(pictures):
        other = None if pictures[name] else others.get(name)
        path, label = listed.get(name, (other.path if other else "", None))
        is_one = name in compound or is_compound(name)
        for picture in pictures[name] or [None]:
            folder = folders.get(seen) if (seen := picture or other) else None
            yield Shot(
                stem=name,
                part=name.split("_")[0],
                path=picture.path if picture else path,
                label=label or folder,
                folder=folder,
                compound=is_one,
                aligned=aligned.get("compound" if is_one else "basic", False),
                picture=picture,
                manual=notes.get((name, "manu_attri")),
                box=notes.get((name, "boundingbox")),
                other=other.path if other else "",
            )


def _folders(members: Iterable[Member]) -> dict[Member, str]:
    """The official code of every picture whose folder is a code."""
    copies: dict[str, dict[Member, str]] = {}  # train and test of a copy count alike
    for member in members:
        if _is_picture(member) and member.parts[:-1] and member.parts[-2].isdigit():
            above = whole_path(member).rsplit("/", 3)[0]
            copies.setdefault(above, {})[member] = member.parts[-2]
    shifts = official([codes.values() for codes in copies.values()])
    pairs = zip(shifts, copies.values(), strict=True)
    return {member: shift(code) for shift, codes in pairs for member, code in codes.items()}


def _frame(shot: Shot) -> Frame:
    manual = numbers(shot.manual) if shot.manual else []
    attributes = [int(n) for n in manual[10:13]] if len(manual) == 13 else [-1, -1, -1]
    whole = not shot.aligned  # coordinates belong to the originals
    name = "" if shot.picture else f"{shot.path}: the list names it, and there is no picture"
    if shot.other:
        name = other_kind(shot.other, shot.aligned)
    return Frame(
        key=f"{_set(shot)}/{shot.stem}",
        path=shot.path,
        image=shot.picture,
        status="ok" if shot.picture else "missing",
        detail=name or None,
        raw_label=_name(shot),
        official_split=shot.part,
        gender=_word(GENDERS, attributes[0]),
        race=_word(RACES, attributes[1]),
        age=_word(AGES, attributes[2]),
        landmarks=manual[:10] if whole and len(manual) == 13 else None,
        box=_box(shot.box) if whole and shot.box else None,
        extra={"folder_label": shot.folder} if shot.folder not in (None, shot.label) else {},
    )


def report(table: pa.Table, index: pa.Table | None) -> list[str]:
    """Where the folder of a picture contradicts the list of labels."""
    if "folder_label" not in table.column_names:
        return []
    count = table.num_rows - table["folder_label"].null_count
    return [f"pictures in another folder than their list says (the list stands): {count}"]


def _name(shot: Shot) -> str | None:
    return word_of(shot.label, True) if shot.compound and shot.label else shot.label


def _word(words: Sequence[str], code: int) -> str | None:
    return words[code] if 0 <= code < len(words) else None


def _box(member: Member) -> Box | None:
    corners = numbers(member)
    if len(corners) != 4 or not (corners[0] < corners[2] and corners[1] < corners[3]):
        return None
    return corners[0], corners[1], corners[2], corners[3]
