"""Signatures of published data sets: what a copy of one is recognised by.

In go faces; out come their looks, and which row of a published data set each of them is. Exact
copies are told by the hashes in the lists of the protocols (of the pixels, and of the same picture
as Kaggle's JPEG). Changed ones are told by their look: the signs of the 128 lowest frequencies of
the 2-D DCT at 48 x 48, which survive a blur, another contrast and another size. A random picture is
35 signs or more away from every face of FER2013; a face that was equalised, blurred or enlarged is
within 24 in 95 of 100 cases.

`manifests/fingerprints.parquet` holds looks and four coarse numbers of one row in eight of FER2013
and of all rows of CK+48, and the hashes of those rows of FER2013 whose pixels the reconstructed CSV
could but guess. No pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fertools import resources
from fertools.checks.quality import measure
from fertools.protocol import HASHED, read_rows

LISTS = {"fer2013": "fer2013-official", "ck48": "ck48-subject10"}
FILE = "fingerprints"
SIDE, SIGNS = 48, 128
NEAR = 24  # signs that may differ
BRIGHT = 213  # gray level that a gain of 1.2 drives to white
TOGETHER = 256
STATS = ("sharpness", "brightness", "contrast", "bright")
SCALE = np.array([40.0, 255.0, 510.0, 255.0])  # of the four numbers, to fit a byte
SCHEMA = pa.schema(
    [
        ("data", pa.string()),
        ("id", pa.string()),
        ("source_row", pa.int32()),
        ("native_label", pa.string()),
        ("official_split", pa.string()),
        ("guessed", pa.string()),
        ("look", pa.binary(SIGNS // 8)),
        *((name, pa.uint8()) for name in STATS),
    ]
)

Pixels = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Signature:
    """What is known of a published data set.

    `rows` is the list of its protocol, one row per picture. `known` are rows of the shipped table
    with a look (k, 16) and coarse numbers (k, 4); `guessed` maps row numbers of the CSV to the
    hashes that the reconstructed CSV has there.
    """

    data: str
    rows: pa.Table
    known: pa.Table
    looks: Pixels
    stats: Doubles
    guessed: dict[int, str]

    @property
    def share(self) -> float:
        """Which share of the rows can be found by their look."""
        return len(self.looks) / max(1, len(self.rows))


@cache
def signatures() -> tuple[Signature, ...]:
    """The signatures that ship with the package."""
    table = pq.read_table(resources.resource("manifests", FILE, ".parquet"), schema=SCHEMA)
    found = []
    for data, protocol in LISTS.items():
        own = table.filter(pc.equal(table["data"], data))
        guessed = own.filter(own["guessed"].is_valid())
        known = own.filter(own["guessed"].is_null())
        stats = np.stack([known[name].to_numpy() for name in STATS], axis=1) / SCALE
        looks = np.frombuffer(b"".join(known["look"].to_pylist()), np.uint8)
        pairs = zip(guessed["source_row"].to_pylist(), guessed["guessed"].to_pylist(), strict=True)
        found.append(
            Signature(
                data, read_rows(protocol), known, looks.reshape(-1, SIGNS // 8), stats, dict(pairs)
            )
        )
    return tuple(found)


def look(faces: Pixels) -> Pixels:
    """The looks (n, 16) of gray faces (n, 48, 48): packed signs, the lowest frequency first."""
    cosines, vertical, horizontal = _frequencies()
    out = []
    for start in range(0, len(faces), TOGETHER):
        level = cosines @ (faces[start : start + TOGETHER].astype(np.float64) @ cosines.T)
        out.append(np.packbits(level[:, vertical, horizontal] > 0, axis=1))
    return np.concatenate(out) if out else np.empty((0, SIGNS // 8), np.uint8)


@cache
def _frequencies() -> tuple[Doubles, Integers, Integers]:
    """Rows of the DCT-II, and the vertical and horizontal number of each frequency kept."""
    vertical, horizontal = (axis.ravel() for axis in np.mgrid[:SIDE, :SIDE])
    radius = vertical**2 + horizontal**2
    lowest = np.lexsort((horizontal, vertical, radius))[1 : SIGNS + 1]
    vertical, horizontal = vertical[lowest], horizontal[lowest]
    count = int(max(vertical.max(), horizontal.max())) + 1
    turns = np.arange(count)[:, None] * (2 * np.arange(SIDE) + 1)
    return np.cos(np.pi * turns / (2 * SIDE)), vertical, horizontal


def nearest(looks: Pixels, known: Pixels) -> Integers:
    """Which of `known` (k, 16) each of `looks` (n, 16) is nearest to; -1 where none is near."""
    theirs = np.ascontiguousarray(known).view(np.uint64)
    out = np.full(len(looks), -1)
    if not len(known):
        return out
    for start in range(0, len(looks), TOGETHER):
        ours = np.ascontiguousarray(looks[start : start + TOGETHER]).view(np.uint64)
        apart = np.bitwise_count(ours[:, None] ^ theirs[None]).sum(2, dtype=np.int64)
        best = apart.argmin(1)
        near = apart[np.arange(len(ours)), best] <= NEAR
        out[start : start + TOGETHER] = np.where(near, best, -1)
    return out


def numbers(faces: Pixels) -> Doubles:
    """The four coarse numbers (n, 4) of gray faces: `STATS`; `bright` is a share of pixels."""
    measured = measure(faces)[:, :3] if len(faces) else np.empty((0, 3))
    bright = (faces >= BRIGHT).reshape(len(faces), SIDE * SIDE).mean(1)
    return np.column_stack([measured, bright])


def in_bytes(stats: Doubles) -> list[Pixels]:
    """The coarse numbers as they are shipped, column by column."""
    return list(np.round(stats * SCALE).clip(0, 255).astype(np.uint8).T)


def short(hashes: Sequence[str | None]) -> list[str | None]:
    """Hashes cut to the length that the lists have."""
    return [name and name[:HASHED] for name in hashes]
