"""Images per second of training: our trainer against a DataLoader over files, one model and recipe.

    python tests/benchmarks/bench_trainer.py [RECIPE] [--faces 28709] [--epochs 3] [--device auto]
        [--workers N] [--set a.b=c]... [--profile]

Faces are drawn, written as PNG in class folders and ingested. Our side keeps them as one uint8
tensor on the device and augments whole batches there; the other decodes and augments image by image
in worker processes (cv2, one warp, mirror image, erasing) and takes the same step. The first epoch
of each is not timed, the median of the others is shown, and that for an epoch of 28,709 faces. On a
GPU the steps are also compiled and captured as CUDA graphs, and times by kind of kernel are shown
(elsewhere with --profile). The share of the peak is 6 operations per multiply-accumulate over what
a large matrix product in bf16 reaches on the same device in the same run. Floor: on a GPU 10 times
the images per second of the DataLoader.
"""

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import torch
from bench_loader import CLASSES, write
from torch.utils.data import DataLoader, Dataset

from fertools import recipe as recipes
from fertools.data.augment import BatchAugment
from fertools.devices import Process, choose, hardware, hold_memory
from fertools.engine import available_cores
from fertools.flows._trials import cost
from fertools.ingest import ingest
from fertools.recipe import Augment, Recipe
from fertools.split import SplitOptions, split
from fertools.split.grouping import Grouping
from fertools.train.feed import open_feed
from fertools.train.trainer import Trainer

HERE = Path(__file__).resolve().parent
WHOLE, FLOOR = 28_709, 10.0
KINDS = {
    "convolution, matrix product": ("conv", "gemm", "gemv", "cutlass", "xmma", "mm", "cudnn_gen"),
    "batch norm": ("batch_norm", "bn_", "batchnorm"),
    "optimiser, average": ("multi_tensor", "foreach", "lerp"),
    "augmentation": ("grid_sampler", "affine_grid", "index"),
    "pooling": ("pool",),
    "activations, sums": ("relu", "threshold", "sigmoid", "elementwise", "mul", "add", "mean"),
    "copies": ("memcpy", "memset", "copy"),
}


class Files(Dataset):
    """An ImageFolder: a path and a class each, decoded and augmented one by one."""

    def __init__(self, folder: Path, augment: Augment, classes: tuple[str, ...]) -> None:
        self.augment = augment
        self.items = [(f, k) for k, word in enumerate(classes) for f in folder.glob(f"{word}/*")]

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, at: int) -> tuple[torch.Tensor, int]:
        file, label = self.items[at]
        face = cv2.imdecode(np.frombuffer(file.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
        return torch.from_numpy(self._changed(face).copy())[None].float().div_(255), label

    def _changed(self, face: np.ndarray) -> np.ndarray:
        a, side, rng = self.augment, len(face), np.random
        zoom = 1 / rng.uniform(1 - a.zoom, 1 + a.zoom)
        turn = cv2.getRotationMatrix2D(
            (side / 2 - 0.5,) * 2, rng.uniform(-a.rotation, a.rotation), zoom
        )
        turn[:, 2] += rng.uniform(-a.shift, a.shift, 2) * side
        face = cv2.warpAffine(face, turn, (side, side), borderMode=cv2.BORDER_REPLICATE)
        if rng.random() < a.flip:
            face = face[:, ::-1]
        if rng.random() < a.erase:
            wide = int(side * rng.uniform(*a.erase_area) ** 0.5)
            top, left = rng.randint(0, side - wide + 1, 2)
            face = face.copy()
            face[top : top + wide, left : left + wide] = int(face.mean())
        return face


def trainer(recipe: Recipe, device: torch.device) -> Trainer:
    return Trainer(recipe, open_feed(recipe), Process(device), 0)


def ours(recipe: Recipe, device: torch.device, epochs: int) -> tuple[float, Trainer]:
    """Seconds of an epoch, and the trainer."""
    made = trainer(recipe, device)
    found = []
    for epoch in range(epochs + 1):
        began = time.perf_counter()
        made.run(epoch)  # its mean loss is read, so a GPU has ended
        found.append(time.perf_counter() - began)
    return median(found[1:]), made


def theirs(
    recipe: Recipe, raw: Path, device: torch.device, epochs: int, workers: int
) -> tuple[float, int]:
    """Seconds of an epoch of the same steps fed by a DataLoader, and its images."""
    files = Files(raw, recipe.augment, recipe.data.classes)
    made = trainer(replace(recipe, augment=Augment()), device)
    loader = DataLoader(
        files, recipe.train.batch, shuffle=True, num_workers=workers,
        persistent_workers=workers > 0, pin_memory=device.type == "cuda",
    )  # fmt: skip
    made.model.train()
    found, idle, step = [], BatchAugment(Augment()), 0
    for _ in range(epochs + 1):
        began, losses = time.perf_counter(), []
        for images, labels in loader:
            losses.append(made._step(images, labels, step % 100, idle))
            step += 1
        torch.stack(losses).mean().item()
        found.append(time.perf_counter() - began)
    return median(found[1:]), len(files)


def peak(device: torch.device) -> float:
    """Operations per second of a large matrix product of random numbers in bf16."""
    side = 8192 if device.type == "cuda" else 1024
    a, b = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    times = []
    for _ in range(6):
        began = time.perf_counter()
        (a @ b)[0, 0].item()
        times.append(time.perf_counter() - began)
    return 2 * side**3 / median(times[1:])


def profile(made: Trainer) -> None:
    """Print the share of each kind of kernel in one epoch."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as recording

    gpu = made.process.device.type == "cuda"
    kinds = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if gpu else [])]
    with recording(activities=kinds) as recorded:
        made.run(9)
    times: dict[str, float] = defaultdict(float)
    for event in recorded.key_averages():
        own = event.self_device_time_total if gpu else event.self_cpu_time_total
        name = event.key.lower()
        if gpu and name.startswith("aten::"):
            continue  # a kernel's time stands at the kernel
        kind = (k for k, words in KINDS.items() if any(word in name for word in words))
        times[next(kind, "all others")] += own / 1e6
    total = sum(times.values())
    print(f"\n  one epoch by kind of kernel, {total:.2f} s of {'GPU' if gpu else 'CPU'}")
    for kind, seconds in sorted(times.items(), key=lambda item: -item[1]):
        print(f"    {kind:32} {seconds:8.2f} s {100 * seconds / total:5.1f} %")


def prepared(folder: Path, faces: int, recipe: str, changes: list[str]) -> tuple[Recipe, Path]:
    """The recipe on drawn faces, and their folder of files."""
    raw, _ = write(folder, faces, 48)
    ingest("imagefolder", [raw], folder / "data", face={"size": 48, "channels": 1})
    alone = SplitOptions(ratios=(1, 0, 0), grouping=Grouping(group="none"))
    split([folder / "data"], folder / "split.parquet", alone)
    words = str(sorted(CLASSES)).replace("'", '"')
    told = [f"data.manifest={folder / 'split.parquet'}", f"data.classes={words}"]
    return recipes.load(recipe, [*told, "train.select=last", *changes]), raw


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("recipe", nargs="?", default=HERE.parents[1] / "recipes/frontier/base.toml")
    parser.add_argument("--faces", type=int, default=WHOLE)
    parser.add_argument("--epochs", type=int, default=3, help="that are timed")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--workers", type=int, default=available_cores())
    parser.add_argument("--set", dest="changes", action="append", default=[])
    parser.add_argument("--compile", action="store_true", help="also where there is no GPU")
    parser.add_argument("--profile", action="store_true")
    typed = parser.parse_args()
    device = choose(typed.device)
    hold_memory(device)
    gpu, best = device.type == "cuda", 0.0
    with tempfile.TemporaryDirectory() as folder:
        recipe, raw = prepared(Path(folder), typed.faces, typed.recipe, typed.changes)
        facts, top = cost(recipe), peak(device)
        print(hardware(device))
        print(
            f"{recipe.model.name}: {facts.parameters:,} parameters, {facts.macs / 1e6:.1f} M MACs, "
            f"batch {recipe.train.batch}, {recipe.train.precision}; peak {top / 1e12:.2f} TFLOP/s"
        )
        print(f"  {'':36} {'images/s':>10} {'times':>6} {'s/epoch':>8} {'of peak':>8}")

        def show(name: str, seconds: float, faces: int, base: float | None) -> float:
            rate = faces / seconds
            times = f"{rate / base:.2f}" if base else "1"
            share = 6 * facts.macs * rate / top
            line = f"{rate:10,.0f} {times:>6} {WHOLE / rate:8.2f} {100 * share:7.2f} %"
            print(f"  {name:36} {line}", flush=True)
            return rate

        plain = replace(recipe, train=replace(recipe.train, graphs=False, compile=False))
        seconds, faces = theirs(plain, raw, device, typed.epochs, typed.workers)
        base = show(f"DataLoader on files, {typed.workers} workers", seconds, faces, None)
        ways = {"ours": {}}
        ways |= {"ours, CUDA graphs": {"graphs": True}} if gpu else {}
        ways |= {"ours, torch.compile": {"compile": True}} if gpu or typed.compile else {}
        for name, options in ways.items():
            wanted = replace(plain, train=replace(plain.train, **options))
            seconds, made = ours(wanted, device, typed.epochs)
            best = max(best, show(name, seconds, len(made.loader.dataset), base))
        if gpu or typed.profile:
            profile(trainer(plain, device))
    minutes = recipe.train.epochs * WHOLE / best / 60
    print(f"\n  {recipe.train.epochs} epochs of {WHOLE:,} faces: {minutes:.1f} minutes at best")
    return 0 if not gpu or best >= FLOOR * base else 1


if __name__ == "__main__":
    sys.exit(main())
