"""FER2013's folders and its table are the same pictures: which file is which row.

In go the pictures of both with what is said of them; out comes a row number for each file. The
folders hold the table's pixels as JPEG of quality 95, so a row saved the same way decodes to the
very pixels of its file (all 35,887, by Pillow or by OpenCV). Where another encoder was at work, the
nearest sketch decides, if there is but one.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fertools.frame import Batch, Pixels
from fertools.image import ImageFault, decode, digest, encode, to_gray
from fertools.roots import Member, ReadFault, Root
from fertools.sources import fer2013

QUALITY = 95
SIDE, CELL = 48, 6  # a sketch is the mean of every 6x6 pixels
NEAR = 2  # grey levels by which any cell of a sketch may differ; encoders differ by under 1


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """Pictures by `key`: a digest of the JPEG's pixels, part and word; `sketches` (n, 64) uint8."""

    keys: Sequence[str]
    hashes: Sequence[str]
    parts: Sequence[str | None]
    words: Sequence[str | None]
    sketches: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.keys)


def of_folders(roots: Iterable[Root]) -> Pictures:
    """The pictures of the Kaggle folders; `keys` are those of the frames."""
    found: list[tuple[str, Pixels, str | None, str | None]] = []
    for root in roots:
        for unit in fer2013.all_units(root):
            for frame in fer2013.read(unit):
                if isinstance(frame, Batch) or not isinstance(frame.image, Member):
                    continue
                try:
                    pixels = decode(unit.read(frame.image)).pixels
                except (ImageFault, ReadFault):
                    continue  # the ingest gives the reason
                if pixels.shape[:2] == (SIDE, SIDE):
                    found.append((frame.key, pixels, frame.official_split, frame.raw_label))
    return _pictures(found)


def of_tables(roots: Iterable[Root]) -> Pictures:
    """The pictures of the complete table as the folders hold them; `keys` are its rows."""
    return _pictures(_rows(roots))


def _rows(roots: Iterable[Root]) -> Iterator[tuple[str, Pixels, str | None, str | None]]:
    for root in roots:
        for unit in fer2013.all_units(root):
            for batch in fer2013.read(unit):
                if isinstance(batch, Batch):
                    yield from _saved(batch)


def _saved(batch: Batch) -> Iterator[tuple[str, Pixels, str | None, str | None]]:
    columns = batch.columns
    good = (i for i, status in enumerate(columns["status"]) if status == "ok")
    for place, face in zip(good, batch.faces, strict=True):
        pixels = decode(encode(face, "jpeg", quality=QUALITY)).pixels
        part, label = columns["official_split"][place], columns["raw_label"][place]
        yield columns["key"][place], pixels, part, label


def _pictures(found: Iterable[tuple[str, Pixels, str | None, str | None]]) -> Pictures:
    held = [
        (key, digest(pixels), part, fer2013.LABELS.get(label or ""), sketch(pixels))
        for key, pixels, part, label in found
    ]
    keys, hashes, parts, words, sketches = zip(*held, strict=True) if held else ((),) * 5
    return Pictures(keys, hashes, parts, words, np.reshape(sketches, (-1, 64)).astype(np.uint8))


def sketch(pixels: Pixels) -> npt.NDArray[np.uint8]:
    """The picture at 8x8, (64,): what another encoder hardly changes."""
    gray = pixels if pixels.ndim == 2 else to_gray(pixels)
    cells = gray.reshape(SIDE // CELL, CELL, SIDE // CELL, CELL).mean(axis=(1, 3))
    small: npt.NDArray[np.uint8] = np.rint(cells).astype(np.uint8).reshape(-1)
    return small


def join(files: Pictures, rows: Pictures) -> npt.NDArray[np.int64]:
    """For each file the place of its row in `rows`, -1 where none is it. No row serves two files.

    First rows of the same pixels, part and word, in order; then of the same pixels and part, since
    a copy may have other labels; then the one whose sketch is near, of the same part and word.
    Copies within a part and word cannot be told apart: they get their rows in the order of names.
    """
    found = np.full(len(files), -1, np.int64)
    ways: tuple[tuple[Any, Any], ...] = (
        (_exactly(files), _exactly(rows)),
        (list(zip(files.hashes, files.parts, strict=True)),
         list(zip(rows.hashes, rows.parts, strict=True))),
    )  # fmt: skip
    free = np.ones(len(rows), bool)
    for asked, offered in ways:
        _by_key(found, free, asked, offered)
    _by_sketch(found, free, files, rows)
    return found


def _exactly(pictures: Pictures) -> list[Hashable]:
    return list(zip(pictures.hashes, pictures.parts, pictures.words, strict=True))


def _by_key(
    found: npt.NDArray[np.int64],
    free: npt.NDArray[np.bool_],
    asked: Sequence[Hashable],
    offered: Sequence[Hashable],
) -> None:
    """Give every file that has none a free row of its key, both in order."""
    stock: dict[Hashable, list[int]] = defaultdict(list)
    for row in np.flatnonzero(free)[::-1].tolist():
        stock[offered[row]].append(row)
    for file in np.flatnonzero(found < 0).tolist():
        if stock.get(asked[file]):
            found[file] = stock[asked[file]].pop()
            free[found[file]] = False


def _by_sketch(
    found: npt.NDArray[np.int64], free: npt.NDArray[np.bool_], files: Pictures, rows: Pictures
) -> None:
    """Give every file that has none the free row of its part and word that alone is near."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for row in np.flatnonzero(free).tolist():
        groups[rows.parts[row], rows.words[row]].append(row)
    for file in np.flatnonzero(found < 0).tolist():
        held = np.array(groups.get((files.parts[file], files.words[file]), []), np.int64)
        apart = np.abs(rows.sketches[held].astype(np.int16) - files.sketches[file])
        near = held[apart.max(axis=1, initial=0) <= NEAR] if len(held) else held
        near = near[free[near]]
        if len(near) == 1:
            found[file] = near[0]
            free[near[0]] = False
