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

from fertools.errors import FerError
from fertools.manifest import write_rows
from fertools.manifest.tabular import cast, lacks, read_tabular

PREFIX = "p_"
TOLERANCE = 1e-3
NEEDS = "a column `id` and two or more `p_<word>`"


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
    table = read_tabular(Path(file), NEEDS)
    words = [name[len(PREFIX) :] for name in table.column_names if name.startswith(PREFIX)]
    if len(words) < 2:
        raise lacks(Path(file), NEEDS, table)
    ids = table["id"]
    columns = [_numbers(table, PREFIX + word, Path(file)) for word in words]
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


def _numbers(table: pa.Table, name: str, file: Path) -> npt.NDArray[np.float64]:
    numbers = cast(table[name], pa.float64(), file, name, "numbers").fill_null(float("nan"))
    return np.asarray(numbers.to_numpy(), np.float64)
