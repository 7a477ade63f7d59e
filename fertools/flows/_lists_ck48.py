"""The lists of CK+48: twenty random draws as published, and ten folds of people.

In goes the data set, ingested; out come the rows of each list.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from fertools.columns import Codes, encode, words
from fertools.errors import FerError
from fertools.flows._lists import identity, listed
from fertools.manifest import Manifest
from fertools.measures.leakage import PARTS, TEST, TRAIN, VAL

ROWS = 981
SEED, DRAWS, FOLDS = 48, 20, 10
# test rows per class as published; validation has as many rows, shared out in proportion
TESTED = {
    "anger": 27,
    "contempt": 10,
    "disgust": 35,
    "fear": 15,
    "happiness": 41,
    "sadness": 18,
    "surprise": 50,
}


def lists(manifest: Manifest) -> Iterator[tuple[str, pa.Table]]:
    """Name and rows of every list of CK+48. Raises `FerError` for another copy than all of it."""
    manifest = manifest.replace(manifest.table.filter(manifest.ok()).sort_by("id"))
    if len(manifest) != ROWS:
        raise FerError(f"the lists of CK+48 are made from {ROWS} faces, not {len(manifest)}")
    base = identity(manifest, "ck48")
    said = {"label": base["native_label"], "label_status": pa.array(["ok"] * ROWS)}
    draws = [
        listed(base, draw=draw, split=words(_draw(base, draw), list(PARTS)), **said)
        for draw in range(DRAWS)
    ]
    yield "ck48-paper", pa.concat_tables(draws)
    folds = encode(manifest.table["subject"])[0] % FOLDS  # codes are in the order of the names
    yield "ck48-subject10", listed(base, fold=pa.array(folds, pa.int16()), **said)


def _draw(base: pa.Table, draw: int) -> Codes:
    """The part of every row: of each class so many at random to test, so many to val."""
    rng = np.random.default_rng([SEED, draw])
    codes, names = encode(base["native_label"])
    part = np.full(ROWS, TRAIN, np.int64)
    validated = _validated(np.bincount(codes), names)
    for code, name in enumerate(names):
        rows = rng.permutation(np.flatnonzero(codes == code))
        tested = TESTED[name]
        part[rows[:tested]] = TEST
        part[rows[tested : tested + validated[code]]] = VAL
    return part


def _validated(counts: Codes, names: list[str]) -> Codes:
    """Validation rows per class: as many as tested in all, by largest remainder of what is left."""
    total = sum(TESTED.values())
    left = counts - np.array([TESTED[name] for name in names])
    share = total * left / left.sum()
    whole = np.floor(share).astype(np.int64)
    whole[np.argsort(whole - share, kind="stable")[: total - whole.sum()]] += 1
    return np.asarray(whole)
