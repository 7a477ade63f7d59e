"""What `fingerprint` says of copies of FER2013 as they circulate, made here from the real CSV.

    python tests/benchmarks/bench_fingerprint.py

Each copy is written to a temporary folder at full size (folders as one zip of JPEGs), named, and
removed. The official CSV is not at hand: it is imitated by other pixels in the rows whose official
pixels are not known. Reads FER2013 from `$FERTOOLS_DATA` or `../shared/data`.
"""

import io
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import cv2
import numpy as np
from bench_twins import REAL, Faces, fer2013
from numpy.typing import NDArray
from PIL import Image

from fertools.fingerprint import fingerprint
from fertools.protocol import read_rows

FOLDERS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
ALPHABETICAL = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")

Change = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]


def as_is(face: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return face


def gained(face: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return cv2.equalizeHist(np.clip(face * 1.2, 0, 255).astype(np.uint8))


def blurred(face: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return cv2.GaussianBlur(face, (3, 3), 0)


def enlarged(face: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return cv2.resize(face, (224, 224), interpolation=cv2.INTER_LANCZOS4)


def table(out: Path, faces: Faces, codes: list[str], usage: list[str]) -> None:
    lines = (
        f"{code},{' '.join(map(str, face.ravel().tolist()))},{part}\n"
        for face, code, part in zip(faces, codes, usage, strict=True)
    )
    with (out / "fer2013.csv").open("w") as file:
        file.write("emotion,pixels,Usage\n")
        file.writelines(lines)


def jpeg(face: NDArray[np.uint8]) -> bytes:
    data = io.BytesIO()
    Image.fromarray(face).save(data, "JPEG", quality=95)
    return data.getvalue()


def folders(
    out: Path, faces: Faces, codes: list[str], usage: list[str], train: Change = as_is,
    test: Change = as_is, copies: int = 0,
) -> None:  # fmt: skip
    numbers = np.random.default_rng(0).choice(99_999_696, len(faces), replace=False).tolist()
    with zipfile.ZipFile(out / "archive.zip", "w") as archive:
        for face, code, part, number in zip(faces, codes, usage, numbers, strict=True):
            here, change = ("train", train) if part == "Training" else ("test", test)
            name = f"{here}/{FOLDERS[int(code)]}/{part}_{number}.jpg"
            archive.writestr(name, jpeg(change(face)))
            for copy in range(copies if number % 10 == 0 else 0):
                archive.writestr(f"{name}{copy}.jpg", jpeg(cv2.flip(face, 1)))


def copies(out: Path) -> Iterator[tuple[str, str]]:
    """Make one copy after another in `out`; yields its name and the file to look at."""
    faces, parts, emotion = fer2013()
    codes, usage = [str(code) for code in emotion], parts.tolist()
    yield "our CSV", str(REAL / "fer2013" / "fer2013.csv.zst")
    unknown = read_rows("fer2013-official")["image_hash"].is_null().to_numpy()
    official = faces.copy()
    official[unknown] = 255 - official[unknown]
    table(out, official, codes, usage)
    yield "official CSV (imitated)", str(out / "fer2013.csv")
    gone = np.random.default_rng(1).choice(len(faces), 500, replace=False)
    left = np.delete(np.arange(len(faces)), gone)
    table(out, faces[left], [codes[i] for i in left], [usage[i] for i in left])
    yield "500 rows missing", str(out / "fer2013.csv")
    other = [str(ALPHABETICAL.index(FOLDERS[int(code)])) for code in codes]
    table(out, faces, other, usage)
    yield "labels in alphabetical order", str(out / "fer2013.csv")
    mixed = np.random.default_rng(2).permutation(len(faces))
    table(out, faces[mixed], [codes[i] for i in mixed], [usage[i] for i in mixed])
    yield "rows shuffled", str(out / "fer2013.csv")
    (out / "fer2013.csv").unlink()
    for name, more in {
        "folders": {},
        "contrast x 1.2, equalised": {"train": gained, "test": gained},
        "training blurred": {"train": blurred},
        "224 pixels, Lanczos": {"train": enlarged, "test": enlarged},
        "augmented copies": {"copies": 8},
    }.items():
        folders(out, faces, codes, usage, **more)
        yield name, str(out)
    noise = np.random.default_rng(3).integers(0, 256, (2000, 48, 48)).astype(np.uint8)
    folders(out, noise, codes[:2000], usage[:2000])
    yield "noise under the same names", str(out)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, raw in chain(copies(Path(folder)), [("CK+48", str(REAL / "ck48"))]):
            began = time.perf_counter()
            found = fingerprint(raw)
            seconds = time.perf_counter() - began
            print(f"{name} ({seconds:.1f} s): {', '.join([found.data, *found.variant])}")
            for line in found.evidence:
                print(f"    {line}")


if __name__ == "__main__":
    main()
