"""RAF-DB: the basic and the compound set as distributed, and Kaggle's class folders.

Variants: `basic`, `compound` (same file names, other codes, other numbers of digits), `kaggle`
(folders 1 to 7 and two CSVs), `kaggle_zero` (other columns, codes from 0). A row is a picture of
the label list or of the folders. Originals are photographs, aligned faces are cut from them by the
landmarks; annotations (five and 37 points, gender, race, age, box) speak of the originals. The
codes of `compound` and `kaggle_zero` mean other words, so only `words` are told there.

Traps: a label without its picture (`missing`), a picture without a label, truncated and empty
files, CRLF and a blank line in the list, a face without annotations, tabs, a box line without its
newline.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fertools.errors import unknown
from fertools.fakes._expected import Expected, Row, expected
from fertools.fakes._face import Image, Person, person, photograph
from fertools.fakes._files import jpeg, put, truncated
from fertools.labels import COMPOUND

VARIANTS = ("basic", "compound", "kaggle", "kaggle_zero")
WORDS = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
DRAWN = (  # the feeling that is drawn for the compound codes 1 to 11
    *("happiness", "happiness", "sadness", "sadness", "sadness", "sadness"),
    *("fear", "fear", "anger", "anger", "disgust"),
)
EYES = ((34.0, 40.0), (66.0, 40.0))  # where an aligned face of 100 pixels has them
GENDERS = {"male": 0, "female": 1}
AGES = {10: 1, 20: 2, 30: 2, 40: 3, 50: 3, 60: 3}


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A photograph with what the annotators said of it; landmarks (5, 2), box x1 y1 x2 y2."""

    who: Person
    code: int
    part: str
    original: Image
    aligned: Image
    points: NDArray[np.float32]
    box: NDArray[np.float32]


def write(
    folder: Path, *, seed: int = 0, people: int = 5, traps: bool = True, variant: str = "basic"
) -> Expected:
    """Write one photograph for each person and code."""
    if variant not in VARIANTS:
        raise unknown("variant", variant, list(VARIANTS))
    folder = Path(folder)
    found = shots(seed, people, DRAWN if variant == "compound" else WORDS)
    if variant.startswith("kaggle"):
        return _kaggle(folder, found, traps, base=0 if variant == "kaggle_zero" else 1)
    return _official(folder, found, traps, variant)


@cache
def shots(seed: int, people: int, words: tuple[str, ...]) -> tuple[Shot, ...]:
    """The photographs, training before test."""
    found = []
    for place in range(people):
        who = person(1000 * seed + place)
        part = "train" if (place + 0.5) / people < 0.75 else "test"
        for code, word in enumerate(words, start=1):
            size = (150 + 10 * (code % 4), 190)
            turn = 8.0 * ((place + code) % 5 - 2)
            image, boxes, points = photograph(
                [who], size=size, expressions=[word], seed=1000 * seed + code, turn=turn
            )
            face = _aligned(image, points[0])
            found.append(Shot(who, code, part, image, face, points[0], boxes[0]))
    return tuple(found)


def _aligned(image: Image, points: NDArray[np.float32]) -> Image:
    """The 100x100 face with its eyes at `EYES`: a similarity, as complex numbers."""
    left, right = (complex(x, y) for x, y in points[:2].tolist())
    to_left, to_right = (complex(x, y) for x, y in EYES)
    turn = (to_right - to_left) / (right - left)
    shift = to_left - turn * left
    matrix = np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])
    face = cv2.warpAffine(image, matrix, (100, 100), borderMode=cv2.BORDER_REPLICATE)
    return face.astype(np.uint8)


def _named(found: tuple[Shot, ...], variant: str) -> Iterator[tuple[str, Shot]]:
    """Names count from 1 in each part; the compound set has fewer digits."""
    digits = {"basic": (5, 4), "compound": (4, 3)}[variant]
    for part, width in zip(("train", "test"), digits, strict=True):
        own = [shot for shot in found if shot.part == part]
        for number, shot in enumerate(own, start=1):
            yield f"{part}_{number:0{width}d}", shot


def _official(folder: Path, found: tuple[Shot, ...], traps: bool, variant: str) -> Expected:
    lines, rows = [], []
    known = variant == "basic"
    spoken = WORDS if known else COMPOUND
    for number, (stem, shot) in enumerate(_named(found, variant)):
        status = {2: "truncated", 4: "empty", 6: "missing"}.get(number, "ok") if traps else "ok"
        labelled = not (traps and number == 8)
        _write_pictures(folder / variant, stem, shot, status)
        if not (traps and number == 10):
            _annotate(folder / variant / "Annotation", stem, shot)
        if labelled:
            lines.append(f"{stem}.jpg {shot.code}")
        rows.append(
            Row(
                status=status,
                label=str(shot.code) if known and labelled else None,
                word=spoken[shot.code - 1] if labelled else None,
                split=shot.part,
            )
        )
    end = "\r\n" if traps else "\n"
    text = end.join([*lines, "", ""] if traps else [*lines, ""])
    put(folder / variant, "EmoLabel/list_patition_label.txt", text.encode())
    counts = {"unlabelled": 1, "without_annotation": 1} if traps else {}
    return expected(rows, [variant], counts=counts)


def _write_pictures(root: Path, stem: str, shot: Shot, status: str) -> None:
    pictures = {f"original/{stem}": shot.original, f"aligned/{stem}_aligned": shot.aligned}
    for name, image in pictures.items():
        data = jpeg(image)
        if status != "missing":
            broken = {"truncated": truncated(data), "empty": b""}
            put(root, f"Image/{name}.jpg", broken.get(status, data))


def _annotate(folder: Path, stem: str, shot: Shot) -> None:
    """The three annotation files, spelled as the real ones are."""
    five = [f"{x:.3f}\t{y:.3f}" for x, y in shot.points]
    gender = 2 if shot.who.seed % 5 == 4 else GENDERS[shot.who.gender]  # 2: unsure
    attributes = [gender, shot.who.seed % 3, AGES[shot.who.age]]
    manual = "\n".join([*five, *map(str, attributes), ""])
    put(folder, f"manual/{stem}_manu_attri.txt", manual.encode())
    middle = shot.points.mean(axis=0)
    ring = [middle + (shot.points[i % 5] - middle) * (1 + i / 37) for i in range(37)]
    auto = "".join(f"{x:.3f}\t{y:.3f}\n" for x, y in ring)
    put(folder, f"auto/{stem}_auto_attri.txt", auto.encode())
    box = "".join(f"{edge:.3f} " for edge in shot.box)
    put(folder, f"boundingbox/{stem}_boundingbox.txt", box.encode())


def _kaggle(folder: Path, found: tuple[Shot, ...], traps: bool, base: int) -> Expected:
    header = "image,label" if base else "image_name,label_index"
    lists = {"train": [header], "test": [header]}
    rows = []
    for number, (stem, shot) in enumerate(_named(found, "basic")):
        status = {2: "truncated", 4: "empty", 6: "missing"}.get(number, "ok") if traps else "ok"
        code = shot.code - 1 + base
        data = jpeg(shot.aligned)
        name = f"{stem}_aligned.jpg"
        if status != "missing":
            broken = {"truncated": truncated(data), "empty": b""}
            put(folder, f"DATASET/{shot.part}/{code}/{name}", broken.get(status, data))
        lists[shot.part].append(f"{name},{code}")
        label = str(code) if base else None
        rows.append(Row(status=status, label=label, word=WORDS[shot.code - 1], split=shot.part))
    for part, lines in lists.items():
        put(folder, f"DATASET/{part}_labels.csv", "\n".join([*lines, ""]).encode())
    return expected(rows, ["DATASET"])
