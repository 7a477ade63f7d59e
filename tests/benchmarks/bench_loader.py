"""Images per second that a training loop gets: our loader, torch's over ours, and other packages.

    python tests/benchmarks/bench_loader.py [--faces 14000] [--large 2000] [--batch 64]

Faces are drawn, written as files in class folders (PNG at 48 px, JPEG of quality 95 at 224 px, and
both as tar shards), and ingested. Every loader gives the same tensor, float32 (n, 1, H, W) in 0..1
in shuffled batches; the bench compares the first image of each. Epochs after the first are timed,
the median is shown. ImageFolder, datasets and webdataset live in `.venv-bench` (`python3 -m venv
.venv-bench`, then `.venv-bench/bin/pip install torch torchvision datasets webdataset`); without it
their rows are left out. Floor: `make_loader` at least 20 times ImageFolder with two workers at
48 px, 5 times at 224 px. Other work on the machine shows in all figures, so the load average is
printed.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader

from fertools import FaceDataset, make_loader
from fertools.data.augment import BatchAugment
from fertools.ingest import ingest
from fertools.recipe import Augment

HERE = Path(__file__).resolve().parent
OTHERS = HERE.parents[1] / ".venv-bench" / "bin" / "python"
CLASSES = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
EPOCHS, SHARDS = 3, 8
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


def rate(batches: Iterable, epochs: int = EPOCHS) -> float:
    """Images per second: the median over epochs after the first."""
    rates = []
    for epoch in range(epochs + 1):
        start, seen = time.perf_counter(), 0
        for images, _ in batches:
            seen += len(images)
        if epoch:
            rates.append(seen / (time.perf_counter() - start))
    return median(rates)


def ours(dataset: FaceDataset, batch: int) -> dict[str, Callable[[], float]]:
    """Our rows, by name."""
    mild = Augment(rotation=15, shift=0.06, zoom=0.12, flip=0.5)
    flip = Augment(flip=0.5)

    def plain(workers: int) -> float:
        kept = {"persistent_workers": True, "prefetch_factor": 4} if workers else {}
        return rate(DataLoader(dataset, batch, shuffle=True, num_workers=workers, **kept))

    return {
        "make_loader": lambda: rate(make_loader(dataset, batch, shuffle=True)),
        "make_loader, uint8 on the device": lambda: rate(
            make_loader(dataset, batch, shuffle=True, device="cpu")
        ),
        "make_loader, flipped": lambda: rate(
            make_loader(dataset, batch, shuffle=True, augment=BatchAugment(flip))
        ),
        "make_loader, rotated, shifted, zoomed, flipped": lambda: rate(
            make_loader(dataset, batch, shuffle=True, augment=BatchAugment(mild)), 1
        ),
        "DataLoader(FaceDataset), no workers": lambda: plain(0),
        "DataLoader(FaceDataset), 2 workers": lambda: plain(2),
    }


def others(raw: Path, tars: Path, batch: int, dataset: FaceDataset) -> dict[str, float | str]:
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
        found: dict[str, float | str] = others(raw, tars, batch, dataset)
        found |= {name: run() for name, run in ours(dataset, batch).items()}
    base = found.get(PEER)
    print(
        f"\n{count:,} faces of {size}x{size}x1, batches of {batch}, load {os.getloadavg()[0]:.1f}"
    )
    for name, value in found.items():
        if isinstance(value, str):
            print(f"  {name:48} {value}")
            continue
        ratio = f"{value / base:8.1f}x" if isinstance(base, float) else ""
        print(f"  {name:48} {value:12,.0f} images/s {ratio}")
    if not isinstance(base, float):
        return True
    held = float(found["make_loader"]) / base
    print(f"  floor: make_loader {held:.1f} times ImageFolder, at least {FLOORS[size]:.0f}")
    return held >= FLOORS[size]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--faces", type=int, default=14_000, help="at 48 px")
    parser.add_argument("--large", type=int, default=2_000, help="at 224 px")
    parser.add_argument("--batch", type=int, default=64)
    typed = parser.parse_args()
    print(f"{len(os.sched_getaffinity(0))} cores, torch threads {torch.get_num_threads()}")
    held = [bench(typed.faces, 48, typed.batch), bench(typed.large, 224, typed.batch)]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
