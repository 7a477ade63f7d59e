"""A look at raw data of unknown origin: some of its pictures, and what their names say of all.

In goes a RAW argument; out comes a `Specimen`. A table of pixels is read whole; of a folder or an
archive every name is read and some thousand pictures, evenly spread.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fertools.checks._copy_names import by_name
from fertools.errors import FerError
from fertools.fingerprint.signatures import SIDE, short
from fertools.frame import Batch
from fertools.image import ImageFault, decode, digest, fit
from fertools.labels import canonical
from fertools.roots import Member, ReadFault, Root, open_member
from fertools.sources import fer2013

LOOKED_AT = 3000
IMAGES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
PARTS = {
    "train": "train", "training": "train", "train_set": "train", "publictest": "val", "val": "val",
    "valid": "val", "validation": "val", "privatetest": "test", "test": "test", "testing": "test",
}  # fmt: skip

Pixels = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Specimen:
    """What was seen of some data.

    `faces` (m, 48, 48) are gray, `hashes` of the gray pixels as they came, `sizes` their longer
    sides; `labels` as written, `parts` train, val or test where the place says so. `counts` are
    those of all rows by part and label, `extras` how many pictures are augmented copies by their
    names, `unread` how many of those tried were no picture.
    """

    table: bool
    rows: int
    faces: Pixels
    hashes: list[str | None]
    sizes: Integers
    labels: list[str | None]
    parts: list[str | None]
    counts: Counter[tuple[str | None, str | None]]
    extras: int = 0
    unread: int = 0

    def __len__(self) -> int:
        return len(self.hashes)

    @property
    def noun(self) -> str:
        """What the data is made of."""
        return "rows" if self.table else "pictures"


def look_at(raw: str | Path) -> Specimen:
    """Read a specimen of a folder, an archive or a table.

    Raises `FerError` where there is nothing to look at.
    """
    root = Root(raw)
    if any(fer2013.TABLE.search(member.name) for member in root.members) and fer2013.matches(root):
        found = _table(root)
        if len(found):
            return found
    images = [member for member in root.members if member.suffix in IMAGES]
    if not images:
        raise FerError(f"{raw}: holds neither pictures nor a table with a column of pixels")
    return _images(images)


def _table(root: Root) -> Specimen:
    """All rows of the tables with pixels."""
    batches = [
        batch
        for unit in fer2013.units(root)
        for batch in fer2013.read(unit)
        if isinstance(batch, Batch)
    ]
    columns = {
        name: [value for batch in batches for value in batch.columns[name]]
        for name in ("status", "raw_label", "official_split")
    }
    ok = [place for place, status in enumerate(columns["status"]) if status == "ok"]
    none = np.empty((0, SIDE, SIDE), np.uint8)
    faces = np.concatenate([none, *(batch.faces for batch in batches)])
    parts, labels = (
        [columns[name][place] for place in ok] for name in ("official_split", "raw_label")
    )
    return Specimen(
        table=True,
        rows=len(columns["status"]),
        faces=faces,
        hashes=short([digest(face) for face in faces]),
        sizes=np.full(len(ok), SIDE),
        labels=labels,
        parts=parts,
        counts=Counter(zip(columns["official_split"], columns["raw_label"], strict=True)),
        unread=len(columns["status"]) - len(ok),
    )


def _images(members: list[Member]) -> Specimen:
    """Every name, and some of the pictures that are no copies by their names."""
    copies, _ = by_name([m.path for m in members], np.ones(len(members), np.bool_))
    extra = set(copies.tolist())
    own = [member for place, member in enumerate(members) if place not in extra]
    chosen = np.unique(np.linspace(0, len(own) - 1, LOOKED_AT).astype(int))
    faces, hashes, sizes, seen = [], [], [], []
    for member in (own[place] for place in chosen):
        try:
            with open_member(member) as stream:
                pixels = decode(stream.read(), gray=True).pixels
        except (ImageFault, ReadFault):
            continue
        seen.append(member)
        hashes.append(digest(pixels))
        sizes.append(max(pixels.shape))
        faces.append(fit(pixels, SIDE))
    counts = Counter((_part(m), _label(m)) for place, m in enumerate(members) if place not in extra)
    return Specimen(
        table=False,
        rows=len(members),
        faces=np.stack(faces) if faces else np.empty((0, SIDE, SIDE), np.uint8),
        hashes=short(hashes),
        sizes=np.array(sizes, np.int64),
        labels=[_label(member) for member in seen],
        parts=[_part(member) for member in seen],
        counts=counts,
        extras=len(extra),
        unread=len(chosen) - len(seen),
    )


def _label(member: Member) -> str | None:
    """The name of the folder a picture lies in."""
    above = member.parts[:-1]
    return above[-1] if above else None


def _part(member: Member) -> str | None:
    """The part that the name of the picture, else a folder above it, speaks of."""
    for word in (member.name.partition("_")[0], *reversed(member.parts[:-1])):
        if part := PARTS.get(word.lower()):
            return part
    return None


def word_of(label: str | None, table: bool) -> str | None:
    """The word for a label: FER2013's codes in a table, else the names that folders have."""
    return canonical(label, fer2013.LABELS if table else None)
