"""Verdicts of reviewers in a split, and the name that a protocol has with them.

In goes the table of a split with its labels; out comes the table with the reviewers' words where
they were asked for, and which rows are others by verdict. A published test part that some of them
stand in is another test part, so its score goes by another name.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fertools.columns import put, words
from fertools.errors import FerError
from fertools.labels import Mapping
from fertools.manifest import Manifest
from fertools.versions import BY_VERDICT

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Judged:
    """`table` with the labels to deal by; rows (n,) that a verdict `dropped` or `relabelled`."""

    table: pa.Table
    dropped: Mask
    relabelled: Mask


def judge(table: pa.Table, names: Mapping | None, asked: bool) -> Judged:
    """Follow the verdicts of a labelled table where they are `asked` for; `names` maps their words.

    What a verdict dropped is left out anyway, but for the rows of a list, whose parts are what they
    are unless asked. Raises `FerError` where there are no verdicts, and for a label rule that gives
    several words.
    """
    nobody = np.zeros(table.num_rows, np.bool_)
    if not asked:
        gone = _is(table, "drop", BY_VERDICT) & table["label"].is_valid().to_numpy()
        return Judged(table, gone, nobody)
    if "verdict" not in table.column_names:
        raise FerError("--verdicts: there are none; bring them in with `fertools import-verdicts`")
    if "target" in table.column_names:
        raise FerError("--verdicts: are one word for a face; take a label rule that gives one")
    said = table["label_verdict"].to_pylist()
    before = table["label"].to_pylist()
    mapped = [names(word) if names else word for word in said]
    label = [old if word is None else new
             for old, word, new in zip(before, said, mapped, strict=True)]  # fmt: skip
    changed = np.array([a != b for a, b in zip(before, label, strict=True)], np.bool_)
    gone = _is(table, "verdict", "drop") & _is(table, "status", "ok")
    pairs = zip(said, mapped, strict=True)
    lost = np.array([word is not None and new is None for word, new in pairs], np.bool_)
    status = np.where(lost, 1, np.where(changed, 0, -1))
    table = put(table, "label", pa.array(label, pa.string()))
    told = pa.chunked_array([words(status, ["ok", "mapped_away"])])
    table = put(table, "label_status", pc.coalesce(told, table["label_status"]))
    drop = table["drop"] if "drop" in table.column_names else pa.nulls(len(gone), pa.string())
    table = put(table, "drop", pc.if_else(pa.array(gone), pa.scalar(BY_VERDICT), drop))
    return Judged(table, gone & np.array([word is not None for word in before]), changed & ~gone)


def renamed(name: str, test: Mask, found: Judged, manifest: Manifest) -> tuple[str, int]:
    """The name of a protocol whose `test` rows (n,) may be others by verdict, and how many are."""
    count = int(((found.dropped | found.relabelled) & test).sum())
    if not count:
        return name, 0
    return f"{name}+verdicts-{str(manifest.facts.get('verdicts', ''))[:8]}", count


def _is(table: pa.Table, column: str, word: str) -> Mask:
    if column not in table.column_names:
        return np.zeros(table.num_rows, np.bool_)
    return np.asarray(pc.equal(table[column], word).fill_null(False).to_numpy())
