"""The columns of a manifest: names, types, meaning; and how a table is brought back to them.

In goes a table, perhaps one that was filtered and saved by pandas; out comes one with every column
of the schema in its documented type, or an error that names the column at fault.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fertools.errors import FerError
from fertools.locations import Location

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
WORD_AND_P = ("word", "p")

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
    ("orientation", pa.int8(), "of the file, EXIF 1 .. 8, 1 where it names none; null without one"),
    ("file_hash", TEXT, "of the stored bytes"),
    ("image_hash", TEXT, "of the upright pixels decoded in full"),
    ("face_hash", TEXT, "of the stored face"),
    ("store", TEXT, "key of the face store; the card says where it lies"),
    ("shard", TEXT, "file of the store"),
    ("row", pa.int32(), "row of the shard"),
)
SAID = pa.list_(pa.struct([("session", TEXT), ("word", TEXT), ("second", TEXT)]))
# Written by `curate` and `import-verdicts`.
CURATED = (
    ("twin_group", TEXT, "faces that are copies of one another"),
    ("flags", pa.list_(TEXT), "what a check found"),
    ("drop", TEXT, "why the row should not be used"),
    ("verdict", TEXT, "what reviewers said: keep, drop, relabel, unsure or disputed"),
    ("label_verdict", TEXT, "the reviewers' word; never written over `label`"),
    ("label_verdict_second", TEXT, "their second choice"),
    ("session_verdicts", SAID, "what each session of reviewers said, from which these follow"),
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


def conform(table: pa.Table, file: Location | str = "table") -> pa.Table:
    """`table` with every column of the schema in its documented type, unknown ones after them."""
    for name in table.column_names:
        if table.column_names.count(name) > 1:
            raise FerError(f"{file}: column {name!r} is there twice; keep one")
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
        own = _no_view(table[name])
        where = f"{file}: column {name!r}"
        columns[name] = own if kind is None else _as_type(own, kind, where)
    return pa.table(columns)


def _no_view(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column without Arrow's views, of which pyarrow can take no rows."""
    if pa.types.is_string_view(column.type):
        return column.cast(pa.string())
    return column.cast(pa.binary()) if pa.types.is_binary_view(column.type) else column


def _as_type(column: pa.ChunkedArray, kind: pa.DataType, where: str) -> pa.ChunkedArray:
    """`column` in type `kind`, with pandas' detours (float for integer, NaN for null) undone."""
    if column.type == kind:
        return column
    try:
        if pa.types.is_floating(column.type) and not pa.types.is_floating(kind):
            column = _whole_numbers(column)
        if pa.types.is_struct(column.type) and pa.types.is_struct(kind):
            return _as_struct(column, kind, where)
        if pa.types.is_map(kind) and pa.types.is_list(column.type):
            return _as_map(column, kind)
        return column.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        raise FerError(f"{where} is {column.type}, not {kind} ({first_line(error)})") from error


def _whole_numbers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A float column that pandas made of integers with gaps, as integers; any other stays."""
    column = pc.if_else(pc.is_nan(column), None, column)
    whole = pc.all(pc.equal(column, pc.round(column))).as_py()
    return column.cast(pa.int64()) if whole is not False else column


def _as_struct(column: pa.ChunkedArray, kind: pa.StructType, where: str) -> pa.ChunkedArray:
    """A struct field by field: fields that are missing are null, unknown ones an error."""
    names = {field.name for field in kind}
    if strange := [field.name for field in column.type if field.name not in names]:
        raise FerError(f"{where} has a field {strange[0]!r}; known are {', '.join(sorted(names))}")
    whole = column.combine_chunks()
    here = {field.name: pc.struct_field(whole, field.name) for field in column.type}
    fields = [
        _as_type(pa.chunked_array([here[f.name]]), f.type, f"{where}, {f.name}").combine_chunks()
        if f.name in here
        else pa.nulls(len(whole), f.type)
        for f in kind
    ]
    struct = pa.StructArray.from_arrays(fields, fields=list(kind), mask=whole.is_null())
    return pa.chunked_array([struct])


def _as_map(column: pa.ChunkedArray, kind: pa.MapType) -> pa.ChunkedArray:
    """A list of `word` and `p`, as it is stored, as a map in memory."""
    rows = column.combine_chunks()
    pairs = rows.flatten()
    keys, values = (pc.struct_field(pairs, name) for name in WORD_AND_P)
    lengths = pc.fill_null(pc.list_value_length(rows), 0).to_numpy()
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
    plain = pa.MapArray.from_arrays(
        offsets, keys.cast(kind.key_type), values.cast(kind.item_type), mask=rows.is_null()
    )
    return pa.chunked_array([plain.cast(kind)])


def stored(table: pa.Table) -> pa.Table:
    """The table as it lies on the disk: a map as a list of `word` and `p`, since pandas reads a map
    that it cannot save again."""
    for at, field in enumerate(table.schema):
        if pa.types.is_map(field.type):
            table = table.set_column(at, field.name, _as_pairs(table[at].combine_chunks()))
    return table


def _as_pairs(column: pa.MapArray) -> pa.Array:
    offsets = column.offsets.to_numpy()
    first, count = int(offsets[0]), int(offsets[-1] - offsets[0])
    fields = [part.slice(first, count) for part in (column.keys, column.items)]
    pairs = pa.StructArray.from_arrays(fields, names=list(WORD_AND_P))
    places = pa.array(offsets - first, pa.int32())
    return pa.ListArray.from_arrays(places, pairs, mask=column.is_null())


def first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:200]
