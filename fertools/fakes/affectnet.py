"""AffectNet in its two layouts: lists of 2017, arrays of 2021.

Variants: `lists` (CSVs, pictures of any size in numbered folders), `arrays` (faces of 224 pixels
and four NumPy files for each), `tar` (the same in two archives). A row is a line of a list, or a
number that has a picture or annotations.

Traps: valence and arousal of -2; a box of -1; mixed extensions and cases; a list without header,
one with CRLF; codes 8, 9 and 10; a picture that no list names, and one that is not there; truncated
and empty files; a list that a network wrote; labels that are numbers in one array and text in the
next; an array without its picture, a picture without arrays, an array that is a pickle.
"""

import io
import tarfile
from collections.abc import Iterator
from hashlib import sha256
from itertools import product
from pathlib import Path

import cv2
import numpy as np

from fertools.errors import unknown
from fertools.fakes._expected import Expected, Row, expected
from fertools.fakes._face import draw, person, photograph
from fertools.fakes._files import Image, jpeg, png, put, truncated
from fertools.fakes._landmarks import landmarks68

VARIANTS = ("lists", "arrays", "tar")
WORDS = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt")
HEADER = (
    "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,"
    "expression,valence,arousal"
)
CIRCUMPLEX = (  # valence and arousal of the words above
    (0.0, 0.0), (0.8, 0.3), (-0.7, -0.3), (0.2, 0.8), (-0.4, 0.8), (-0.6, 0.3), (-0.6, 0.6),
    (-0.5, 0.1),
)  # fmt: skip
SUFFIXES = (".jpg", ".JPG", ".png", ".jpeg", ".tif")
FRAME = (150, 160)
NOT_WORDS = (8, 9, 10)
SHOTS = 4  # of the eight words, each person shows these many
File = tuple[str, bytes]


def write(
    folder: Path, *, seed: int = 0, people: int = 4, traps: bool = True, variant: str = "lists"
) -> Expected:
    """Write four faces of each person, the last person's for the test."""
    if variant not in VARIANTS:
        raise unknown("variant", variant, list(VARIANTS))
    folder = Path(folder)
    if variant == "lists":
        return _lists(folder, seed, people, traps)
    files, rows = _arrays(seed, people, traps)
    if variant == "tar":
        for name in ("train_set", "val_set"):
            inside = [file for file in files if file[0].startswith(name)]
            put(folder, f"AffectNet/{name}.tar", _tar(inside))
    else:
        for name, data in files:
            put(folder, f"AffectNet/{name}", data)
    return expected(rows, ["AffectNet"])


def rows_on_disk(raws: list[Path]) -> int:
    """Lines of the lists; in the other layout numbers with a picture or an array."""
    lists = [path for raw in raws for path in raw.rglob("*.csv")]
    if lists:
        lines = [line for path in lists for line in path.read_text().splitlines() if line]
        return sum(not line.startswith("subDirectory") for line in lines)
    names = [str(p.relative_to(raw)) for raw in raws for p in raw.rglob("*.*") if p.is_file()]
    for archive in (path for raw in raws for path in raw.rglob("*.tar")):
        names = [name for name in names if not name.endswith(".tar")]
        with tarfile.open(archive) as tar:
            names += tar.getnames()
    return len({(n.split("/")[0], n.split("/")[-1].split(".")[0].split("_")[0]) for n in names})


def _shots(people: int) -> Iterator[tuple[int, int, bool]]:
    """Person, code and whether it is for the test, four for each person."""
    for place, shot in product(range(people), range(SHOTS)):
        yield place, (SHOTS * place + shot) % len(WORDS), place == people - 1


def _lists(folder: Path, seed: int, people: int, traps: bool) -> Expected:
    texts: dict[str, list[str]] = {"training": [], "validation": []}
    rows: list[Row] = []
    for number, (place, code, test) in enumerate(_shots(people)):
        part = "validation" if test else "training"
        status = {1: "truncated", 3: "empty", 5: "missing"}.get(number, "ok") if traps else "ok"
        boxless = traps and number == 2
        said = NOT_WORDS[number % 3] if traps and number in (6, 7, 8) else code
        name, cells, image = _photograph(number, place, code, seed)
        if status != "missing":
            _picture(folder, f"Manually_Annotated_Images/{name}", image, status)
        affect = (-2, -2) if said != code else CIRCUMPLEX[code]
        box = "-1,-1,-1,-1" if boxless else ",".join(cells[:4])
        texts[part].append(f"{name},{box},{cells[4]},{said},{affect[0]},{affect[1]}")
        word = WORDS[said] if said < len(WORDS) else None
        split = "test" if test else "train"
        rows.append(Row(status="no_box" if boxless else status, label=str(said), word=word,
                        split=split))  # fmt: skip
    if traps:
        rows.append(_by_a_network(folder, seed))
        _picture(folder, f"Manually_Annotated_Images/{_name(99)}", draw(person(99), "fear"), "ok")
    end = "\r\n" if traps else "\n"
    headless = texts["validation"] if traps else [HEADER, *texts["validation"]]
    for part, lines in (("training", [HEADER, *texts["training"]]), ("validation", headless)):
        text = end.join([*lines, ""])
        put(folder, f"AffectNet/Manually_Annotated_file_lists/{part}.csv", text.encode())
    counts = {"unlisted": 1} if traps else {}
    return expected(rows, ["AffectNet"], face={"faces": "annotation", "size": "64"}, counts=counts)


def _by_a_network(folder: Path, seed: int) -> Row:
    """The automatic list, with one row."""
    name, cells, image = _photograph(100, 100, 1, seed)
    _picture(folder, f"Automatically_Annotated_Images/{name}", image, "ok")
    line = f"{name},{','.join(cells)},1,0.5,0.1"
    text = f"{HEADER}\n{line}\n"
    place = "AffectNet/Automatically_annotated_file_lists/automatically_annotated.csv"
    put(folder, place, text.encode())
    return Row(label="1", word=WORDS[1])


def _photograph(number: int, place: int, code: int, seed: int) -> tuple[str, list[str], Image]:
    """A picture's name, the cells of its box and landmarks, and its pixels."""
    who = person(1000 * seed + place)
    image, boxes, five = photograph([who], size=FRAME, expressions=[WORDS[code]], seed=code)
    points = landmarks68(who, WORDS[code], 1.0, five[0]).ravel()
    x0, y0, x1, y1 = (round(side) for side in boxes[0].tolist())
    box = [str(side) for side in (x0, y0, x1 - x0, y1 - y0)]
    return _name(number), [*box, ";".join(f"{value:.2f}" for value in points)], image


def _name(number: int) -> str:
    digest = sha256(str(number).encode()).hexdigest()[:56]
    return f"{number % 3 + 1}/{digest}{SUFFIXES[number % len(SUFFIXES)]}"


def _picture(folder: Path, name: str, image: Image, status: str) -> None:
    suffix = name.rpartition(".")[2].lower()
    data = {"png": png, "tif": _tiff}.get(suffix, jpeg)(image)
    put(folder, f"AffectNet/{name}", {"truncated": truncated(data), "empty": b""}.get(status, data))


def _tiff(image: Image) -> bytes:
    return cv2.imencode(".tif", image[..., ::-1] if image.ndim == 3 else image)[1].tobytes()


def _arrays(seed: int, people: int, traps: bool) -> tuple[list[File], list[Row]]:
    files: list[File] = []
    rows: list[Row] = []
    for number, (place, code, test) in enumerate(_shots(people)):
        part, n = "val_set" if test else "train_set", 7 * number
        status = {1: "truncated", 3: "empty", 5: "missing"}.get(number, "ok") if traps else "ok"
        status = "bad_value" if traps and number == 4 else status
        labelled = not (traps and number == 6)
        who = person(1000 * seed + place)
        image = draw(who, WORDS[code], size=224, seed=seed, gray=False)
        data = jpeg(image, quality=80)
        data = {"truncated": truncated(data), "empty": b""}.get(status, data)
        if status != "missing":
            files.append((f"{part}/images/{n}.jpg", data))
        if labelled:
            files += _annotations(f"{part}/annotations/{n}", code, number, status == "bad_value")
        rows.append(Row(status=status, label=str(code) if labelled else None,
                        word=WORDS[code] if labelled else None,
                        split="test" if test else "train"))  # fmt: skip
    return files, rows


def _annotations(stem: str, code: int, number: int, pickled: bool) -> Iterator[File]:
    """The four arrays of a face; the label is a number or, for odd ones, text."""
    label = np.array(str(code)) if number % 2 else np.array(code)
    valence, arousal = (-2, -2) if number == 8 else CIRCUMPLEX[code]
    arrays = {
        "exp": np.array([code], dtype=object) if pickled else label,
        "val": np.array(str(valence)) if number % 2 else np.array(valence),
        "aro": np.array(str(arousal)) if number % 2 else np.array(arousal),
        "lnd": np.linspace(40, 180, 136),
    }
    for kind, array in arrays.items():
        stream = io.BytesIO()
        np.save(stream, array, allow_pickle=True)
        yield f"{stem}_{kind}.npy", stream.getvalue()


def _tar(files: list[File]) -> bytes:
    """An archive without times and owners."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return stream.getvalue()
