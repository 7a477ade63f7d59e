"""Brows, eyes, nose and mouth: their outlines for a person and a look, and how they are painted."""

import numpy as np

from fertools.fakes._canvas import Canvas, Points
from fertools.fakes._person import Colour, Look, Person

WHITE: Colour = (244, 242, 238)
DARK: Colour = (38, 18, 18)
SIDES = (-1, 1)  # left and right in the image

_S = np.linspace(-1.0, 1.0, 25)  # along a feature, corner to corner


def shaded(colour: Colour, share: float) -> Colour:
    """A colour made darker (< 1) or lighter (> 1)."""
    red, green, blue = (min(255.0, c * share) for c in colour)
    return red, green, blue


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """Two colours blended; `share` of the other one."""
    red, green, blue = (a + (b - a) * share for a, b in zip(one, other, strict=True))
    return red, green, blue


def eye_centre(who: Person, side: int) -> tuple[float, float]:
    """Where the pupil of a straight look lies."""
    return side * who.eye_x, who.eye_y


def eye_outline(who: Person, how: Look, side: int) -> tuple[Points, Points]:
    """The upper and the lower lid, each from the left corner to the right one."""
    x, y = eye_centre(who, side)
    opening = max(0.12, 1 + how.eye) * who.eye_size
    bow = (1 - _S**2) ** 0.8
    tilt = -side * who.eye_slant * _S  # outer corners up
    across = x + who.eye_size * _S
    upper = y + tilt - 0.52 * opening * bow
    lower = y + tilt + 0.42 * who.eye_size * (1 - 0.75 * how.squint) * bow * min(1.0, 1 + how.eye)
    return np.column_stack([across, upper]), np.column_stack([across, lower])


def brow_line(who: Person, how: Look, side: int) -> Points:
    """The middle line of a brow, from the nose outwards."""
    s = np.linspace(0.0, 1.0, 13)
    x = side * (who.eye_x + who.eye_size * (-1.15 + 2.5 * s) - how.pinch * (1 - s))
    arch = 0.05 * np.sin(np.pi * np.clip(s * 0.9, 0, 1))
    rise = (how.brow_in * (1 - s) ** 1.3 + how.brow_out * s) * 0.75
    y = who.eye_y - who.brow_gap - arch - rise + who.brow_slant * (1 - 2 * s)
    return np.column_stack([x, y])


def mouth_outline(who: Person, how: Look) -> tuple[Points, Points, Points, Points]:
    """Outer upper, inner upper, inner lower and outer lower edge of the lips, left to right."""
    half = who.mouth_width + how.wide
    x = half * _S
    raised = how.corner + how.skew * (_S > 0) * np.abs(_S)
    line = who.mouth_y - raised * np.abs(_S) ** 1.8 + 0.5 * how.corner * (1 - _S**2)
    line = line + 0.022 * how.wavy * np.sin(7 * _S)
    bow = (1 - _S**2) ** 0.7
    full = who.lip * (1 - how.press)
    cupid = 1 - 0.3 * np.exp(-((_S / 0.18) ** 2))
    inner_up = line - how.upper * bow
    inner_low = line + how.jaw_drop * bow
    outer_up = inner_up - 0.7 * full * bow**0.8 * cupid
    outer_low = inner_low + full * bow**0.8
    edges = [np.column_stack([x, y]) for y in (outer_up, inner_up, inner_low, outer_low)]
    return edges[0], edges[1], edges[2], edges[3]


def paint_eyes(canvas: Canvas, who: Person, how: Look) -> None:
    """Both eyes: white, iris under the lids, lashes and the fold above."""
    for side in SIDES:
        upper, lower = eye_outline(who, how, side)
        _paint_eyeball(canvas, who, how, side, np.concatenate([upper, lower[::-1]]))
        lash = 0.034 if who.gender == "female" else 0.024
        canvas.stroke(upper, (34, 24, 22), lash)
        canvas.stroke(lower, shaded(who.skin, 0.62), 0.012)
        fold = upper - np.array([0, 0.045 + 0.03 * max(0.0, how.eye)])
        canvas.stroke(fold[3:-3], shaded(who.skin, 0.72), 0.012)
        if how.tear > 0.4:
            x, y = eye_centre(who, side)
            drop = (x - side * 0.02, y + 0.42 * who.eye_size + 0.14)
            canvas.soft(drop, (0.022, 0.075), (232, 244, 255), 0.9)


def _paint_eyeball(canvas: Canvas, who: Person, how: Look, side: int, almond: Points) -> None:
    """White, iris and pupil, as far as the lids leave them free."""
    x, y = eye_centre(who, side)
    reach = 2 * who.eye_size
    part = canvas.window(np.array([[x - reach, y - reach], [x + reach, y + reach]]))
    covered = canvas.mask(almond)[part] == 0
    skin = canvas.image[part].copy()
    canvas.fill(almond, WHITE)
    radius = 0.5 * who.eye_size
    at = (x + 0.35 * who.eye_size * how.gaze_x, y + 0.3 * who.eye_size * how.gaze_y)
    canvas.fill(_circle(at, radius), who.iris)
    canvas.fill(_circle(at, 0.5 * radius), (14, 12, 12))
    canvas.fill(_circle((at[0] - 0.3 * radius, at[1] - 0.35 * radius), 0.22 * radius), WHITE)
    canvas.soft((x, float(almond[:, 1].min())), (who.eye_size, 0.03), (60, 50, 50), 0.5)
    canvas.image[part][covered] = skin[covered]


def paint_brows(canvas: Canvas, who: Person, how: Look) -> None:
    """Both brows, thick by the nose and thin outside, and the furrows between them."""
    tone = shaded(who.hair, 0.85 if sum(who.hair) < 400 else 0.7)
    for side in SIDES:
        line = brow_line(who, how, side)
        taper = who.brow_thick * np.linspace(1.0, 0.35, len(line)) / 2
        above, below = line.copy(), line.copy()
        above[:, 1] -= taper
        below[:, 1] += taper
        canvas.fill(np.concatenate([above, below[::-1]]), tone)
        if how.wrinkle > 0.3:
            x = side * 0.055
            top = who.eye_y - who.brow_gap - 0.06
            furrow = np.array([[x, top], [x * 0.8, top + 0.16]])
            canvas.stroke(furrow, shaded(who.skin, 0.62), 0.016)


def paint_nose(canvas: Canvas, who: Person, how: Look) -> None:
    """The ridge's light and shade, the wings and the nostrils; wrinkled where the look says so."""
    wide, tip = who.nose_width, who.nose_y - 0.02 * how.wrinkle
    canvas.soft((0.0, tip - 0.17), (0.035, 0.16), shaded(who.skin, 1.12), 0.5)
    canvas.soft((0.62 * wide, tip - 0.12), (0.045, 0.13), shaded(who.skin, 0.72), 0.45)
    canvas.soft((0.0, tip - 0.02), (0.07, 0.05), shaded(who.skin, 1.15), 0.6)
    canvas.soft((0.0, tip + 0.09), (0.8 * wide, 0.035), shaded(who.skin, 0.6), 0.55)
    for side in SIDES:
        here = np.array([0.0, tip])
        wing = np.array([[0.85, -0.06], [1.05, 0.0], [1.0, 0.05], [0.75, 0.065]]) * [side * wide, 1]
        canvas.stroke(here + wing, shaded(who.skin, 0.62), 0.014)
        canvas.fill(_ellipse((side * 0.45 * wide, tip + 0.052), 0.26 * wide, 0.018), (70, 40, 36))
        if how.wrinkle > 0.3:
            crease = np.array([[0.3, -0.26], [1.0, -0.2]]) * [side * wide, 1]
            canvas.stroke(here + crease, shaded(who.skin, 0.68), 0.014)


def paint_mouth(canvas: Canvas, who: Person, how: Look) -> None:
    """Lips, and between them the dark of the mouth with its teeth."""
    outer_up, inner_up, inner_low, outer_low = mouth_outline(who, how)
    made_up = who.gender == "female" and who.age > 10
    rose: Colour = (186, 70, 78) if made_up else (170, 92, 84)
    tone = mixed(rose, who.skin, 0.45)
    canvas.fill(np.concatenate([outer_up, inner_up[::-1]]), shaded(tone, 0.84))
    canvas.fill(np.concatenate([inner_low, outer_low[::-1]]), tone)
    if how.jaw_drop + how.upper > 0.02:
        canvas.fill(np.concatenate([inner_up, inner_low[::-1]]), (62, 18, 22))
        if how.teeth > 0.2:
            edge = inner_up + 0.55 * how.teeth * (inner_low - inner_up)
            canvas.fill(np.concatenate([inner_up, edge[::-1]]), WHITE)
    canvas.stroke(inner_up, DARK, 0.018)
    below = float(outer_low[:, 1].max()) + 0.06
    canvas.soft((0.0, below), (0.6 * who.mouth_width, 0.03), shaded(who.skin, 0.66), 0.5)
    for corner in (0, -1):
        x, y = inner_up[corner]
        canvas.soft((float(x), float(y)), (0.03, 0.03), shaded(who.skin, 0.55), 0.6)


def _circle(centre: tuple[float, float], radius: float) -> Points:
    return _ellipse(centre, radius, radius)


def _ellipse(centre: tuple[float, float], across: float, down: float) -> Points:
    angle = np.linspace(0, 2 * np.pi, 33)
    return np.column_stack([centre[0] + across * np.cos(angle), centre[1] + down * np.sin(angle)])
