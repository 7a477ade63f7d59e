"""Faces of poor quality: constant, blurred, badly exposed, without contrast, without detail.

In go a manifest and its faces, looked at as `_small` gives them: blur that is gone at 48 pixels is
not found. Out come the columns `quality_sharpness`, `quality_brightness`, `quality_contrast` and
`quality_detail`, to rank by, and flags where a fixed limit is passed, never a quantile: of a
perfect data set none is flagged.

- sharpness: mean squared Laplacian over mean squared gradient. Both are classic measures of focus
  (Subbarao, Choi and Nikzad, "Focusing techniques", Optical Engineering 32, 1993; Pertuz, Puig and
  Garcia, "Analysis of focus measure operators", Pattern Recognition 46, 2013), but grow with
  contrast and fall with a plain background; their quotient does neither. Below 1.0 `blurred`.
- brightness: mean gray level, 0 .. 1; contrast: its standard deviation, 0 .. 0.5 (RMS contrast,
  Peli, "Contrast in complex images", JOSA A 7, 1990). Below 0.04 `low_contrast`.
- exposure: brightness below 0.1, or 60 % of the pixels within 8 levels of black: `underexposed`;
  above 0.9, or 60 % within 8 of white: `overexposed`.
- detail: share of pixels that differ from one of their four neighbours by more than 4 levels. Below
  0.4 `low_detail`: signs and texts in place of a photograph, drawings, faces lost in black.

The limits are ours, chosen by eye on FER2013 (35,887 faces): the 38 that are called blurred are all
soft; the lowest contrast of a face that can be seen is 0.046; four in five of the faces without
detail are no photograph of a face, nor are most of those called overexposed.
`tests/benchmarks/bench_quality.py` has precision and recall on planted faults.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fertools.checks._small import Pixels, small
from fertools.faces import Faces
from fertools.finding import Finding
from fertools.manifest import Manifest

FLAGS = ("constant", "blurred", "underexposed", "overexposed", "low_contrast", "low_detail")
MEASURES = ("sharpness", "brightness", "contrast", "detail")
NEAR_END = 8  # gray levels from black or white
STEP = 4  # gray levels that are a difference
QUANTILES = (0.1, 1, 5, 50, 95, 99, 99.9)
CACHED = 32  # faces at a time: the arrays made of them stay in the cache of a core

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Options:
    """The limits; see the module. A limit of 0, of 1 for `light` and `clipped`, flags nothing."""

    blurred: float = 1.0
    low_contrast: float = 0.04
    dark: float = 0.1
    light: float = 0.9
    clipped: float = 0.6
    low_detail: float = 0.4


def find(manifest: Manifest, faces: Faces, options: Options) -> Finding:
    """Measure every face, and flag those beyond a limit."""
    chosen = small(manifest, faces)
    blocks = [measure(block) for _, block in chosen.blocks(CACHED)]
    found = np.concatenate(blocks) if blocks else np.empty((0, 6))
    sharpness, brightness, contrast, detail, black, white = found.T
    seen = contrast > 0
    flagged = {
        "constant": ~seen,
        "blurred": seen & (sharpness < options.blurred),
        "underexposed": seen & ((brightness < options.dark) | (black > options.clipped)),
        "overexposed": seen & ((brightness > options.light) | (white > options.clipped)),
        "low_contrast": seen & (contrast < options.low_contrast),
        "low_detail": seen & (detail < options.low_detail),
    }
    counts = {name: int(mask.sum()) for name, mask in flagged.items()}
    return Finding(
        rows=np.concatenate([chosen.rows[mask] for mask in flagged.values()]),
        flags=[name for name, count in counts.items() for _ in range(count)],
        columns={
            f"quality_{name}": _column(len(manifest), chosen.rows, values)
            for name, values in zip(MEASURES, found.T, strict=False)
        },
        facts={
            "flagged": counts,
            "quantiles": {
                name: dict(zip(map(str, QUANTILES), _quantiles(values), strict=True))
                for name, values in zip(MEASURES, found.T, strict=False)
            },
        },
    )


def measure(faces: Pixels) -> Floats:
    """Sharpness, brightness, contrast, detail, share near black, share near white: (n, 6).

    `faces` are uint8 (n, H, W) with sides of at least 3. A constant face has sharpness 0.
    """
    n = len(faces)
    level, flat = faces.astype(np.float32), faces.reshape(n, -1)
    right, down = np.diff(level, axis=2), np.diff(level, axis=1)
    gradient = sum(
        np.square(step).reshape(n, -1).mean(1, dtype=np.float64) for step in (right, down)
    )
    beside, below = right[:, 1:-1], down[:, :, 1:-1]
    laplacian = np.diff(beside, axis=2) + np.diff(below, axis=1)
    energy = np.square(laplacian).reshape(n, -1).mean(1, dtype=np.float64)
    wide, tall = np.abs(beside) > STEP, np.abs(below) > STEP
    differs = wide[:, :, 1:] | wide[:, :, :-1] | tall[:, 1:] | tall[:, :-1]
    return np.stack(
        [
            np.divide(energy, gradient, out=np.zeros(n), where=gradient > 0),
            flat.mean(1, dtype=np.float64) / 255,
            np.where(np.ptp(flat, axis=1) > 0, flat.std(1, dtype=np.float64) / 255, 0),
            differs.reshape(n, -1).mean(1),
            (flat <= NEAR_END).mean(1),
            (flat >= 255 - NEAR_END).mean(1),
        ],
        axis=1,
    )


def _column(count: int, rows: npt.NDArray[np.int64], values: Floats) -> pa.Array:
    out, missing = np.zeros(count, np.float32), np.ones(count, np.bool_)
    out[rows], missing[rows] = values, False
    return pa.array(out, pa.float32(), mask=missing)


def _quantiles(values: Floats) -> list[float]:
    if not len(values):
        return [0.0] * len(QUANTILES)
    return [round(float(v), 4) for v in np.percentile(values, QUANTILES)]
