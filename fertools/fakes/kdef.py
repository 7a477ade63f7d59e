"""KDEF: `AF01ANS.JPG`, twice taken, from several sides.

Variants: `folders` (one for each person and series), `flat`. Traps: women of series A who are
afraid (`AF01AFS`); the two files without an expression in their names; lower-case extensions; an
averaged face; `Thumbs.db`; a truncated and an empty file.
"""

from collections.abc import Iterator
from pathlib import Path

from fertools.errors import unknown
from fertools.fakes._expected import Expected, Row, expected
from fertools.fakes._face import person, photograph
from fertools.fakes._files import jpeg, put, truncated

VARIANTS = ("folders", "flat")
CODES = {
    "AF": "fear", "AN": "anger", "DI": "disgust", "HA": "happiness", "NE": "neutral",
    "SA": "sadness", "SU": "surprise",
}  # fmt: skip
SIZE = (96, 72)
SHOTS = (("A", 0, "S"), ("A", 0, "HL"), ("A", 1, "FR"), ("B", 2, "S"))  # series, expression, view
FACE = {"faces": "as-is", "size": "48"}
File = tuple[str, bytes, Row]


def write(
    folder: Path, *, seed: int = 0, people: int = 4, traps: bool = True, variant: str = "folders"
) -> Expected:
    """Write four photographs of each person."""
    if variant not in VARIANTS:
        raise unknown("variant", variant, list(VARIANTS))
    files = list(_photographs(seed, people))
    if traps:
        files += _traps(seed)
        put(Path(folder), "KDEF_and_AKDEF/KDEF/Thumbs.db", b"\xd0\xcf\x11\xe0")
    for name, data, _ in files:
        place = name if variant == "flat" or "/" in name else f"KDEF/{name[:4].upper()}/{name}"
        put(Path(folder), f"KDEF_and_AKDEF/{place}", data)
    return expected([row for _, _, row in files], ["KDEF_and_AKDEF"], face=FACE)


def _photographs(seed: int, people: int) -> Iterator[File]:
    numbers = {"F": 0, "M": 0}
    for place in range(people):
        letter = person(1000 * seed + place).gender[0].upper()
        numbers[letter] += 1
        for series, shift, view in SHOTS:
            code = list(CODES)[(3 * place + shift) % len(CODES)]
            name = f"{series}{letter}{numbers[letter]:02d}{code}{view}"
            suffix = ".jpg" if place == 1 else ".JPG"
            yield _file(name, suffix, seed, place, code, view)


def _file(
    name: str, suffix: str, seed: int, place: int, code: str, view: str, status: str = "ok"
) -> File:
    who = person(1000 * seed + place)
    image, _, _ = photograph([who], size=SIZE, expressions=[CODES[code]], seed=sum(map(ord, view)))
    data = jpeg(image)
    data = {"truncated": truncated(data), "empty": b""}.get(status, data)
    row = Row(status=status, label=code, word=CODES[code], subject=name[1:4])
    return name + suffix, data, row


def _traps(seed: int) -> list[File]:
    name, data, _ = _file("AKDEF/MANES", ".JPG", seed, 73, "NE", "S")
    return [
        _file("AF34AFS", ".JPG", seed, 70, "AF", "S"),
        _file("AF31V", ".JPG", seed, 71, "SA", "HL"),
        _file("AM31H", ".JPG", seed, 72, "SU", "HR"),
        _file("BF35DIS", ".JPG", seed, 70, "DI", "S", "truncated"),
        _file("BM35HAS", ".JPG", seed, 72, "HA", "S", "empty"),
        (name, data, Row(status="unknown_name")),
    ]
