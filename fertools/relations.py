"""Relations between rows across which a data set leaks: person, recording, copy.

In goes a manifest and which of its rows are dealt to parts; out comes, per relation, which rows are
related, or why that cannot be said. `subject` and `sequence` are columns, `exact` is an equal
photograph or an equal face, `derived` is what the check of that name finds; near-twins are in
`twins`.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fertools import folder
from fertools.checks._sketch import LARGEST
from fertools.columns import cross, encode, numbers, words
from fertools.errors import FerError
from fertools.faces import Faces, open_faces
from fertools.manifest import Manifest
from fertools.measures.leakage import Links

SIDE = 48
NONE, SEVERAL = -1, -2

Integers = NDArray[np.int64]
Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Lack:
    """So many of so many rows have no `what`: subject, sequence, hash or face."""

    rows: int
    of: int
    what: str

    def __str__(self) -> str:
        return f"{self.rows:,} of {self.of:,} rows have no {self.what}"


@dataclass(frozen=True, slots=True)
class Relation:
    """Which rows are related.

    `links` is None where nothing can be said; `why` tells why not, or `lack` for how many rows not.
    `ncc` (m + 1,) belongs to the m pairs of `links`, the last one to rows of one code.
    """

    name: str
    links: Links | None = None
    why: str = ""
    ncc: Doubles = field(default_factory=lambda: np.full(1, np.nan))
    lack: Lack | None = None


def by_column(table: pa.Table, name: str, dealt: Mask) -> Relation:
    """Rows of one person (`subject`) or of one recording (`sequence`)."""
    codes = people(table) if name == "subject" else recordings(table)
    return _of_codes(name, (codes,), dealt, name)


def people(table: pa.Table) -> Integers:
    """A code for each subject, -1 unknown; data sets of one population share their people."""
    return encode(table["subject"])[0]


def recordings(table: pa.Table) -> Integers:
    """A code for each sequence, -1 unknown."""
    return numbers(recording_names(table))


def recording_names(table: pa.Table) -> pa.ChunkedArray:
    """Sequences as `<population>:<name>`: one name in two populations is two sequences.

    The population is that of the person. Frames without one lend it from the others of their
    sequence, or else of their data set where that has one alone; they have no name where the
    sequence stands in several, for whose it is cannot be told. Where none is known, the data set's
    own name stands.
    """
    population = pc.replace_substring_regex(table["subject"], ":.*", "")
    own, names = encode(population)  # -1 for nobody
    if names and (own < 0).any():
        source, sequence = encode(table["source"])[0], numbers(table["sequence"])
        lent = _only(cross(source, sequence)[0], own)
        lent = np.where(lent == NONE, np.maximum(_only(source, own), NONE), lent)
        own = np.where(own < 0, lent, own)
        population = words(own, names)
    scope = pc.if_else(pa.array(own == SEVERAL), None, pc.coalesce(population, table["source"]))
    return pc.binary_join_element_wise(scope, table["sequence"].cast(pa.string()), ":")


def _only(keys: Integers, values: Integers) -> Integers:
    """The one value (n,) that rows of a key have: `NONE` where none has one, or `SEVERAL`."""
    known = (keys >= 0) & (values >= 0)
    low = np.full(int(keys.max(initial=-1)) + 2, np.iinfo(np.int64).max)
    high = np.full(len(low), NONE)
    np.minimum.at(low, keys[known], values[known])
    np.maximum.at(high, keys[known], values[known])
    return np.where((high >= 0) & (low != high), SEVERAL, high)[keys]


def exact(table: pa.Table, dealt: Mask) -> Relation:
    """Rows with an equal photograph (`image_hash`) or an equal stored face (`face_hash`)."""
    codes = tuple(numbers(table[name]) for name in ("image_hash", "face_hash"))
    return _of_codes("exact", codes, dealt, "hash")


def derived(manifest: Manifest, dealt: Mask, data: str | Path | None = None) -> Relation:
    """Rows that are others mirrored, blurred, turned and the like, as `checks/derived.py` finds
    them among the dealt rows.
    """
    if "derived" not in folder.names("checks"):
        return Relation("derived", why="there is no check `derived`")
    rows = np.flatnonzero(dealt & np.asarray(manifest.table["row"].is_valid()))
    if not len(rows):
        return Relation("derived", why="no row has a face")
    some = manifest.replace(manifest.table.take(pa.array(rows)))
    check = folder.load("checks", "derived")
    try:
        finding = check.find(some, small_faces(some, data), check.Options())
    except FerError as error:
        if data is not None:
            raise
        return Relation("derived", why=str(error))
    pairs = finding.tables["pairs"]
    both = rows[np.stack([pairs[name].to_numpy() for name in ("row", "of")], axis=1)]
    return Relation("derived", Links(pairs=both), ncc=np.full(len(both) + 1, np.nan))


def small_faces(manifest: Manifest, data: str | Path | None) -> Faces:
    """The faces in gray, as they are where they have one size that can be compared, else at 48.

    Raises `FerError` where there is no face store.
    """
    fitted = open_faces(manifest, data, size=SIDE, channels=1)
    try:
        own = open_faces(manifest, data, channels=1)
    except FerError:  # of unlike shape
        return fitted
    return own if max(own.shape) <= LARGEST else fitted


def _of_codes(name: str, codes: tuple[Integers, ...], dealt: Mask, what: str) -> Relation:
    missing = min(int((each[dealt] < 0).sum()) for each in codes)
    total = int(dealt.sum())
    lack = Lack(missing, total, what) if missing else None
    return Relation(name, Links(codes) if missing < total else None, lack=lack)
