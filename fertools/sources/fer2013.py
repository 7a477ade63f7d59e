"""FER2013: 35,887 gray faces of 48x48 pixels, as a CSV of pixels or as folders of JPEGs.

Layout on disk, either

- one table: `fer2013.csv` (`emotion,pixels,Usage`), `icml_face_data.csv` (`emotion, Usage, pixels`,
  with leading blanks), the challenge's `train.csv` (`emotion,pixels`) and `test.csv` (`pixels`),
  plain, `.gz`, `.zst`, or inside a `.zip` or `.tar.gz`; columns in any order, quoted or not;
- the Kaggle folders `train/angry/Training_<n>.jpg`, `test/angry/PublicTest_<n>.jpg` or
  `PrivateTest_<n>.jpg`.

Traps: files called fer2013.csv are often a Git LFS pointer or a web page. The key of a row is its
number in the complete table; in a table without `Usage`, which is a part, the table's name and the
number. The number in a folder name is random and not unique: there the key is usage, class, name.
`X.jpg0.jpg` beside `X.jpg` is an augmented copy. The official usages are Training (train),
PublicTest (val) and PrivateTest (test). People are not recorded. Licence: for research; the images
were collected by a web search.
"""

import re
from collections.abc import Iterator

from fertools.errors import FerError
from fertools.frame import Batch, Frame, rejected
from fertools.roots import Member, Root, Unit, open_member, table_unit
from fertools.sources import _pixel_csv

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
    """One unit for each table; the folders in slices by part and class."""
    tables = _tables(root)
    images = [m for m in root.members if _placed(m) or (m.suffix in IMAGES and not tables)]
    found = [table_unit(TABLE.sub("", m.name), m, root.options) for m in tables]
    return found + root.units(images, key=_folder)


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
    with unit.open(member) as stream:
        complete = "usage" in _pixel_csv.header(stream.readline(_pixel_csv.LONGEST))
    yield from _pixel_csv.read(unit, member, USAGES, "" if complete else f"{unit.name}/")


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
