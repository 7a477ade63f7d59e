"""Near-twins on FER2013: time, precision and recall of ours, of a plain GEMM and of hash tools.

    python tests/benchmarks/bench_twins.py                        the four side by side
    python tests/benchmarks/bench_twins.py --synthetic 500000     drawn faces with planted twins

The truth is brute force: every pair of all 35,887 images, upright and mirrored, in float32, and
whatever comes within 0.001 of the threshold again in whole numbers. A hash tool is judged by the
upright pairs alone, because it does not look for mirrored ones. imagededup and cleanvision bring
packages of their own and live in `.venv-bench` (`python3 -m venv .venv-bench`, then
`.venv-bench/bin/pip install imagededup cleanvision`); their rows are left out where it is missing.
Reads FER2013 from `$FERTOOLS_DATA` or `../shared/data`. Other work on the machine shows in all
figures: the load average is printed before and after.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image
from pyarrow import csv

from fertools.checks._ncc import Twins, near_twins

HERE = Path(__file__).resolve().parent
REAL = Path(os.environ.get("FERTOOLS_DATA", HERE.parents[2] / "shared" / "data"))
OTHERS = HERE.parents[1] / ".venv-bench" / "bin" / "python"
THRESHOLD, ROUNDS, BLOCK = 0.90, 3, 1024

Faces = NDArray[np.uint8]
Pairs = set[tuple[int, int]]


def fer2013() -> tuple[Faces, NDArray[np.str_], NDArray[np.int64]]:
    """Faces (35887, 48, 48), Usage and emotion, in the order of the file."""
    path = REAL / "fer2013" / "fer2013.csv.zst"
    table = csv.read_csv(pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"))
    text = " ".join(table["pixels"].to_pylist())
    faces = np.fromstring(text, np.int16, sep=" ").astype(np.uint8).reshape(-1, 48, 48)
    return faces, np.array(table["Usage"].to_pylist()), table["emotion"].to_numpy()


def plain_gemm(faces: Faces, least: float) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """All pairs (m, 2) with a float32 NCC of at least `least`, and whether mirrored."""
    flat = faces.reshape(len(faces), -1).astype(np.float32)
    flat -= flat.mean(1, keepdims=True)
    norm = np.linalg.norm(flat, axis=1, keepdims=True)
    flat /= np.where(norm > 0, norm, np.inf)
    turned = np.ascontiguousarray(flat.reshape(faces.shape)[:, :, ::-1]).reshape(flat.shape)
    found, mirrored = [np.empty((0, 2), np.int64)], [np.empty(0, np.bool_)]
    for start in range(0, len(faces), BLOCK):
        for mirror, other in ((False, flat), (True, turned)):
            i, j = np.nonzero(flat[start : start + BLOCK] @ other[start:].T >= least)
            apart = i < j
            found.append(start + np.stack([i[apart], j[apart]], axis=1))
            mirrored.append(np.full(int(apart.sum()), mirror))
    return np.concatenate(found), np.concatenate(mirrored)


def exact_ncc(
    faces: Faces, pairs: NDArray[np.int64], mirrored: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The NCC of each pair from sums of whole numbers."""
    x = faces[pairs[:, 0]].astype(np.int64)
    y = faces[pairs[:, 1]].astype(np.int64)
    y[mirrored] = y[mirrored, :, ::-1]
    x, y = x.reshape(len(x), -1), y.reshape(len(y), -1)
    n = x.shape[1]
    above = n * (x * y).sum(1) - x.sum(1) * y.sum(1)
    a, b = (n * (z * z).sum(1) - z.sum(1) ** 2 for z in (x, y))
    return np.asarray(above / np.sqrt(a.astype(np.float64) * b))


def hash_tool(tool: str, faces: Faces) -> tuple[Pairs, float]:
    """What a tool finds in a folder of PNG files, and its seconds; the folder is removed again."""
    with tempfile.TemporaryDirectory() as folder:
        images = Path(folder, "images")
        images.mkdir()
        for row, face in enumerate(faces):
            Image.fromarray(face).save(images / f"{row}.png")
        out = Path(folder, "pairs.npz")
        script = HERE / "_twins_by_hash.py"
        subprocess.run(
            [OTHERS, script, tool, images, out], check=True, capture_output=True, text=True
        )
        with np.load(out) as found:
            return as_set(found["pairs"]), float(found["seconds"])


def as_set(pairs: NDArray[np.int64]) -> Pairs:
    return {(i, j) for i, j in pairs.tolist()}


def timed_ours(faces: Faces, rounds: int) -> tuple[Twins, list[float]]:
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        twins = near_twins(faces, THRESHOLD)
        seconds.append(time.perf_counter() - began)
    return twins, seconds


def leaked(twins: Twins, mirrors: bool, usage: NDArray[np.str_], part: str) -> NDArray[np.int64]:
    """The rows of a part that have a twin in Training."""
    pairs = twins.pairs if mirrors else twins.pairs[~twins.mirrored]
    ends = np.concatenate([pairs, pairs[:, ::-1]])
    across = (usage[ends[:, 0]] == part) & (usage[ends[:, 1]] == "Training")
    return np.unique(ends[across, 0])


def compare() -> None:
    faces, usage, emotion = fer2013()
    print(f"{len(faces):,} faces, threshold {THRESHOLD}, load {os.getloadavg()[0]:.1f}", flush=True)
    twins, seconds = timed_ours(faces, ROUNDS)
    began = time.perf_counter()
    pairs, mirrored = plain_gemm(faces, THRESHOLD - 0.001)
    gemm = time.perf_counter() - began
    seconds += timed_ours(faces, ROUNDS)[1]  # before and after, should the load change
    ncc = exact_ncc(faces, pairs, mirrored)
    kept = ncc >= THRESHOLD
    pairs, mirrored, ncc = pairs[kept], mirrored[kept], ncc[kept]
    equal = table(pairs, mirrored, ncc) == table(twins.pairs, twins.mirrored, twins.ncc)
    print(f"equal to brute force, row by row and bit by bit: {equal}")
    print(
        f"{len(pairs):,} rows ({int(mirrored.sum())} mirrored), {len(twins.constants)} constants; "
        f"of {twins.cost.pairs:,} pairs {twins.candidates:,} passed the first bound and "
        f"{twins.verified:,} the second"
    )
    report_cost(twins, seconds)
    rate = twins.cost.plain_flops / gemm
    print(f"floor: {twins.cost.flops / rate:.2f} s at the plain GEMM's {rate / 1e9:.0f} GFLOP/s")
    report_leaks(twins, usage, emotion)
    ours, every, upright = median(seconds), as_set(pairs), as_set(pairs[~mirrored])
    print(f"\n{'':24}{'seconds':>9}{'times ours':>12}{'pairs':>9}{'precision':>11}{'recall':>8}")
    show("ours, both ways", ours, ours, as_set(twins.pairs), every)
    show("plain GEMM, both ways", gemm, ours, every, every)
    constants = set(twins.constants.tolist())
    for tool in ("imagededup", "cleanvision"):
        if OTHERS.exists():
            found, needed = hash_tool(tool, faces)
            show(tool, needed, ours, {p for p in found if constants.isdisjoint(p)}, upright)
    print(f"load {os.getloadavg()[0]:.1f}")
    if not equal:
        sys.exit("the pairs are not those of brute force")


def table(
    pairs: NDArray[np.int64], mirrored: NDArray[np.bool_], ncc: NDArray[np.float64]
) -> list[tuple[int, int, bool, float]]:
    return sorted(zip(*pairs.T.tolist(), mirrored.tolist(), ncc.tolist(), strict=True))


def report_leaks(twins: Twins, usage: NDArray[np.str_], emotion: NDArray[np.int64]) -> None:
    for part in ("PublicTest", "PrivateTest"):
        upright, either = (leaked(twins, mirrors, usage, part) for mirrors in (False, True))
        classes = np.bincount(emotion[upright], minlength=7).tolist()
        print(
            f"{part}: {len(upright)} have an upright twin in Training, by class {classes}; "
            f"{len(either)} an upright or mirrored one"
        )


def show(name: str, seconds: float, ours: float, found: Pairs, truth: Pairs) -> None:
    hit = len(found & truth)
    print(
        f"{name:24}{seconds:9.2f}{seconds / ours:12.1f}{len(found):9,}"
        f"{hit / max(1, len(found)):11.3f}{hit / max(1, len(truth)):8.3f}",
        flush=True,
    )


def report_cost(twins: Twins, seconds: list[float]) -> None:
    cost = twins.cost
    print(
        f"ours: median {median(seconds):.2f} s of {min(seconds):.2f} .. {max(seconds):.2f}, "
        f"predicted {cost.seconds:.2f} s: {cost.flops / 1e9:,.0f} GFLOP (plain "
        f"{cost.plain_flops / 1e9:,.0f}) at {cost.rate / 1e9:.0f} GFLOP/s on {cost.threads} threads"
    )


def synthetic(count: int, planted: int = 2000, seed: int = 0) -> None:
    """Draw `count` faces onto the disk, plant twins around the threshold, find them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "faces.npy")
        pairs, mirrored, ncc = written(path, count, planted, seed)
        print(f"{count:,} drawn faces, {planted:,} planted twins, load {os.getloadavg()[0]:.1f}")
        began = time.perf_counter()
        twins = near_twins(
            np.load(path, mmap_mode="r"),
            THRESHOLD,
            announce=lambda cost: print(f"predicted {cost.seconds:.1f} s", flush=True),
        )
        seconds = time.perf_counter() - began
    found = {row[:3] for row in table(twins.pairs, twins.mirrored, twins.ncc)}
    wanted = table(pairs, mirrored, ncc)
    above = [row[:3] in found for row in wanted if row[3] >= THRESHOLD]
    below = [row[:3] in found for row in wanted if row[3] < THRESHOLD]
    others = len(found) - sum(above) - sum(below)
    print(f"planted at or above {THRESHOLD}: {sum(above)} of {len(above)} found")
    print(f"planted below: {sum(below)} of {len(below)} found; {others} rows not planted")
    share = 1e5 / twins.cost.pairs
    print(f"of 100,000 pairs {twins.candidates * share:.1f} passed the first bound, ", end="")
    print(f"{twins.verified * share:.2f} the second")
    report_cost(twins, [seconds])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    mapped = count * 48 * 48 / 2**30
    print(f"peak memory {peak:.2f} GiB, of which {mapped:.2f} is the mapped file")
    if not all(above) or any(below):
        sys.exit("the planted twins were not found exactly")


def written(
    path: Path, count: int, planted: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.float64]]:
    """Write drawn faces to a file that is no longer mapped on return; the planted twins."""
    faces = np.lib.format.open_memmap(path, "w+", np.uint8, (count, 48, 48))
    draw(faces, seed)
    pairs, mirrored = plant(faces, planted, seed)
    return pairs, mirrored, exact_ncc(faces, pairs, mirrored)


def draw(faces: Faces, seed: int, waves: int = 20) -> None:
    """Random fields with the spectrum of faces, energy ~ r^-2.2, around a common one, and noise."""
    rng = np.random.default_rng(seed)
    vertical, horizontal = np.mgrid[:waves, :waves]
    radius = np.hypot(vertical, horizontal)
    amplitude = np.divide(1, radius**1.1, out=np.zeros_like(radius), where=radius > 0)
    angle = np.pi * np.arange(waves)[:, None] * (2 * np.arange(48) + 1) / 96
    basis = (np.cos(angle) * np.sqrt(2 / 48)).astype(np.float32)
    common = amplitude * (horizontal % 2 == 0) * rng.normal(size=radius.shape)
    for start in range(0, len(faces), 2048):
        some = faces[start : start + 2048]
        levels = rng.standard_normal((len(some), waves, waves), np.float32)
        levels = (amplitude * levels + 0.5 * common).astype(np.float32)
        field = basis.T @ levels @ basis
        field *= 45 / field.std(axis=(1, 2), keepdims=True)
        field += 6 * rng.standard_normal(field.shape, np.float32) + 128
        some[:] = np.clip(field, 0, 255)


def plant(faces: Faces, planted: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Turn some faces into twins of others, an NCC of 0.88 to 1, every second one mirrored."""
    rng = np.random.default_rng(seed + 1)
    rows = rng.choice(len(faces), 2 * planted, replace=False).reshape(-1, 2)
    rows.sort(axis=1)
    mirrored = np.arange(planted) % 2 == 1
    for (i, j), mirror, near in zip(rows, mirrored, rng.uniform(0.88, 1, planted), strict=True):
        face = faces[i] - faces[i].mean()
        noise = rng.normal(scale=face.std() * np.sqrt(1 / near**2 - 1), size=face.shape)
        twin = np.clip(128 + 0.8 * (face + noise), 0, 255).astype(np.uint8)
        faces[j] = twin[:, ::-1] if mirror else twin
    return rows, mirrored


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--synthetic", type=int, metavar="N", help="N drawn faces instead")
    count = parser.parse_args().synthetic
    if count:
        synthetic(count)
    else:
        compare()


if __name__ == "__main__":
    main()
