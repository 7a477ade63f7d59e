"""Copies in FER2013, counted on its CSV and on its folder version (JPEG of quality 95).

    python tests/benchmarks/count_copies.py

The folder version is made from the CSV in a temporary folder, with the names that Kaggle's has.
"""

import os
import tempfile
from pathlib import Path

import cv2
import numpy as np

from fertools.columns import encode
from fertools.faces import open_faces
from fertools.ingest import ingest
from fertools.manifest import Manifest, read_manifest

REAL = Path(os.environ.get("FERTOOLS_DATA", Path(__file__).parents[3] / "shared" / "data"))
FOLDERS = {"anger": "angry", "happiness": "happy", "sadness": "sad"}
PARTS = {"train": "Training", "val": "PublicTest", "test": "PrivateTest"}


def counts(manifest: Manifest) -> list[int]:
    """Redundant copies, groups, contradicting groups, constants, and copies across parts."""
    code, _ = encode(manifest.table["face_hash"])
    label, names = encode(manifest.table["native_label"])
    part = np.array(manifest.table["official_split"].to_pylist())
    size = np.bincount(code)
    kinds = np.unique(code * len(names) + label) // len(names)
    words = np.bincount(kinds, minlength=len(size))
    faces = open_faces(manifest)
    flat = sum(int(np.ptp(faces[i]) == 0) for i in range(len(faces)))
    trained = np.bincount(code[part == "train"], minlength=len(size)) > 0
    leaked = [int(trained[code[part == p]].sum()) for p in ("val", "test")]
    groups = size > 1
    return [int((size - 1)[groups].sum()), int(groups.sum()), int((words > 1).sum()), flat, *leaked]


def write_folders(manifest: Manifest, out: Path) -> None:
    """The folder version of a manifest's faces."""
    faces = open_faces(manifest)
    columns = ("native_label", "official_split")
    rows = zip(*(manifest.table[name].to_pylist() for name in columns), strict=True)
    for number, (word, part) in enumerate(rows):
        folder = out / ("train" if part == "train" else "test") / FOLDERS.get(word, word)
        folder.mkdir(parents=True, exist_ok=True)
        name = str(folder / f"{PARTS[part]}_{10_000 + number}.jpg")
        cv2.imwrite(name, faces[number], [cv2.IMWRITE_JPEG_QUALITY, 95])


def main() -> None:
    titles = ("redundant", "groups", "contradicting", "constant", "PublicTest", "PrivateTest")
    print("| copy | " + " | ".join(titles) + " |\n|" + "---|" * (len(titles) + 1))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table = read_manifest(ingest("fer2013", [REAL / "fer2013"], folder / "table").out)
        write_folders(table, folder / "raw")
        images = read_manifest(ingest("fer2013", [folder / "raw"], folder / "images").out)
        for title, manifest in (("CSV", table), ("folders", images)):
            print(f"| {title} | " + " | ".join(f"{n:,}" for n in counts(manifest)) + " |")


if __name__ == "__main__":
    main()
