"""What is to be looked at: the rows of a manifest that something speaks against, and what.

In goes a curated manifest with the tables of its curation; out come `Doubtful` rows, the most
doubtful first. The reasons are what `curate` wrote (flags, suspects, measures) and, for rows
without a face, the status. Nothing is judged here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from fertools.columns import encode
from fertools.errors import FerError
from fertools.manifest import Manifest

Integers = npt.NDArray[np.int64]
Reason = dict[str, Any]  # flag; by, word, value where there are such

FLAGS = {
    "labels": ("label_suspect", "contradicting_twins"),
    "twins": ("contradicting_twins", "exact_copy", "near_copy", "derived_copy"),
    "quality": (
        "constant",
        "low_detail",
        "blurred",
        "underexposed",
        "overexposed",
        "low_contrast",
    ),
}
QUEUES = ("all", *FLAGS, "no_face", "disputed")
WORDLESS = ("twins", "quality", "no_face")  # ask whether a face is to be used, not what it shows
# the measure that a flag of quality rests on
MEASURE = {
    "blurred": "sharpness",
    "underexposed": "brightness",
    "overexposed": "brightness",
    "low_contrast": "contrast",
    "low_detail": "detail",
}
NO_ROWS = ("ok", "pending")  # a pending record has no image yet: nothing to judge
SUSPECTS = Path("curation") / "label_noise-suspects.parquet"
TWINS = Path("curation") / "duplicates-twins.parquet"


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Rows (m,) of a manifest, in the order they are shown, each with its reasons."""

    rows: Integers
    reasons: list[list[Reason]] = field(default_factory=list)


def asks_label(queue: str, blind: bool) -> bool:
    """Whether who looks at a queue says what a face shows: who is blind names it on any queue."""
    return blind or queue not in WORDLESS


def doubtful(manifest: Manifest, folder: Path, queue: str) -> Doubtful:
    """The rows of a queue of the data folder `folder`.

    Raises `FerError` where `curate` has not looked at it yet.
    """
    if queue == "no_face":
        return _without_face(manifest)
    if "flags" not in manifest.table.column_names:
        raise FerError(
            f"{folder}: nothing is known to be doubtful; run `fertools curate` on it first"
        )
    flags = manifest.table["flags"].to_pylist()
    wanted = None if queue == "all" else set(FLAGS[queue])
    rows = [
        row for row, found in enumerate(flags)
        if found and (wanted is None or not wanted.isdisjoint(found))
    ]  # fmt: skip
    said = _suspected(manifest, folder / SUSPECTS)
    measures = _measures(manifest)
    reasons = [list(_reasons(row, flags[row], said, measures)) for row in rows]
    return _ordered(manifest, np.array(rows, np.int64), reasons, queue)


def _reasons(
    row: int, flags: list[str], said: dict[int, list[Reason]], measures: dict[str, Any]
) -> Iterator[Reason]:
    """What speaks against one row: a reason for each flag, one per voice for a doubtful label."""
    for flag in flags:
        if flag == "label_suspect" and row in said:
            yield from said[row]
        elif flag in measures:
            yield {"flag": flag, "value": round(float(measures[flag][row]), 3)}
        else:
            yield {"flag": flag}


def _suspected(manifest: Manifest, file: Path) -> dict[int, list[Reason]]:
    """Who doubts the label of a row, what it should be, and how strongly (0 .. 1)."""
    if not file.is_file():
        return {}
    place = {name: row for row, name in enumerate(manifest.table["id"].to_pylist())}
    found: dict[int, list[Reason]] = {}
    for each in pq.read_table(file).to_pylist():
        if each["id"] in place:
            reason = {"flag": "label_suspect", "by": each["by"], "word": each["suggested"],
                      "value": round(each["score"], 3)}  # fmt: skip
            found.setdefault(place[each["id"]], []).append(reason)
    return found


def _measures(manifest: Manifest) -> dict[str, npt.NDArray[np.float64]]:
    columns = {flag: f"quality_{name}" for flag, name in MEASURE.items()}
    return {
        flag: manifest.table[name].fill_null(np.nan).to_numpy().astype(np.float64)
        for flag, name in columns.items()
        if name in manifest.table.column_names
    }


def _ordered(
    manifest: Manifest, rows: Integers, reasons: list[list[Reason]], queue: str
) -> Doubtful:
    """The order to look at them in: twins group by group, contradicting ones first; quality by
    flag; the rest by how many voices doubt the label, and then by how strongly the loudest does.
    """
    keys: tuple[npt.NDArray[Any], ...]
    if queue == "twins":
        calm = [all(r["flag"] != "contradicting_twins" for r in found) for found in reasons]
        keys = (rows, _groups(manifest)[rows], np.array(calm, np.bool_))
    elif queue == "quality":
        known = FLAGS["quality"]
        first = [min(known.index(r["flag"]) for r in f if r["flag"] in known) for f in reasons]
        keys = (rows, np.array(first, np.int64))
    else:
        doubts = [[r["value"] for r in found if "by" in r] for found in reasons]
        voices = np.array([len(values) for values in doubts], np.int64)
        keys = (rows, -np.array([max(v, default=0.0) for v in doubts]), -voices)
    order = np.lexsort(keys)
    return Doubtful(rows[order], [reasons[at] for at in order])


def _groups(manifest: Manifest) -> Integers:
    if "twin_group" not in manifest.table.column_names:
        return np.full(len(manifest), -1)
    return encode(manifest.table["twin_group"])[0]


def _without_face(manifest: Manifest) -> Doubtful:
    """Rows that gave no face, by reason."""
    codes, names = encode(manifest.table["status"])
    skipped = [code for code, name in enumerate(names) if name in NO_ROWS]
    rows = np.flatnonzero(~np.isin(codes, skipped))
    order = np.lexsort((rows, codes[rows]))
    detail = manifest.table["detail"]
    rows = rows[order]
    reasons = [[{"flag": names[codes[row]], "word": detail[row].as_py()}] for row in rows.tolist()]
    return Doubtful(rows, reasons)
