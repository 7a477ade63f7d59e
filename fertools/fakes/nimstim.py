"""NimStim: `01F_AN_C.BMP`, with the mouth open and closed.

Variants: `flat`, `people` (a folder for each). Traps: calm faces, which are neutral ones by another
code; SP for surprise; small letters; `.jpeg`; a name with more behind it; an empty file.
"""

from collections.abc import Iterator
from itertools import product

from fertools.fakes._by_name import Shot, writer
from fertools.fakes._expected import Row
from fertools.fakes._face import person

VARIANTS = ("flat", "people")
CODES = {
    "AN": "anger", "CA": "neutral", "DI": "disgust", "FE": "fear", "HA": "happiness",
    "NE": "neutral", "SA": "sadness", "SP": "surprise",
}  # fmt: skip


def _photographs(seed: int, people: int, flat: bool) -> Iterator[Shot]:
    for place, turn, mouth in product(range(people), range(2), "CO"):
        code = list(CODES)[(3 * place + turn) % len(CODES)]
        gender = person(1000 * seed + place).gender[0].upper()
        yield _shot(f"{place + 1:02d}{gender}_{code}_{mouth}.BMP", place, flat)


def _shot(name: str, who: int, flat: bool, status: str = "ok") -> Shot:
    number, code = name.upper().split("_")[:2]
    row = Row(status=status, label=code, word=CODES[code], subject=number)
    return Shot(name if flat else f"{number}/{name}", who, CODES[code], row)


def _traps(flat: bool) -> list[Shot]:
    return [
        _shot("43M_HA_X.BMP", 70, flat),
        _shot("42m_sp_o.bmp", 71, flat),
        _shot("41M_CA_C.jpeg", 72, flat),
        _shot("40M_SA_C.BMP", 73, flat, "empty"),
        Shot("40M_SA_C_gray.BMP", 73, "sadness", Row(status="unknown_name")),
    ]


write = writer("NimStim", VARIANTS, _photographs, _traps)
