"""ExpW: photographs with one or more faces, and a list with the box of each.

Variants: `folders`, `zips` (photographs and list in an archive each). A row is a line of the list,
or a photograph that no line names. Traps: boxes are top, left, RIGHT, bottom; two faces in one
photograph; a line that is there twice; names that say another feeling; a photograph that is
missing, one without a line; a box without width; a truncated and an empty file.
"""

import zipfile
from pathlib import Path

from fertools.errors import unknown
from fertools.fakes._expected import Expected, Row, expected
from fertools.fakes._face import person, photograph
from fertools.fakes._files import jpeg, put, truncated, zipped

VARIANTS = ("folders", "zips")
WORDS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
SIZE = (120, 170)
SHOTS = 4  # photographs for each person
FACE = {"size": "48"}


def write(
    folder: Path, *, seed: int = 0, people: int = 4, traps: bool = True, variant: str = "folders"
) -> Expected:
    """Write four photographs for each person, every third with somebody beside."""
    if variant not in VARIANTS:
        raise unknown("variant", variant, list(VARIANTS))
    pictures: dict[str, bytes] = {}
    listed: list[str] = []
    rows: list[Row] = []
    for number in range(SHOTS * people):
        name = f"{('awe', 'angry', 'amazed')[number % 3]}_actor_{number}.jpg"
        status = {1: "truncated", 3: "empty", 5: "missing"}.get(number, "ok") if traps else "ok"
        data, found = _photograph(name, number, people, seed)
        if status != "missing":
            cut = {"truncated": truncated(data), "empty": b""}
            pictures[name] = cut.get(status, data)
        listed += [line for line, _ in found]
        rows += [_row(name, code, status) for _, code in found]
    if traps:
        listed.append(listed[0])
        rows.append(_row("", 0, "duplicate_id"))
        name = "awe_actor_0.jpg"
        listed.append(f"{name} 7 10 40 40 90 3.5 0")
        rows.append(_row(name, 0, "no_box"))
        pictures["unlisted_crowd_1.jpg"] = pictures[name]
        rows.append(Row(status="no_box"))
    text = "\n".join([*listed, ""]).encode()
    return _lay(Path(folder), pictures, text, rows, variant)


def rows_on_disk(raws: list[Path]) -> int:
    """Lines of the list, and photographs that it does not name."""
    names, lines = [], []
    for raw in raws:
        if raw.suffix == ".zip":
            with zipfile.ZipFile(raw) as archive:
                for name in archive.namelist():
                    names.append(name)
                    if name.endswith(".lst"):
                        lines = archive.read(name).decode().splitlines()
            continue
        for path in raw.rglob("*.*"):
            names.append(path.name)
            if path.suffix == ".lst":
                lines = path.read_text().splitlines()
    pictures = {name.rpartition("/")[2] for name in names if name.endswith(".jpg")}
    return len(lines) + len(pictures - {line.split()[0] for line in lines})


def _photograph(
    name: str, number: int, people: int, seed: int
) -> tuple[bytes, list[tuple[str, int]]]:
    """A photograph, and for each face in it the line of the list with its code."""
    place = number // SHOTS
    who = [person(1000 * seed + place)]
    if number % 3 == 0:
        who.append(person(1000 * seed + people + place))
    codes = [(number + at) % len(WORDS) for at in range(len(who))]
    image, boxes, _ = photograph(
        who, size=SIZE, expressions=[WORDS[code] for code in codes], seed=number
    )
    found = []
    for at, (code, box) in enumerate(zip(codes, boxes, strict=True)):
        left, top, right, bottom = (round(side) for side in box.tolist())
        found.append((f"{name} {at} {top} {left} {right} {bottom} {20 + at}.5 {code}", code))
    return jpeg(image), found


def _row(name: str, code: int, status: str) -> Row:
    return Row(status=status, label=str(code), word=WORDS[code], sequence=name)


def _lay(
    folder: Path, pictures: dict[str, bytes], text: bytes, rows: list[Row], variant: str
) -> Expected:
    if variant == "zips":
        entries = [(f"origin/{name}", data) for name, data in pictures.items()]
        put(folder, "image.zip", zipped(entries))
        put(folder, "label.zip", zipped([("label/label.lst", text)], packed=True))
        return expected(rows, ["image.zip", "label.zip"], face=FACE)
    for name, data in pictures.items():
        put(folder, f"ExpW/image/origin/{name}", data)
    put(folder, "ExpW/label/label.lst", text)
    return expected(rows, ["ExpW"], face=FACE)
