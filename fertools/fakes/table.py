"""A table that names images, as anybody keeps it: `data/<table>` beside `data/images/`.

Variants: `csv` (UTF-8 with BOM and CRLF), `tsv`, `parquet`, `coded` (numbers for labels and a TOML
file that maps them). Columns: file, emotion, person, part, sex, years. Traps: a missing file, `..`
and absolute paths to a file that is there, a Windows path, an empty path, a label that is NaN or
blank, an unknown word, blank lines, a path named twice, a name in NFD, a truncated and an empty
file.
"""

import csv
import io
import unicodedata
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from fertools.errors import unknown
from fertools.fakes._expected import Expected, Row, expected
from fertools.fakes._face import draw, person
from fertools.fakes._files import TEXT, jpeg, png, put, truncated

VARIANTS = ("csv", "tsv", "parquet", "coded")
WORDS = ("anger", "happiness", "neutral", "sadness", "surprise")
PARTS = ("train", "val", "test")
COLUMNS = ("file", "emotion", "person", "part", "sex", "years")
OPTIONS = {
    "path": "file",
    "label": "emotion",
    "subject": "person",
    "split": "part",
    "gender": "sex",
    "age": "years",
}
Line = tuple[str | None, ...]


def write(
    folder: Path, *, seed: int = 0, people: int = 7, traps: bool = True, variant: str = "csv"
) -> Expected:
    """Write a table with one image for each person and word."""
    if variant not in VARIANTS:
        raise unknown("variant", variant, list(VARIANTS))
    folder = Path(folder)
    lines, rows = [], []
    for line, row in [*_faces(folder, seed, people, variant), *_traps(folder, variant, traps)]:
        lines.append(line)
        rows.append(row)
    name = "faces" + {"tsv": ".tsv", "parquet": ".parquet"}.get(variant, ".csv")
    put(folder, f"data/{name}", _table(lines, variant, traps))
    files = {}
    if variant == "coded":
        codes = [f'"{code}" = "{word}"' for code, word in enumerate(WORDS)]
        put(folder, "labels.toml", "\n".join([*codes, ""]).encode())
        files["labels"] = "labels.toml"
    return expected(rows, [f"data/{name}"], options=OPTIONS, files=files)


def _label(word: str, variant: str) -> str:
    return str(WORDS.index(word)) if variant == "coded" else word


def _faces(folder: Path, seed: int, people: int, variant: str) -> Iterator[tuple[Line, Row]]:
    for place, word in product(range(people), WORDS):
        who = person(1000 * seed + place)
        part = PARTS[max(0, place - people + 3)]
        path = f"images/{who.seed}/{word}.png"
        put(folder, f"data/{path}", png(draw(who, word, seed=seed)))
        label, name = _label(word, variant), f"p{place:02d}"
        row = Row(label=label, word=word, split=part, subject=name)
        yield (path, label, name, part, who.gender, str(who.age)), row


def _traps(folder: Path, variant: str, traps: bool) -> Iterator[tuple[Line, Row]]:
    if not traps:
        return
    image = png(draw(person(77), "anger"))
    nfd = unicodedata.normalize("NFD", "images/étonné.png")
    for path, data in [
        ("secret.png", image),  # outside of the table's folder
        ("data/images/cut.jpg", truncated(jpeg(draw(person(78), "fear")))),
        ("data/images/empty.png", b""),
        ("data/images/letter.png", TEXT),
        *((f"data/images/t{n}.png", png(draw(person(80 + n), "neutral"))) for n in range(4)),
        (f"data/{nfd}", png(draw(person(79), "surprise"))),
    ]:
        put(folder, path, data)
    anger, happy = _label("anger", variant), _label("happiness", variant)
    cases: list[tuple[str | None, str | None, Row]] = [
        ("images/gone.png", anger, Row(status="missing")),
        ("../secret.png", anger, Row(status="unsafe_path")),
        ("/srv/secret.png", anger, Row(status="unsafe_path")),
        ("C:\\faces\\secret.png", anger, Row(status="unsafe_path")),
        (None, anger, Row(status="no_image")),
        ("images/cut.jpg", anger, Row(status="truncated")),
        ("images/empty.png", anger, Row(status="empty")),
        ("images/letter.png", anger, Row(status="not_an_image")),
        ("images\\t0.png", happy, Row(label=happy, word="happiness")),
        ("images/t1.png", "NaN" if variant == "csv" else None, Row()),
        ("images/t2.png", None, Row()),
        ("images/t3.png", "bored, or so", Row(label="bored, or so")),
        (nfd, happy, Row(label=happy, word="happiness")),
        ("images/t3.png", anger, Row(status="duplicate_id")),
    ]
    for path_cell, label, row in cases:
        yield (path_cell, label, None, None, None, None), row


def _table(lines: list[Line], variant: str, traps: bool) -> bytes:
    if variant == "parquet":
        columns = list(zip(*lines, strict=True))
        arrays = {n: pa.array(c, pa.string()) for n, c in zip(COLUMNS, columns, strict=True)}
        years = [float(cell) if cell else float("nan") for cell in columns[-1]]
        arrays["years"] = pa.array(years)  # as pandas leaves a column of numbers with gaps
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table(arrays), sink)
        return bytes(sink.getvalue().to_pybytes())
    text = io.StringIO()
    end = "\r\n" if variant == "csv" else "\n"
    out = csv.writer(text, delimiter="\t" if variant == "tsv" else ",", lineterminator=end)
    out.writerow(COLUMNS)
    for number, line in enumerate(lines):
        out.writerow(["" if cell is None else cell for cell in line])
        if traps and number == 4:
            text.write(2 * end)  # lines that hold nothing
    return text.getvalue().encode("utf-8-sig" if variant == "csv" else "utf-8")
