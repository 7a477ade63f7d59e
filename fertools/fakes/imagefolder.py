"""Class folders of images, as anybody keeps them.

Variants: `classes` (`<class>/<image>`), `parts` (train, val and test above the classes), `subjects`
(the person in the file name, for `subject_regex`), `zip`. Traps: Korean and accented names in the
decomposed form (NFD), `<script>` as a class, upper-case extensions, BMP and WebP among JPEG and
PNG, a class nobody knows, empty, truncated, text, and a PNG that claims 400 megapixels; in the zip
also names that climb out, a zip bomb, and two names that are one after normalisation.
"""

import unicodedata
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import cv2

from fertools.errors import unknown
from fertools.fakes._expected import Expected, Row, expected
from fertools.fakes._face import Image, draw, person
from fertools.fakes._files import TEXT, huge_png, jpeg, png, put, truncated, zipped

VARIANTS = ("classes", "parts", "subjects", "zip")
CLASSES = {  # folder: what is drawn; names are decomposed when written
    "happy": "happiness",
    "sad": "sadness",
    "분노": "anger",
    "<script>": "surprise",
    "étonné": "fear",
    "neutral": "neutral",
}
UNHEARD = ("<script>", "étonné", "bored")  # no words of the project, nor spellings of one
SUFFIXES = (".png", ".jpg", ".JPG", ".PNG", ".jpeg", ".bmp", ".webp")
PARTS = ("train", "val", "test")
SUBJECT_REGEX = r"/(p\d+)_"
File = tuple[str, bytes, Row]


def write(
    folder: Path, *, seed: int = 0, people: int = 7, traps: bool = True, variant: str = "classes"
) -> Expected:
    """Write one image for each person and class."""
    if variant not in VARIANTS:
        raise unknown("variant", variant, list(VARIANTS))
    folder = Path(folder)
    files = list(_faces(seed, people, variant))
    if traps:
        files += _traps(variant)
    if variant == "zip":
        put(folder, "mine.zip", zipped(((name, data) for name, data, _ in files), packed=True))
    else:
        for name, data, _ in files:
            put(folder, f"mine/{name}", data)
    options = {"subject_regex": SUBJECT_REGEX} if variant == "subjects" else {}
    root = "mine.zip" if variant == "zip" else "mine"
    return expected([row for _, _, row in files], [root], options=options)


def _faces(seed: int, people: int, variant: str) -> Iterator[File]:
    for place, (label, word) in product(range(people), CLASSES.items()):
        image = draw(person(1000 * seed + place), word, size=64, seed=seed, gray=place % 2 == 0)
        suffix = SUFFIXES[place % len(SUFFIXES)]
        part = PARTS[max(0, place - people + 3)] if variant == "parts" else None
        known = variant == "subjects"
        name = f"p{place:02d}_{word}" if known else f"{word} {place} été"
        path = "/".join(filter(None, [part, label, name + suffix]))
        meant = None if label in UNHEARD else word
        row = Row(label=label, word=meant, split=part, subject=f"p{place:02d}" if known else None)
        yield unicodedata.normalize("NFD", path), _encoded(image, suffix.lower()), row


def _encoded(image: Image, suffix: str) -> bytes:
    if suffix in (".jpg", ".jpeg"):
        return jpeg(image)
    if suffix == ".png":
        return png(image)
    pixels = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return cv2.imencode(suffix, pixels)[1].tobytes()


def _traps(variant: str) -> list[File]:
    image = jpeg(draw(person(77), "sadness", size=64))
    above = "train/" if variant == "parts" else ""
    part = "train" if variant == "parts" else None
    files: list[File] = [
        (f"{above}happy/empty.png", b"", Row(status="empty")),
        (f"{above}happy/cut.jpg", truncated(image), Row(status="truncated")),
        (f"{above}sad/letter.png", TEXT, Row(status="not_an_image")),
        (f"{above}sad/huge.png", huge_png(), Row(status="too_large")),
        (f"{above}bored/unheard.jpg", image, Row(label="bored", split=part)),
    ]
    if variant == "zip":
        smile = draw(person(78), "happiness", size=64)
        files += [
            ("../happy/out.jpg", image, Row(status="unsafe_path")),
            ("happy/../../out.jpg", image, Row(status="unsafe_path")),
            ("happy/bomb.png", bytes(3 << 20), Row(status="too_large")),
            ("happy/\u00e9.jpg", jpeg(smile), Row(label="happy", word="happiness")),
            ("happy/e\u0301.jpg", image, Row(status="duplicate_id")),
        ]
    return files
