"""The 68 points of CK+'s landmark files, for a drawn face.

Order: 17 along the jaw, 5 and 5 on the brows, 4 down the nose and 5 below it, 6 and 6 around the
eyes, 12 around the lips and 8 within, each from left to right as seen and then back.
"""

import numpy as np
from numpy.typing import NDArray

from fertools.fakes._face import five_points
from fertools.fakes._features import brow_line, eye_outline, mouth_outline
from fertools.fakes._head import outline
from fertools.fakes._person import Look, Person, look

Points = NDArray[np.float64]


def landmarks68(who: Person, expression: str, strength: float, five: Points) -> Points:
    """The points in pixels, (68, 2), of a face whose five points lie at `five`, (5, 2)."""
    how = look(expression, strength)
    units = _units(who, how)
    # complex numbers: a similarity is z -> a z + b, fixed by the five points
    known, seen = (p[:, 0] + 1j * p[:, 1] for p in (five_points(who, how), five))
    spread = known - known.mean()
    turn = np.vdot(spread, seen - seen.mean()) / np.vdot(spread, spread)
    placed = turn * (units[:, 0] + 1j * units[:, 1] - known.mean()) + seen.mean()
    return np.column_stack([placed.real, placed.imag])


def _units(who: Person, how: Look) -> Points:
    edge = outline(who, how.jaw_drop)
    jaw = edge[np.linspace(72, 24, 17).astype(int)]  # from the left temple down and up again
    left, right = brow_line(who, how, -1)[::-3], brow_line(who, how, 1)[::3]
    ridge = np.column_stack([np.zeros(4), np.linspace(who.eye_y, who.nose_y, 4)])
    wings = who.nose_width * np.linspace(-1, 1, 5)
    below = np.column_stack([wings, np.full(5, who.nose_y + 0.06)])
    eyes = [_ring(*eye_outline(who, how, side), 2) for side in (-1, 1)]
    outer_up, inner_up, inner_low, outer_low = mouth_outline(who, how)
    lips = [_ring(outer_up, outer_low, 5), _ring(inner_up, inner_low, 3)]
    return np.concatenate([jaw, left[:5], right[:5], ridge, below, *eyes, *lips])


def _ring(upper: Points, lower: Points, between: int) -> Points:
    """Corner, points above, corner, points below back again."""
    at = np.linspace(0, len(upper) - 1, between + 2).astype(int)
    return np.concatenate([upper[at], lower[at[-2:0:-1]]])
