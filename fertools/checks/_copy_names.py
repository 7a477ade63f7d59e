"""Augmented copies by their file names: `X.jpg0.jpg` or `X_flip.jpg` beside `X.jpg`.

In go the paths of a manifest; out come the rows whose name says what they are, and their originals.
A name alone is no evidence: the original must lie in the same folder.
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

IMAGE = r"\.(?:jpe?g|png|bmp|webp|tiff?)"
DONE = (
    r"(?:aug(?:mented)?|[hv]?flip(?:ped)?|mirror(?:ed)?|rot(?:ated?)?|blur(?:red)?|bright|dark|"
    r"contrast|nois[ey]|crop(?:ped)?|zoom|shift|eq(?:uali[sz]ed)?)"
)
WAYS = (
    re.compile(rf"(?P<original>.+{IMAGE})\d+", re.IGNORECASE),
    re.compile(rf"(?P<original>.+?)[ _.-]+{DONE}[ _.-]?\d*", re.IGNORECASE),
    re.compile(rf"{DONE}[ _.-]+(?P<original>.+)", re.IGNORECASE),
)


def by_name(paths: Sequence[str], usable: npt.NDArray[np.bool_]) -> tuple[Integers, Integers]:
    """Rows (m,) that are copies by their names, and the rows of their originals."""
    stems: dict[tuple[str, str], int] = {}
    for row in np.flatnonzero(usable).tolist():
        folder, stem = _parts(paths[row])
        stems.setdefault((folder, stem), row)
    found = [
        (row, original)
        for row in np.flatnonzero(usable).tolist()
        for original in _originals(paths[row], stems)
    ]
    rows = np.array(found, np.int64).reshape(-1, 2)
    return rows[:, 0], rows[:, 1]


def _originals(path: str, stems: dict[tuple[str, str], int]) -> Iterator[int]:
    folder, stem = _parts(path)
    for way in WAYS:
        match = way.fullmatch(stem)
        if match is None:
            continue
        original = re.sub(rf"{IMAGE}$", "", match["original"], flags=re.IGNORECASE)
        row = stems.get((folder, original))
        if row is not None:
            yield row
            return


def _parts(path: str) -> tuple[str, str]:
    """Folder, and name without its extension."""
    folder, _, name = path.rpartition("/")
    stem, dot, _ = name.rpartition(".")
    return folder, stem if dot else name
