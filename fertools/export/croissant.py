"""Croissant: `croissant.json` (MLCommons, version 1.0) beside Parquet files with the pictures.

One record set `faces` with a field for each column, the file set behind it, and every file's
SHA-256. The part is the field `split`.
"""

from pathlib import Path
from typing import Any

import pyarrow as pa

from fertools.export._chosen import Chosen
from fertools.export._columns import as_text, aside, flat, free
from fertools.export._files import citations, licences, missing, put_json
from fertools.export._parquet import write_parquet
from fertools.locations import sha256

READ_BY = "mlcroissant"
KEEPS = "parts as a field, labels as words, all columns, licence, SHA-256 of each file"
LOSES = "lists (JSON text), the order of the classes (export.json)"


def write(chosen: Chosen, out: Path) -> None:
    """Write `data/<part>-*.parquet` and `croissant.json`."""
    labels = pa.array([chosen.classes[code] for code in chosen.codes], pa.string())
    parts = pa.array([part or None for part in chosen.parts], pa.string())
    rest = flat(chosen.table)
    taken = set(rest.column_names)
    names = [free(aside(n), taken) if n == "split" else n for n in rest.column_names]
    table = _readable(rest).rename_columns(names).append_column("split", parts)
    table = table.append_column("label", labels)
    schema = pa.schema([pa.field("image", pa.binary()), *table.schema])
    files = []
    for part in chosen.dealt:
        stem = out / "data" / (part or "faces")
        files += write_parquet(chosen, part, stem, schema, table, lambda sample: sample.image)
    put_json(out / "croissant.json", _metadata(chosen, schema, files).to_json(), indent=1)


def _readable(table: pa.Table) -> pa.Table:
    """The table with dates, times and decimals as text, as which the fields are declared."""
    known = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_string,
             pa.types.is_large_string)  # fmt: skip
    for at, field in enumerate(table.schema):
        if not any(is_known(field.type) for is_known in known):
            table = table.set_column(at, field.name, as_text(table, field.name))
    return table


def _metadata(chosen: Chosen, schema: pa.Schema, files: list[Path]) -> Any:
    try:
        import mlcroissant as mlc
    except ImportError as error:
        raise missing("mlcroissant", "croissant", error) from error
    kind = "application/x-parquet"
    listed = [
        mlc.FileObject(id=f"data/{file.name}", name=file.name, content_url=f"data/{file.name}",
                       encoding_formats=[kind], sha256=sha256(file))
        for file in files
    ]  # fmt: skip
    held = mlc.FileSet(id="parquet", name="parquet", includes=["data/*.parquet"],
                       encoding_formats=[kind])  # fmt: skip
    fields = [
        mlc.Field(
            id=f"faces/{field.name}",
            name=field.name,
            data_types=_types(mlc.DataType, field),
            source=mlc.Source(file_set="parquet", extract=mlc.Extract(column=field.name)),
        )
        for field in schema
    ]
    digest = chosen.facts["manifest"]["digest"]
    return mlc.Metadata(
        name=chosen.facts["name"],
        description=f"{len(chosen.names)} faces, from the fertools manifest {digest}.",
        version="1.0.0",
        license=[licences(chosen)],
        cite_as=citations(chosen) or None,
        url=next((f["homepage"] for f in chosen.facts["sources"].values() if f["homepage"]), None),
        distribution=[*listed, held],
        record_sets=[mlc.RecordSet(id="faces", name="faces", fields=fields)],
    )


def _types(kinds: Any, field: pa.Field) -> list[Any]:
    """The Croissant type of a column; a part is a split by its meaning, too."""
    if field.name == "image":
        return [kinds.IMAGE_OBJECT]
    if field.name == "split":
        return [kinds.TEXT, kinds.SPLIT]
    if pa.types.is_floating(field.type):
        return [kinds.FLOAT]
    if pa.types.is_boolean(field.type):
        return [kinds.BOOL]
    return [kinds.INTEGER if pa.types.is_integer(field.type) else kinds.TEXT]
