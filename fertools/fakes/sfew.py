"""SFEW 2.0: stills of films and their aligned faces, with a test part that has no labels.

Variants: `folders` (aligned faces beside the stills, which are then not read), `zips` (as they are
downloaded), `stills`. Traps: `Val_Aligned_Faces_new` around the folder of that name; films with
underscores in their titles; a strange name; a truncated and an empty file; `.DS_Store`.
"""

import zipfile
from itertools import product
from pathlib import Path

from fertools.errors import unknown
from fertools.fakes._expected import Expected, Row, expected
from fertools.fakes._face import draw, person, photograph
from fertools.fakes._files import png, put, truncated, zipped

VARIANTS = ("folders", "zips", "stills")
LABELS = {
    "Angry": "anger", "Disgust": "disgust", "Fear": "fear", "Happy": "happiness",
    "Neutral": "neutral", "Sad": "sadness", "Surprise": "surprise",
}  # fmt: skip
FILMS = ("Airheads", "Harry_Potter_2", "DeepBlueSea", "Bridesmaids")
PARTS = ("Train", "Train", "Val", "Test")
SHOTS = 4  # stills of each person
FACE = {"faces": "as-is", "size": "48"}
File = tuple[str, str, bytes, Row]  # part, path within, data


def write(
    folder: Path, *, seed: int = 0, people: int = 4, traps: bool = True, variant: str = "folders"
) -> Expected:
    """Write four stills of each person, who plays in one film."""
    if variant not in VARIANTS:
        raise unknown("variant", variant, list(VARIANTS))
    files = [
        _file(place, shot, seed, variant == "stills", traps)
        for place, shot in product(range(people), range(SHOTS))
    ]
    if traps:
        data = png(draw(person(77), "fear"))
        files.append(("Train", "Fear/face (1).png", data, Row(status="unknown_name")))
    rows = [row for *_, row in files]
    if variant == "zips":
        return _zips(Path(folder), files, rows)
    for part, name, data, _ in files:
        tree = {"Train": "Train_Aligned_Faces", "Test": "Test_Aligned_Faces"}.get(part)
        tree = tree or "Val_Aligned_Faces_new/Val_Aligned_Faces"
        place = name if variant == "stills" else f"{tree}/{name}"
        put(Path(folder), f"SFEW 2.0/{part}/{place}", data)
    if variant == "folders":
        still = png(photograph([person(5)], size=(80, 100))[0])
        put(Path(folder), "SFEW 2.0/Train/Angry/Airheads_000000040_00000001.png", still)
        put(Path(folder), "SFEW 2.0/Train/.DS_Store", b"\0\0\0\1Bud1")
    return expected(rows, ["SFEW 2.0"], face=FACE)


def rows_on_disk(raws: list[Path]) -> int:
    """Pictures; the aligned ones where there are any."""
    names = [str(p) for raw in raws for p in [raw, *raw.rglob("*")] if p.suffix == ".png"]
    for archive in (raw for raw in raws if raw.suffix == ".zip"):
        names += [f"Aligned_Faces/{name}" for name in zipfile.ZipFile(archive).namelist()]
    return len([name for name in names if "Aligned_Faces" in name] or names)


def _file(place: int, shot: int, seed: int, still: bool, traps: bool) -> File:
    label = list(LABELS)[(SHOTS * place + shot) % len(LABELS)]
    who = person(1000 * seed + place)
    part, film = PARTS[place % len(PARTS)], FILMS[place % len(FILMS)]
    if still:
        data = png(photograph([who], size=(80, 100), expressions=[LABELS[label]], seed=shot)[0])
    else:
        data = png(draw(who, LABELS[label], size=64, seed=seed, gray=False))
    number = SHOTS * place + shot
    status = {1: "truncated", 3: "empty"}.get(number, "ok") if traps else "ok"
    data = {"truncated": truncated(data), "empty": b""}.get(status, data)
    name = f"{film}_{40 * number:09d}_{shot + 1:08d}.png"
    told = part != "Test"
    row = Row(
        status=status,
        label=label if told else None,
        word=LABELS[label] if told else None,
        split=part.lower(),
        sequence=film,
    )
    return part, f"{label}/{name}" if told else name, data, row


def _zips(folder: Path, files: list[File], rows: list[Row]) -> Expected:
    """The archives as they are downloaded."""
    roots = []
    for part in dict.fromkeys(part for part, *_ in files):
        archive = f"{part}_Aligned_Faces{'_new' if part == 'Val' else ''}.zip"
        inside = [(f"{part}_Aligned_Faces/{name}", data) for p, name, data, _ in files if p == part]
        put(folder, archive, zipped(inside))
        roots.append(archive)
    return expected(rows, roots, face=FACE)
