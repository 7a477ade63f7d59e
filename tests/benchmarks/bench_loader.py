"""Images per second that a training loop gets: our loader, torch's over ours, and other packages.

    python tests/benchmarks/bench_loader.py [--faces 14000] [--large 2000] [--batch 64]

Faces are drawn, written as files in class folders (PNG at 48 px, JPEG of quality 95 at 224 px, and
both as tar shards), and ingested. Every loader gives the same tensor, float32 (n, 1, H, W) in 0..1
in shuffled batches; the bench compares the first image of each. Epochs after the first are timed,
the median is shown. ImageFolder, datasets and webdataset live in `.venv-bench` (`python3 -m venv
.venv-bench`, then `.venv-bench/bin/pip install torch torchvision datasets webdataset`); without it
their rows are left out. Floor: `make_loader` at least 20 times ImageFolder with two workers at
48 px, 5 times at 224 px. By the clock that is true of an idle machine only, so the CPU time of all
processes is taken, too: two workers on two idle cores give at most twice what a second of CPU does.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from _rates import rates
from torch.utils.data import DataLoader

from fertools import FaceDataset, make_loader
from fertools.data.augment import BatchAugment
from fertools.ingest import ingest
from fertools.recipe import Augment

HERE = Path(__file__).resolve().parent
OTHERS = HERE.parents[1] / ".venv-bench" / "bin" / "python"
Rates = tuple[float, float]  # images per second by the clock, and per second of CPU
CLASSES = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
EPOCHS, SHARDS, WORKERS = 3, 8, 2
FLOORS = {48: 20.0, 224: 5.0}
PEER = "torchvision ImageFolder, 2 workers"


def faces(count: int, size: int, seed: int = 0) -> Iterable[np.ndarray]:
    """Drawn faces with the texture of photographs: small noise, enlarged, over an oval."""
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    oval = 90 * np.exp(-(xx**2 * 2 + yy**2))
    for _ in range(count):
        coarse = rng.normal(90, 30, (12, 12)).astype(np.float32)
        texture = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
        grain = rng.normal(0, 4, (size, size))
        yield np.clip(texture + oval + grain, 0, 255).astype(np.uint8)


def write(folder: Path, count: int, size: int) -> tuple[Path, Path]:
    """The faces as files in class folders and as tar shards."""
    kind = "png" if size < 100 else "jpg"
    options = [] if kind == "png" else [cv2.IMWRITE_JPEG_QUALITY, 95]
    raw, tars = folder / "raw", folder / "tar"
    for word in CLASSES:
        (raw / word).mkdir(parents=True)
    tars.mkdir()
    shard = None
    for number, face in enumerate(faces(count, size)):
        data = cv2.imencode(f".{kind}", face, options)[1].tobytes()
        place = number % len(CLASSES)
        (raw / CLASSES[place] / f"{number:06d}.{kind}").write_bytes(data)
        if number % -(-count // SHARDS) == 0:
            if shard is not None:
                shard.close()
            shard = tarfile.open(tars / f"{number:06d}.tar", "w")  # noqa: SIM115
        for suffix, content in ((kind, data), ("cls", str(place).encode())):
            entry = tarfile.TarInfo(f"{number:06d}.{suffix}")
            entry.size = len(content)
            shard.addfile(entry, io.BytesIO(content))
    if shard is not None:
        shard.close()
    return raw, tars


def ours(dataset: FaceDataset, batch: int) -> dict[str, Callable[[], Rates]]:
    """Our rows, by name."""
    mild = Augment(rotation=15, shift=0.06, zoom=0.12, flip=0.5)
    flip = Augment(flip=0.5)

    def plain(workers: int) -> Rates:
        kept = {"persistent_workers": True, "prefetch_factor": 4} if workers else {}
        return rates(DataLoader(dataset, batch, shuffle=True, num_workers=workers, **kept), EPOCHS)

    def made(**options: Any) -> Rates:
        return rates(make_loader(dataset, batch, shuffle=True, **options), EPOCHS)

    return {
        "make_loader": made,
        "make_loader, 2 workers": lambda: made(workers=2),
        "make_loader, uint8 on the device": lambda: made(device="cpu"),
        "make_loader, flipped": lambda: made(augment=BatchAugment(flip)),
        "make_loader, rotated, shifted, zoomed, flipped": lambda: made(augment=BatchAugment(mild)),
        "DataLoader(FaceDataset), no workers": lambda: plain(0),
        "DataLoader(FaceDataset), 2 workers": lambda: plain(2),
    }


def others(raw: Path, tars: Path, batch: int, dataset: FaceDataset) -> dict[str, Any]:
    """The rows of other packages; checks that they give our tensor."""
    if not OTHERS.is_file():
        print(f"{OTHERS} is missing: only our own rows follow (see the top of this file)")
        return {}
    out = raw.parent / "firsts.npz"
    argv = [OTHERS, HERE / "_loaders_of_others.py", raw, tars, str(batch), str(EPOCHS), out]
    clean = {**os.environ, "HF_HOME": str(raw.parent / "hf"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(argv, check=False, capture_output=True, text=True, env=clean)
    if done.returncode:
        print(done.stderr[-2000:])
        return {}
    first = dataset[0][0].numpy()
    tolerance = 1e-7 if dataset.shape[1] < 100 else 3 / 255  # two decoders of one JPEG
    for name, image in np.load(out).items():
        gap = float(np.abs(image.reshape(first.shape) - first).max())
        assert gap <= tolerance, f"{name}: another tensor, off by {gap}"
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def bench(count: int, size: int, batch: int) -> bool:
    """One table; returns whether the floor is held."""
    with tempfile.TemporaryDirectory() as folder:
        raw, tars = write(Path(folder), count, size)
        ingest("imagefolder", [raw], Path(folder) / "data", face={"size": size, "channels": 1})
        dataset = FaceDataset(Path(folder) / "data")
        found: dict[str, Any] = others(raw, tars, batch, dataset)
        found |= {name: run() for name, run in ours(dataset, batch).items()}
    load = os.getloadavg()[0]
    print(f"\n{count:,} faces of {size}x{size}x1, batches of {batch}, load {load:.1f}")
    print(f"  {'':48} {'images/s':>12} {'times':>8} {'images per CPU second':>24}")
    base = found.get(PEER)
    base = None if isinstance(base, str) else base
    for name, value in found.items():
        if isinstance(value, str):
            print(f"  {name:48} {value}")
            continue
        ratio = f"{value[0] / base[0]:.1f}x" if base else ""
        print(f"  {name:48} {value[0]:12,.0f} {ratio:>8} {value[1]:24,.0f}")
    return base is None or held(found["make_loader"], base, FLOORS[size])


def held(own: Rates, base: Rates, floor: float) -> bool:
    """Whether the floor is held, by the clock or, on a busy machine, by CPU time."""
    by_clock, by_cpu = own[0] / base[0], own[1] / (WORKERS * base[1])
    print(f"  make_loader is {by_clock:.1f} times ImageFolder by the clock, {by_cpu:.1f} times by")
    print(f"  CPU time were its {WORKERS} workers never in each other's way; floor {floor:.0f}")
    return max(by_clock, by_cpu) >= floor


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--faces", type=int, default=14_000, help="at 48 px")
    parser.add_argument("--large", type=int, default=2_000, help="at 224 px")
    parser.add_argument("--batch", type=int, default=64)
    typed = parser.parse_args()
    torch.set_num_threads(1)  # a second one waits for its core on a machine that does other work
    print(f"{len(os.sched_getaffinity(0))} cores, one torch thread")
    held = [bench(typed.faces, 48, typed.batch), bench(typed.large, 224, typed.batch)]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
