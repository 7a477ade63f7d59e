"""The faces of a run that an export is measured on and calibrated with.

In go a run and what was asked for; out come faces in the form that the file takes.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fertools.data import FaceDataset, in_part
from fertools.data.loader import Joined
from fertools.errors import FerError, unknown
from fertools.flows._some import some
from fertools.manifest import read_manifest
from fertools.onnx_file import Facts
from fertools.runs import Run
from fertools.runs.graph import Network, logits_of
from fertools.train.feed import Feed, part_of

Faces = npt.NDArray[np.uint8]
PARTS = ("train", "val")  # the test sets nothing


@dataclass(frozen=True, slots=True)
class Rows:
    """What is measured on: faces as the file takes them, their truth (n,), and the logits (n, K)
    that the network itself gives them. `of` is how many the part has."""

    part: str
    of: int
    faces: Faces
    truth: npt.NDArray[np.int64]
    logits: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.truth)


def measured_rows(network: Network, feed: Feed, facts: Facts, most: int) -> Rows:
    """The validation rows that chose the epoch, or training rows where there are none."""
    part, data = ("val", feed.val) if feed.val is not None else ("train", feed.train)
    at = some(len(data), most)
    pixels = data.pixels(at)
    logits = logits_of(network, pixels)
    return Rows(part, len(data), as_taken(pixels.numpy(), facts), data.targets[at], logits)


def calibrating(run: Run, feed: Feed, facts: Facts, asked: str) -> Faces:
    """The faces of `train:500`: so many of a part of the run, or all where it has fewer."""
    part, count = calibration(asked)
    data = {"train": feed.train, "val": feed.val}[part]
    if data is None:
        raise FerError(f"{run.folder}: has no validation rows; --calibrate train:{count}")
    return as_taken(data.pixels(some(len(data), count)).numpy(), facts)


def calibration(asked: str) -> tuple[str, int]:
    """Part and number of `train:500`. Raises `FerError` for other forms and parts."""
    part, _, count = asked.partition(":")
    if part not in PARTS:
        raise unknown("part to calibrate on", part, list(PARTS))
    if not count.isascii() or not count.isdigit() or not int(count):
        raise FerError(f"--calibrate {asked}: write part and number of faces, as in train:500")
    return part, int(count)


def parts_of(run: Run) -> list[FaceDataset]:
    """The validation and test rows of a run, where there are any."""
    manifest, data = read_manifest(run.manifest), run.recipe.data
    there = [part for part in ("val", "test") if in_part(manifest, part, run.fold).any()]
    return [part_of(manifest, data, part, run.fold) for part in there]


def taken(data: FaceDataset | Joined, facts: Facts) -> Faces:
    """All faces of a part as the file takes them."""
    return as_taken(data.pixels(np.arange(len(data))).numpy(), facts)


def as_taken(pixels: Faces, facts: Facts) -> Faces:
    """Pixels (n, C, H, W) of the loader as (n, H, W), or (n, H, W, 3) with gray in all three."""
    if facts.channels == 1:
        return np.ascontiguousarray(pixels[:, 0])
    if facts.gray_inside:
        pixels = np.repeat(pixels, 3, axis=1)
    return np.ascontiguousarray(pixels.transpose(0, 2, 3, 1))
