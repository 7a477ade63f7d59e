"""Precision and recall of the quality check on faults planted in FER2013.

    python tests/benchmarks/bench_quality.py

3,000 random faces of FER2013 stay as they are; in 3,000 others a fault of one kind and strength is
planted. Precision counts each untouched face that bears the flag as an error, although FER2013 has
true blanks and blurred faces of its own, so it is a floor. Reads FER2013 from `$FERTOOLS_DATA` or
`../shared/data`.
"""

import time

import cv2
import numpy as np
from bench_twins import Faces, fer2013

from fertools.checks._small import BLOCK
from fertools.checks.quality import FLAGS, MEASURES, Options, measure

SAMPLE = 3000


def blurred(faces: Faces, sigma: float) -> Faces:
    return np.stack([cv2.GaussianBlur(face, (0, 0), sigma) for face in faces])


def scaled(faces: Faces, gain: float, shift: float = 0.0) -> Faces:
    return np.clip(faces * float(gain) + shift, 0, 255).astype(np.uint8)


def blank(faces: Faces, noise: float) -> Faces:
    rng = np.random.default_rng(0)
    level = rng.integers(0, 256, (len(faces), 1, 1))
    return np.clip(level + rng.normal(scale=noise, size=faces.shape), 0, 255).astype(np.uint8)


PLANTED = (
    ("constant", "one gray level", lambda faces: blank(faces, 0)),
    ("low_detail", "one gray level and noise of 1", lambda faces: blank(faces, 1)),
    ("low_detail", "three gray levels", lambda faces: 85 * (faces // 86)),
    ("blurred", "Gaussian, sigma 1.0", lambda faces: blurred(faces, 1.0)),
    ("blurred", "Gaussian, sigma 1.5", lambda faces: blurred(faces, 1.5)),
    ("blurred", "Gaussian, sigma 2.5", lambda faces: blurred(faces, 2.5)),
    ("blurred", "12 pixels, enlarged", lambda faces: resized(faces, 12)),
    ("underexposed", "gain 0.1", lambda faces: scaled(faces, 0.1)),
    ("underexposed", "gain 0.2", lambda faces: scaled(faces, 0.2)),
    ("underexposed", "100 levels darker", lambda faces: scaled(faces, 1, -100)),
    ("overexposed", "gain 3", lambda faces: scaled(faces, 3)),
    ("overexposed", "gain 2", lambda faces: scaled(faces, 2)),
    ("overexposed", "120 levels brighter", lambda faces: scaled(faces, 1, 120)),
    ("low_contrast", "gain 0.1 about 128", lambda faces: scaled(faces, 0.1, 115)),
    ("low_contrast", "gain 0.2 about 128", lambda faces: scaled(faces, 0.2, 102)),
)


def resized(faces: Faces, side: int) -> Faces:
    small = [cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA) for face in faces]
    return np.stack([cv2.resize(face, (48, 48), interpolation=cv2.INTER_CUBIC) for face in small])


def measured(faces: Faces) -> np.ndarray:
    """As the check does it: block by block."""
    return np.concatenate([measure(faces[i : i + BLOCK]) for i in range(0, len(faces), BLOCK)])


def flagged(faces: Faces) -> dict[str, np.ndarray]:
    """Which faces bear each flag, by the limits of the check."""
    sharp, bright, contrast, detail, black, white = measured(faces).T
    seen, limit = contrast > 0, Options()
    found = (
        ~seen,
        sharp < limit.blurred,
        (bright < limit.dark) | (black > limit.clipped),
        (bright > limit.light) | (white > limit.clipped),
        contrast < limit.low_contrast,
        detail < limit.low_detail,
    )
    return {
        flag: mask & (seen | (flag == "constant")) for flag, mask in zip(FLAGS, found, strict=True)
    }


def main() -> None:
    faces, _, _ = fer2013()
    began = time.perf_counter()
    measured(faces)
    seconds = time.perf_counter() - began
    print(f"{len(faces) / seconds:,.0f} faces/s for {', '.join(MEASURES)} and both ends")
    order = np.random.default_rng(0).permutation(len(faces))
    untouched, victims = faces[order[:SAMPLE]], faces[order[SAMPLE : 2 * SAMPLE]]
    clean = flagged(untouched)
    print(
        f"{'flag':14}{'planted':32}{'precision':>10}{'recall':>8}{'alarms of ' + str(SAMPLE):>16}"
    )
    for flag, how, plant in PLANTED:
        hit = int(flagged(plant(victims))[flag].sum())
        false = int(clean[flag].sum())
        precision = hit / max(1, hit + false)
        print(f"{flag:14}{how:32}{precision:10.3f}{hit / SAMPLE:8.3f}{false:16}")


if __name__ == "__main__":
    main()
