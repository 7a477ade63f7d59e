"""Studio photographs whose names say everything, for the fakes of laboratories' data sets.

In go names, who is on them and in which expression; the files go into a folder, out comes what a
correct ingest says of them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2

from fertools.errors import unknown
from fertools.fakes._expected import Expected, Row, expected
from fertools.fakes._face import person, photograph
from fertools.fakes._files import Image, jpeg, put, truncated

SIZE = (96, 72)
FACE = {"faces": "as-is", "size": "48"}


@dataclass(frozen=True, slots=True)
class Shot:
    """One photograph: `name` with its extension, number of the person, expression that is drawn.

    A row whose status is `truncated` or `empty` is made so.
    """

    name: str
    who: int
    word: str
    row: Row


def shoot(folder: Path, root: str, shots: Iterable[Shot], seed: int) -> Expected:
    """Write the photographs below `root`."""
    shots = list(shots)
    for shot in shots:
        put(Path(folder), f"{root}/{shot.name}", _data(shot, seed))
    return expected([shot.row for shot in shots], [root], face=FACE)


def writer(
    root: str,
    variants: tuple[str, ...],
    photographs: Callable[[int, int, bool], Iterable[Shot]],
    traps_of: Callable[[bool], list[Shot]],
) -> Callable[..., Expected]:
    """The `write` of a fake: its photographs, of a seed, so many people and in one folder or not
    (the variant `flat`), and its traps.
    """

    def write(
        folder: Path,
        *,
        seed: int = 0,
        people: int = 4,
        traps: bool = True,
        variant: str = variants[0],
    ) -> Expected:
        if variant not in variants:
            raise unknown("variant", variant, list(variants))
        flat = variant == "flat"
        shots = [*photographs(seed, people, flat), *(traps_of(flat) if traps else ())]
        return shoot(folder, root, shots, seed)

    return write


def _data(shot: Shot, seed: int) -> bytes:
    look = sum(map(ord, shot.name))  # the light of a photograph
    who = person(1000 * seed + shot.who)
    image, _, _ = photograph([who], size=SIZE, expressions=[shot.word], seed=look)
    bmp = shot.name.lower().endswith(".bmp")
    data = _bmp(image) if bmp else jpeg(image)
    return {"truncated": truncated(data), "empty": b""}.get(shot.row.status, data)


def _bmp(image: Image) -> bytes:
    return cv2.imencode(".bmp", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes()
