"""The rows behind an audit: every row that has a partner in an earlier part, beside the partner.

In go the parts of each round, the relations and the pairs that are no twins; out comes one table.
With folds a row stands there in the round in which it is tested. By person, recording or copy a
row stands there once, with its first partner and their number; a twin once per twin.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from fertools.manifest import Manifest
from fertools.measures.leakage import PAIRS, PARTS, TEST, Links, partners
from fertools.relations import Doubles, Integers, Relation
from fertools.twins import Pairs

SCHEMA = pa.schema(
    [
        ("relation", pa.string()),
        ("fold", pa.int16()),
        ("earlier_part", pa.string()),
        ("later_part", pa.string()),
        ("earlier_id", pa.string()),
        ("earlier_label", pa.string()),
        ("later_id", pa.string()),
        ("later_label", pa.string()),
        ("ncc", pa.float64()),
        ("partners", pa.int32()),
    ]
)


def table(
    manifest: Manifest, every: Sequence[Integers], relations: Sequence[Relation], false_twins: Pairs
) -> pa.Table:
    """One row per row and partner.

    `relation`, `fold` (null without folds), the two parts, `id` and `label` of either side, `ncc`
    (null but for twins) and how many `partners` the row has there. Pairs of different people are
    there as `false twin`, whatever parts they are in.
    """
    folded = len(every) > 1
    pairs = [pair for pair in PAIRS if pair[1] == TEST or not folded]
    found = [SCHEMA.empty_table()]
    for relation in relations:
        for number, part in enumerate(every):
            for earlier, later in pairs if relation.links else ():
                rows = partners(relation.links or Links(), part, earlier, later)
                ncc = relation.ncc[rows.at]
                about = (relation.name, number if folded else None, PARTS[earlier], PARTS[later])
                sides = (rows.earlier, rows.later)
                found.append(_table(manifest, about, sides, ncc, rows.counts))
    for earlier in range(len(PARTS)):
        for later in range(len(PARTS)):
            found.append(_false(manifest, every[0], false_twins, (earlier, later), folded))
    return pa.concat_tables(found)


def _false(
    manifest: Manifest, part: Integers, pairs: Pairs, parts: tuple[int, int], folded: bool
) -> pa.Table:
    at = np.flatnonzero((part[pairs.rows] == parts).all(axis=1))
    names = (None, None) if folded else (PARTS[parts[0]], PARTS[parts[1]])
    sides = (pairs.rows[at, 0], pairs.rows[at, 1])
    ones = np.ones(len(at), np.int64)
    return _table(manifest, ("false twin", None, *names), sides, pairs.ncc[at], ones)


def _table(
    manifest: Manifest,
    about: tuple[str, int | None, str | None, str | None],
    sides: tuple[Integers, Integers],
    ncc: Doubles,
    counts: Integers,
) -> pa.Table:
    told = ("id", manifest.label_column)
    earlier, later = (
        [manifest.table[name].take(pa.array(rows)) for name in told] for rows in sides
    )
    same = [pa.array([value] * len(counts), SCHEMA.types[at]) for at, value in enumerate(about)]
    numbers = [pa.array(ncc, pa.float64(), mask=np.isnan(ncc)), pa.array(counts, pa.int32())]
    return pa.table([*same, *earlier, *later, *numbers], schema=SCHEMA)
