"""Statistics of a manifest: class balance per part, what leans on the split, who gave no face.

In goes a manifest; out come counts and shares of a column per part, imbalance, the association of
every metadata column with the split, and drop-outs by class and reason. All tests permute whole
groups: the rows of one person are not independent.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fertools.charts import BESIDE
from fertools.columns import Codes, encode, usable
from fertools.errors import FerError
from fertools.given import whole
from fertools.manifest import Manifest, read_manifest
from fertools.measures import balance
from fertools.measures.leakage import PARTS
from fertools.measures.words import per_cent

METADATA = ("native_label", "label", "gender", "age", "race", "background", "source")
UNKNOWN = "(unknown)"
MANY = 60  # values of a column beyond which a table is of no use


@dataclass(frozen=True, slots=True)
class Balance:
    """Counts of a column's values per part (`parts` x `values`), over usable rows with a face.

    `unknown` rows of the parts have no value, `unused` rows have a face and are in no part or were
    dropped; `imbalance` is inf where a value has no row in any part, nan without a value.
    """

    column: str
    by: str
    parts: list[str]
    values: list[str]
    counts: list[list[int]]
    unknown: int
    unused: int
    imbalance: float
    effective_classes: list[float]


@dataclass(frozen=True, slots=True)
class Lean:
    """How far a column leans on the parts, or the share without a face on a column."""

    column: str
    v: float
    p: float
    rows: int
    groups: int


@dataclass(frozen=True, slots=True)
class DropOut:
    """Rows of one value of a column, and how many of them gave no face, by reason."""

    column: str
    value: str
    rows: int
    without: int
    reasons: dict[str, int]


@dataclass(frozen=True, slots=True)
class Stats:
    """What `fertools stats` tells."""

    rows: int
    faces: int
    statuses: dict[str, int]
    balance: Balance
    leans: list[Lean]
    dropouts: list[DropOut]
    dropout_leans: list[Lean]


def stats(
    manifest: Manifest | str | Path,
    column: str | None = None,
    permutations: int = 199,
    seed: int = 0,
) -> Stats:
    """Statistics of a manifest; `column` is the label by default.

    Raises `FerError` for a column that is not there, or whose values are too many for a table, and
    where two rows have one id.
    """
    whole("permutations", permutations, 0)
    whole("seed", seed, 0)
    name = "manifest" if isinstance(manifest, Manifest) else manifest
    if not isinstance(manifest, Manifest):
        manifest = read_manifest(manifest)
    manifest.each_once(name)
    table = manifest.table
    column = column or manifest.label_column
    by, part, parts = parts_of(table)
    faces = usable(table)
    groups = _groups(table)
    return Stats(
        rows=table.num_rows,
        faces=int((table["status"].to_numpy() == "ok").sum()),
        statuses=_counted(table["status"]),
        balance=_balance(manifest, column, by, np.where(faces, part, -1), parts),
        leans=_leans(table, by, np.where(faces, part, -1), groups, permutations, seed),
        dropouts=_dropouts(table),
        dropout_leans=_dropout_leans(table, groups, permutations, seed),
    )


def parts_of(table: pa.Table) -> tuple[str, Codes, list[str]]:
    """The column that parts the rows, each row's part (-1: none) and the parts' names."""
    for name in ("split", "fold", "official_split"):
        if name in table.column_names and table[name].null_count < table.num_rows:
            codes, names = encode(table[name].cast(pa.string()))
            order = [names.index(p) for p in PARTS if p in names]
            order += [i for i in _sorted(names) if i not in order]
            rank = np.empty(len(names) + 1, np.int64)
            rank[order], rank[-1] = np.arange(len(names)), -1
            shown = [f"fold {names[i]}" if name == "fold" else names[i] for i in order]
            return name, rank[codes], shown
    return "all", np.zeros(table.num_rows, np.int64), ["all"]


def _sorted(names: list[str]) -> list[int]:
    return sorted(range(len(names)), key=lambda i: (len(names[i]), names[i]))


def _groups(table: pa.Table) -> Codes:
    """Group of each row: as it was dealt, else its subject, else itself."""
    for name in ("group", "subject"):
        if name in table.column_names and table[name].null_count < table.num_rows:
            codes, names = encode(table[name])
            alone = codes < 0
            codes[alone] = len(names) + np.arange(alone.sum())
            return codes
    return np.arange(table.num_rows)


def _counted(column: pa.ChunkedArray) -> dict[str, int]:
    pairs = [
        (UNKNOWN if e["values"] is None else str(e["values"]), e["counts"])
        for e in pc.value_counts(column).to_pylist()
    ]
    return dict(sorted(pairs, key=lambda e: (-e[1], e[0])))


def _balance(manifest: Manifest, column: str, by: str, part: Codes, parts: list[str]) -> Balance:
    codes, values = encode(manifest.texts(column))
    if len(values) > MANY:
        raise FerError(f"column {column!r}: {len(values)} values are too many for a table")
    counts = balance.count(codes, part, len(values), len(parts))
    return Balance(
        column=column,
        by=by,
        parts=parts,
        values=values,
        counts=counts.tolist(),
        unknown=int(((codes < 0) & (part >= 0)).sum()),
        unused=int(((manifest.table["status"].to_numpy() == "ok") & (part < 0)).sum()),
        imbalance=balance.imbalance_ratio(counts.sum(axis=0)),
        effective_classes=[balance.effective_classes(row) for row in counts],
    )


def _leans(
    table: pa.Table, by: str, part: Codes, groups: Codes, permutations: int, seed: int
) -> list[Lean]:
    if by == "all":
        return []
    found = []
    labelled = "label" in table.column_names
    for name in METADATA:
        if name == "native_label" and labelled:
            continue
        if name in table.column_names and table[name].null_count < table.num_rows:
            codes, _ = encode(table[name])
            result = balance.associate(codes, part, groups, permutations, seed)
            found.append(Lean(name, result.v, result.p, result.rows, result.groups))
    return [lean for lean in found if not np.isnan(lean.v)]


def _dropouts(table: pa.Table) -> list[DropOut]:
    """Rows without a face for each value of each column that may matter."""
    without = table.filter(pc.not_equal(table["status"], "ok"))
    found = []
    for name in _told(table) if without.num_rows else []:
        totals, missed = _counted(table[name]), _counted(without[name])
        text = pc.coalesce(without[name].cast(pa.string()), UNKNOWN)
        for value in sorted(totals) if 1 < len(totals) <= MANY else []:
            reasons = _counted(without.filter(pc.equal(text, value))["status"])
            found.append(DropOut(name, value, totals[value], missed.get(value, 0), reasons))
    return found


def _dropout_leans(table: pa.Table, groups: Codes, permutations: int, seed: int) -> list[Lean]:
    """Does one expression, gender, age or part lose more faces than the others?"""
    lost = table["status"].to_numpy() != "ok"
    found = []
    for name in _told(table) if lost.any() else []:
        codes, _ = encode(table[name].cast(pa.string()))
        test = balance.associate(lost.astype(np.int64), codes, groups, permutations, seed)
        found.append(Lean(name, test.v, test.p, test.rows, test.groups))
    return [lean for lean in found if not np.isnan(lean.v)]


def _told(table: pa.Table) -> list[str]:
    """Columns by which drop-outs are told: what was known before a face was looked for."""
    names = dict.fromkeys((*(m for m in METADATA if m != "label"), "official_split"))
    present = [n for n in names if n in table.column_names]
    return [n for n in present if table[n].null_count < table.num_rows]


def as_table(found: Balance) -> tuple[list[str], list[list[Any]]]:
    """The balance as heads and rows: of each value the total, then count and share in each part.

    Parts that are too many to stand side by side are rows with the count of each value.
    """
    counts = np.array(found.counts).reshape(len(found.parts), len(found.values))
    if len(found.parts) > BESIDE:
        each = [[p, *row, sum(row)] for p, row in zip(found.parts, found.counts, strict=True)]
        sums = counts.sum(axis=0).tolist()
        return ["", *found.values, "rows"], [*each, ["all", *sums, sum(sums)]]
    totals = counts.sum(axis=1)
    rows: list[list[Any]] = []
    for i, value in enumerate(found.values):
        here = counts[:, i]
        shares = here / np.maximum(totals, 1)
        shown = [f"{n:,} ({per_cent(s)})" for n, s in zip(here, shares, strict=True)]
        rows.append([value, int(here.sum()), *shown])
    return [found.column, "rows", *found.parts], rows
