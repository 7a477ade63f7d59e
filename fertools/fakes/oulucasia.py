"""Oulu-CASIA: sequences from neutral to the peak, by camera, light, person and expression.

Variants: `original`, `cropped` (beside the originals, which are then not read), `zip`. Rows are the
last three frames of every sequence; `counts` tells the frames that are left. Traps: numbers from 0
on, of different length; one moment from two cameras; a sequence of two frames; `Thumbs.db`; a
truncated and an empty frame.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path

from fertools.errors import unknown
from fertools.fakes._expected import Expected, Row, expected
from fertools.fakes._face import person, photograph
from fertools.fakes._files import jpeg, put, truncated, zipped

VARIANTS = ("original", "cropped", "zip")
LABELS = ("Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise")
CONDITIONS = ("VL/Strong", "NI/Weak")
SIZE = (80, 100)
FACE = {"faces": "as-is", "size": "48"}
KEPT = 3
File = tuple[str, bytes]


def write(
    folder: Path, *, seed: int = 0, people: int = 4, traps: bool = True, variant: str = "original"
) -> Expected:
    """Write one sequence of each person for both cameras."""
    if variant not in VARIANTS:
        raise unknown("variant", variant, list(VARIANTS))
    files: list[File] = []
    rows: list[Row] = []
    for place in range(people):
        for condition in CONDITIONS:
            length = 2 if traps and place == 1 else 4 + place % 2
            files += _sequence(place, condition, length, seed, cut=traps and place == 0)
            rows += _rows(place, condition, length, cut=traps and place == 0)
    if traps:
        files.append(("VL/Strong/P001/Thumbs.db", b"\xd0\xcf\x11\xe0"))
    left = sum(name.endswith(".jpeg") for name, _ in files) - len(rows)
    tree = "OriginalImg/"
    if variant == "cropped":
        put(Path(folder), f"Oulu/{tree}VL/Strong/P001/Anger/000.jpeg", files[0][1])
        files = [(name.replace("/", "_Acropped/", 1), data) for name, data in files]
        tree = "PreProcess_Img/"
    if variant == "zip":
        put(Path(folder), "Oulu.zip", zipped((tree + name, data) for name, data in files))
    else:
        for name, data in files:
            put(Path(folder), f"Oulu/{tree}{name}", data)
    root = "Oulu.zip" if variant == "zip" else "Oulu"
    return expected(rows, [root], face=FACE, counts={"left": left})


def rows_on_disk(raws: list[Path]) -> int:
    """Three frames of each sequence that has so many; of cropped ones where there are any."""
    names = []
    for raw in raws:
        if raw.suffix == ".zip":
            names += zipfile.ZipFile(raw).namelist()
        else:
            names += [str(path.relative_to(raw)) for path in raw.rglob("*.jpeg")]
    names = [name for name in names if name.endswith(".jpeg")]
    names = [name for name in names if "cropped" in name] or names
    takes = [name.rpartition("/")[0] for name in names]
    return sum(min(KEPT, takes.count(take)) for take in set(takes))


def _label(place: int) -> str:
    return LABELS[place % len(LABELS)]


def _sequence(place: int, condition: str, length: int, seed: int, *, cut: bool) -> Iterator[File]:
    who = person(1000 * seed + place)
    for frame in range(length):
        image, _, _ = photograph(
            [who],
            size=SIZE,
            expressions=[_label(place).lower()],
            seed=len(condition),
            strength=frame / (length - 1),
            frame=frame,
        )
        data = jpeg(image if condition.startswith("VL") else image[..., 1].copy())
        if cut and frame >= length - 2:
            data = truncated(data) if frame == length - 2 else b""
        yield f"{condition}/P{place + 1:03d}/{_label(place)}/{frame:03d}.jpeg", data


def _rows(place: int, condition: str, length: int, *, cut: bool) -> list[Row]:
    subject, label = f"P{place + 1:03d}", _label(place)
    row = Row(
        label=label,
        word=label.lower(),
        subject=subject,
        sequence=f"{condition.replace('/', '_')}_{subject}_{label}",
    )
    if cut:
        return [row, Row(status="truncated"), Row(status="empty")]
    return [row] * min(KEPT, length)
