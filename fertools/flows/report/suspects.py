"""Labels in doubt, for the report: who doubts them, how often twins disagree, the strongest cases.

In go a manifest and what `curate` left beside its faces; out come `Suspects`. Doubts of different
kinds have scores of their own, so each kind shows its strongest.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fertools.faces import way_to
from fertools.manifest import Manifest, read_card

FLAG = "label_suspect"
TABLE = Path("curation") / "label_noise-suspects.parquet"
SHOWN = 96  # suspects that the page lists


@dataclass(frozen=True, slots=True)
class Suspect:
    """A row, what it is called, what it should perhaps be called, and by whom that is said."""

    id: str
    label: str
    suggested: str
    by: str
    score: float


@dataclass(frozen=True, slots=True)
class Band:
    """Pairs of twins of one likeness, and how many of them bear two labels."""

    name: str
    pairs: int
    differ: int


@dataclass(frozen=True, slots=True)
class Suspects:
    """How many rows are suspected, by whom, per class; the strongest of each kind first.

    `bands` and `lower_bound` (a share, 0 .. 1) measure the noise by twins; they are empty and None
    where no twins could be compared.
    """

    rows: int
    kinds: dict[str, dict[str, int]]
    listed: tuple[Suspect, ...]
    bands: tuple[Band, ...]
    lower_bound: float | None


def curation(manifest: Manifest, data: str | None) -> dict[str, Any]:
    """What the card says of the curation that this manifest went through; empty without one.

    A split manifest has the flags, and the folder of its faces the card.
    """
    if "flags" not in manifest.table.column_names:
        return {}
    for folder in data_folders(manifest, data):
        found = read_card(folder / "manifest.parquet").get("curation")
        if found:
            return dict(found)
    return {}


def data_folders(manifest: Manifest, data: str | None) -> list[Path]:
    """The data folders of a manifest: the one given, its own, those of its face stores."""
    stores = manifest.card.get("stores", {})
    paths = sorted({way_to(entry) for entry in stores.values()})
    return [
        *([Path(data)] if data else []),
        *(manifest.folder / path for path in paths),
    ]


def suspects(manifest: Manifest, data: str | None, card: dict[str, Any]) -> Suspects | None:
    """The suspects among the rows that bear the flag; None where the check has not run."""
    facts = card.get("checks", {}).get("label_noise", {}).get("facts")
    if facts is None:
        return None
    flags = manifest.table["flags"].combine_chunks()
    rows = pc.list_parent_indices(flags).filter(pc.equal(pc.list_flatten(flags), FLAG))
    ids = manifest.table["id"].take(rows)
    found = _table(manifest, data, ids)
    kinds: dict[str, dict[str, int]] = {}
    for by, label in zip(found["by"].to_pylist(), found["label"].to_pylist(), strict=True):
        of = kinds.setdefault(by, {})
        of[label or ""] = of.get(label or "", 0) + 1
    each = -(-SHOWN // max(len(kinds), 1))
    listed = [
        Suspect(row["id"], row["label"] or "", row["suggested"] or "", row["by"], row["score"])
        for by in kinds
        for row in found.filter(pc.equal(found["by"], by)).slice(0, each).to_pylist()
    ]
    bands = tuple(Band(b["band"], b["pairs"], b["differ"]) for b in facts.get("bands", []))
    bound = facts.get("twins", {}).get("lower_bound")
    return Suspects(len(rows), kinds, tuple(listed), bands, bound)


def _table(manifest: Manifest, data: str | None, ids: pa.ChunkedArray) -> pa.Table:
    """The rows of the check's table that are about these ids."""
    columns = ["id", "by", "label", "suggested", "score"]
    for folder in data_folders(manifest, data):
        if (folder / TABLE).is_file():
            table = pq.read_table(folder / TABLE, columns=columns)
            return table.filter(pc.is_in(table["id"], value_set=ids.combine_chunks()))
    types = [pa.string(), pa.string(), pa.string(), pa.string(), pa.float64()]
    return pa.schema(list(zip(columns, types, strict=True))).empty_table()
