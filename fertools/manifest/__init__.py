"""The manifest: the Parquet table of samples, one row per face or per image that gave none.

In goes a path or a table; out comes a `Manifest`: a pyarrow table in the documented schema, with
its card. The Parquet file's metadata holds only what determines the content, so
that the same input and options give the same bytes; command, time and versions go to the card.
"""

import hashlib
import json
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

from fertools.columns import repeated, texts
from fertools.errors import UNPARSED, FerError
from fertools.locations import Location, at, create, on_disk, put, source
from fertools.manifest.card import REMAKE, check_card
from fertools.manifest.parquet import read_parquet
from fertools.manifest.schema import NEVER_NULL, stored
from fertools.manifest.schema import SCHEMA as SCHEMA
from fertools.manifest.schema import TYPES as TYPES
from fertools.manifest.schema import VOTE_WORDS as VOTE_WORDS
from fertools.manifest.schema import VOTES as VOTES
from fertools.manifest.schema import conform as conform

if TYPE_CHECKING:
    import pandas

VERSION = "1"


@dataclass(frozen=True, slots=True)
class Manifest:
    """A table of samples with what is known of it.

    `table` has every column of `SCHEMA` in its type, then any others. `card` is the JSON beside it
    (`{}` where there is none), `place` the folder where the card's relative paths start, `facts`
    the file metadata that determines the content.
    """

    table: pa.Table
    card: dict[str, Any] = field(default_factory=dict)
    place: Location = field(default_factory=Path)
    facts: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @property
    def folder(self) -> Path:
        """`place`, for who works with files; raises `FerError` for an object store."""
        return on_disk(self.place)

    def column(self, name: str) -> pa.ChunkedArray:
        """One column; raises `FerError` that lists the columns where there is none."""
        if name not in self.table.column_names:
            raise FerError(f"column {name!r}: known are {', '.join(self.table.column_names)}")
        return self.table[name]

    def texts(self, name: str) -> pa.ChunkedArray:
        """One column as texts; raises `FerError` where its values are lists or records."""
        return texts(self.column(name), name)

    def has(self, name: str) -> bool:
        """Whether the column is there and says something about at least one row."""
        table = self.table
        return name in table.column_names and table[name].null_count < table.num_rows

    @property
    def label_column(self) -> str:
        """The column of the words: those of a split, else the data set's own."""
        return "label" if self.has("label") else "native_label"

    def each_once(self, file: object) -> None:
        """Raise `FerError` that names the `file` where two rows have one id."""
        if (twice := repeated(self.table["id"])) is not None:
            raise FerError(f"{file}: two rows have the id {twice!r}; leave one of them out")

    def __repr__(self) -> str:
        table = self.table
        return f"Manifest({len(self):,} rows of {table.num_columns} columns, from {self.place})"

    def replace(self, table: "pa.Table | pandas.DataFrame") -> "Manifest":
        """The same manifest with another table, of Arrow, pandas or polars.

        Its columns are brought back to their types as by `read_manifest`, which see.
        """
        if not isinstance(table, pa.Table):
            if not hasattr(table, "__arrow_c_stream__"):
                raise FerError(f"table: a {type(table).__name__} is none; give Arrow's or pandas'")
            table = pa.table(table)
        return Manifest(conform(table), self.card, self.place, self.facts)

    def ok(self) -> pa.ChunkedArray:
        """Whether each row has a face."""
        return pc.equal(self.table["status"], "ok")

    def samples(self) -> Iterator[dict[str, Any]]:
        """Every row as a dictionary, in order."""
        for batch in self.table.to_batches(max_chunksize=4096):
            yield from batch.to_pylist()

    def to_pandas(self) -> "pandas.DataFrame":
        """The table as a pandas frame."""
        frame: pandas.DataFrame = stored(self.table).to_pandas()
        return frame


def locate(path: str | os.PathLike[str]) -> Path:
    """As `manifest_at`, for who works with files; raises `FerError` for an object store, too."""
    on_disk(at(path))  # first: a stranger's recipe may name a store, which is not to be asked
    return on_disk(manifest_at(path))


def manifest_at(path: str | os.PathLike[str] | Location) -> Location:
    """The manifest that `path` means: itself, or `manifest.parquet` of a data folder."""
    found = at(path)
    if found.is_dir():
        found = found / "manifest.parquet"
    if not found.is_file():
        raise FerError(f"{found}: there is no manifest; run `fertools ingest` or give its path")
    return found


def folder_of(data: str | os.PathLike[str] | Location) -> Path:
    """The folder that `data` (it, or its `manifest.parquet`) means; raises `FerError` where it is
    not on a disk of this machine.
    """
    found = on_disk(at(data))
    return found.parent if found.name == "manifest.parquet" else found


def card_path(manifest: Location) -> Location:
    """Where the card of a manifest lies: `card.json` of a data folder, else `<name>.card.json`."""
    if manifest.name == "manifest.parquet":
        return manifest.with_name("card.json")
    return manifest.with_name(manifest.stem + ".card.json")


def read_manifest(path: str | os.PathLike[str] | Location) -> Manifest:
    """Read a manifest, also one that was filtered and saved by pandas.

    Columns of the schema are brought back to their types; missing ones are added as null; unknown
    ones pass through. Raises `FerError` where the file is no Parquet table or names the column at
    fault where a column cannot be read as its type.
    """
    file = manifest_at(path)
    table = read_parquet(file, file)
    facts = _facts(table.schema.metadata, file)
    return Manifest(conform(table, file), read_card(file), file.parent, facts)


def _facts(metadata: dict[bytes, bytes] | None, file: Location) -> dict[str, Any]:
    """What the file's metadata says of its making; nothing where pandas wrote it."""
    try:
        facts: dict[str, Any] = json.loads((metadata or {}).get(b"fertools", b"{}"))
    except UNPARSED as error:
        raise FerError(f"{file}: its metadata is no JSON ({error}); make it again") from error
    if not isinstance(facts, dict):
        raise FerError(f"{file}: its metadata is no JSON object; make it again")
    return facts


def stored_facts(file: Location) -> dict[str, Any]:
    """The facts of a manifest without its rows; nothing where the file is broken or not there."""
    try:
        return _facts(pq.read_schema(source(file)).metadata, file)
    except (pa.ArrowException, OSError, FerError):
        return {}


def read_card(manifest: Location) -> dict[str, Any]:
    """The card beside a manifest; a filtered copy in a data folder falls back to `card.json`."""
    for path in (card_path(manifest), manifest.with_name("card.json")):
        if path.is_file():
            try:
                card = json.loads(path.read_text(encoding="utf-8"))
            except UNPARSED as error:
                raise FerError(f"{path}: this is not JSON ({error}); {REMAKE}") from error
            check_card(card, path)
            return dict(card)
    return {}


def write_manifest(
    path: Location, table: pa.Table, facts: dict[str, Any], card: dict[str, Any] | None = None
) -> str:
    """Write a manifest and its card, each put in place whole, the manifest last.

    `facts` holds what determines the content, nothing else: no time, no host, no path. Returns the
    sha256 of the file, which the card holds among its `files`.
    """
    text = json.dumps({"version": VERSION, **facts}, sort_keys=True, ensure_ascii=False)
    table = stored(table).replace_schema_metadata({b"fertools": text.encode()})
    stream = pa.BufferOutputStream()
    # one row group size and one codec: the bytes depend on the table alone
    pq.write_table(table, stream, compression="zstd", row_group_size=65536)
    data = stream.getvalue()
    digest = hashlib.sha256(data).hexdigest()
    path.parent.mkdir(parents=True, exist_ok=True)
    if card is not None:
        write_json(card_path(path), with_digest(card, path.name, digest))
    with create(path) as file:
        file.write(data)
        put(file, path)
    return digest


def with_digest(card: dict[str, Any], name: str, digest: str) -> dict[str, Any]:
    """A card that also says what the bytes of a file beside it are."""
    return {**card, "files": {**card.get("files", {}), name: digest}}


def write_json(path: Location, data: dict[str, Any]) -> None:
    """Write JSON, put in place whole."""
    with create(path) as file:
        file.write(json.dumps(data, indent=1, ensure_ascii=False).encode() + b"\n")
        put(file, path)


def write_page(path: str | Path, text: str) -> None:
    """Write a page for people, put in place whole. Raises as `write_whole`."""
    write_whole(path, text.encode())


def write_rows(path: str | Path, rows: pa.Table, another: str) -> None:
    """Write a table that is no manifest, put in place whole: Parquet, or a file `.csv`. Raises as
    `write_whole`.
    """
    stream = pa.BufferOutputStream()
    if Path(path).suffix.lower() == ".csv":
        csv.write_csv(rows, stream)
    else:
        pq.write_table(rows, stream, compression="zstd")
    write_whole(path, stream.getvalue(), another)


def write_whole(path: str | Path, data: bytes | pa.Buffer, another: str = "-o") -> None:
    """Write a file, put in place whole.

    Raises `FerError` where that is not possible, or a manifest lies there, which such a file never
    follows; the cure is to give `another`.
    """
    place = at(path)
    if _is_manifest(place):
        raise FerError(f"{path}: is a manifest, which would be lost; give another {another}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with create(place) as file:
            file.write(data)
            put(file, place)
    except OSError as error:
        cure = f"give another {another}"
        raise FerError(f"{path}: cannot be written ({error.strerror}); {cure}") from error


def _is_manifest(file: Location) -> bool:
    try:
        return file.is_file() and set(NEVER_NULL) <= set(pq.read_schema(source(file)).names)
    except (pa.ArrowException, OSError, FerError):
        return False


def spread(values: pa.Array, has: pa.ChunkedArray) -> pa.Array:
    """A column that holds `values`, in order, in the rows where `has` is true, null elsewhere."""
    place = pc.cumulative_sum(has.cast(pa.int64()))
    return values.take(pc.if_else(has, pc.subtract(place, 1), None).combine_chunks())


def clean_path(text: str) -> str:
    """A path as manifests hold it: NFC, with `/`."""
    return unicodedata.normalize("NFC", text.replace("\\", "/"))


def counts(column: pa.ChunkedArray) -> dict[str, int]:
    """How often each value occurs, most frequent first, then by name; null counts as ''."""
    pairs = ((e["values"] or "", e["counts"]) for e in pc.value_counts(column).to_pylist())
    return dict(sorted(pairs, key=lambda e: (-e[1], e[0])))
