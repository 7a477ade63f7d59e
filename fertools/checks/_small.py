"""Small gray faces of a manifest: what the checks look at.

In go a manifest and its faces; out come gray faces with sides of at most 64 pixels, in blocks or by
place. Coloured faces are turned to gray and larger ones reduced to 48 (area), once for all checks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from fertools.checks._sketch import LARGEST
from fertools.faces import Faces
from fertools.image import fit, to_gray
from fertools.manifest import Manifest

SIDE = 48
BLOCK = 512  # faces that are read at a time

Integers = npt.NDArray[np.int64]
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Small:
    """Gray faces by place among `rows` (m,) of a manifest, ascending.

    `source[at[place]]` is the face: the store itself where its faces are small and gray, else an
    array of reduced ones, 2.3 KB each.
    """

    rows: Integers
    at: Integers
    source: Faces | Pixels

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, places: slice | Integers, /) -> Pixels:
        return self.source[self.at[places]]

    def take(self, places: Integers) -> "Small":
        """The faces at these places alone."""
        return Small(self.rows[places], self.at[places], self.source)

    def blocks(self, size: int = BLOCK) -> Iterator[tuple[slice, Pixels]]:
        """All faces in order, `size` at a time, with their places."""
        for start in range(0, len(self), size):
            places = slice(start, min(start + size, len(self)))
            yield places, self[places]


def small(manifest: Manifest, faces: Faces) -> Small:
    """The small gray faces of every row that has a face."""
    rows = np.flatnonzero(manifest.ok().to_numpy())
    if len(faces.shape) == 2 and 0 < max(faces.shape) <= LARGEST:
        return Small(rows, rows, faces)
    if faces not in _REDUCED:
        _REDUCED[faces] = _reduced(faces, rows)
    return Small(rows, np.arange(len(rows)), _REDUCED[faces])


# Reading and reducing faces takes longer than a check does with them.
_REDUCED: WeakKeyDictionary[Faces, Pixels] = WeakKeyDictionary()


def _reduced(faces: Faces, rows: Integers) -> Pixels:
    out = np.empty((len(rows), SIDE, SIDE), np.uint8)
    for start in range(0, len(rows), BLOCK):
        for place, face in enumerate(faces[rows[start : start + BLOCK]], start=start):
            out[place] = fit(to_gray(face), SIDE)
    return out
