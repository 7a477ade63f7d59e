"""FER2013 as people have it: the CSV in its many spellings, Kaggle's folders, and impostors.

Variants: `official` (`emotion,pixels,Usage`), `icml` (` Usage, pixels` with leading blanks),
`quoted`, `crlf_bom`, `reordered`, `challenge` (train.csv, and test.csv without labels), `gz`,
`zst`, `zip`, `folder` (Kaggle), `lfs_pointer` and `html` (impostors). The faces and the order of
the rows are the same in all; the trap rows are those of the form.

Traps in a CSV: a row of 2,303 pixels, a value of 256, a negative one, a NaN, an unknown code 9, no
code, no pixels; in a folder: one number under two classes, `X.jpg0.jpg` copies, empty, truncated
and text files, a strange name. `counts` tells of rows that are fine but not innocent: `twins` (an
exact copy of a Training face in PrivateTest, with another label) and `blank` (all black).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from fertools.errors import unknown
from fertools.fakes._expected import Expected, Row, expected
from fertools.fakes._face import Image, draw, person
from fertools.fakes._files import (
    HTML,
    LFS_POINTER,
    TEXT,
    gzipped,
    jpeg,
    put,
    truncated,
    zipped,
    zstandard,
)

CODES = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
WORDS = {str(code): word for code, word in enumerate(CODES)}
FOLDERS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
PARTS = {"Training": "train", "PublicTest": "val", "PrivateTest": "test"}
PER_PERSON = (3, 6, 4, 0, 2, 3, 5)  # codes; most people are asked to smile


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A row that is fine: code, usage and 48x48 gray pixels."""

    code: int
    usage: str
    pixels: Image

    @property
    def text(self) -> str:
        """The pixels as the CSV holds them."""
        return " ".join(map(str, self.pixels.ravel().tolist()))


def write(
    folder: Path, *, seed: int = 0, people: int = 10, traps: bool = True, variant: str = "official"
) -> Expected:
    """Write one variant to a folder. People in different usages differ, but for the `twins`."""
    if variant not in WRITERS:
        raise unknown("variant", variant, list(WRITERS))
    return WRITERS[variant](Path(folder), list(faces(seed, people, traps)), traps)


def write_faces(folder: Path, found: tuple[Face, ...], variant: str) -> Expected:
    """Write these rows and no other in one variant."""
    return WRITERS[variant](folder, list(found), False)


@cache
def faces(seed: int, people: int, traps: bool) -> tuple[Face, ...]:
    """The rows that are fine, in the official order: Training, PublicTest, PrivateTest."""
    found = []
    for place in range(people):
        who = person(1000 * seed + place)
        share = (place + 0.5) / people
        usage = "Training" if share < 0.8 else "PublicTest" if share < 0.9 else "PrivateTest"
        codes = (*PER_PERSON, 1) if place % 3 == 0 else PER_PERSON  # disgust is rare
        for shot, code in enumerate(codes):
            found.append(Face(code, usage, draw(who, CODES[code], seed=100 * seed + shot)))
    if traps:
        found[1:1] = [Face(4, "Training", np.zeros((48, 48), np.uint8))]
        found.append(Face(3, "PrivateTest", found[2].pixels))
    return tuple(found)


def _line(emotion: str, pixels: str, usage: str, columns: tuple[str, ...], quote: str) -> str:
    cells = {"emotion": emotion, "pixels": f"{quote}{pixels}{quote}", "Usage": usage}
    return ",".join(cells[column] for column in columns)


def _table(
    rows: list[Face],
    traps: bool,
    columns: tuple[str, ...] = ("emotion", "pixels", "Usage"),
    *,
    header: str | None = None,
    quote: str = "",
) -> tuple[bytes, list[Row]]:
    """The bytes of a CSV and what its rows are; the bad ones stand among the first."""
    labelled, parted = "emotion" in columns, "Usage" in columns
    lines, found = [], []

    def add(emotion: str, pixels: str, usage: str, status: str) -> None:
        lines.append(_line(emotion, pixels, usage, columns, quote))
        label = emotion or None if labelled else None
        word = WORDS.get(label) if label else None
        split = PARTS[usage] if parted else None
        found.append(Row(status=status, label=label, word=word, split=split))

    for number, row in enumerate(rows):
        if traps and number == 3:
            for emotion, pixels, status in _bad_rows(row.text):
                add(emotion, pixels, row.usage, status)
        add(str(row.code), row.text, row.usage, "ok")
    head = header or ",".join(columns)
    return "\n".join([head, *lines, ""]).encode(), found


def _bad_rows(good: str) -> list[tuple[str, str, str]]:
    """Emotion, pixels and status of the rows that a reader must not trip over."""
    first, rest = good.split(" ", 1)
    darker = f"{int(first) // 2 + 1} {rest}"  # rows whose code is strange hold faces of their own
    lighter = f"{int(first) // 2 + 2} {rest}"
    return [
        ("0", rest, "wrong_pixels"),
        ("1", f"256 {rest}", "bad_value"),
        ("2", f"-1 {rest}", "bad_value"),
        ("3", f"nan {rest}", "bad_value"),
        ("4", f"{first}.5 {rest}", "bad_value"),
        ("5", "", "empty"),
        ("9", darker, "ok"),
        ("", lighter, "ok"),
    ]


def _facts(traps: bool, **more: int) -> dict[str, int]:
    return {"twins": 1, "blank": 1, **more} if traps else {}


def _official(folder: Path, rows: list[Face], traps: bool) -> Expected:
    data, found = _table(rows, traps)
    put(folder, "fer2013.csv", data)
    return expected(found, ["fer2013.csv"], counts=_facts(traps, unknown_code=1, unlabelled=1))


def _icml(folder: Path, rows: list[Face], traps: bool) -> Expected:
    columns = ("emotion", "Usage", "pixels")
    data, found = _table(rows, traps, columns, header="emotion, Usage, pixels")
    put(folder, "icml_face_data.csv", data)
    return expected(found, ["icml_face_data.csv"], counts=_facts(traps))


def _quoted(folder: Path, rows: list[Face], traps: bool) -> Expected:
    data, found = _table(rows, traps, header='"emotion","pixels","Usage"', quote='"')
    put(folder, "fer2013.csv", data)
    return expected(found, ["fer2013.csv"], counts=_facts(traps))


def _reordered(folder: Path, rows: list[Face], traps: bool) -> Expected:
    data, found = _table(rows, traps, ("Usage", "pixels", "emotion"))
    put(folder, "fer2013.csv", data)
    return expected(found, ["fer2013.csv"], counts=_facts(traps))


def _crlf_bom(folder: Path, rows: list[Face], traps: bool) -> Expected:
    data, found = _table(rows, traps)
    put(folder, "fer2013.csv", b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"))
    return expected(found, ["fer2013.csv"], counts=_facts(traps))


def _challenge(folder: Path, rows: list[Face], traps: bool) -> Expected:
    """The challenge's two files: train with quoted pixels, test without labels."""
    learn = [row for row in rows if row.usage == "Training"]
    test = [row for row in rows if row.usage != "Training"]
    data, found = _table(learn, traps, ("emotion", "pixels"), quote='"')
    put(folder, "train.csv", data)
    data, asked = _table(test, False, ("pixels",), quote='"')
    put(folder, "test.csv", data)
    return expected(
        found + asked, ["train.csv", "test.csv"], counts=_facts(traps, unlabelled=len(asked))
    )


def _packed(name: str, pack: Callable[[bytes], bytes]) -> Callable[..., Expected]:
    def write_packed(folder: Path, rows: list[Face], traps: bool) -> Expected:
        data, found = _table(rows, traps)
        put(folder, name, pack(data))
        return expected(found, [name], counts=_facts(traps))

    return write_packed


def _in_zip(data: bytes) -> bytes:
    return zipped([("fer2013/README.txt", TEXT), ("fer2013/fer2013.csv", data)], packed=True)


def _folder(folder: Path, rows: list[Face], traps: bool) -> Expected:
    """Kaggle's folders; the number in a name is random and says nothing about the row."""
    rng = np.random.default_rng(len(rows))
    numbers = 1206 + rng.choice(99_998_491, len(rows), replace=False)
    if traps:
        happy, sad = (next(i for i, r in enumerate(rows) if r.code == c) for c in (3, 4))
        numbers[sad] = numbers[happy]  # one number under two classes
    found = []
    for row, number in zip(rows, numbers.tolist(), strict=True):
        part = "train" if row.usage == "Training" else "test"
        name = f"{part}/{FOLDERS[row.code]}/{row.usage}_{number}.jpg"
        put(folder, f"fer2013/{name}", jpeg(row.pixels))
        label, word = FOLDERS[row.code], CODES[row.code]
        found.append(Row(label=label, word=word, split=PARTS[row.usage]))
    if traps:
        found += _folder_traps(folder / "fer2013/train", rows)
    return expected(found, ["fer2013"], counts=_facts(traps, repeated_numbers=1))


def _folder_traps(train: Path, rows: list[Face]) -> list[Row]:
    bright = jpeg(np.clip(rows[0].pixels.astype(int) + 30, 0, 255).astype(np.uint8))
    original = sorted((train / "happy").iterdir())[0].name
    files = [
        (f"happy/{original}0.jpg", bright, "augmented_copy"),
        (f"happy/{original}1.jpg", bright, "augmented_copy"),
        ("angry/Training_5001.jpg", b"", "empty"),
        ("fear/Training_5002.jpg", truncated(bright), "truncated"),
        ("sad/Training_5003.jpg", TEXT, "not_an_image"),
        ("neutral/holiday (1).jpg", bright, "unknown_name"),
    ]
    for name, data, _ in files:
        put(train, name, data)
    put(train, ".DS_Store", b"\0\0\0\1Bud1")
    put(train, "angry/Thumbs.db", b"\xd0\xcf\x11\xe0")
    return [Row(status=status) for _, _, status in files]


def _impostor(data: bytes, words: str) -> Callable[..., Expected]:
    def write_impostor(folder: Path, rows: list[Face], traps: bool) -> Expected:
        put(folder, "fer2013.csv", data)
        return Expected(roots=("fer2013.csv",), refused=words)

    return write_impostor


WRITERS: dict[str, Callable[..., Expected]] = {
    "official": _official,
    "icml": _icml,
    "quoted": _quoted,
    "reordered": _reordered,
    "crlf_bom": _crlf_bom,
    "challenge": _challenge,
    "gz": _packed("fer2013.csv.gz", gzipped),
    "zst": _packed("fer2013.csv.zst", zstandard),
    "zip": _packed("fer2013.zip", _in_zip),
    "folder": _folder,
    "lfs_pointer": _impostor(LFS_POINTER, "Git LFS"),
    "html": _impostor(HTML, "web page"),
}
VARIANTS = tuple(WRITERS)
