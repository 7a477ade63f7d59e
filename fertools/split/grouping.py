"""Who is dealt together: groups of rows by person, sequence, copies, or each row alone.

In goes a manifest's table and the relations asked for; out come group codes with names and kinds.
Images that are equal pixel by pixel are united, in whatever data set they are; with `--group none`
only those of different data sets. Images of one gray level are equal and show nobody: they unite
nothing once `curate` has flagged them, nor do rows that are in no part.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fertools.columns import Codes, encode, flagged, usable
from fertools.errors import FerError, unknown
from fertools.measures.groups import unite
from fertools.relations import recording_names

GROUPS = ("subject", "sequence", "none")
FALLBACKS = ("twin", "self")


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which relations unite rows."""

    group: str = "subject"
    or_else: str | None = None
    merge_twins: bool = False

    def check(self) -> None:
        """Raise `FerError` for a name that is not known."""
        if self.group not in GROUPS:
            raise unknown("group", self.group, list(GROUPS))
        if self.or_else not in (None, *FALLBACKS):
            raise unknown("or-else", str(self.or_else), list(FALLBACKS))


@dataclass(frozen=True, slots=True)
class Groups:
    """Group code of each row, the name and the kind of each group; notes on what was united."""

    codes: Codes
    names: list[str]
    kinds: list[str]
    notes: tuple[str, ...] = ()


def group_rows(table: pa.Table, ways: Grouping, rule: str = "") -> Groups:
    """Which rows belong together, by the relations asked for and by equal images.

    Raises `FerError` where `--group subject` (or sequence) is asked for and rows do not have one,
    unless `or_else` says what stands in; with a `rule`, that of a protocol (`SplitOptions.rule`),
    it offers no other grouping.
    """
    n = table.num_rows
    own = np.full(n, -1)
    names: list[str] = []
    if ways.group != "none":
        own, names = encode(owners(table, ways.group))
        _refuse_unknown(own, usable(table), ways, rule)
    relations = [own]
    twins, twin_names = np.full(n, -1), list[str]()
    if ways.merge_twins or ways.or_else == "twin":
        twins, twin_names = _twins(table)
        # a copy of nobody's goes with all its twins: else it leaks beside one whose person is known
        nobodys = np.isin(twins, twins[(own < 0) & usable(table)])
        relations.append(twins if ways.merge_twins else np.where(nobodys, twins, -1))
    relations.append(_same_image(table, across_only=ways.group == "none"))
    codes = unite(n, *relations)
    found = _named(table, codes, (own, names), (twins, twin_names), ways)
    return replace(found, notes=_joined(codes, own, ways))


def owners(table: pa.Table, group: str) -> pa.ChunkedArray:
    """Who each row is dealt with: the name of a person, or of a recording."""
    return recording_names(table) if group == "sequence" else table[group]


def _refuse_unknown(own: Codes, needed: npt.NDArray[np.bool_], ways: Grouping, rule: str) -> None:
    missing = int((own[needed] < 0).sum())
    if missing and ways.or_else is None:
        cure = (
            "deal this data by --ratios, without --protocol"
            if rule
            else "say --or-else twin (copies that `curate` found stay together) or --or-else self "
            "(each face alone), or --group none; a table that knows them is --subjects FILE"
        )
        raise FerError(
            f"{rule}--group {ways.group}: {missing:,} of {int(needed.sum()):,} faces have no "
            f"{ways.group}; {cure}"
        )


def _twins(table: pa.Table) -> tuple[Codes, list[str]]:
    if "twin_group" not in table.column_names:
        raise FerError("there is no column twin_group; run `fertools curate` on the data first")
    return encode(table["twin_group"])


def pictures(table: pa.Table) -> pa.ChunkedArray:
    """The hash of each row's image, null for those that unite nothing."""
    said = usable(table) & ~flagged(table, "constant")
    return pc.if_else(pa.array(said), table["image_hash"], None)


def _joined(codes: Codes, own: Codes, ways: Grouping) -> tuple[str, ...]:
    """A note where copies stand under several names, which are dealt as one."""
    known = own >= 0
    several = np.bincount(np.unique(np.stack([codes, own])[:, known], axis=1)[0])
    if not (several > 1).any():
        return ()
    return (
        f"{int((several > 1).sum()):,} groups hold copies under several names of a {ways.group}, "
        f"{int(several.max()):,} at most, which are dealt as one; `fertools curate` finds them",
    )


def _same_image(table: pa.Table, *, across_only: bool) -> Codes:
    """Codes of equal images; with `across_only` of those that occur in more than one data set."""
    codes, found = encode(pictures(table))
    if across_only:
        source, _ = encode(table["source"])
        pairs = np.unique(np.stack([codes, source], axis=1)[codes >= 0], axis=0)
        several = np.bincount(pairs[:, 0], minlength=len(found)) > 1
        codes = np.where((codes >= 0) & np.append(several, False)[codes], codes, -1)
    return codes


def _named(
    table: pa.Table,
    codes: Codes,
    own: tuple[Codes, list[str]],
    twins: tuple[Codes, list[str]],
    ways: Grouping,
) -> Groups:
    """Name a group after its first subject, sequence or twin group, else after its first row."""
    count = int(codes.max(initial=-1)) + 1
    kinds = np.full(count, "self", object)
    names = np.full(count, None, object)
    _, first, sizes = np.unique(codes, return_index=True, return_counts=True)
    kinds[sizes > 1] = "twin"  # equal images, until a name below says more
    names[:] = table["id"].take(pa.array(first)).to_pylist()
    for (each, known), kind in ((twins, "twin"), (own, ways.group)):
        rows = np.flatnonzero(each >= 0)
        lowest = np.full(count, len(known))
        np.minimum.at(lowest, codes[rows], each[rows])
        has = np.flatnonzero(lowest < len(known))
        kinds[has] = kind
        names[has] = [known[i] for i in lowest[has]]
    order = np.argsort(names.astype(str), kind="stable")  # codes by name, not by row order
    rank = np.empty(count, np.int64)
    rank[order] = np.arange(count)
    return Groups(rank[codes], names[order].tolist(), kinds[order].tolist())
