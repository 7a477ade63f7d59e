"""Faces out of photographs of 12 megapixels: the published way beside ours.

    python tests/benchmarks/bench_photos.py [--photos 200] [--rounds 3] [--noise 1] [--keep FOLDER]

The photographs are cut from `../shared/data/photos` (or `$FERTOOLS_DATA/photos`) so that a face is
as large as AI-Hub's are, enlarged to 4000 x 3000, given noise of a sensor and saved as JPEG of
quality 95 in AI-Hub's layout in a temporary folder.

Published: `cv2.imread`, the SSD as cvlib runs it, crop, `cv2.resize`, gray, `cv2.imwrite`; a loop
with OpenCV's own threads, and 2 processes. Ours: `fertools ingest aihub`, detecting or by the data
set's boxes, 1 and 2 workers. Floor: every coefficient of the JPEG is decoded (gray at an eighth)
and the net in onnxruntime runs once. Each is a process of its own; rounds alternate, medians are
shown. Times of the processor are those of the whole command; "beyond the start" is what each
photograph adds, by the difference to a command on a few of them. Ratios are per core, by it, of the
published way with as many processes.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fertools.manifest import read_manifest

REAL = Path(os.environ.get("FERTOOLS_DATA", Path(__file__).parents[3] / "shared" / "data"))
WIDTH, HEIGHT = 4000, 3000
SIZE = 224
FEW = 4  # photographs of a command that shows what the start takes
# heights of AI-Hub's boxes in pixels: these shares of them are smaller
SHARES, FACES = (0, 0.05, 0.5, 0.95, 1), (500, 659, 1123, 1528, 1800)
EMOTIONS = ("기쁨", "슬픔", "분노", "상처")
PLACE = "숙박 및 거주공간"
SAME, ENOUGH = 0.9, 0.99

PUBLISHED = """
import json, sys
from multiprocessing import Pool
from pathlib import Path
import cv2
from importlib.metadata import distribution

net = None

def detect_face(image, threshold=0.5):
    global net
    if net is None:
        held = distribution("cvlib")
        names = ("deploy.prototxt", "res10_300x300_ssd_iter_140000.caffemodel")
        net = cv2.dnn.readNetFromCaffe(*(str(held.locate_file(f"cvlib/data/{n}")) for n in names))
    height, width = image.shape[:2]
    blob = cv2.dnn.blobFromImage(image, 1.0, (300, 300), (104.0, 177.0, 123.0))
    net.setInput(blob)
    rows = net.forward()
    faces, scores = [], []
    for i in range(rows.shape[2]):
        score = rows[0, 0, i, 2]
        if score < threshold:
            continue
        x0, y0, x1, y1 = (rows[0, 0, i, 3:7] * (width, height, width, height)).astype("int")
        faces.append([int(x0), int(y0), int(x1), int(y1)])
        scores.append(float(score))
    return faces, scores

def work(path):
    image = cv2.imread(path)
    faces, scores = detect_face(image)
    if not faces:
        return path, None
    x0, y0, x1, y1 = faces[scores.index(max(scores))]
    face = cv2.resize(image[max(y0, 0):y1, max(x0, 0):x1], (SIZE, SIZE))
    face = cv2.cvtColor(face, cv2.COLOR_BGR2GRAY)
    cv2.imwrite(str(out / (Path(path).stem + ".png")), face)
    return path, [x0, y0, x1, y1]

raw, out, processes = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
out.mkdir()
paths = [str(path) for path in sorted(raw.rglob("*.jpg"))]
if processes == 1:
    found = dict(map(work, paths))
else:
    with Pool(processes) as pool:
        found = dict(pool.imap_unordered(work, paths))
(out / "boxes.json").write_text(json.dumps({Path(p).name: box for p, box in found.items()}))
""".replace("SIZE", str(SIZE))

FLOOR = """
import sys
from pathlib import Path
import cv2, numpy as np
from fertools.detectors import cvlib_ssd
cv2.setNumThreads(1)
net = cvlib_ssd.load(cvlib_ssd.Options(backend="onnxruntime"))
blob = np.zeros((1, 3, 300, 300), np.float32)
for path in sorted(Path(sys.argv[1]).rglob("*.jpg")):
    cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8)
    if sys.argv[3] == "detect":
        net.forward(blob)
"""

OURS = "import sys; from fertools.cli import main; sys.argv[1:1] = ['ingest', 'aihub']; main()"


@dataclass(frozen=True, slots=True)
class Way:
    """A command: Python code and its arguments after those for input and output."""

    code: str
    more: tuple[str, ...] = ()


def ours(faces: str, workers: int) -> Way:
    size = ("--size", str(SIZE), "--gray", "--margin", "0", "--multiple", "best")
    return Way(OURS, ("--faces", faces, "--workers", str(workers), "--quiet", *size))


WAYS = {
    "published, loop": Way(PUBLISHED, ("1",)),
    "published, 2 processes": Way(PUBLISHED, ("2",)),
    "fertools, detection, 1 worker": ours("detect", 1),
    "fertools, detection, 2 workers": ours("detect", 2),
    "fertools, annotated, 1 worker": ours("annotation", 1),
    "fertools, annotated, 2 workers": ours("annotation", 2),
    "floor, decode and one forward pass": Way(FLOOR, ("detect",)),
    "floor, decode": Way(FLOOR, ("none",)),
}


def sources() -> list[tuple[np.ndarray, list[int]]]:
    """The annotated photographs, each with its largest box x0 y0 x1 y1."""
    found = []
    for name in ("training.xml", "testing.xml"):
        for entry in ET.parse(REAL / "photos" / name).getroot().iter("image"):
            rows = [[int(b.get(k, 0)) for k in ("left", "top", "width", "height")] for b in entry]
            x, y, width, height = max(rows, key=lambda row: row[2] * row[3])
            image = cv2.imread(str(REAL / "photos" / entry.attrib["file"]))
            found.append((image, [x, y, x + width, y + height]))
    return found


def photograph(
    image: np.ndarray, box: list[int], noise: float, rng: np.random.Generator
) -> tuple[bytes, list[float]]:
    """A window of 4:3 around the box, enlarged; its JPEG and the box in it."""
    height, width = image.shape[:2]
    face = np.interp(rng.uniform(), SHARES, FACES)
    tall = min(height, width * HEIGHT / WIDTH, (box[3] - box[1]) * HEIGHT / face)
    wide = tall * WIDTH / HEIGHT
    left = rng.uniform(max(0, box[2] - wide), max(0, min(box[0], width - wide)))
    top = rng.uniform(max(0, box[3] - tall), max(0, min(box[1], height - tall)))
    window = image[round(top) : round(top + tall), round(left) : round(left + wide)]
    large = cv2.resize(window, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    grain = rng.normal(0, noise, (HEIGHT, WIDTH, 1)) if noise else 0
    large = np.clip(large + grain, 0, 255).astype(np.uint8)
    scale = HEIGHT / tall
    corners = [(side - start) * scale for side, start in zip(box, [left, top] * 2, strict=True)]
    return cv2.imencode(".jpg", large, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes(), corners


def make(folder: Path, count: int, noise: float) -> int:
    """Write `count` photographs in AI-Hub's layout; returns their bytes."""
    rng = np.random.default_rng(0)
    photos, total = sources(), 0
    records: dict[str, list[dict[str, Any]]] = {emotion: [] for emotion in EMOTIONS}
    for number in range(count):
        data, box = photograph(*photos[number % len(photos)], noise, rng)
        emotion = EMOTIONS[number % len(EMOTIONS)]
        name = f"{number:064x}_여_30_{emotion}_{PLACE}_20201206{number:06d}-010-001.jpg"
        place = folder / f"EMOIMG_{emotion}_TRAIN_01"
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)
        total += len(data)
        corners = dict(zip(("minX", "minY", "maxX", "maxY"), box, strict=True))
        block = {"boxes": corners, "faceExp": emotion}
        records[emotion].append(
            {"filename": name, "gender": "여", "age": 30, "faceExp_uploader": emotion,
             "bg_uploader": PLACE, "annot_A": block, "annot_B": block, "annot_C": block}
        )  # fmt: skip
    for emotion, held in records.items():
        text = json.dumps(held, ensure_ascii=False)
        (folder / f"img_emotion_training_data({emotion}).json").write_text(text, encoding="utf-8")
    return total


def timed(way: Way, raw: Path, out: Path) -> tuple[float, float]:
    """Seconds of the clock and of the processor."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    target = ["-o", str(out)] if way.code is OURS else [str(out)]
    command = [sys.executable, "-c", way.code, str(raw), *target, *way.more]
    subprocess.run(command, check=True)
    clock, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def same(theirs: Path, mine: Path) -> tuple[int, int, int]:
    """Faces that overlap by `SAME`, that both found, and images."""
    boxes = json.loads((theirs / "boxes.json").read_text())
    rows = read_manifest(mine).table.to_pylist()
    found = {row["path"].rsplit("/", 1)[-1]: row for row in rows}
    both = [name for name, box in boxes.items() if box and found[name]["status"] == "ok"]
    names = ("box_x0", "box_y0", "box_x1", "box_y1")
    shares = [overlap(boxes[name], [found[name][n] for n in names]) for name in both]
    return sum(share >= SAME for share in shares), len(both), len(boxes)


def overlap(one: list[float], other: list[float]) -> float:
    """Intersection over union of two boxes, both clipped to the photograph."""
    a, b = (np.clip(box, 0, [WIDTH, HEIGHT] * 2) for box in (one, other))
    sides = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None)
    areas = sum(float(np.prod(box[2:] - box[:2])) for box in (a, b))
    return float(sides.prod()) / (areas - float(sides.prod()))


Times = dict[str, list[tuple[float, float]]]


def medians(times: Times, which: int) -> dict[str, float]:
    return {name: statistics.median(t[which] for t in rounds) for name, rounds in times.items()}


def show(times: Times, starts: Times, photos: int, size: int) -> None:
    clock, cpu, start = medians(times, 0), medians(times, 1), medians(starts, 1)
    each = {name: 1000 * (cpu[name] - start[name]) / (photos - FEW) for name in times}
    print(
        "| way | images/s | MB/s | CPU ms per image | beyond the start | per core | of the floor |"
    )
    print("|---|---|---|---|---|---|---|")
    for name in times:
        rate, whole = photos / clock[name], 1000 * cpu[name] / photos
        peer = "published, 2 processes" if name.endswith("2 workers") else "published, loop"
        floor = "floor, decode" if "annotated" in name else "floor, decode and one forward pass"
        print(
            f"| {name} | {rate:.1f} | {rate * size / photos / 1e6:.0f} | {whole:.1f} | "
            f"{each[name]:.1f} | {cpu[peer] / cpu[name]:.2f}x, beyond the start "
            f"{each[peer] / each[name]:.2f}x | {each[name] / each[floor]:.2f} |"
        )
    print()


def run(folder: Path, photos: int, rounds: int, noise: float) -> int:
    raw = folder / "raw"
    size = make(raw, photos, noise)
    print(f"{photos} photographs of {WIDTH} x {HEIGHT}, {size / photos / 1e6:.1f} MB each\n")
    make(folder / "few", FEW, noise)
    times: Times = {name: [] for name in WAYS}
    starts: Times = {name: [] for name in WAYS}
    for number in range(rounds):
        for place, (name, way) in enumerate(WAYS.items()):
            out = folder / f"out-{number}-{place}"
            times[name].append(timed(way, raw, out))
            starts[name].append(timed(way, folder / "few", out.with_name(f"few-{out.name}")))
    show(times, starts, photos, size)
    names = list(WAYS)
    mine = folder / f"out-0-{names.index('fertools, detection, 1 worker')}"
    alike, both, of = same(folder / "out-0-0", mine)
    print(f"the same face (IoU {SAME}): {alike} of {both} that both found, {of} photographs")
    return int(alike < ENOUGH * of)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--noise", type=float, default=1.0, help="gray levels; 6 makes 7 MB each")
    parser.add_argument("--keep", type=Path, help="folder that stays")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = options.keep or Path(folder)
        return run(place, options.photos, options.rounds, options.noise)


if __name__ == "__main__":
    sys.exit(main())
