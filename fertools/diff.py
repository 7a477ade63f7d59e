"""Diff: what is different between two versions of a manifest.

In go two manifests; out come the rows that were added, are gone, got another label, or moved to
another part. Rows are the same by their `id`. A label is `label` where both have it, else
`native_label`; a part is `split` or, with folds, `fold`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fertools.columns import Codes
from fertools.manifest import Manifest, locate, read_manifest

PARTS = ("split", "fold")
BESIDE = ("status", "face_hash", "drop", "subject")  # what else makes a row another one


@dataclass(frozen=True, slots=True)
class Change:
    """A row that is in both, and what it says in the first and in the second; '' for nothing."""

    id: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Diff:
    """Rows by what became of them; `same` counts those in both without any of these changes.

    `columns` are the columns compared; `notes` say what could not be, and in how many rows the
    status, the face, the reason to leave out or the person is another.
    """

    added: list[str]
    gone: list[str]
    relabelled: list[Change]
    moved: list[Change]
    same: int
    columns: dict[str, str]
    notes: list[str]


def diff(first: str | Path, second: str | Path) -> Diff:
    """Compare two manifests row by row; rows of a list come in the order of the ids.

    Raises `FerError` for what is no manifest.
    """
    a, b = (read_manifest(locate(path)) for path in (first, second))
    for manifest, path in ((a, first), (b, second)):
        manifest.each_once(path)
    old, new = a.table["id"].combine_chunks(), b.table["id"].combine_chunks()
    at = pc.index_in(new, old).fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    rows_b = np.flatnonzero(at >= 0)
    rows_a = at[rows_b]
    columns, notes = _columns(a, b)
    changes = {
        what: _changes(a.table, b.table, name, rows_a, rows_b) if name else []
        for what, name in columns.items()
    }
    touched = {change.id for found in changes.values() for change in found}
    notes += _beside(a.table, b.table, rows_a, rows_b)
    if not len(rows_b) and len(old) and len(new):
        notes.append("no id is in both: are these versions of one data set?")
    return Diff(
        added=sorted(new.filter(pa.array(at < 0)).to_pylist()),
        gone=sorted(old.filter(pc.invert(pc.is_in(old, new))).to_pylist()),
        relabelled=changes["label"],
        moved=changes["part"],
        same=len(rows_b) - len(touched),
        columns={what: name for what, name in columns.items() if name},
        notes=notes,
    )


def _columns(a: Manifest, b: Manifest) -> tuple[dict[str, str], list[str]]:
    """Which column says the label and which the part, '' for none; and notes."""
    label = "label" if a.has("label") and b.has("label") else "native_label"
    part = next((name for name in PARTS if a.has(name) and b.has(name)), "")
    dealt = [any(m.has(name) for name in PARTS) for m in (a, b)]
    notes = [] if part or not any(dealt) else ["parts cannot be compared: one has none like it"]
    return {"label": label, "part": part}, notes


def _texts(table: pa.Table, name: str, rows: Codes) -> pa.ChunkedArray:
    """Cells of some rows as texts, "" where there is none."""
    if name not in table.column_names:
        return pa.chunked_array([[""] * len(rows)], pa.string())
    return table[name].take(pa.array(rows)).cast(pa.string()).fill_null("")


def _beside(a: pa.Table, b: pa.Table, rows_a: Codes, rows_b: Codes) -> list[str]:
    """A note for each further column in which rows differ, which are among the same ones else."""
    notes = []
    for name in BESIDE:
        before, after = _texts(a, name, rows_a), _texts(b, name, rows_b)
        if count := pc.sum(pc.not_equal(before, after)).as_py():
            notes.append(f"{count:,} rows in both differ in {name}, which is no change above")
    return notes


def _changes(a: pa.Table, b: pa.Table, name: str, rows_a: Codes, rows_b: Codes) -> list[Change]:
    before, after = _texts(a, name, rows_a), _texts(b, name, rows_b)
    other = pc.not_equal(before, after)
    ids = b["id"].take(pa.array(rows_b)).filter(other).to_pylist()
    words = (column.filter(other).to_pylist() for column in (before, after))
    return sorted((Change(*change) for change in zip(ids, *words, strict=True)), key=lambda c: c.id)
