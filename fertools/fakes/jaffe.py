"""JAFFE: `KA.AN1.39.tiff`, gray, and a README with the table of ratings.

Variants: `flat` (a folder with both), `zip` (one archive). Traps: names without the number of the
take, and with more behind the running number; a picture that the table does not rate; `.tif`;
`.DS_Store`; a file that is no picture of the set; a cut and an empty file.
"""

from itertools import product
from pathlib import Path

import cv2
import numpy as np

from fertools.errors import unknown
from fertools.fakes._expected import Expected, Row, expected
from fertools.fakes._face import person, photograph
from fertools.fakes._files import put, truncated, zipped

VARIANTS = ("flat", "zip")
CODES = {
    "AN": "anger", "DI": "disgust", "FE": "fear", "HA": "happiness", "NE": "neutral",
    "SA": "sadness", "SU": "surprise",
}  # fmt: skip
NAMES = ("KA", "KL", "KM", "KR", "MK", "NA", "NM", "TM", "UY", "YM")
RATED = ("happiness", "sadness", "surprise", "anger", "disgust", "fear")
SIZE = (96, 96)
TAKES = 5  # pictures of each woman
FACE = {"faces": "as-is", "size": "48"}
File = tuple[str, bytes, Row]


def write(
    folder: Path, *, seed: int = 0, people: int = 4, traps: bool = True, variant: str = "flat"
) -> Expected:
    """Write five photographs of each person and their ratings."""
    if variant not in VARIANTS:
        raise unknown("variant", variant, list(VARIANTS))
    files: list[File] = []
    table = ["# HAP SAD SUR ANG DIS FEA PIC", "-" * 40]
    for number, (place, shot) in enumerate(product(range(people), range(TAKES)), start=1):
        code = list(CODES)[(TAKES * place + shot) % len(CODES)]
        files.append(_file(f"{NAMES[place]}.{code}1.{number}.tiff", seed, place, code))
        if not (traps and number == 2):
            table.append(f"{number} {_means(code, number)} {NAMES[place]}-{code}1")
    if traps:
        files += _traps(seed)
    entries = [(f"jaffe/{name}", data) for name, data, _ in files]
    entries.append(("jaffe/README_FIRST.txt", "\r\n".join([*table, ""]).encode()))
    if traps:
        entries.append(("jaffe/.DS_Store", b"\0\0\0\1Bud1"))
    if variant == "zip":
        put(Path(folder), "jaffe.zip", zipped(entries, packed=True))
    else:
        for name, data in entries:
            put(Path(folder), name, data)
    root = "jaffe.zip" if variant == "zip" else "jaffe"
    rated = people * TAKES - 1 if traps else people * TAKES
    return expected([row for *_, row in files], [root], face=FACE, counts={"rated": rated})


def _means(code: str, number: int) -> str:
    """Six means: high for what was posed, some noise for the others."""
    noise = np.random.default_rng([number, 5]).uniform(1.2, 2.6, len(RATED))
    means = [4.5 if word == CODES[code] else mean for word, mean in zip(RATED, noise, strict=True)]
    return " ".join(f"{mean:.2f}" for mean in means)


def _file(name: str, seed: int, place: int, code: str, status: str = "ok") -> File:
    who = person(1000 * seed + place)
    image, _, _ = photograph([who], size=SIZE, expressions=[CODES[code]], seed=len(name))
    data = cv2.imencode(".tiff", cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))[1].tobytes()
    data = {"undecodable": truncated(data), "empty": b""}.get(status, data)
    return name, data, Row(status=status, label=code, word=CODES[code], subject=name[:2])


def _traps(seed: int) -> list[File]:
    name, data, _ = _file("average.tiff", seed, 90, "NE")
    return [
        _file("YM.AN.61.tiff", seed, 80, "AN"),
        _file("YM.HA1.52.b.tif", seed, 80, "HA"),
        _file("YM.SU1.55.tiff", seed, 80, "SU", "undecodable"),
        _file("YM.SU2.56.tiff", seed, 80, "SU", "empty"),
        (name, data, Row(status="unknown_name")),
    ]
