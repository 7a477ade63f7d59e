"""How time and memory of every stage grow with the rows, and memory of ingest with the images.

    python tests/benchmarks/bench_scaling.py [--rows 10000 100000 500000] [--near] [--keep FOLDER]
    python tests/benchmarks/bench_scaling.py --memory [--images 1000 20000]

The rows are drawn faces of 48 x 48, 200 to a person and 10 to a recording, handed over in batches
by a source of its own. Each stage is a command in a process of its own. Its time is that of the
processor, the best of 3 runs (one for 500,000 rows); what a run of `curate` found is undone before
the next. The exponent is the slope of the straight line through the logarithms of what comes to the
time on 1,000 rows, over the rows that come to those, of the sizes where that is at least 0.15 s:
less cannot be told from the start. `--near` adds the search for near-twins, which is quadratic by
nature: the seconds of the clock beside those that its cost model foresees.

`--memory` reads images of 128 x 128 from four zips with 2 workers, by the data set's own size, and
adds up what the parent and its workers hold (PSS: shared pages are counted once), 10 times a
second.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from bench_twins import draw

START = 1000  # rows of the command that shows what the start takes
LEAST = 0.15  # seconds
RUNS, MANY = 3, 200_000  # runs of each, and the rows from which one must do
PART = 10_000  # faces of a raw file
STAGES = {
    "ingest": "ingest {source} {raw} -o {data} --quiet --force",
    "verify": "verify {data}",
    "curate, quality": "curate {data} --checks quality --quiet",
    "split": "split {data} --ratios 8:1:1 -o {split} --force",
    "audit, person": "audit {split} --by subject",
    "audit, recording": "audit {split} --by sequence",
    "audit, exact copies": "audit {split} --by exact",
    "stats": "stats {split}",
    "FaceDataset": "",
}
RUN = "from fertools.cli import main; main()"
UNDO = {
    "curate, quality": "curate {data} --undo"
}  # else the second run would find its own manifest
OPEN = """
import sys
from fertools import FaceDataset
train = FaceDataset(sys.argv[1], split="train")
train[0], train[len(train) - 1]
"""
TWINS = """
import sys
from fertools import twins
from fertools.audit import audit
search = twins.near_twins
twins.near_twins = lambda *given, **more: search(
    *given, announce=lambda cost: print(cost.seconds), **more
)
audit(sys.argv[1], ["near"])
"""
SOURCE = '''"""Drawn faces in files of 10,000, ten frames to a recording and 200 to a person."""

import io

import numpy as np

from fertools.frame import Batch

LABELS = {w: w for w in ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")}
DEFAULTS = {"faces": "as-is"}


def matches(root):
    return bool(root.members)


def units(root):
    return root.units(root.members, key=lambda member: member.name.split(".")[0])


def read(unit):
    for member in unit.members:
        faces = np.load(io.BytesIO(unit.read(member)))
        rows = int(member.name[5:9]) * 10_000 + np.arange(len(faces))
        people, words = rows // 200, list(LABELS)
        mood = np.random.default_rng(int(rows[0])).integers(0, 7, len(rows))
        yield Batch(
            {
                "key": [f"{row:07d}" for row in rows.tolist()],
                "path": [f"{member.name}#{row}" for row in rows.tolist()],
                "status": ["ok"] * len(rows),
                "raw_label": [words[m] for m in mood.tolist()],
                "subject": [f"p{p}" for p in people.tolist()],
                "sequence": [f"r{r}" for r in (rows // 10).tolist()],
                "gender": ["female" if p % 2 else "male" for p in people.tolist()],
                "age": [f"{20 + p % 40}" for p in people.tolist()],
            },
            faces,
        )
'''


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of the clock and of the processor, and the most memory, in MiB."""

    clock: float
    cpu: float
    memory: float
    said: str


def make(folder: Path, rows: int) -> dict[str, str]:
    """Draw the raw files; returns the places that the commands name."""
    raw = folder / "raw"
    raw.mkdir(parents=True)
    (folder / "drawn.py").write_text(SOURCE)
    for part in range(-(-rows // PART)):
        faces = np.empty((min(PART, rows - part * PART), 48, 48), np.uint8)
        draw(faces, part)
        np.save(raw / f"part-{part:04d}.npy", faces)
    places = {"source": "drawn.py", "raw": "raw", "data": "data", "split": "split.parquet"}
    return {name: str(folder / place) for name, place in places.items()}


def spent(command: Sequence[str]) -> Spent:
    """Run a command; raises where it fails for another reason than a gate (3, 4)."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        clock = time.perf_counter() - start
        said.seek(0)
        text = said.read().decode()
    if process.returncode not in (0, 3, 4):
        sys.exit(f"{' '.join(command)}: exit code {process.returncode}\n{text}")
    return Spent(clock, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text)


def stage(name: str, places: dict[str, str]) -> Spent:
    if name == "FaceDataset":
        return spent([sys.executable, "-c", OPEN, places["split"]])
    return spent(fertools(STAGES[name], places))


def fertools(words: str, places: dict[str, str]) -> list[str]:
    return [sys.executable, "-c", RUN, *(word.format(**places) for word in words.split())]


def attempts(name: str, places: dict[str, str], count: int) -> Iterator[Spent]:
    for number in range(count):
        if number and name in UNDO:
            spent(fertools(UNDO[name], places))
        yield stage(name, places)


def exponent(rows: Sequence[int], seconds: Sequence[float]) -> str:
    told = [(n - START, s) for n, s in zip(rows, seconds, strict=True) if s >= LEAST]
    if len(told) < 2:
        return "-"
    return f"{np.polyfit(*np.log(np.array(told)).T, 1)[0]:.2f}"


def scaling(folder: Path, sizes: Sequence[int], near: bool) -> None:
    took: dict[str, list[Spent]] = {name: [] for name in STAGES}
    twins = []
    for rows in (START, *sizes):
        places = make(folder / str(rows), rows)
        for name in STAGES:
            tried = attempts(name, places, 1 if rows > MANY else RUNS)
            took[name].append(min(tried, key=lambda run: run.cpu))
            print(f"{rows:>7} {name:20} {took[name][-1].cpu:7.2f} s of processor", file=sys.stderr)
        if near and rows > START:
            twins.append(spent([sys.executable, "-c", TWINS, places["split"]]))
    heads = " | ".join(f"{rows:,} rows" for rows in sizes)
    print(f"| stage | start | {heads} | exponent | memory at {sizes[-1]:,} |")
    print("|---" * (len(sizes) + 4) + "|")
    for name, runs in took.items():
        start, *rest = [run.cpu for run in runs]
        cells = [f"{seconds:.1f} s" for seconds in rest]
        slope = exponent(sizes, [seconds - start for seconds in rest])
        memory = f"{runs[-1].memory:,.0f} MiB"
        print(f"| {name} | {start:.1f} s | {' | '.join(cells)} | {slope} | {memory} |")
    if twins:
        cells = [f"{run.clock:.0f} s (foreseen {float(run.said):.0f} s)" for run in twins]
        slope = exponent(sizes, [run.clock for run in twins])
        memory = f"{twins[-1].memory:,.0f} MiB"
        print(f"| audit, near-twins | | {' | '.join(cells)} | {slope} | {memory} |")


# --- memory over images


def zipped(folder: Path, images: int) -> Path:
    """Four zips of PNG files of 128 x 128, a class each, so that both workers have units."""
    rng = np.random.default_rng(0)
    raw = folder / f"raw-{images}"
    raw.mkdir()
    for word in ("anger", "fear", "happiness", "sadness"):
        with zipfile.ZipFile(raw / f"{word}.zip", "w") as archive:
            for number in range(images // 4):
                pixels = cv2.resize(rng.integers(0, 256, (16, 16, 3), np.uint8), (128, 128))
                data = cv2.imencode(".png", pixels)[1].tobytes()
                archive.writestr(f"{word}/{number:06d}.png", data)
    return raw


def held(pid: int) -> int:
    """KiB that a process and its children hold; 0 for what has just ended."""
    total = 0
    for each in (pid, *children(pid)):
        try:
            text = Path(f"/proc/{each}/smaps_rollup").read_text()
        except OSError:
            continue
        found = re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)
        total += int(found[1]) if found else 0
    return total


def children(pid: int) -> list[int]:
    try:
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def memory(folder: Path, counts: Sequence[int]) -> None:
    print("| images | peak of all processes | seconds |\n|---|---|---|")
    for images in counts:
        raw, start, most = zipped(folder, images), time.perf_counter(), 0
        command = [sys.executable, "-c", RUN, "ingest", "imagefolder", str(raw), "-o",
                   str(folder / f"out-{images}"), "--workers", "2", "--quiet"]  # fmt: skip
        process = subprocess.Popen(command)
        while process.poll() is None:
            most = max(most, held(process.pid))
            time.sleep(0.1)
        if process.returncode:
            sys.exit(f"ingest of {images} images: exit code {process.returncode}")
        seconds = time.perf_counter() - start
        print(f"| {images:,} | {most / 1024:,.0f} MiB | {seconds:.0f} s |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 500_000])
    parser.add_argument("--near", action="store_true", help="near-twins as well: minutes")
    parser.add_argument("--memory", action="store_true", help="memory over images instead")
    parser.add_argument("--images", type=int, nargs="+", default=[1000, 20_000])
    parser.add_argument("--keep", type=Path, help="folder that stays")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if options.memory:
            memory(folder, options.images)
        else:
            scaling(folder, options.rows, options.near)


if __name__ == "__main__":
    main()
