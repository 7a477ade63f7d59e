"""A CSV or Parquet table that names images, with columns of your choice: your own data.

Layout on disk: a table (`.csv`, `.tsv`, also with `.gz` or `.zst`, or `.parquet`) and, beside it or
below `--images`, the image files that it names. Say which column holds the path (`--path image`),
the label, the subject, the split; labels that are no known words are mapped by a TOML file
(`--labels map.toml`: `"3" = "happiness"`), the words of up to three raters (`--rater-a`, ..) too.
How many raters chose which word stands in a column per word: `--votes happiness,sad,n_anger`.
Where the face is in a photograph say four columns, in pixels of the upright picture: `--box
left,top,right,bottom`; a photograph of several people has a row for each, and the ids of all but
the first end in their number. Without a column for it the person or the sequence may be found in
the path (`--subject-regex`).

Traps: a path may be absolute or climb out of the folder: such rows are kept with the status
`unsafe_path` and not read. An image that no row names is not read; a note counts those of a RAW
folder. A row whose file is missing is kept as `missing`, and read by the same
command once the file is there; files replaced by others are refused like any data that changed.
Tables in several folders may give their images the same names: ids and paths begin with the folder,
ids of several RAW arguments with what tells these apart. Words are composed (NFC), and `3.0` is
`3`, as one program writes the numbers of the other. Blank lines are left out. A cell that says NA,
None or null is empty; that of a label is not, for a class may be called so, and a note tells it.
"""

import errno
import functools
import hashlib
import stat
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa

from fertools.errors import FerError
from fertools.frame import Frame, option
from fertools.locations import Location, ObjectPath, at
from fertools.manifest import clean_path
from fertools.roots import Member, Named, Root, Unit, table_unit
from fertools.sources import imagefolder
from fertools.sources._apart import apart
from fertools.sources._ballot import Ballot, ballot
from fertools.sources._cells import KIND, composed, read_rows
from fertools.sources._from_path import SEQUENCE_HELP, SUBJECT_HELP, check, named
from fertools.sources._measured import BoxColumns, box_columns, share
from fertools.sources._own_data import (
    CITATION_HELP,
    LABELS_HELP,
    LICENCE_HELP,
    UNSTATED,
    determining_of,
    own_words,
)

LICENCE = UNSTATED
SHARING = "free"  # `export` may write the pictures
CITATION = ""
HOMEPAGE = ""
PARTS = {**imagefolder.PARTS, "dev": "val", "eval": "val"}
GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
RATERS = ("rater_a", "rater_b", "rater_c")
COLUMNS = ("path", "label", *RATERS, "subject", "sequence", "split", "gender", "age", "race")
NUMBERS = ("valence", "arousal")
Size = Callable[[Location], int | None]


@dataclass(frozen=True, slots=True)
class Options:
    """Which column says what."""

    path: str = option("path", "column with the image's path, relative to the table")
    label: str | None = option(None, "column with the label")
    rater_a: str | None = option(None, "column with the first rater's label")
    rater_b: str | None = option(None, "column with the second rater's")
    rater_c: str | None = option(None, "column with the third rater's")
    votes: str | None = option(None, "columns that count the raters who chose the word each names")
    box: str | None = option(None, "four columns with the face: left,top,right,bottom")
    box_kind: str = option("corners", "what the last two are: corners, or size (width and height)")
    valence: str | None = option(None, "column with the valence, -1 .. 1")
    arousal: str | None = option(None, "column with the arousal, -1 .. 1")
    subject: str | None = option(None, "column with the person")
    subject_regex: str | None = option(None, SUBJECT_HELP)
    sequence: str | None = option(None, "column with the sequence")
    sequence_regex: str | None = option(None, SEQUENCE_HELP)
    split: str | None = option(None, "column with the official split")
    gender: str | None = option(None, "column with the gender")
    age: str | None = option(None, "column with the age")
    race: str | None = option(None, "column with the race")
    labels: str | None = option(None, LABELS_HELP)
    licence: str | None = option(None, LICENCE_HELP)
    citation: str | None = option(None, CITATION_HELP)
    images: str | None = option(None, "folder that the paths start from")


def labels(options: Options) -> dict[str, str]:
    """The user's own map from labels to words."""
    return own_words(options.labels)


def determining(options: Options) -> dict[str, Any]:
    """What of the options determines the result: the files, not where they lie."""
    return {**determining_of(options), "images": None}


def defaults(roots: Sequence[Root]) -> dict[str, Any]:
    """Images are faces; where the table has boxes the face is there."""
    boxes = roots[0].options is not None and roots[0].options.box
    return {"faces": "annotation" if boxes else "as-is"}


def matches(root: Root) -> bool:
    """Whether the root is a table, or a folder with one."""
    return any(KIND.search(m.name) for m in root.members)


def passed_over(roots: Sequence[Root], table: pa.Table) -> list[str]:
    """A note on the images in the RAW folders that no row names, where paths start there."""
    rows = set(table["path"].to_pylist())
    found = [
        member.path
        for root in roots
        if root.path.is_dir() and root.options.images is None
        for member in root.members
        if not member.archive and member.suffix in imagefolder.IMAGES and member.path not in rows
    ]
    said = f"{len(found):,} images of the folder stand in no row of a table and were not read"
    return [f"{said}; the first is {found[0]}"] if found else []


def units(root: Root) -> list[Unit]:
    """One unit for each table."""
    options = root.options or Options()
    _ballot_of(options)
    _boxes_of(options)
    check(options.subject_regex, options.sequence_regex)
    found = [
        table_unit(KIND.sub("", m.inner), m, (options, _base(root, m), _above(root, m)))
        for m in root.members
        if KIND.search(m.name)
    ]
    return [_looked_for(unit) for unit in found]


def read(unit: Unit) -> Iterator[Frame]:
    """The rows of the table, in its order."""
    options, base, above = unit.options
    image_of = functools.partial(_image, _sizes(), base)
    words, counted, boxes = labels(options), _ballot_of(options), _boxes_of(options)
    faces: Counter[str] = Counter()
    for number, row in _rows(unit):
        frame = _frame(row, number, unit.members[0], options, image_of, above)
        if boxes.names:
            frame = _boxed(frame, row, boxes, faces)
        where = f"{unit.members[0].path}, row {number}"
        a, b, c = _said(row, options, words)
        yield replace(
            frame,
            rater_a_label=a,
            rater_b_label=b,
            rater_c_label=c,
            votes=counted.votes(row, where),
            valence=share(row, options.valence, where),
            arousal=share(row, options.arousal, where),
        )


def _boxed(
    frame: Frame, row: dict[str, str | None], boxes: BoxColumns, faces: Counter[str]
) -> Frame:
    """The frame with its box, told apart from the other `faces` of its photograph."""
    faces[frame.key] += 1
    if (nth := faces[frame.key]) > 1:
        frame = replace(frame, key=f"{frame.key}/{nth}")
    try:
        return replace(frame, box=boxes.read(row))
    except ValueError as error:
        if frame.status != "ok":
            return frame
        return replace(frame, image=None, status="bad_box", detail=f"{frame.path}: {error}")


def _rows(unit: Unit) -> Iterator[tuple[int, dict[str, str | None]]]:
    options = unit.options[0]
    asked = {column: getattr(options, column) for column in (*COLUMNS, *NUMBERS)}
    wanted = {column: (name,) for column, name in asked.items() if name is not None}
    several = {"votes": tuple(_ballot_of(options).words), "box": _boxes_of(options).names}
    return read_rows(unit, {**wanted, **several})


def _ballot_of(options: Options) -> Ballot:
    return ballot(options.votes, labels(options))


def _looked_for(unit: Unit) -> Unit:
    """The unit of a table with its rows and the files that they name, which are not opened."""
    options, base, _ = unit.options
    rows = absent = size = 0
    digest, sizes = hashlib.sha256(), _sizes()
    for _, row in _rows(unit):
        raw = row.get(options.path) or ""
        path = clean_path(raw)
        image, status = _image(sizes, base, path, raw)
        rows += 1
        absent += status in ("missing", "unreadable")
        if image is not None:
            size += image.size
            digest.update(f"{path}\0{image.size}\n".encode())
    return replace(unit, rows=rows, named=Named(absent, digest.hexdigest()[:32], size))


def _boxes_of(options: Options) -> BoxColumns:
    return box_columns(options.box, options.box_kind)


def _base(root: Root, member: Member) -> Location:
    if root.options and root.options.images:
        return at(root.options.images)
    if member.archive:
        raise FerError(
            f"{member.path}: a table inside an archive says nothing of where its images lie; "
            "unpack it, or say --images FOLDER"
        )
    return at(member.container)


def _above(root: Root, member: Member) -> tuple[str, str]:
    """What tells the images of a table from those of others: by its RAW argument, and within it.

    Both "" where the paths start from a folder of their own, which all tables share.
    """
    if root.options and root.options.images:
        return "", ""
    raw = apart(root, lambda r: r.path if r.path.is_dir() else r.path.parent)
    return raw, member.path.rpartition("/")[0]


def _frame(
    row: dict[str, str | None],
    number: int,
    member: Member,
    options: Options,
    image_of: Callable[[str, str], tuple[Member | None, str]],
    above: tuple[str, str],
) -> Frame:
    def cell(column: str | None) -> str | None:
        text = row.get(column) if column else None
        return None if text is None else composed(text)

    raw = row.get(options.path)
    path = clean_path(raw or "")
    image, status = image_of(path, raw or "")
    split = cell(options.split)
    below = _below(path, above[1])
    return Frame(
        key=_below(path or f"row-{number}", *above),
        path=f"{member.path}#{number}" if status != "ok" else below,
        image=image,
        status=status,
        detail=None if status == "ok" else f"{member.path}, row {number}: {raw!r} is {status}",
        raw_label=cell(options.label),
        subject=cell(options.subject) or named(options.subject_regex, below, "subject"),
        sequence=cell(options.sequence) or named(options.sequence_regex, below, "sequence"),
        official_split=PARTS.get((split or "").lower(), split),
        gender=cell(options.gender),
        age=cell(options.age),
        race=cell(options.race),
    )


def _said(row: dict[str, str | None], options: Options, words: dict[str, str]) -> list[str | None]:
    """What each rater said, in the word that the user's own map has for it."""
    cells = [row.get(getattr(options, rater) or "") for rater in RATERS]
    heard = [None if cell is None else composed(cell) for cell in cells]
    return [None if word is None else words.get(word, word) for word in heard]


def _below(path: str, *folders: str) -> str:
    """A path as it is seen from above these folders; "" is none."""
    above = "/".join(filter(None, folders))
    return f"{above}/{path.lstrip('/')}" if above else path


def _sizes() -> Size:
    """What tells the bytes of a plain file, None for anything else; of a store by its folders."""

    @functools.cache  # a store is asked once a folder, not once a file
    def below(folder: ObjectPath) -> dict[ObjectPath, int]:
        return {file: file.stat().st_size for file in folder.glob("*")}

    def size(file: Location) -> int | None:
        if isinstance(file, ObjectPath):
            return below(file.parent).get(file)
        facts = file.stat()
        return facts.st_size if stat.S_ISREG(facts.st_mode) else None

    return size


def _image(sizes: Size, base: Location, path: str, raw: str) -> tuple[Member | None, str]:
    """The file that a row names, or why it is not read."""
    parts = PurePosixPath(path).parts
    if not parts:
        return None, "no_image"
    if parts[0] == "/" or ".." in parts or ":" in parts[0]:
        return None, "unsafe_path"
    # a Mac unpacks names in the decomposed form, and a table may have been written on one
    for written in dict.fromkeys((path, raw, unicodedata.normalize("NFD", path))):
        file = base / written
        try:
            size = sizes(file)
        except ValueError:  # a name that holds a zero byte
            continue
        except OSError as error:
            if error.errno in GONE:
                continue
            return None, "unreadable"  # a folder without permission, a name that is too long
        if size is not None:
            return Member(path, file.name, str(file.parent), size), "ok"
    return None, "missing"
