"""A CSV or Parquet table that names images, with columns of your choice: your own data.

Layout on disk: a table and, beside it or below `--images`, the image files that it names. Say which
column holds the path (`--path image`), the label, the subject, the split; labels that are no known
words are mapped by a TOML file (`--labels map.toml`: `"3" = "happiness"`).

Traps: a path may be absolute or climb out of the folder: such rows are kept with the status
`unsafe_path` and not read. A row whose file is missing is kept as `missing`. Blank lines are left
out.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from fertools.errors import FerError
from fertools.frame import Frame, option
from fertools.labels import read_words
from fertools.manifest import clean_path
from fertools.roots import Member, Root, Unit, table_unit

LICENCE = "yours"
CITATION = ""
HOMEPAGE = ""
PARTS = {"train": "train", "training": "train", "val": "val", "valid": "val", "test": "test"}
SUFFIXES = (".csv", ".tsv", ".parquet")


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


def matches(root: Root) -> bool:
    """Whether the root is a table, or a folder with one."""
    return any(m.suffix in SUFFIXES for m in root.members)


def units(root: Root) -> list[Unit]:
    """One unit for each table."""
    labels(root.options)
    return [
        table_unit(PurePosixPath(m.inner).stem, m, (root.options, str(_base(root, m))))
        for m in root.members
        if m.suffix in SUFFIXES
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
    return Path(member.container.split("\n")[0])


def _rows(unit: Unit, member: Member, options: Options) -> Iterator[dict[str, str | None]]:
    data = unit.read(member)
    if member.suffix == ".parquet":
        table = _parquet(data, member)
        names = table.column_names
        rows: Iterator[dict[str, Any]] = iter(table.to_pylist())
    else:
        text = _text(data, member)
        delimiter = "\t" if member.suffix == ".tsv" else ","
        reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
        reader.fieldnames = names = [(n or "").strip() for n in reader.fieldnames or []]
        rows = iter(reader)
    for column in ("path", "label", "subject", "sequence", "split", "gender", "age", "race"):
        if (name := getattr(options, column)) is not None and name not in names:
            raise FerError(
                f"{member.path}: no column {name!r}; there are {', '.join(map(str, names))}; "
                f"say which with --{column}"
            )
    for row in rows:
        yield {str(k): _value(v) for k, v in row.items() if k is not None}


def _parquet(data: bytes, member: Member) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(pa.py_buffer(data))
    except (pa.ArrowInvalid, OSError) as error:
        raise FerError(f"{member.path}: this is not a Parquet file ({error})") from error


def _text(data: bytes, member: Member) -> str:
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FerError(f"{member.path}: neither UTF-8 nor CP949; save it as UTF-8")


def _value(value: Any) -> str | None:
    """A cell as text; empty, NaN and null are None; a whole number loses its `.0`."""
    if value is None or value != value:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip() or None


def _frame(
    row: dict[str, str | None], number: int, member: Member, options: Options, base: Path
) -> Frame:
    def cell(column: str | None) -> str | None:
        return row.get(column) if column else None

    raw = cell(options.path)
    path = clean_path(raw or "")
    image, status = _image(base, raw or "")
    subject, split = cell(options.subject), cell(options.split)
    return Frame(
        key=path or f"row-{number}",
        path=f"{member.path}#{number}" if status != "ok" else path,
        image=image,
        status=status,
        detail=None if status == "ok" else f"{member.path}, row {number}: {raw!r} is {status}",
        raw_label=cell(options.label),
        subject=f"{member.name.split('.')[0]}:{subject}" if subject else None,
        sequence=cell(options.sequence),
        official_split=PARTS.get((split or "").lower(), split),
        gender=cell(options.gender),
        age=cell(options.age),
        race=cell(options.race),
    )


def _image(base: Path, raw: str) -> tuple[Member | None, str]:
    """The file that a row names, or why it is not read."""
    pure = PurePosixPath(raw.replace("\\", "/"))
    if not raw:
        return None, "no_image"
    if pure.is_absolute() or ".." in pure.parts or ":" in pure.parts[0]:
        return None, "unsafe_path"
    file = base / pure
    if not file.is_file():
        return None, "missing"
    return Member(clean_path(raw), file.name, str(file.parent), file.stat().st_size), "ok"
