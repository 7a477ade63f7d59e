"""The lists of FER2013: which rows each protocol keeps, in which part, and why not the others.

In go the CSV's data set, ingested, and the votes of FER+; out come the rows of each list.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from fertools.columns import Codes, encode, words
from fertools.errors import FerError
from fertools.flows._lists import identity, listed
from fertools.manifest import VOTE_WORDS, Manifest
from fertools.measures import rules
from fertools.measures.groups import unite
from fertools.measures.leakage import PARTS, TEST, TRAIN, VAL, Links, partnered
from fertools.relations import exact
from fertools.twins import near

ROWS = 35_887
THRESHOLD = 0.90
SEED, DRAWS = 2013, 3  # of the control
USAGES = {"Training": "train", "PublicTest": "val", "PrivateTest": "test"}
VOTES = (
    *("neutral", "happiness", "surprise", "sadness", "anger"),
    *("disgust", "fear", "contempt", "unknown", "NF"),
)  # columns of fer2013new.csv for the words of `VOTE_WORDS`

Mask = NDArray[np.bool_]
Words = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Votes:
    """The votes (n, words) of FER+, and which rows have no name of their own there."""

    counts: NDArray[np.float64]
    nameless: Mask

    @property
    def no_face(self) -> Mask:
        """Rows that every voter calls no face."""
        cast = self.counts.sum(axis=1)
        return np.asarray((self.counts[:, VOTE_WORDS.index("non_face")] == cast) & (cast > 0))


@dataclass(frozen=True, slots=True)
class Known:
    """What the lists are made from: rows in the order of the CSV."""

    base: pa.Table  # what tells the rows, see `identity`
    part: Codes
    votes: Votes
    twins: tuple[Links, ...]
    groups: Codes  # faces that are twins of one another, chained
    constant: Mask


def lists(manifest: Manifest, ferplus: Path) -> Iterator[tuple[str, pa.Table]]:
    """Name and rows of every list of FER2013.

    Raises `FerError` for another copy than the whole CSV, and for votes that are not of its rows.
    """
    known = _known(manifest, ferplus)
    native = known.base["native_label"]
    nobody = np.full(ROWS, None, object)
    yield "fer2013-official", _list(known, native, nobody)
    leaking = _leaking(known)
    yield "fer2013-noleak", _list(known, native, leaking)
    draws = (_at_random(known, leaking, draw) for draw in range(DRAWS))
    control = [_list(known, native, drop, draw) for draw, drop in enumerate(draws)]
    yield "fer2013-control", pa.concat_tables(control)
    yield "fer2013-clean", _list(known, native, _unclean(known, leaking))
    for name, rule in (("ferplus-majority", rules.majority), ("ferplus-argmax", rules.argmax)):
        found = rule(known.votes.counts, VOTE_WORDS)
        label = words(found.codes, list(found.names))
        yield name, _list(known, label, nobody, status=pa.array(found.status.tolist()))


def _list(
    known: Known,
    label: pa.Array | pa.ChunkedArray,
    drop: Words,
    draw: int | None = None,
    status: pa.Array | None = None,
) -> pa.Table:
    """The rows of a list: those with a label that are not dropped stay in their official part."""
    kept = pc.and_(pc.is_valid(label), pa.array(drop == None))  # noqa: E711
    none = pa.scalar(None, pa.string())
    split = pc.if_else(kept, known.base["official_split"], none)
    status = pa.array(["ok"] * ROWS) if status is None else status
    return listed(
        known.base, draw=draw, label=label, label_status=status, split=split,
        drop=pa.array(drop, pa.string()),
    )  # fmt: skip


def _known(manifest: Manifest, ferplus: Path) -> Known:
    table = manifest.table
    if len(table) != ROWS or "source_row" not in table.column_names:
        raise FerError(f"the lists of FER2013 are made from its CSV of {ROWS:,} rows")
    manifest = manifest.replace(table.sort_by("source_row"))
    table = manifest.table
    part = pc.index_in(table["official_split"], pa.array(PARTS)).to_numpy().astype(np.int64)
    votes = _votes(ferplus, part)
    every = np.ones(ROWS, np.bool_)
    found = near(manifest, every, every, THRESHOLD)
    upright, mirrored = found.near.links, found.mirrored.links
    same = exact(table, every).links
    assert upright is not None
    assert mirrored is not None
    assert same is not None
    base = identity(manifest, "fer2013", hidden=votes.no_face & votes.nameless)
    return Known(
        base=base,
        part=part,
        votes=votes,
        twins=(upright, mirrored, same),
        groups=unite(ROWS, *upright.codes, upright.pairs, mirrored.pairs),
        constant=upright.codes[0] < 0,
    )


def _votes(file: Path, part: Codes) -> Votes:
    """FER+ joins by row order; a name used twice belongs to the first row that has it."""
    try:
        table = csv.read_csv(file)
    except (OSError, pa.ArrowInvalid) as error:
        raise FerError(f"{file}: these are not the votes of FER+; give fer2013new.csv") from error
    usages = [PARTS.index(USAGES.get(u, "train")) for u in table["Usage"].to_pylist()]
    if usages != part.tolist():
        raise FerError(f"{file}: its rows are not those of the CSV; give fer2013new.csv")
    names = [name.strip() for name in table["Image name"].cast(pa.string()).to_pylist()]
    seen: set[str] = {""}
    nameless = []
    for name in names:
        nameless.append(name in seen)
        seen.add(name)
    counts = np.stack([table[c].to_numpy() for c in VOTES], axis=1).astype(np.float64)
    return Votes(counts, np.array(nameless))


def _twins(known: Known, earlier: int, later: int) -> Mask:
    """Rows of `later` that have a direct twin in `earlier`."""
    masks = [partnered(links, known.part, earlier, later) for links in known.twins]
    return np.asarray(np.logical_or.reduce(masks))


def _leaking(known: Known) -> Words:
    """Why a row cannot stay: a training row has a twin in val or test, a val row one in test."""
    drop = np.full(ROWS, None, object)
    drop[_twins(known, VAL, TRAIN)] = "twin_in_val"
    drop[_twins(known, TEST, TRAIN) | _twins(known, TEST, VAL)] = "twin_in_test"
    return drop


def _at_random(known: Known, leaking: Words, draw: int) -> Words:
    """As many training rows per class as leak, drawn from all of them."""
    rng = np.random.default_rng([SEED, draw])
    codes, names = encode(known.base["native_label"])
    train = known.part == TRAIN
    drop = np.full(ROWS, None, object)
    for code in range(len(names)):
        rows = np.flatnonzero(train & (codes == code))
        many = sum(leaking[row] is not None for row in rows)
        drop[rng.choice(rows, many, replace=False)] = "at_random"
    return drop


def _unclean(known: Known, leaking: Words) -> Words:
    """Why a row is out of the clean list; what is said first here is said last of a row."""
    codes, _ = encode(known.base["native_label"])
    pairs = np.unique(np.stack([known.groups, codes], axis=1), axis=0)
    contradicting = np.bincount(pairs[:, 0])[known.groups] > 1
    drop = leaking.copy()
    drop[contradicting] = "contradicting_twins"
    drop[known.votes.no_face] = "non_face"
    drop[known.constant] = "constant"
    return drop
