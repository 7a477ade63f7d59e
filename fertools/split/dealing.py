"""Dealing: which part each row gets, by lot, as it was published, or as a list says.

In go a table with its groups and the options; out come the part of every row (-1: none), the share
aimed at for each part, and sentences worth reading.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fertools.columns import Codes, cross, encode, texts
from fertools.errors import FerError, unknown
from fertools.measures.deal import deal, infeasible
from fertools.measures.leakage import PARTS
from fertools.split.following import Followed
from fertools.split.grouping import Groups
from fertools.split.kept import encode_parts, kept
from fertools.split.options import SplitOptions


def deal_rows(
    table: pa.Table,
    options: SplitOptions,
    groups: Groups,
    dealable: npt.NDArray[np.bool_],
    listed: Followed | None,
    keep: str | Path | None,
) -> tuple[Codes, npt.NDArray[np.float64], list[str]]:
    """The part of every row (-1: none), the share aimed at for each part, and notes.

    Rows that are `listed` have their parts already. Raises `FerError` for a column to stratify on
    that is not there, and where `options.official` finds no published part.
    """
    strata = _strata(table, options)
    if listed:
        return _as_listed(listed, dealable)
    if options.official:
        return _official(table, options, groups, strata, dealable)
    codes, place = np.unique(groups.codes[dealable], return_inverse=True)
    if options.leave_one_out:
        part = np.full(table.num_rows, -1)
        part[dealable] = place
        return part, np.bincount(place) / len(place), []
    shares = np.ones(options.folds) if options.folds else np.array(options.ratios)
    shares = shares / shares.sum()
    if options.folds and len(codes) < options.folds:
        most = f"say --folds {len(codes)}" if len(codes) > 1 else "there is nobody to hold out"
        raise FerError(f"{len(codes)} groups for {options.folds} folds; {most}")
    fixed, notes = None, list[str]()
    if keep:
        parts, gone = kept(table, groups, keep, options)
        fixed = parts[codes]
        stay = int((fixed >= 0).sum())
        notes.append(f"{stay:,} of {len(codes):,} groups stay in the part that {keep} gave them")
        notes += gone
    part = np.full(table.num_rows, -1)
    part[dealable] = deal(place, strata[dealable], shares, options.seed, fixed)
    rows = np.bincount(part[dealable], minlength=len(shares))
    for number in np.flatnonzero((rows == 0) & (shares > 0)):
        name = f"fold {number}" if options.folds else PARTS[number]
        notes.append(f"{name} has no row: {len(codes):,} groups were dealt to {len(shares)} parts")
    return part, shares, notes + _scarce(table, place, strata, dealable, len(shares), options)


def _as_listed(
    listed: Followed, dealable: npt.NDArray[np.bool_]
) -> tuple[Codes, npt.NDArray[np.float64], list[str]]:
    """The shares are those that the list has."""
    part = np.where(dealable, listed.part, -1)
    counts = np.bincount(part[part >= 0], minlength=listed.folds or len(PARTS))
    return part, counts / max(counts.sum(), 1), listed.notes


def _strata(table: pa.Table, options: SplitOptions) -> Codes:
    if not options.stratify_on:
        return np.zeros(table.num_rows, np.int64)
    columns = []
    for name in options.stratify_on:
        if name not in table.column_names:
            raise unknown("column to stratify on", name, table.column_names)
        codes, found = encode(texts(table[name], name))
        columns.append(np.where(codes < 0, len(found), codes))
    return cross(*columns)[0]


def _scarce(
    table: pa.Table,
    place: Codes,
    strata: Codes,
    dealable: npt.NDArray[np.bool_],
    parts: int,
    options: SplitOptions,
) -> list[str]:
    if not options.stratify_on:
        return []
    notes = []
    inner = strata[dealable]
    for stratum in infeasible(place, inner, parts):
        row = int(np.flatnonzero(dealable)[np.argmax(inner == stratum)])
        named = ", ".join(f"{c} {table[c][row].as_py()}" for c in options.stratify_on)
        held = len(np.unique(place[inner == stratum]))
        notes.append(f"{named}: {held} groups for {parts} parts, so some part goes without")
    return notes


def _official(
    table: pa.Table,
    options: SplitOptions,
    groups: Groups,
    strata: Codes,
    dealable: npt.NDArray[np.bool_],
) -> tuple[Codes, npt.NDArray[np.float64], list[str]]:
    part = np.where(dealable, encode_parts(table["official_split"]), -1)
    if (part < 0).all():
        leave = ", without --protocol" if options.protocol else ""
        raise FerError(
            f"{options.rule}--official: no row has an official_split; take --ratios or --folds"
            f"{leave}"
        )
    if options.val_from:
        train = part == 0
        _, place = np.unique(groups.codes[train], return_inverse=True)
        shares = np.array([1 - options.val_from, options.val_from])
        part[train] = deal(place, strata[train], shares, options.seed)
    counts = np.bincount(part[part >= 0], minlength=3)
    return part, counts / counts.sum(), []
