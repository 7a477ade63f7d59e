"""The manifest: the Parquet table of samples, one row per face or per image that gave none.

In goes a path or a table; out comes a `Manifest`: a pyarrow table in the documented schema, with
its card. The Parquet file's metadata holds only what determines the content, so
that the same input and options give the same bytes; command, time and versions go to the card.
"""

import json
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fertools.errors import FerError

VERSION = "1"
VOTE_WORDS = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "non_face",
)
VOTES = pa.struct([(word, pa.int16()) for word in VOTE_WORDS])
POINTS = pa.list_(pa.float32())
TEXT = pa.string()

# Written by `ingest`. Never null: id, source, path, status. The rest is null when unknown.
INGESTED = (
    ("id", TEXT, "`<data set>/<key>`, unique in a manifest"),
    ("source", TEXT, "the data set's name"),
    ("path", TEXT, "NFC, `/`, relative to RAW; `archive.zip!member`, `file.csv#row`"),
    ("status", TEXT, "`ok`, or why there is no face"),
    ("detail", TEXT, "what exactly was wrong, for a status other than ok"),
    ("raw_label", TEXT, "what the data set says"),
    ("native_label", TEXT, "the canonical word for it"),
    ("subject", TEXT, "`<population>:<id>` of the person"),
    ("sequence", TEXT, "the recording a frame belongs to"),
    ("frame", pa.int32(), "number within the sequence"),
    ("gender", TEXT, "female, male, or as the data set says"),
    ("age", TEXT, "years or a range, as the data set says"),
    ("race", TEXT, "as the data set says"),
    ("background", TEXT, "where the photograph was taken"),
    ("captured_at", TEXT, "ISO 8601, local time"),
    ("official_split", TEXT, "train, val or test, as published"),
    ("valence", pa.float32(), "-1 .. 1"),
    ("arousal", pa.float32(), "-1 .. 1"),
    ("votes", VOTES, "votes per word"),
    ("rater_a_label", TEXT, "first rater's word"),
    ("rater_b_label", TEXT, "second rater's word"),
    ("rater_c_label", TEXT, "third rater's word"),
    ("action_units", TEXT, "FACS codes as `unit:intensity`, separated by blanks"),
    ("landmarks", POINTS, "x0 y0 x1 y1 .. in pixels of the upright photograph"),
    ("box_x0", pa.float32(), "left edge of the face, pixels of the upright photograph"),
    ("box_y0", pa.float32(), "upper edge"),
    ("box_x1", pa.float32(), "right edge"),
    ("box_y1", pa.float32(), "lower edge"),
    ("box_source", TEXT, "annotation, detector or image (the whole of it)"),
    ("detector", TEXT, "name of the detector"),
    ("detector_score", pa.float32(), "0 .. 1, or the detector's own scale"),
    ("width", pa.int32(), "of the photograph as stored, pixels"),
    ("height", pa.int32(), "of the photograph as stored, pixels"),
    ("orientation", pa.int8(), "EXIF orientation 1 .. 8; null where the file names none"),
    ("file_hash", TEXT, "of the stored bytes"),
    ("image_hash", TEXT, "of the upright pixels decoded in full"),
    ("face_hash", TEXT, "of the stored face"),
    ("store", TEXT, "key of the face store; the card says where it lies"),
    ("shard", TEXT, "file of the store"),
    ("row", pa.int32(), "row of the shard"),
)
# Written by `curate`.
CURATED = (
    ("twin_group", TEXT, "faces that are copies of one another"),
    ("flags", pa.list_(TEXT), "what a check found"),
    ("drop", TEXT, "why the row should not be used"),
    ("label_verdict", TEXT, "a reviewer's word; never written over `label`"),
)
# Written by `split`.
DEALT = (
    ("label", TEXT, "the word that the label rule gives"),
    ("label_status", TEXT, "ok, unlabelled, no_majority or unknown_word"),
    ("target", pa.map_(TEXT, pa.float32()), "probability per word, for a rule that gives several"),
    ("group", TEXT, "rows that are dealt together"),
    ("group_kind", TEXT, "subject, sequence, twin or self"),
    ("split", TEXT, "train, val or test"),
    ("fold", pa.int16(), "number of the fold in which the row is tested"),
)
NEVER_NULL = ("id", "source", "path", "status")
TYPES: dict[str, pa.DataType] = {name: kind for name, kind, _ in (*INGESTED, *CURATED, *DEALT)}
SCHEMA = pa.schema(
    [pa.field(name, kind, nullable=name not in NEVER_NULL) for name, kind, _ in INGESTED]
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A table of samples with what is known of it.

    `table` has every column of `SCHEMA` in its type, then any others. `card` is the JSON beside it
    (`{}` where there is none), `folder` where the card's relative paths start, `facts` the file
    metadata that determines the content.
    """

    table: pa.Table
    card: dict[str, Any] = field(default_factory=dict)
    folder: Path = field(default_factory=Path)
    facts: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def column(self, name: str) -> pa.ChunkedArray:
        """One column; raises `FerError` that lists the columns where there is none."""
        if name not in self.table.column_names:
            raise FerError(f"column {name!r}: known are {', '.join(self.table.column_names)}")
        return self.table[name]

    def has(self, name: str) -> bool:
        """Whether the column is there and says something about at least one row."""
        table = self.table
        return name in table.column_names and table[name].null_count < table.num_rows

    def replace(self, table: pa.Table) -> "Manifest":
        """The same manifest with another table."""
        return Manifest(table, self.card, self.folder, self.facts)

    def ok(self) -> pa.ChunkedArray:
        """Whether each row has a face."""
        return pc.equal(self.table["status"], "ok")

    def samples(self) -> Iterator[dict[str, Any]]:
        """Every row as a dictionary, in order."""
        for batch in self.table.to_batches(max_chunksize=4096):
            yield from batch.to_pylist()

    def to_pandas(self) -> Any:
        """The table as a pandas frame."""
        return self.table.to_pandas()


def locate(path: str | os.PathLike[str]) -> Path:
    """The manifest file that `path` means: itself, or `manifest.parquet` of a data folder."""
    found = Path(path)
    if found.is_dir():
        found = found / "manifest.parquet"
    if not found.is_file():
        raise FerError(f"{found}: there is no manifest; run `fertools ingest` or give its path")
    return found


def card_path(manifest: Path) -> Path:
    """Where the card of a manifest lies: `card.json` of a data folder, else `<name>.card.json`."""
    if manifest.name == "manifest.parquet":
        return manifest.with_name("card.json")
    return manifest.with_name(manifest.stem + ".card.json")


def read_manifest(path: str | os.PathLike[str]) -> Manifest:
    """Read a manifest, also one that was filtered and saved by pandas.

    Columns of the schema are brought back to their types; missing ones are added as null; unknown
    ones pass through. Raises `FerError` where the file is no Parquet table or names the column at
    fault where a column cannot be read as its type.
    """
    file = locate(path)
    try:
        table = pq.read_table(file)
    except (pa.ArrowInvalid, OSError) as error:
        raise FerError(f"{file}: this is not a Parquet file ({_first_line(error)})") from error
    facts = json.loads((table.schema.metadata or {}).get(b"fertools", b"{}"))
    return Manifest(conform(table, file), read_card(file), file.parent, facts)


def read_card(manifest: Path) -> dict[str, Any]:
    """The card beside a manifest; a filtered copy in a data folder falls back to `card.json`."""
    for path in (card_path(manifest), manifest.with_name("card.json")):
        if path.is_file():
            try:
                card = json.loads(path.read_text(encoding="utf-8"))
            except ValueError as error:
                raise FerError(f"{path}: this is not JSON ({error}); write it again") from error
            if not isinstance(card, dict):
                raise FerError(f"{path}: a card is a JSON object; write it again")
            return card
    return {}


def conform(table: pa.Table, file: Path | str = "table") -> pa.Table:
    """`table` with every column of the schema in its documented type, unknown ones after them."""
    for name in NEVER_NULL:
        if name not in table.column_names:
            raise FerError(f"{file}: column {name!r} is missing; this is not a manifest")
        if table[name].null_count:
            raise FerError(f"{file}: column {name!r} is null in {table[name].null_count} rows")
    columns = {
        f.name: _as_type(table[f.name], f.type, f"{file}: column {f.name!r}")
        if f.name in table.column_names
        else pa.nulls(table.num_rows, f.type)
        for f in SCHEMA
    }
    for name in table.column_names:
        if name in columns or name == "__index_level_0__":
            continue
        kind = TYPES.get(name)
        where = f"{file}: column {name!r}"
        columns[name] = table[name] if kind is None else _as_type(table[name], kind, where)
    return pa.table(columns)


def _as_type(column: pa.ChunkedArray, kind: pa.DataType, where: str) -> pa.ChunkedArray:
    """`column` in type `kind`, with pandas' detours (float for integer, NaN for null) undone."""
    if column.type == kind:
        return column
    try:
        if pa.types.is_floating(column.type) and pa.types.is_integer(kind):
            column = pc.if_else(pc.is_nan(column), None, column)
        if pa.types.is_struct(kind):
            return pa.chunked_array([pa.array(column.to_pylist(), kind)])
        if pa.types.is_map(kind):
            rows = [None if row is None else list(_pairs(row)) for row in column.to_pylist()]
            return pa.chunked_array([pa.array(rows, kind)])
        return column.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        raise FerError(f"{where} is {column.type}, not {kind} ({_first_line(error)})") from error


def _pairs(row: Any) -> Iterator[tuple[str, float]]:
    items = row.items() if isinstance(row, dict) else row
    return ((key, value) for key, value in items if value is not None)


def write_manifest(
    path: Path, table: pa.Table, facts: dict[str, Any], card: dict[str, Any] | None = None
) -> None:
    """Write a manifest and its card, each renamed into place, the manifest last.

    `facts` holds what determines the content, nothing else: no time, no host, no path.
    """
    text = json.dumps({"version": VERSION, **facts}, sort_keys=True, ensure_ascii=False)
    table = table.replace_schema_metadata({b"fertools": text.encode()})
    path.parent.mkdir(parents=True, exist_ok=True)
    if card is not None:
        write_json(card_path(path), card)
    partial = path.with_name(f".{path.name}.partial")
    # one row group size and one codec: the bytes depend on the table alone
    pq.write_table(table, partial, compression="zstd", row_group_size=65536)
    partial.replace(path)


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Write JSON, renamed into place."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)


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


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:200]
