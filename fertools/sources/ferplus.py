"""FER+: ten votes for every row of FER2013, joined to its table or to its folders.

Layout on disk: FER2013 in any form that `fer2013` reads, and `fer2013new.csv` (`Usage`,
`Image name`, eight emotions, `unknown`, `NF`). Give both: `ingest ferplus FER2013 VOTES`. The
folder version has no rows: give the table as well, `ingest ferplus FOLDERS fer2013.csv VOTES`; it
lends its pixels only.

Traps: the votes join by row order. `Image name` is no row number: it runs behind by up to 85,
four names occur twice and 173 are blank, half of which show a face. Tables without `Usage` are
parts of the whole and are refused. Exact copies have the same votes; copies within a part and class
of the folders cannot be told apart and get their rows in the order of names.

`raw_label` stays FER2013's own; `votes` holds ten numbers (`NF` as `non_face`), and `split
--label-rule ferplus-majority`, `ferplus-argmax`, `soft` or `multi` makes labels of them. Licence:
the votes are MIT, the pictures as FER2013's.
"""

import csv
import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fertools.errors import FerError
from fertools.frame import Batch, Frame
from fertools.labelling import votes_of
from fertools.manifest import VOTE_WORDS, VOTES
from fertools.measures import rules
from fertools.roots import Member, ReadFault, Root, Unit, open_member
from fertools.sources import _pixel_csv, fer2013
from fertools.sources._ferplus_join import join, of_folders, of_tables
from fertools.sources._together import each_once, text

LICENCE = "votes: MIT; pictures: research use, they belong to their owners"
CITATION = (
    "Barsoum et al., Training Deep Networks for Facial Expression Recognition with Crowd-Sourced "
    "Label Distribution, ICMI 2016"
)
HOMEPAGE = "github.com/microsoft/FERPlus"
POPULATION = fer2013.POPULATION
LABELS = fer2013.LABELS
DEFAULTS = fer2013.DEFAULTS
COLUMNS = {word: {"non_face": "nf"}.get(word, word) for word in VOTE_WORDS}
KINDS = {"key": pa.string(), "part": pa.string(), "image_name": pa.string(), "votes": VOTES}
MOST_VOTES = 1000  # ten raters looked at each picture
LEAST_AGREEMENT = 0.4  # in order 66 % of the rows agree with FER2013, out of order 18 %


def matches(root: Root) -> bool:
    """Whether the root holds the votes, or FER2013."""
    return _votes(root) is not None or fer2013.matches(root)


def units(root: Root) -> list[Unit]:
    """FER2013's units: those of the folders where there are any, else those of the table."""
    roots = (root, *root.beside)
    if all(_votes(other) is None for other in roots):
        raise FerError(f"{root}: no votes; give fer2013new.csv as well")
    folders = any(_has_folders(other) for other in roots)
    if folders and not any(_has_table(other) for other in roots):
        raise FerError(f"{root}: folders have no rows; give fer2013.csv for its pixels as well")
    return [unit for unit in fer2013.all_units(root) if fer2013.is_table(unit) != folders]


def index(root: Root) -> pa.Table | None:
    """The votes by row; for the folder version with the file that is the row."""
    member = _votes(root)
    if member is None:
        return None
    table = _read_votes(member)
    roots = (root, *root.beside)
    if any(_has_folders(other) for other in roots):
        files = of_folders(filter(_has_folders, roots))
        rows = of_tables(filter(_has_table, roots))
        place = join(files, rows)
        by_row = {rows.keys[at]: key for key, at in zip(files.keys, place, strict=True) if at >= 0}
        names = [by_row.get(key) for key in table["key"].to_pylist()]
        table = table.append_column("file", pa.array(names, pa.string()))
    return table


def unite(records: pa.Table) -> pa.Table:
    """The votes of all rounds; raises `FerError` where they have changed."""
    return each_once(records, ["key"])


def read(unit: Unit) -> Iterator[Frame | Batch]:
    """What `fer2013` reads, with votes."""
    records = pq.read_table(unit.labels)
    votes = records["votes"].to_pylist()
    keys, parts = records["key"].to_pylist(), records["part"].to_pylist()
    files = records["file"].to_pylist() if "file" in records.column_names else []
    places = {file: place for place, file in enumerate(files) if file}
    for piece in fer2013.read(unit):
        if isinstance(piece, Batch):
            yield _with_votes(piece, unit.members[0], votes, keys, parts)
        else:
            place = places.get(piece.key)
            record = None if place is None else keys[place]
            yield dataclasses.replace(
                piece,
                votes=None if place is None else votes[place],
                extra={"record": record, "source_row": None if record is None else int(record)},
            )


def report(table: pa.Table, index: pa.Table | None) -> list[str]:
    """Whether the votes belong to the rows, and what has none."""
    if "record" not in table.column_names or not table.num_rows:
        return []
    silent = table.filter(pc.is_null(table["votes"])).num_rows
    notes = [f"rows without votes: {silent}"] if silent else []
    same, of = _agreement(table)
    if of:
        notes.append(f"the word with most votes is FER2013's in {same / of:.1%} of {of:,} rows")
        if same < LEAST_AGREEMENT * of:
            notes.append("so few cannot be: these votes belong to other rows, or to another order")
    return notes


def _agreement(table: pa.Table) -> tuple[int, int]:
    """In how many rows the word with most votes is FER2013's, of those where there is one word.

    Rows that are led by two words, or by one that FER2013 does not have, are left out.
    """
    known = table.filter(pc.and_(pc.is_valid(table["votes"]), pc.is_valid(table["native_label"])))
    if not known.num_rows:
        return 0, 0
    led = rules.argmax(votes_of(known["votes"]), VOTE_WORDS)
    words = np.array([*led.names, ""])[led.codes]
    comparable = np.isin(words, list(LABELS.values()))
    same = words == known["native_label"].to_numpy(zero_copy_only=False)
    return int((same & comparable).sum()), int(comparable.sum())


def _head(member: Member) -> set[str]:
    """The columns of a table; none for any other file."""
    if not fer2013.TABLE.search(member.name):
        return set()
    try:
        with open_member(member) as stream:
            return set(_pixel_csv.header(stream.readline(4096)))
    except ReadFault:
        return set()


def _votes(root: Root) -> Member | None:
    """The table of votes, told by its columns."""
    return next((m for m in root.members if set(COLUMNS.values()) <= _head(m)), None)


def _has_folders(root: Root) -> bool:
    return any(fer2013.NAME.match(member.name) for member in root.members)


def _has_table(root: Root) -> bool:
    return any("pixels" in _head(member) for member in root.members)


def _read_votes(member: Member) -> pa.Table:
    """Rows in order: key (as the table's rows have it), part, Image name, votes."""
    try:
        reader = csv.reader(text(member).splitlines())
        head = [name.strip().lower() for name in next(reader, [])]
        at = {word: head.index(column) for word, column in COLUMNS.items()}
        usage, name = head.index("usage"), head.index("image name")
        rows = [row for row in reader if row]
    except (ValueError, csv.Error) as error:
        raise FerError(f"{member.path}: no table of votes ({error}); download it") from error
    votes = [_votes_row(row, at, number, member) for number, row in enumerate(rows)]
    columns = {
        "key": [f"{number:05d}" for number in range(len(rows))],
        "part": [fer2013.USAGES.get(row[usage].strip()) for row in rows],
        "image_name": [row[name].strip() or None for row in rows],
        "votes": votes,
    }
    return pa.table({name: pa.array(column, KINDS[name]) for name, column in columns.items()})


def _votes_row(row: list[str], at: dict[str, int], number: int, member: Member) -> dict[str, int]:
    """Votes per word of one row, each from 0 to `MOST_VOTES`."""
    try:
        votes = {word: int(row[place] or 0) for word, place in at.items()}
    except (ValueError, IndexError) as error:
        raise FerError(
            f"{member.path}: a row that is no votes, {number} ({error}); mend or download it"
        ) from error
    if not all(0 <= count <= MOST_VOTES for count in votes.values()):
        raise FerError(f"{member.path}: a row that is no votes, {number}: {votes}; download it")
    return votes


def _with_votes(
    batch: Batch, member: Member, votes: list[Any], keys: list[str], parts: list[str | None]
) -> Batch:
    """A block of the table with its votes by row.

    Raises `FerError` for a part of the table, and where the parts stand in another order.
    """
    numbers = [int(number) for number in batch.columns["source_row"]]
    inside = [number < len(keys) for number in numbers]
    if any("/" in key for key in batch.columns["key"]):
        raise FerError(f"{member.path}: a table without Usage is a part; give fer2013.csv whole")
    for number, part, known in zip(numbers, batch.columns["official_split"], inside, strict=True):
        if known and part != parts[number] and part and parts[number]:
            raise FerError(
                f"{member.path}: row {number} is of {part}, its votes of {parts[number]}; "
                "give the table in its official order"
            )
    columns = {
        **batch.columns,
        "votes": [votes[n] if known else None for n, known in zip(numbers, inside, strict=True)],
        "record": [keys[n] if known else None for n, known in zip(numbers, inside, strict=True)],
    }
    return Batch(columns, batch.faces)
