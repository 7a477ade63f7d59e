"""CK+48: `<class>/S###_###_########.png`, the last three frames of every sequence.

Variants: `folder`, `nested` (two folders above the classes), `zip`. Traps: `.DS_Store` and
`Thumbs.db`, a truncated and an empty file, a text under a PNG's name, rubbish for pixels, a strange
name, and, in the zip, names that climb out of it.
"""

from pathlib import Path

from fertools.errors import unknown
from fertools.fakes._ck import takes
from fertools.fakes._expected import Expected, Row, expected
from fertools.fakes._face import draw, person
from fertools.fakes._files import TEXT, broken_png, png, put, truncated, zipped

VARIANTS = ("folder", "nested", "zip")
PREFIX = {"folder": "CK+48", "nested": "archive/ck/CK+48", "zip": ""}


def write(
    folder: Path, *, seed: int = 0, people: int = 10, traps: bool = True, variant: str = "folder"
) -> Expected:
    """Write the data set; its people and sequences are those of the `ckplus` fake."""
    if variant not in VARIANTS:
        raise unknown("variant", variant, list(VARIANTS))
    folder = Path(folder)
    files = [file for place in range(people) for file in _recordings(place, people, seed)]
    if traps:
        files += _traps(variant == "zip")
    if variant == "zip":
        put(folder, "CK+48.zip", zipped((name, data) for name, data, _ in files))
    else:
        for name, data, _ in files:
            put(folder, f"{PREFIX[variant]}/{name}", data)
        if traps:
            put(folder, f"{PREFIX[variant]}/.DS_Store", b"\0\0\0\1Bud1")
            put(folder, f"{PREFIX[variant]}/anger/Thumbs.db", b"\xd0\xcf\x11\xe0")
    root = {"folder": "CK+48", "nested": "archive", "zip": "CK+48.zip"}[variant]
    return expected([row for _, _, row in files], [root])


def _recordings(place: int, people: int, seed: int) -> list[tuple[str, bytes, Row]]:
    """Name, bytes and row of every frame of one person."""
    files = []
    for take in takes(place, people, seed):
        for frame in range(3):
            image = draw(take.who, take.word, frame=frame, seed=seed)
            file = f"{take.label}/{take.sequence}_{take.last - 2 + frame:08d}.png"
            row = Row(
                label=take.label, word=take.word, subject=take.subject, sequence=take.sequence
            )
            files.append((file, png(image), row))
    return files


def _traps(packed: bool) -> list[tuple[str, bytes, Row]]:
    image = png(draw(person(77), "fear"))
    files = [
        ("anger/S010_009_00000014.png", truncated(image), "truncated"),
        ("contempt/S010_009_00000015.png", b"", "empty"),
        ("fear/S010_009_00000016.png", TEXT, "not_an_image"),
        ("happy/S010_009_00000017.png", broken_png(), "undecodable"),
        ("sadness/face (1).png", image, "unknown_name"),
    ]
    if packed:
        files += [
            ("../anger/S010_009_00000018.png", image, "unsafe_path"),
            ("/srv/anger/S010_009_00000019.png", image, "unsafe_path"),
        ]
    return [(name, data, Row(status=status)) for name, data, status in files]
