"""FACES: `140_y_f_a_b.jpg`, young to old, two sets.

Variants: `flat`, `sets` (a folder for each set). Traps: letters that mean another thing in each
place (`m_m`, `f_f`); capital letters; a name without its set; a truncated and an empty file.
"""

from collections.abc import Iterator
from itertools import product

from fertools.fakes._by_name import Shot, writer
from fertools.fakes._expected import Row
from fertools.fakes._face import person

VARIANTS = ("flat", "sets")
CODES = {
    "a": "anger", "d": "disgust", "f": "fear", "h": "happiness", "n": "neutral", "s": "sadness",
}  # fmt: skip
AGES = "ymo"


def _photographs(seed: int, people: int, flat: bool) -> Iterator[Shot]:
    for place, turn, letter in product(range(people), range(2), "ab"):
        code = list(CODES)[(2 * place + turn) % len(CODES)]
        gender = person(1000 * seed + place).gender[0]
        age = AGES[place % len(AGES)]
        yield _shot(f"{place + 1:03d}_{age}_{gender}_{code}_{letter}", place, flat)


def _shot(name: str, who: int, flat: bool, status: str = "ok") -> Shot:
    number, _, _, code, letter = name.lower().split("_")
    row = Row(status=status, label=code, word=CODES[code], subject=number)
    return Shot(f"{'' if flat else f'set {letter}/'}{name}.jpg", who, CODES[code], row)


def _traps(flat: bool) -> list[Shot]:
    return [
        _shot("168_m_m_f_a", 70, flat),
        _shot("169_O_F_F_B", 71, flat),
        _shot("170_y_m_h_a", 72, flat, "truncated"),
        _shot("170_y_m_h_b", 72, flat, "empty"),
        Shot("171_y_m_h.jpg", 72, "happiness", Row(status="unknown_name")),
    ]


write = writer("FACES", VARIANTS, _photographs, _traps)
