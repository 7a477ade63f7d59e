"""The probability file: what a model says of each row, whoever made it.

A Parquet table, or a CSV of another framework, with the column `id`, as manifests have it, and a
column `p_<word>` for each class, 0 .. 1 and together 1 per row; further columns pass through.
`evaluate --probs` writes it, `curate --probs`, `evaluate --from` and `compare --on` read it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from fertools.columns import repeated
from fertools.errors import FerError
from fertools.manifest import write_rows
from fertools.manifest.parquet import read_parquet
from fertools.manifest.schema import first_line

PREFIX = "p_"
TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Probs:
    """Probabilities `values` (n, classes) of the rows `ids` (n,)."""

    ids: tuple[str, ...]
    classes: tuple[str, ...]
    values: npt.NDArray[np.float64]

    def at(self, ids: Sequence[str]) -> npt.NDArray[np.int64]:
        """The place of each id, -1 where it is not there."""
        found = pc.index_in(pa.array(ids, pa.string()), pa.array(self.ids, pa.string()))
        return np.asarray(found.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)


def read_probs(file: Path | str) -> Probs:
    """Read a probability file.

    Raises `FerError` where there is no id, an id stands there twice, no class, or a row whose
    probabilities are missing, negative or do not sum to 1.
    """
    table = _table(Path(file))
    if (twice := repeated(pa.chunked_array([table.column_names]))) is not None:
        raise FerError(f"{file}: the column {twice!r} stands there twice; give each once")
    words = [name[len(PREFIX) :] for name in table.column_names if name.startswith(PREFIX)]
    if "id" not in table.column_names or len(words) < 2:
        known = ", ".join(table.column_names)
        raise FerError(f"{file}: needs a column `id` and two or more `p_<word>`; it has {known}")
    ids = _cast(table["id"], pa.string(), f"{file}: column id", "texts")
    if ids.null_count or len(pc.unique(ids)) < len(ids):
        raise FerError(f"{file}: an id is null or stands there twice; give one row per face")
    columns = [_numbers(table[PREFIX + word], f"{file}: column {PREFIX}{word}") for word in words]
    values = np.stack(columns, axis=1)
    wrong = (values < 0).any(axis=1) | (abs(values.sum(axis=1) - 1) > TOLERANCE)
    wrong |= ~np.isfinite(values).all(axis=1)
    if wrong.any():
        at = int(np.argmax(wrong))
        raise FerError(
            f"{file}: the probabilities of {ids[at].as_py()!r} are {values[at].round(4).tolist()}; "
            "give numbers from 0 to 1 that sum to 1"
        )
    return Probs(tuple(ids.to_pylist()), tuple(words), values)


def write_probs(file: Path | str, probs: Probs, more: Mapping[str, Any] | None = None) -> None:
    """Write a probability file, put in place whole; `more` are further columns."""
    columns: dict[str, Any] = {"id": pa.array(probs.ids, pa.string())}
    columns |= {PREFIX + word: probs.values[:, i] for i, word in enumerate(probs.classes)}
    write_rows(file, pa.table({**columns, **(more or {})}), "file")


def _table(file: Path) -> pa.Table:
    """The table of a Parquet file, or of one that is called `.csv`."""
    if file.suffix.lower() != ".csv":
        return read_parquet(file, file, cure="; write `id` and `p_<word>` as Parquet or as .csv")
    try:
        types = csv.ConvertOptions(column_types={"id": pa.string()})
        return csv.read_csv(file, convert_options=types)
    except (pa.ArrowException, OSError) as error:
        raise FerError(f"{file}: cannot be read as a CSV ({first_line(error)})") from error


def _numbers(column: pa.ChunkedArray, where: str) -> npt.NDArray[np.float64]:
    numbers = _cast(column, pa.float64(), where, "numbers").fill_null(float("nan"))
    return np.asarray(numbers.to_numpy(), np.float64)


def _cast(column: pa.ChunkedArray, kind: pa.DataType, where: str, what: str) -> pa.ChunkedArray:
    try:
        return column.cast(kind)
    except pa.ArrowException as error:
        raise FerError(f"{where} holds {column.type}; give {what}") from error
