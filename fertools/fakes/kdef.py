"""KDEF: `AF01ANS.JPG`, twice taken, from several sides.

Variants: `folders` (one for each person and series), `flat`. Traps: women of series A who are
afraid (`AF01AFS`); the two files without an expression in their names; lower-case extensions; an
averaged face; `Thumbs.db`; a truncated and an empty file.
"""

from collections.abc import Iterator
from pathlib import Path

from fertools.errors import unknown
from fertools.fakes._by_name import Shot, shoot
from fertools.fakes._expected import Expected, Row
from fertools.fakes._face import person
from fertools.fakes._files import put

VARIANTS = ("folders", "flat")
CODES = {
    "AF": "fear", "AN": "anger", "DI": "disgust", "HA": "happiness", "NE": "neutral",
    "SA": "sadness", "SU": "surprise",
}  # fmt: skip
SHOTS = (("A", 0, "S"), ("A", 0, "HL"), ("A", 1, "FR"), ("B", 2, "S"))  # series, expression, view
ROOT = "KDEF_and_AKDEF"


def write(
    folder: Path, *, seed: int = 0, people: int = 4, traps: bool = True, variant: str = "folders"
) -> Expected:
    """Write four photographs of each person."""
    if variant not in VARIANTS:
        raise unknown("variant", variant, list(VARIANTS))
    flat = variant == "flat"
    shots = list(_photographs(seed, people, flat))
    if traps:
        shots += _traps(flat)
        put(Path(folder), f"{ROOT}/KDEF/Thumbs.db", b"\xd0\xcf\x11\xe0")
    return shoot(folder, ROOT, shots, seed)


def _photographs(seed: int, people: int, flat: bool) -> Iterator[Shot]:
    numbers = {"F": 0, "M": 0}
    for place in range(people):
        letter = person(1000 * seed + place).gender[0].upper()
        numbers[letter] += 1
        for series, shift, view in SHOTS:
            code = list(CODES)[(3 * place + shift) % len(CODES)]
            name = f"{series}{letter}{numbers[letter]:02d}{code}{view}"
            yield _shot(name, place, code, flat, suffix=".jpg" if place == 1 else ".JPG")


def _shot(
    name: str, who: int, code: str, flat: bool, status: str = "ok", suffix: str = ".JPG"
) -> Shot:
    row = Row(status=status, label=code, word=CODES[code], subject=name[1:4])
    above = "" if flat else f"KDEF/{name[:4]}/"
    return Shot(f"{above}{name}{suffix}", who, CODES[code], row)


def _traps(flat: bool) -> list[Shot]:
    return [
        _shot("AF34AFS", 70, "AF", flat),
        _shot("AF31V", 71, "SA", flat),
        _shot("AM31H", 72, "SU", flat),
        _shot("BF35DIS", 70, "DI", flat, "truncated"),
        _shot("BM35HAS", 72, "HA", flat, "empty"),
        Shot("AKDEF/MANES.JPG", 73, "neutral", Row(status="unknown_name")),
    ]
