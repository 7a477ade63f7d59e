"""Tables as anybody keeps them: rows of a CSV, a TSV or a Parquet file, cells as text.

In goes a unit with one table; out come its rows, blank ones left out.
"""

import contextlib
import csv
import io
import re
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from fertools.errors import FerError
from fertools.manifest.parquet import read_parquet
from fertools.roots import Member, Unit
from fertools.roots.archives import MAX_MEMBER, impostor

KIND = re.compile(r"\.((csv|tsv)(\.gz|\.zst)?|parquet)$", re.IGNORECASE)
PARQUET = re.compile(r"\.parquet$", re.IGNORECASE)
TSV = re.compile(r"\.tsv(\.gz|\.zst)?$", re.IGNORECASE)
WHOLE = re.compile(r"^(-?\d+)\.0+$")  # pandas writes a column of numbers with gaps like this
# How pandas, R and spreadsheets write that there is nothing; a person may be called Nan.
NO_WORD = frozenset(("", "NaN", "nan", "#N/A", "<NA>"))
MISSING = NO_WORD | {"None", "null", "NULL", "NA", "N/A", "n/a"}
Read = tuple[list[str], Iterator[dict[str, Any]]]


def composed(text: str) -> str:
    """A word or a number as the data mean it: composed, and a whole number without `.0`."""
    return WHOLE.sub(r"\1", unicodedata.normalize("NFC", text))


def read_rows(
    unit: Unit, wanted: Mapping[str, Sequence[str]]
) -> Iterator[tuple[int, dict[str, str | None]]]:
    """The rows that hold anything, with their numbers, cells by the name of their column.

    `wanted` holds the columns by the options that name them. In those of the label None, NA and
    null are words, for a class may be called so. Raises `FerError` for a table that cannot be read,
    or lacks one of them.
    """
    member = unit.members[0]
    data = unit.read(member)
    if what := impostor(data[:256]):
        raise FerError(f"{member.path} is {what}; download the data itself")
    if PARQUET.search(member.name):
        names, rows = _parquet(data, member, wanted)
    else:
        names, rows = _csv(data, member)
    _check(names, member, wanted)
    labels = wanted.get("label", ())
    for number, cells in enumerate(rows):
        row = {n: _value(cell, NO_WORD if n in labels else MISSING) for n, cell in cells.items()}
        if any(value is not None for value in row.values()):
            yield number, row


def _check(names: Sequence[str], member: Member, wanted: Mapping[str, Sequence[str]]) -> None:
    """Raise `FerError` where a column that is asked for is not there, or there twice."""
    for option, name in _each(wanted):
        if names.count(name) == 1:
            continue
        if name in names:
            raise FerError(f"{member.path}: {name!r} is the name of several columns; rename one")
        if len(names) == 1 and (found := re.search(r"[;\t|]", names[0])):
            mark = "tabs" if found[0] == "\t" else repr(found[0])
            raise FerError(
                f"{member.path}: its columns stand between {mark}, so no column {name!r} is found; "
                "save it with commas"
            )
        raise FerError(
            f"{member.path}: no column {name!r}; there are {', '.join(names)}; "
            f"say which with --{option.replace('_', '-')}"
        )


def _each(wanted: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Every option with every column that it names."""
    return ((option, name) for option, names in wanted.items() for name in names)


def _parquet(data: bytes, member: Member, wanted: Mapping[str, Sequence[str]]) -> Read:
    table = read_parquet(data, member.path)
    for _, name in _each(wanted):
        if name in table.column_names and pa.types.is_nested(kind := table.schema.field(name).type):
            raise FerError(
                f"{member.path}: column {name!r} holds {kind}; write pictures that lie in a table "
                "into files, and name these in a column of text"
            )
    batches = table.to_batches(max_chunksize=4096)
    return table.column_names, (row for batch in batches for row in batch.to_pylist())


def _csv(data: bytes, member: Member) -> Read:
    csv.field_size_limit(MAX_MEMBER)  # of 131,072 by default, less than the pixels of a photograph
    delimiter = "\t" if TSV.search(member.name) else ","
    lines = io.StringIO(_text(data, member), newline="")
    # strict: a quote that opens and never closes would swallow the rows behind it
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    with csv_faults(reader, member):
        names = [name.strip() for name in next(reader, [])]
    return names, _cells(reader, names, member)


@contextlib.contextmanager
def csv_faults(reader: Any, member: Member, first: int = sys.maxsize) -> Iterator[None]:
    """Turn what is no CSV into a `FerError` that names the line, or the lines from the `first` of
    the row.
    """
    try:
        yield
    except csv.Error as error:
        last = reader.line_num
        where, cure = f"line {last}", "mend this line"
        if last > first:
            where, cure = f"lines {first} to {last}", "a quote opens there and does not close"
        raise FerError(f"{member.path}, {where}: {error}; {cure}") from error


def _cells(reader: Any, names: list[str], member: Member) -> Iterator[dict[str, Any]]:
    """The rows of a CSV by column; a short row lacks its last cells, a longer one is an error."""
    while True:
        with csv_faults(reader, member, reader.line_num + 1):
            cells = next(reader, None)
        if cells is None:
            return
        if any(cell.strip() for cell in cells[len(names) :]):
            raise FerError(
                f"{member.path}, line {reader.line_num}: {len(cells)} cells for {len(names)} "
                "columns; put a cell that holds the separator into quotes"
            )
        if cells:
            yield dict(zip(names, cells, strict=False))


def _text(data: bytes, member: Member) -> str:
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FerError(f"{member.path}: neither UTF-8 nor CP949; save it as UTF-8")


def _value(value: Any, missing: frozenset[str]) -> str | None:
    """A cell as text; None where that is one of `missing`; a whole number loses its `.0`."""
    if value is None or value != value:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip()
    return None if text in missing else text
