"""A CSV or Parquet table that names images, with columns of your choice: your own data.

Layout on disk: a table (`.csv`, `.tsv`, also with `.gz` or `.zst`, or `.parquet`) and, beside it or
below `--images`, the image files that it names. Say which column holds the path (`--path image`),
the label, the subject, the split; labels that are no known words are mapped by a TOML file
(`--labels map.toml`: `"3" = "happiness"`).

Traps: a path may be absolute or climb out of the folder: such rows are kept with the status
`unsafe_path` and not read. A row whose file is missing is kept as `missing`. Blank lines are left
out.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from fertools.errors import FerError
from fertools.frame import Frame, option
from fertools.labels import read_words
from fertools.manifest import clean_path
from fertools.manifest.parquet import read_parquet
from fertools.roots import Member, Root, Unit, table_unit
from fertools.roots.archives import MAX_MEMBER, impostor

LICENCE = "yours"
SHARING = "free"  # `export` may write the pictures
CITATION = ""
HOMEPAGE = ""
DEFAULTS = {"faces": "as-is"}
PARTS = {"train": "train", "training": "train", "val": "val", "valid": "val", "test": "test"}
KIND = re.compile(r"\.((csv|tsv)(\.gz|\.zst)?|parquet)$", re.IGNORECASE)
PARQUET = re.compile(r"\.parquet$", re.IGNORECASE)
TSV = re.compile(r"\.tsv(\.gz|\.zst)?$", re.IGNORECASE)
COLUMNS = ("path", "label", "subject", "sequence", "split", "gender", "age", "race")
Read = tuple[list[str], Iterator[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Options:
    """Which column says what."""

    path: str = option("path", "column with the image's path, relative to the table")
    label: str | None = option(None, "column with the label")
    subject: str | None = option(None, "column with the person")
    sequence: str | None = option(None, "column with the sequence")
    split: str | None = option(None, "column with the official split")
    gender: str | None = option(None, "column with the gender")
    age: str | None = option(None, "column with the age")
    race: str | None = option(None, "column with the race")
    labels: str | None = option(None, "TOML file that maps labels to words")
    images: str | None = option(None, "folder that the paths start from")


def labels(options: Options) -> dict[str, str]:
    """The user's own map from labels to words."""
    return read_words(Path(options.labels)) if options.labels else {}


def determining(options: Options) -> dict[str, Any]:
    """What of the options determines the result: the words of a label map, not where it lies."""
    return {**asdict(options), "labels": labels(options) or None, "images": None}


def matches(root: Root) -> bool:
    """Whether the root is a table, or a folder with one."""
    return any(KIND.search(m.name) for m in root.members)


def units(root: Root) -> list[Unit]:
    """One unit for each table."""
    labels(root.options)
    return [
        table_unit(KIND.sub("", m.inner), m, (root.options, str(_base(root, m))))
        for m in root.members
        if KIND.search(m.name)
    ]


def read(unit: Unit) -> Iterator[Frame]:
    """The rows of the table, in its order."""
    options, base = unit.options
    member = unit.members[0]
    for number, row in enumerate(_rows(unit, member, options)):
        if any(value is not None for value in row.values()):
            yield _frame(row, number, member, options, Path(base))


def _base(root: Root, member: Member) -> Path:
    if root.options and root.options.images:
        return Path(root.options.images)
    if member.archive:
        raise FerError(
            f"{member.path}: a table inside an archive says nothing of where its images lie; "
            "unpack it, or say --images FOLDER"
        )
    return Path(member.container)


def _rows(unit: Unit, member: Member, options: Options) -> Iterator[dict[str, str | None]]:
    data = unit.read(member)
    if what := impostor(data[:256]):
        raise FerError(f"{member.path} is {what}; download the data itself")
    names, rows = _parquet(data, member) if PARQUET.search(member.name) else _csv(data, member)
    for column in COLUMNS:
        if (name := getattr(options, column)) is not None and name not in names:
            raise FerError(
                f"{member.path}: no column {name!r}; there are {', '.join(names)}; "
                f"say which with --{column}"
            )
    for row in rows:
        yield {name: _value(value) for name, value in row.items()}


def _parquet(data: bytes, member: Member) -> Read:
    table = read_parquet(data, member.path)
    batches = table.to_batches(max_chunksize=4096)
    return table.column_names, (row for batch in batches for row in batch.to_pylist())


def _csv(data: bytes, member: Member) -> Read:
    delimiter = "\t" if TSV.search(member.name) else ","
    reader = csv.reader(io.StringIO(_text(data, member), newline=""), delimiter=delimiter)
    names = [name.strip() for name in next(reader, [])]
    return names, _cells(reader, names, member)


def _cells(reader: Any, names: list[str], member: Member) -> Iterator[dict[str, Any]]:
    """The rows of a CSV by column; a short row lacks its last cells, a longer one is an error."""
    csv.field_size_limit(MAX_MEMBER)  # of 131,072 by default, less than the pixels of a photograph
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells[len(names) :]):
                raise FerError(
                    f"{member.path}, line {reader.line_num}: {len(cells)} cells for {len(names)} "
                    "columns; put a cell that holds the separator into quotes"
                )
            if cells:
                yield dict(zip(names, cells, strict=False))
    except csv.Error as error:
        raise FerError(f"{member.path}, line {reader.line_num}: {error}; mend this line") from error


def _text(data: bytes, member: Member) -> str:
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FerError(f"{member.path}: neither UTF-8 nor CP949; save it as UTF-8")


def _value(value: Any) -> str | None:
    """A cell as text; blank, NaN and null are None; a whole number loses its `.0`."""
    if value is None or value != value:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip()
    return None if text.lower() in ("", "nan") else text


def _frame(
    row: dict[str, str | None], number: int, member: Member, options: Options, base: Path
) -> Frame:
    def cell(column: str | None) -> str | None:
        return row.get(column) if column else None

    raw = cell(options.path)
    path = clean_path(raw or "")
    image, status = _image(base, path, raw or "")
    split = cell(options.split)
    return Frame(
        key=path or f"row-{number}",
        path=f"{member.path}#{number}" if status != "ok" else path,
        image=image,
        status=status,
        detail=None if status == "ok" else f"{member.path}, row {number}: {raw!r} is {status}",
        raw_label=cell(options.label),
        subject=cell(options.subject),
        sequence=cell(options.sequence),
        official_split=PARTS.get((split or "").lower(), split),
        gender=cell(options.gender),
        age=cell(options.age),
        race=cell(options.race),
    )


def _image(base: Path, path: str, raw: str) -> tuple[Member | None, str]:
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
            if file.is_file():
                return Member(path, file.name, str(file.parent), file.stat().st_size), "ok"
        except OSError:  # a folder without permission, a name that is too long
            return None, "unreadable"
    return None, "missing"
