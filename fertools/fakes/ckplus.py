"""CK+ as distributed: image sequences from neutral to the peak, labels, landmarks and FACS codes.

Variants: `official` (the four trees side by side), `nested` (`Emotion_labels/Emotion` and the
like), `zips` (the four archives). People, ids and sequences are those of the `ck48` fake. Rows
are the last three frames of every labelled sequence; `counts` tells the rest.

Traps: folders of Emotion that are empty, or not there; `.DS_Store`; a truncated frame; a FACS file
with a zero too many in its name; colour among gray; frame numbers that start at 1 and end anywhere.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from fertools.errors import unknown
from fertools.fakes._ck import CLASSES, Take, subject, takes
from fertools.fakes._expected import Expected, Row, expected
from fertools.fakes._face import EXPRESSIONS, person, photograph
from fertools.fakes._files import png, put, truncated, zipped
from fertools.fakes._landmarks import Points, landmarks68

VARIANTS = ("official", "nested", "zips")
SIZE = (120, 160)
CODES = {label: code for code, label in enumerate(CLASSES, start=1)}
UNITS = {
    "anger": (4, 5, 7, 23),
    "contempt": (14,),
    "disgust": (9, 10, 17),
    "fear": (1, 2, 4, 5, 25),
    "happy": (6, 12, 25),
    "sadness": (1, 4, 15),
    "surprise": (1, 2, 5, 27),
}
NESTED = {"Emotion": "Emotion_labels/Emotion", "FACS": "FACS_labels/FACS"}
ARCHIVES = {
    "cohn-kanade-images": "extended-cohn-kanade-images.zip",
    "Emotion": "Emotion_labels.zip",
    "FACS": "FACS_labels.zip",
    "Landmarks": "Landmarks.zip",
}
UNLABELLED = "embarrassment"  # what sequences without a label show
File = tuple[str, bytes]


def write(
    folder: Path, *, seed: int = 0, people: int = 4, traps: bool = True, variant: str = "official"
) -> Expected:
    """Write every sequence of every person, and one without a label for every second person."""
    if variant not in VARIANTS:
        raise unknown("variant", variant, list(VARIANTS))
    files: list[File] = []
    rows: list[Row] = []
    for place in range(people):
        labelled = takes(place, people, seed)
        for number, take in enumerate(labelled):
            cut = traps and place == 1 and number == 0
            files += _sequence(take, seed, labelled=True, cut=cut)
            rows += _rows(take, cut)
        if place % 2 == 0:
            files += _sequence(_silent(place, people, seed), seed, labelled=False, cut=False)
    if traps:
        files += [("Emotion/.DS_Store", b"\0\0\0\1Bud1"), ("FACS/.DS_Store", b"\0\0\0\1Bud1")]
        files += [("cohn-kanade-images/.DS_Store", b"\0\0\0\1Bud1")]
    _lay(Path(folder) / "CK+", files, variant)
    frames = sum(name.endswith(".png") for name, _ in files)
    sequences = sum(name.endswith("_emotion.txt") for name, _ in files)
    silent = (people + 1) // 2
    counts = {"frames": frames, "labelled": sequences, "unlabelled": silent}
    return expected(rows, ["CK+"], counts={**counts, "neutral_first": sequences})


def _silent(place: int, people: int, seed: int) -> Take:
    name = subject(place, people)
    return Take(person(1000 * seed + place), name, f"{name}_007", "", UNLABELLED, 5)


def _rows(take: Take, cut: bool) -> list[Row]:
    code = str(CODES[take.label])
    row = Row(label=code, word=take.word, subject=take.subject, sequence=take.sequence)
    return [row, Row(status="truncated"), row] if cut else [row] * 3


def _sequence(take: Take, seed: int, *, labelled: bool, cut: bool) -> Iterator[File]:
    """Frames, landmarks and, at the peak, FACS codes and the emotion."""
    place = f"{take.subject}/{take.sequence[-3:]}"
    peak = f"{take.sequence}_{take.last:08d}"
    for frame in range(1, take.last + 1):
        name = f"{take.sequence}_{frame:08d}"
        data, points = _frame(take, frame, seed)
        whole = not (cut and frame == take.last - 1)
        yield f"cohn-kanade-images/{place}/{name}.png", data if whole else truncated(data)
        text = "".join(f"   {x:.7e}   {y:.7e}\n" for x, y in points)
        yield f"Landmarks/{place}/{name}_landmarks.txt", text.encode()
    if labelled:
        yield f"Emotion/{place}/{peak}_emotion.txt", f"   {CODES[take.label]:.7e}\n".encode()
        codes = "".join(f"   {unit:.7e}   {3:.7e}\n" for unit in UNITS[take.label])
        slip = f"{peak[0]}0{peak[1:]}" if cut else peak
        yield f"FACS/{place}/{slip}_facs.txt", codes.encode()
    else:
        yield f"Emotion/{place}/", b""  # a folder that holds nothing


@cache
def _frame(take: Take, frame: int, seed: int) -> tuple[bytes, Points]:
    """A frame as PNG and its landmarks."""
    strength = (frame - 1) / (take.last - 1)
    image, _, five = photograph(
        [take.who],
        size=SIZE,
        expressions=[take.word],
        seed=1000 * seed + EXPRESSIONS.index(take.word),
        head=0.36,
        strength=strength,
        frame=frame,
    )
    points = landmarks68(take.who, take.word, strength, five[0])
    gray = take.sequence[-1] != "2"  # most sequences of CK+ are gray, a few in colour
    return png(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.uint8) if gray else image), points


def _lay(root: Path, files: list[File], variant: str) -> None:
    if variant == "zips":
        for tree, archive in ARCHIVES.items():
            inside = [file for file in files if file[0].startswith(f"{tree}/")]
            put(root, archive, zipped(inside, packed=True))
        return
    for name, data in files:
        tree, _, rest = name.partition("/")
        path = f"{NESTED.get(tree, tree) if variant == 'nested' else tree}/{rest}"
        if path.endswith("/"):
            (root / path).mkdir(parents=True, exist_ok=True)
        else:
            put(root, path, data)
