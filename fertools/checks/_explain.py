"""What was done to one face to make another: hypotheses tried on pairs of faces.

In go two equally long runs of faces (m, H, W) that lie alike; out comes, per pair, the effect that
makes one of the other: `contrast`, `equalised`, `tone` (each gray level became another one),
`blurred`, `rotated`, or none. A hypothesis holds where it leaves next to nothing unexplained and at
most half of what likeness itself left. All scores are correlations and so can be compared.
"""

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from fertools.checks._small import Pixels
from fertools.checks._turned import equalised, rotate, soften

FITS = 0.985
CLEARLY = 0.5
GAIN, SHIFT = 0.1, 10.0  # less than this share and these gray levels are no change of contrast
TIE = 0.002  # what is simpler wins by so little
SIGMAS = (0.7, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)  # pixels
COARSE = (-5, -2, 2, 5)  # degrees: one of them is near every angle of
FINE = (-6, -4, -3, -1, 1, 3, 4, 6)
NEARLY = 0.93  # what the nearest coarse angle reaches at least; 0.95 was the least seen
SOFT, SOFTENED = 2.0, 0.93  # after this blur of both, a face and its blurred copy are so much alike
DISC = 0.45  # of the side: what a rotation about the centre leaves within the picture
TOGETHER = 1024  # pairs at a time
EFFECTS = ("contrast", "equalised", "tone", "blurred", "rotated")  # the simpler first

Doubles = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Explained:
    """Per pair (m,): the effect ("" for none), its score (0 where nothing explains the pair), and
    `lost`: above 0 where the second face lost something, below 0 where the first did."""

    effect: npt.NDArray[np.object_]
    score: Doubles
    lost: Doubles


def explain(first: Pixels, second: Pixels, moved: Mask) -> Explained:
    """Find the effect of each pair.

    `moved` (m,) says that the faces were brought into one position first, which explains a pair
    without any further effect.
    """
    chunks = [slice(i, i + TOGETHER) for i in range(0, len(first), TOGETHER)]
    found = [_explain(first[some], second[some], moved[some]) for some in chunks]
    return Explained(
        np.concatenate([np.empty(0, object), *(f.effect for f in found)]),
        np.concatenate([np.empty(0), *(f.score for f in found)]),
        np.concatenate([np.empty(0), *(f.lost for f in found)]),
    )


def _explain(first: Pixels, second: Pixels, moved: Mask) -> Explained:
    x, y = first.astype(np.float32), second.astype(np.float32)
    plain = correlation(x, y)
    tones = np.stack([tone(first, second), tone(second, first)])
    levels = np.stack([correlation(_even(first), y), correlation(_even(second), x)])
    blurs = _blurs(x, y)
    turn = _rotation(first, y)
    gain = plain * _spread(y) / _spread(x)
    shift = y.mean((1, 2), dtype=np.float64) - x.mean((1, 2), dtype=np.float64)
    changed = (np.abs(np.log(np.maximum(gain, 1e-9))) > GAIN) | (np.abs(shift) > SHIFT)
    bar = 1 - CLEARLY * (1 - plain)
    scores = np.stack([plain, levels.max(0), tones.max(0), blurs.max(0), turn])
    holds = (scores >= FITS) & (scores >= bar)
    holds[0] = changed & (plain >= FITS)
    holds[2] &= changed | (scores[2] > plain + TIE)
    rank = np.where(holds, scores - TIE * np.arange(len(EFFECTS))[:, None], -1)
    best = rank.argmax(0)
    pair = np.arange(len(x))
    explained = holds[best, pair]
    score = np.where(explained, scores[best, pair], np.where(moved & (plain >= FITS), plain, 0))
    none = np.zeros(len(x))
    loss = np.stack([tones[0] - tones[1], levels[0] - levels[1], tones[0] - tones[1],
                     blurs[0] - blurs[1], none])  # fmt: skip
    lost = np.where(explained, loss[best, pair], 0)
    effect = np.where(explained, np.array(EFFECTS, object)[best], "")
    return Explained(effect, score, np.where(np.abs(lost) > 1e-4, lost, 0))


def correlation(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> Doubles:
    """The NCC of each pair (m,); 0 where a face is constant."""
    one, other = (_level(z) for z in (x, y))
    product = np.einsum("ij,ij->i", one, other)
    norm = np.sqrt(np.einsum("ij,ij->i", one, one) * np.einsum("ij,ij->i", other, other))
    out: Doubles = np.divide(product, norm, out=np.zeros(len(one)), where=norm > 0)
    return out


def _level(faces: npt.NDArray[Any]) -> Floats:
    flat = faces.reshape(len(faces), prod(faces.shape[1:])).astype(np.float32)
    return np.asarray(flat - flat.mean(1, keepdims=True))


def tone(first: Pixels, second: Pixels) -> Doubles:
    """How well the gray level of the first tells that of the second: the correlation ratio.

    Corrected for the number of levels (Kelley, "An unbiased correlation ratio measure", PNAS 21,
    1935), so that many levels do not explain noise.
    """
    m, pixels = len(first), first[0].size
    level = (np.arange(m)[:, None] * 256 + first.reshape(m, -1)).ravel()
    value = second.reshape(m, -1).astype(np.float64)
    value -= value.mean(1, keepdims=True)
    count = np.bincount(level, minlength=256 * m).reshape(m, 256)
    total = np.bincount(level, value.ravel(), minlength=256 * m).reshape(m, 256)
    explained = (total**2 / np.maximum(1, count)).sum(1)
    whole = np.einsum("ij,ij->i", value, value)
    rest = np.divide(whole - explained, whole, out=np.ones(m), where=whole > 0)
    free = pixels - (count > 0).sum(1)
    return np.asarray(np.sqrt(np.maximum(0, 1 - rest * (pixels - 1) / np.maximum(1, free))))


def _even(faces: Pixels) -> Floats:
    return equalised(faces).astype(np.float32)


def _blurs(x: Floats, y: Floats) -> Doubles:
    """The best NCC (2, m) of y with x after a blur, and of x with y after a blur."""
    out = np.zeros((2, len(x)))
    may = np.flatnonzero(correlation(soften(x, SOFT), soften(y, SOFT)) >= SOFTENED)
    for way, (one, other) in enumerate(((x[may], y[may]), (y[may], x[may]))):
        for sigma in SIGMAS:
            out[way, may] = np.maximum(out[way, may], correlation(soften(one, sigma), other))
    return out


def _rotation(first: Pixels, y: Floats) -> Doubles:
    """The best NCC within the disc over some angles other than 0."""
    side = y.shape[1:]
    down, across = (np.arange(n) - (n - 1) / 2 for n in side)
    disc = np.hypot(down[:, None] / side[0], across / side[1]) <= DISC
    best = np.zeros(len(y))
    inner = y[:, disc]
    for angles, least in ((COARSE, 0.0), (FINE, NEARLY)):
        may = np.flatnonzero(best >= least)
        for angle in angles if len(may) else ():
            turned = np.stack([rotate(face, angle) for face in first[may]])
            best[may] = np.maximum(best[may], correlation(turned[:, disc], inner[may]))
    return best


def _spread(faces: Floats) -> Doubles:
    return np.asarray(faces.std((1, 2), dtype=np.float64))
