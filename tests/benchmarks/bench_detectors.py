"""How well and how fast each detector finds faces: the README's table.

    python tests/benchmarks/bench_detectors.py [DATA]

DATA is the folder of the research data (`$FERTOOLS_DATA`, or `../shared/data`). First table: the 43
annotated boxes of the 9 photographs, a found box counts where it overlaps an annotated one that is
not taken yet by IoU 0.4; 95 % Wilson intervals; CPU milliseconds per image on one thread, medians
of alternating rounds. Second table: images that are one face already, and how often a detector sees
exactly one (boxes centred outside the image, most of cvlib's there, are not even counted).
"""

import os
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from statistics import median
from types import ModuleType

import cv2
import numpy as np
import pyarrow as pa
from pyarrow import csv
from scipy.stats import binomtest

from fertools import image
from fertools.detectors import cvlib_ssd, dlib_hog, haar
from fertools.detectors._boxes import Detector, overlap

ROUNDS, ENOUGH = 7, 0.4
Photo = tuple[image.Pixels, np.ndarray]


def published() -> Detector:
    """The published way: cvlib's SSD in OpenCV at 300 x 300, nothing padded."""
    return cvlib_ssd.load(cvlib_ssd.Options(backend="opencv", pad="0"))


def contenders() -> dict[str, Callable[[], Detector]]:
    def made(module: ModuleType, **options: object) -> Callable[[], Detector]:
        return lambda: module.load(module.Options(**options))

    return {
        "cvlib as published (OpenCV)": published,
        "`cvlib_ssd`": made(cvlib_ssd),
        "`cvlib_ssd`, long side 400": made(cvlib_ssd, long_side=400),
        "`cvlib_ssd`, long side 480": made(cvlib_ssd, long_side=480),
        "`cvlib_ssd`, long side 640": made(cvlib_ssd, long_side=640),
        "`dlib_hog`, upsample 0": made(dlib_hog, upsample=0),
        "`dlib_hog`": made(dlib_hog),
        "`haar`": made(haar),
    }


def photographs(folder: Path) -> list[Photo]:
    photos = []
    for name in ("training.xml", "testing.xml"):
        for entry in ET.parse(folder / name).getroot().iter("image"):
            rows = [
                [int(box.get(k, 0)) for k in ("left", "top", "width", "height")] for box in entry
            ]
            boxes = np.array(rows, np.float32)
            boxes[:, 2:] += boxes[:, :2]
            photos.append(
                (image.decode((folder / entry.attrib["file"]).read_bytes()).pixels, boxes)
            )
    return photos


def hits(found: np.ndarray, truth: np.ndarray) -> int:
    """How many of the found boxes, best first, meet a true one that no better box has met."""
    left, met = truth, 0
    for box in found:
        shares = overlap(box, left)
        if len(left) and shares.max() >= ENOUGH:
            met += 1
            left = np.delete(left, shares.argmax(), axis=0)
    return met


def share(k: int, n: int) -> str:
    low, high = binomtest(k, n).proportion_ci(method="wilson")
    return f"{k / n:.2f} ({low:.2f} .. {high:.2f})"


def cpu_ms(detectors: dict[str, Detector], photos: list[Photo]) -> dict[str, float]:
    spent: dict[str, list[float]] = {name: [] for name in detectors}
    for _ in range(ROUNDS):
        for name, detector in detectors.items():
            start = time.process_time()
            for picture, _ in photos:
                detector(picture)
            spent[name].append((time.process_time() - start) / len(photos) * 1000)
    return {name: median(rounds) for name, rounds in spent.items()}


def accuracy_table(detectors: dict[str, Detector], photos: list[Photo]) -> None:
    times = cpu_ms(detectors, photos)
    slowest = next(iter(times.values()))
    faces = sum(len(boxes) for _, boxes in photos)
    print(f"{faces} faces on {len(photos)} photographs, IoU {ENOUGH}\n")
    print("| detector | recall | precision | CPU ms per image | speed |")
    print("|---|---|---|---|---|")
    for name, detector in detectors.items():
        answers = [(detector(picture)[0], boxes) for picture, boxes in photos]
        right, claimed = sum(hits(*a) for a in answers), sum(len(found) for found, _ in answers)
        cells = [share(right, faces), share(right, claimed), f"{times[name]:.1f}"]
        print("|", " | ".join([name, *cells, f"{slowest / times[name]:.1f}x"]), "|")


def floor(detector: cvlib_ssd.SSD) -> None:
    blob = cvlib_ssd._blob(np.zeros((300, 300, 3), np.uint8), detector.options)
    rounds = []
    for _ in range(50):
        start = time.process_time()
        detector.forward(blob)
        rounds.append((time.process_time() - start) * 1000)
    print(f"\nFloor, the forward pass of `cvlib_ssd` alone: {median(rounds):.1f} CPU ms\n")


def single_faces(data: Path, photos: list[Photo]) -> dict[str, list[image.Pixels]]:
    tight = [image.crop(p, box, size=224) for p, boxes in photos for box in boxes]
    ck48 = [image.decode(p.read_bytes()).pixels for p in sorted(data.glob("ck48/*/*.png"))[::10]]
    with pa.input_stream(str(data / "fer2013/fer2013.csv.zst"), compression="zstd") as stream:
        rows = csv.read_csv(stream, convert_options=csv.ConvertOptions(include_columns=["pixels"]))
    pixels = [rows["pixels"][i].as_py().split() for i in range(0, len(rows), 90)]
    fer2013 = [np.array(p, np.uint8).reshape(48, 48) for p in pixels]
    return {"annotated boxes, cut to 224": tight, "CK+48": ck48, "FER2013": fer2013}


def single_face_table(detectors: dict[str, Detector], sets: dict[str, list[image.Pixels]]) -> None:
    print("Images that are one face: share with none, exactly one, several boxes\n")
    print("| detector |", " | ".join(f"{name} (n = {len(s)})" for name, s in sets.items()), "|")
    print("|---|" + "---|" * len(sets))
    for name, detector in detectors.items():
        cells = []
        for faces in sets.values():
            counts = np.array([len(detector(face)[0]) for face in faces])
            parts = ((counts == 0).mean(), (counts == 1).mean(), (counts > 1).mean())
            cells.append(" / ".join(f"{part:.2f}" for part in parts))
        print("|", " | ".join([name, *cells]), "|")


def main() -> None:
    cv2.setNumThreads(1)
    data = Path(
        sys.argv[1] if len(sys.argv) > 1 else os.environ.get("FERTOOLS_DATA", "../shared/data")
    )
    photos = photographs(data / "photos")
    detectors = {name: made() for name, made in contenders().items()}
    accuracy_table(detectors, photos)
    ssd = detectors["`cvlib_ssd`"]
    assert isinstance(ssd, cvlib_ssd.SSD)
    floor(ssd)
    chosen = ("cvlib as published (OpenCV)", "`cvlib_ssd`", "`dlib_hog`", "`haar`")
    single_face_table({name: detectors[name] for name in chosen}, single_faces(data, photos))


if __name__ == "__main__":
    main()
