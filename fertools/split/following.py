"""Follow a protocol: what it makes of the data set at hand.

In goes the table of a data set and the name of a protocol; out come options for `split` and, where
the protocol is a list, the table with its labels and the part of every row.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fertools.columns import put, usable
from fertools.errors import FerError
from fertools.measures.leakage import PARTS
from fertools.protocol import Protocol, Rule, read_protocol, read_rows
from fertools.split.grouping import Grouping
from fertools.split.joining import Integers, Joined, join

SHOWN = 5  # ids in a sentence


@dataclass(frozen=True, slots=True)
class Followed:
    """A copy that follows a list.

    `table` has label, label_status and drop, `part` (n,) is the number of the part or fold of each
    row (-1: none), `missing` the ids of dealt rows that the copy lacks.
    """

    table: pa.Table
    part: Integers
    folds: int | None
    missing: list[str]
    notes: list[str]


def plan(
    table: pa.Table, source: str | None, name: str, draw: int | None, allow_missing: int
) -> tuple[dict[str, Any], Followed | None]:
    """Fields of `SplitOptions` that a protocol decides, and the rows that follow it if it is a
    list.

    Raises `FerError` for the data of another `source` than a rule is for, and see `follow`.
    """
    protocol = read_protocol(name)
    if protocol.rule is None:
        listed = follow(table, name, protocol, draw, allow_missing)
        return {
            "folds": listed.folds,
            "official": listed.folds is None,
            "grouping": Grouping(or_else="self"),
            "label_rule": protocol.label_rule,
        }, listed
    if source != protocol.data:
        raise FerError(f"protocol {name}: is for {protocol.data}; the data is {source or 'other'}")
    if draw is not None or allow_missing:
        raise FerError(
            f"protocol {name}: is a rule, without draws or rows; leave --draw and --allow-missing "
            "out"
        )
    return {**_of_rule(protocol.rule), "label_rule": protocol.label_rule}, None


def _of_rule(rule: Rule) -> dict[str, Any]:
    return {
        "ratios": rule.ratios or None,
        "folds": rule.folds or None,
        "leave_one_out": rule.leave_one_out or None,
        "official": rule.official,
        "val_from": rule.val_from or None,
        "stratify_on": rule.stratify_on,
        "grouping": Grouping(group=rule.group, or_else=rule.or_else or None),
        "labels": rule.labels or None,
        "seed": rule.seed,
    }


def follow(
    table: pa.Table, name: str, protocol: Protocol, draw: int | None, allow_missing: int
) -> Followed:
    """Label and deal a copy as a list says; rows that it leaves out get a reason in `drop`.

    A list says which rows are used, whatever a check made of them: else its numbers would be those
    of another split. Raises `FerError` where more than `allow_missing` rows that belong to a part
    are missing or ambiguous; a row without a face is missing.
    """
    rows = read_rows(name, draw)
    good = np.asarray(table["status"].to_numpy() == "ok")
    found = join(table, rows, good)
    lost = _lost(rows, found)
    if len(lost) > allow_missing:
        raise FerError(_refusal(name, protocol.data, rows, found, lost))
    said = {
        column: rows[column].take(pa.array(found.at, pa.int64(), mask=found.at < 0))
        for column in ("label", "label_status", "split", "fold", "drop", "image_hash")
    }
    label = said["label"]
    if protocol.label_rule == "uploader":  # a row without a hash may bear another label here
        label = pc.if_else(pc.is_null(said["image_hash"]), table["native_label"], label)
    listed = pa.array(found.at >= 0)
    table = put(table, "label", pc.if_else(listed, label, pa.scalar(None, pa.string())))
    status = pc.if_else(listed, said["label_status"], pa.scalar("unlabelled"))
    table = put(table, "label_status", status)
    outside = pc.if_else(listed, said["drop"], pa.scalar("not_in_protocol"))
    kept = int((usable(table) < good)[found.at >= 0].sum())
    table = put(table, "drop", pc.if_else(pa.array(good), outside, pa.scalar(None, pa.string())))
    folds = int(pc.max(rows["fold"]).as_py()) + 1 if rows["fold"].null_count < len(rows) else None
    codes = said["fold"].fill_null(-1) if folds else pc.index_in(said["split"], pa.array(PARTS))
    part = codes.fill_null(-1).to_numpy().astype(np.int64)
    notes = _notes(name, rows, found, lost, kept)
    return Followed(table, part, folds, _ids(rows, lost), notes)


def _lost(rows: pa.Table, found: Joined) -> Integers:
    """The rows of the list that belong to a part and were not found."""
    every = np.sort(np.concatenate([found.missing, found.ambiguous]))
    dealt = pc.or_(pc.is_valid(rows["split"]), pc.is_valid(rows["fold"])).to_numpy()
    return np.asarray(every[dealt[every]])


def _ids(rows: pa.Table, at: Integers) -> list[str]:
    ids: list[str] = rows["id"].take(pa.array(at)).to_pylist()
    return ids


def _refusal(name: str, data: str, rows: pa.Table, found: Joined, lost: Integers) -> str:
    if len(found.missing) == len(rows):
        return f"protocol {name}: none of its {len(rows):,} rows is in the data; it is for {data}"
    some = ", ".join(_ids(rows, lost[:SHOWN])) + (", .." if len(lost) > SHOWN else "")
    odd = f", {found.elsewhere:,} have another label or part here" if found.elsewhere else ""
    return (
        f"protocol {name}: {len(lost):,} of its {len(rows):,} rows are missing or ambiguous "
        f"({some}{odd}); say --allow-missing {len(lost)} to go on without them"
    )


def _notes(name: str, rows: pa.Table, found: Joined, lost: Integers, kept: int) -> list[str]:
    """What is told beside the rows in no part, which `split` counts by reason."""
    joined = int((found.at >= 0).sum())
    notes = [f"protocol {name}: {joined:,} of {len(rows):,} rows joined"]
    for word, at in (("missing", found.missing), ("ambiguous", found.ambiguous)):
        if len(at):
            inside = len(np.intersect1d(at, lost))
            some = ", ".join(_ids(rows, at[:SHOWN])) + (", .." if len(at) > SHOWN else "")
            notes.append(f"{len(at):,} rows {word}, {inside:,} of them in a part: {some}")
    if kept:
        notes.append(f"{kept:,} rows that a check dropped are as the protocol says all the same")
    return notes
