"""What the report of a manifest shows: the results of the stages, before anything is drawn.

In goes a manifest's file; out comes `Facts`. A data folder without a split of its own is looked at
in the parts that it was published with. Nothing here depends on time, machine or place.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fertools.audit import audit
from fertools.audit.verdict import Audit
from fertools.columns import encode, flagged, usable
from fertools.errors import FerError
from fertools.flows.report.suspects import Suspects, curation, suspects
from fertools.locations import sha256
from fertools.manifest import Manifest, locate, read_manifest
from fertools.measures import balance
from fertools.split import SplitOptions, split
from fertools.stats import Balance, Lean, Stats, stats
from fertools.stats.raters import Agreement, raters

OTHERS = ("gender", "age", "race", "background")
PUBLISHED = "as published"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows of each class bear a word: a flag, or a reason to leave them out."""

    word: str
    rows: int
    classes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of twins: how many of each size, and how many hold two labels or more."""

    rows: int
    sizes: dict[int, int]
    contradicting: int

    @property
    def count(self) -> int:
        """The number of groups."""
        return sum(self.sizes.values())


@dataclass(frozen=True, slots=True)
class Facts:
    """A manifest and all that is known of it.

    `shown` is the manifest with the parts that are shown, `parts` the column that they stand in
    (empty where there is one part only), `home` the folder of the face store where the card of
    `shown` does not lead to it, `pairs` the rows behind the audit.
    """

    name: str
    digest: str
    manifest: Manifest
    shown: Manifest
    parts: str
    home: str | None
    stats: Stats
    others: tuple[Balance, ...]
    audit: Audit | None
    pairs: pa.Table | None
    raters: Agreement | None
    dropped: tuple[Tally, ...]
    drop_lean: Lean | None
    flags: tuple[Tally, ...]
    groups: Groups | None
    curation: dict[str, Any]
    suspects: Suspects | None


def gather(path: str | Path, data: str | None = None) -> Facts:
    """Run the stages that look at a manifest; see `Facts`. Raises what they raise."""
    file = locate(path)
    manifest = read_manifest(file)
    with tempfile.TemporaryDirectory() as folder:
        shown, where = _parted(file, manifest, Path(folder))
        # faces lie beside the file, and a manifest that is dealt here lies elsewhere
        home = str(file.parent) if shown != file else None
        found, pairs = _audited(shown, Path(folder), data or home)
        seen = read_manifest(shown)
    curated = curation(manifest, data)
    label = seen.label_column
    return Facts(
        name=file.parent.resolve().name if file.name == "manifest.parquet" else file.stem,
        digest=sha256(file),
        manifest=manifest,
        shown=seen,
        parts=where,
        home=home,
        stats=stats(seen),
        others=tuple(stats(seen, name, permutations=1).balance
                     for name in OTHERS if _countable(seen, name)),
        audit=found,
        pairs=pairs,
        raters=_agreement(manifest),
        dropped=_tallies(seen.table, "drop", label),
        drop_lean=_drop_lean(seen.table, label),
        flags=_tallies(seen.table, "flags", label),
        groups=_groups(seen.table, label),
        curation=curated,
        suspects=suspects(manifest, data, curated),
    )  # fmt: skip


def _parted(file: Path, manifest: Manifest, folder: Path) -> tuple[Path, str]:
    """The manifest with parts: itself, or one dealt below `folder` as its data set says."""
    for name in ("split", "fold"):
        if manifest.has(name):
            return file, name
    table = manifest.table.filter(pa.array(usable(manifest.table)))
    labelled = table.filter(table["native_label"].is_valid())
    if len(labelled["official_split"].drop_null().unique()) < 2:
        return file, ""
    published = folder / file.name
    split([file], published, SplitOptions(official=True))
    return published, PUBLISHED


def _audited(shown: Path, folder: Path, data: str | None) -> tuple[Audit | None, pa.Table | None]:
    manifest = read_manifest(shown)
    column = next((name for name in ("split", "fold") if manifest.has(name)), None)
    if column is None or len(manifest.table[column].drop_null().unique()) < 2:
        return None, None
    rows = folder / "rows.parquet"
    return audit(shown, data=data, rows=rows), pq.read_table(rows)


def _agreement(manifest: Manifest) -> Agreement | None:
    try:
        return raters(manifest)
    except FerError:  # nobody rated, which the page says
        return None


def _countable(manifest: Manifest, name: str) -> bool:
    return manifest.has(name) and len(manifest.table[name].unique()) <= 12


def _tallies(table: pa.Table, column: str, label: str) -> tuple[Tally, ...]:
    """How often each word of a column, or of its lists, occurs in each class."""
    if column not in table.column_names:
        return ()
    both = table.select([column, label])
    if pa.types.is_list(both[column].type):
        flat = both[column].combine_chunks()
        parents = pc.list_parent_indices(flat)
        both = pa.table({column: pc.list_flatten(flat), label: both[label].take(parents)})
    both = both.filter(both[column].is_valid())
    counted = both.group_by([column, label]).aggregate([([], "count_all")]).to_pylist()
    words: dict[str, dict[str, int]] = {}
    for row in sorted(counted, key=lambda row: (row[column], row[label] or "")):
        words.setdefault(row[column], {})[row[label] or ""] = row["count_all"]
    found = [Tally(word, sum(classes.values()), classes) for word, classes in words.items()]
    return tuple(sorted(found, key=lambda tally: (-tally.rows, tally.word)))


def _drop_lean(table: pa.Table, label: str) -> Lean | None:
    """Does leaving rows out hit some classes more than others?"""
    if "drop" not in table.column_names:
        return None
    gone = table["drop"].is_valid().to_numpy()
    if not gone.any():
        return None
    codes = encode(table[label])[0]
    column = next((n for n in ("group", "subject") if n in table.column_names), "id")
    people = encode(table[column])[0]
    alone = people < 0
    people[alone] = people.max(initial=-1) + 1 + np.arange(alone.sum())
    test = balance.associate(gone.astype(np.int64), codes, people)
    return None if np.isnan(test.v) else Lean(label, test.v, test.p, test.rows, test.groups)


def _groups(table: pa.Table, label: str) -> Groups | None:
    """The groups of twins that `curate` found; None where it did not look."""
    if "twin_group" not in table.column_names:
        return None
    rows = table["twin_group"].is_valid().to_numpy()
    groups = encode(table["twin_group"])[0]
    sizes = np.bincount(groups[rows]) if rows.any() else np.empty(0, np.int64)
    found, counts = np.unique(sizes, return_counts=True)
    torn = contradicting(table)
    return Groups(
        rows=int(rows.sum()),
        sizes=dict(zip(found.tolist(), counts.tolist(), strict=True)),
        contradicting=len(np.unique(groups[torn & (groups >= 0)])),
    )


def contradicting(table: pa.Table) -> npt.NDArray[np.bool_]:
    """Rows (n,) whose twins bear another label."""
    return flagged(table, "contradicting_twins")
