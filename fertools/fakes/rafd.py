"""RaFD: `Rafd090_28_Caucasian_male_angry_frontal.jpg`, a moment seen by several cameras.

Variants: `flat`, `folders` (one for each expression). Traps: children, whose group is `Kid`; names
in small letters; a name without the direction of the eyes; a truncated and an empty file.
"""

from collections.abc import Iterator
from itertools import product

from fertools.fakes._by_name import Shot, writer
from fertools.fakes._expected import Row
from fertools.fakes._face import person

VARIANTS = ("flat", "folders")
WORDS = {
    "angry": "anger", "contemptuous": "contempt", "disgusted": "disgust", "fearful": "fear",
    "happy": "happiness", "neutral": "neutral", "sad": "sadness", "surprised": "surprise",
}  # fmt: skip
GROUPS = ("Caucasian", "Moroccan", "Kid")
ANGLES = ("045", "090")


def _photographs(seed: int, people: int, flat: bool) -> Iterator[Shot]:
    for place, moment, angle in product(range(people), range(2), ANGLES):
        expression = list(WORDS)[(3 * place + moment) % len(WORDS)]
        who = f"{GROUPS[place % len(GROUPS)]}_{person(1000 * seed + place).gender}"
        gaze = ("frontal", "left")[moment]
        yield _shot(f"Rafd{angle}_{place + 1:02d}_{who}_{expression}_{gaze}", place, flat)


def _shot(name: str, who: int, flat: bool, status: str = "ok") -> Shot:
    _, number, _, _, expression, gaze = name.lower().split("_")
    word = WORDS[expression]
    moment = f"{number}_{expression}_{gaze}"
    row = Row(status=status, label=expression, word=word, subject=number, sequence=moment)
    return Shot(f"{'' if flat else f'{expression}/'}{name}.jpg", who, word, row)


def _traps(flat: bool) -> list[Shot]:
    return [
        _shot("rafd180_73_moroccan_male_sad_right", 70, flat),
        _shot("Rafd000_72_Moroccan_male_happy_left", 71, flat, "truncated"),
        _shot("Rafd135_71_Caucasian_male_neutral_frontal", 72, flat, "empty"),
        Shot("Rafd090_71_Caucasian_male_neutral.jpg", 72, "neutral", Row(status="unknown_name")),
    ]


write = writer("RafD", VARIANTS, _photographs, _traps)
