"""FER2013: 35,887 gray faces of 48x48 pixels, as a CSV of pixels or as folders of JPEGs.

Layout on disk, either

- one table: `fer2013.csv` (`emotion,pixels,Usage`), `icml_face_data.csv` (`emotion, Usage, pixels`,
  with leading blanks), the challenge's `train.csv` (`emotion,pixels`) and `test.csv` (`pixels`),
  plain, `.gz`, `.zst`, or inside a `.zip` or `.tar.gz`; columns in any order, quoted or not; parts
  of the table that somebody cut from it, with `Usage` or without;
- the Kaggle folders `train/angry/Training_<n>.jpg`, `test/angry/PublicTest_<n>.jpg` or
  `PrivateTest_<n>.jpg`.

Traps: files called fer2013.csv are often a Git LFS pointer or a web page. The key of a row is its
number in the complete table, whose `Usage` begins with Training and goes on to another; in a part
of it the table's name and the number. Kaggle's folder holds the same faces three times: where one
table is complete, a note names the others and the folders, which are not read. The number in a
folder name is random and not unique: there the key is usage, class, name. `X.jpg0.jpg` beside
`X.jpg` is an augmented copy. The official usages are Training (train), PublicTest (val) and
PrivateTest (test); copies say train, val and test. People are not recorded. Licence: for research;
the images were collected by a web search.
"""

import re
from collections import Counter
from collections.abc import Iterator, Set

import pyarrow as pa

from fertools.errors import FerError
from fertools.frame import Batch, Frame, rejected
from fertools.roots import Member, Root, Unit, open_member, table_unit
from fertools.sources import _pixel_csv
from fertools.sources._together import latest

LICENCE = "research use; the photographs belong to their owners"
CITATION = (
    "Goodfellow et al., Challenges in Representation Learning: A report on three machine learning "
    "contests, ICONIP 2013"
)
HOMEPAGE = (
    "kaggle.com/competitions/challenges-in-representation-learning-facial-expression-recognition-"
    "challenge"
)
POPULATION = "fer2013"
CODES = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
FOLDERS = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "sad": "sadness",
    "surprise": "surprise",
    "neutral": "neutral",
}
LABELS = {**{str(code): word for code, word in enumerate(CODES)}, **FOLDERS}
USAGES = {"Training": "train", "PublicTest": "val", "PrivateTest": "test"}
PARTS = {  # by what copies call them, in lower case
    **{usage.lower(): part for usage, part in USAGES.items()},
    **{"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"},
}
WHOLE = ("fer2013", "icml_face_data")  # what the complete table is called, the better copy first
DEFAULTS = {"size": 48, "channels": 1, "faces": "as-is"}

TABLE = re.compile(r"\.csv(\.gz|\.zst)?$", re.IGNORECASE)
PLACE = re.compile(r"(?:^|/)(?P<part>train|test)/(?P<label>[^/]+)/(?P<name>[^/]+)$", re.IGNORECASE)
NAME = re.compile(
    r"^(?P<usage>Training|PublicTest|PrivateTest)_(?P<number>\d+)\.jpe?g$", re.IGNORECASE
)
IMAGES = (".jpg", ".jpeg")
EXTRA = re.compile(r"\.jpe?g\d+\.jpe?g$", re.IGNORECASE)


def matches(root: Root) -> bool:
    """Whether the root holds a table with a `pixels` column, or the Kaggle folders."""
    if _tables(root):
        return True
    return any(_placed(m) and NAME.match(m.name) for m in root.members)


def units(root: Root) -> list[Unit]:
    """One unit for each table, the complete one alone where there is one; else the folders, too."""
    tables = _whole(root)
    pictures = set(_pictures(root))
    return _units(root, *tables, pictures if pictures and _hold_all(*tables) else set())


def all_units(root: Root) -> list[Unit]:
    """The same, and the folders also beside the complete table."""
    return _units(root, *_whole(root), set())


def _units(
    root: Root, whole: Member | None, numbered: Member | None, less: Set[Member]
) -> list[Unit]:
    """The tables, the complete one alone where there is one, and slices of the folders.

    `less` are pictures to leave out. The option of a table's unit is whether the numbers of its
    rows are those of the complete table.
    """
    tables = _tables(root)
    images = [m for m in root.members if _placed(m) or (m.suffix in IMAGES and not tables)]
    read = [member for member in tables if whole in (None, member)]
    found = [table_unit(_title(m), m, m == numbered) for m in read]
    return found + root.units([m for m in images if m not in less], key=_folder)


def index(root: Root) -> pa.Table | None:
    """What is not read, tables and pictures, and the complete table that holds its faces."""
    whole, numbered = _whole(root)
    left = [member.path for member in _tables(root) if member != whole] if whole else []
    if (pictures := _pictures(root)) and _hold_all(whole, numbered):
        left.append(f"{len(pictures):,} pictures ({pictures[0].path}, ..)")
    if not left or numbered is None:
        return None
    return pa.table({"key": left, "whole": [numbered.path] * len(left)})


unite = latest


def report(table: pa.Table, index: pa.Table | None) -> list[str]:
    """Which tables and pictures were left out, and words of `Usage` that say no part."""
    notes = []
    left: dict[str, list[str]] = {}
    for row in index.to_pylist() if index is not None else ():
        left.setdefault(row["whole"], []).append(row["key"])
    for whole, names in left.items():
        notes.append(f"not read, for they are another form of {whole}: {', '.join(names)}")
    words = table["usage"].to_pylist() if "usage" in table.column_names else []
    for word, count in sorted(Counter(filter(None, words)).items()):
        known = ", ".join(USAGES)
        notes.append(f"Usage {word!r} of {count} rows is no part; known are {known}")
    return notes


def read(unit: Unit) -> Iterator[Frame | Batch]:
    """The rows of a table in its order, or the images of a slice in the order of their paths."""
    if is_table(unit):
        yield from _table(unit, unit.members[0])
        return
    for member in unit.members:
        yield _frame(member)


def is_table(unit: Unit) -> bool:
    """Whether a unit is a table, not a slice of the folders."""
    return len(unit.members) == 1 and TABLE.search(unit.members[0].name) is not None


def _table(unit: Unit, member: Member) -> Iterator[Batch]:
    yield from _pixel_csv.read(unit, member, PARTS, "" if unit.options else f"{unit.name}/")


def _whole(root: Root) -> tuple[Member | None, Member | None]:
    """The complete table among all RAW arguments where others are beside it, and the table whose
    rows are numbered as in the complete one: that, or the only one of its name.
    """
    tables = [member for r in (root, *root.beside) for member in _tables(r)]
    named = [m for m in tables if _title(m).lower() in WHOLE and _has_usage(m)]
    if len(tables) == len(named) == 1:
        return None, named[0]
    order = sorted(tables, key=lambda m: (_rank(m), m.path, m.container))
    whole = next(filter(_is_complete, order), None)
    return whole, whole or (named[0] if len(named) == 1 else None)


def _title(member: Member) -> str:
    return TABLE.sub("", member.name)


def _rank(member: Member) -> int:
    title = _title(member).lower()
    return WHOLE.index(title) if title in WHOLE else len(WHOLE)


def _has_usage(member: Member) -> bool:
    with open_member(member) as stream:
        return "usage" in _pixel_csv.header(stream.readline(_pixel_csv.LONGEST))


def _is_complete(member: Member) -> bool:
    """Whether the rows of a table begin with training and go on to another part."""
    parts = (PARTS.get((word or "").lower()) for word in _pixel_csv.words(member, "usage"))
    return next(parts, None) == "train" and any(part not in (None, "train") for part in parts)


def _hold_all(whole: Member | None, numbered: Member | None) -> bool:
    """Whether one of the tables of `_whole` holds the faces of Kaggle's folders, too."""
    return whole is not None or (numbered is not None and _is_complete(numbered))


def _tables(root: Root) -> list[Member]:
    found = []
    for member in root.members:
        if not TABLE.search(member.name):
            continue
        with open_member(member) as stream:
            start = stream.read(4096)
        if complaint := _pixel_csv.impostor(start):
            raise FerError(f"{root}: {member.path} is {complaint}; download the data itself")
        if "pixels" in _pixel_csv.header(start.split(b"\n", 1)[0]):
            found.append(member)
    return found


def _pictures(root: Root) -> list[Member]:
    """The pictures of Kaggle's folders, and copies beside them."""
    return [m for m in root.members if _placed(m) and (NAME.match(m.name) or EXTRA.search(m.name))]


def _placed(member: Member) -> re.Match[str] | None:
    found = PLACE.search("/" + member.inner)
    return found if found and found["label"].lower() in FOLDERS else None


def _folder(member: Member) -> str:
    found = _placed(member)
    return f"{found['part']}-{found['label']}".lower() if found else "elsewhere"


def _frame(member: Member) -> Frame:
    place = _placed(member)
    if EXTRA.search(member.name):
        return rejected(member, "augmented_copy", f"{member.path}: a copy beside its original")
    name = NAME.match(member.name)
    if place is None or name is None:
        return rejected(member, "unknown_name", f"{member.path}: no Training_<n>.jpg or the like")
    usage = next(u for u in USAGES if u.lower() == name["usage"].lower())
    label = place["label"].lower()
    return Frame(
        key=f"{usage}/{label}/{member.name}",
        path=member.path,
        image=member,
        raw_label=label,
        official_split=USAGES[usage],
    )
