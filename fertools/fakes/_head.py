"""The whole head: neck, hair, ears, shaded skin, the features on it, beard and glasses."""

import numpy as np

from fertools.fakes._canvas import Canvas, Floats, Points
from fertools.fakes._features import (
    SIDES,
    eye_centre,
    mouth_outline,
    paint_brows,
    paint_eyes,
    paint_mouth,
    paint_nose,
    shaded,
)
from fertools.fakes._person import Colour, Look, Person

CROWN = -1.12  # y of the top of the skull
EAR_Y = 0.05


def outline(who: Person, jaw_drop: float = 0.0) -> Points:
    """The edge of the face, closed: an ellipse above, the jaw's own curve below."""
    angle = np.linspace(0, 2 * np.pi, 97)
    x, y = np.sin(angle), -np.cos(angle)
    chin = who.chin + 0.5 * jaw_drop
    half = np.where(y > 0, 1 - (1 - who.jaw) * np.clip(y, 0, 1) ** 1.3, 1.0) * who.width
    square = np.sign(x) * np.abs(x) ** 0.85  # a little fuller than an ellipse
    return np.column_stack([half * square, np.where(y > 0, y * chin, -y * (CROWN + 0.12))])


def paint_head(canvas: Canvas, who: Person, how: Look, light: tuple[float, float]) -> None:
    """Paint a person with a look; `light` says where it comes from, x and y in -1..1."""
    edge = outline(who, how.jaw_drop)
    _paint_neck(canvas, who)
    _paint_back_hair(canvas, who)
    for side in SIDES:
        ear = _blob((side * (who.width + 0.02), EAR_Y), 0.09, 0.19)
        canvas.fill(ear, shaded(who.skin, 0.85))
        canvas.stroke(ear[8:24], shaded(who.skin, 0.62), 0.014)
    canvas.fill(edge, who.skin)
    face = canvas.mask(edge)
    _shade(canvas, who, face, light)
    _paint_cheeks(canvas, who, how, face)
    _paint_beard(canvas, who, how, face)
    paint_nose(canvas, who, how)
    paint_mouth(canvas, who, how)
    paint_eyes(canvas, who, how)
    _paint_front_hair(canvas, who, edge)
    paint_brows(canvas, who, how)
    if who.glasses:
        _paint_glasses(canvas, who)


def _shade(canvas: Canvas, who: Person, face: Floats, light: tuple[float, float]) -> None:
    """Light the face as an ellipsoid (Lambert), with darker eye sockets."""
    part = canvas.window(outline(who, 0.5))
    x, y = canvas.units(*part)
    x, y = x / (1.12 * who.width), (y + 0.05) / 1.2
    depth = np.sqrt(np.clip(1 - x**2 - y**2, 0.0, 1.0))
    aim = np.array([light[0], light[1], 1.0]) / np.hypot(np.hypot(*light), 1.0)
    lit = 0.5 + 0.56 * np.clip(x * aim[0] + y * aim[1] + depth * aim[2], 0, 1)
    skin = canvas.image[part]
    skin *= (1 + face[part] * (lit - 1))[..., None].astype(np.float32)
    np.clip(skin, 0, 255, out=skin)
    for side in SIDES:
        ex, ey = eye_centre(who, side)
        canvas.soft((ex, ey - 0.05), (0.17, 0.1), shaded(who.skin, 0.62), 0.45, face)


def _paint_cheeks(canvas: Canvas, who: Person, how: Look, face: Floats) -> None:
    """Blush, the light on the cheek bones, the folds that age and a smile bring."""
    fold = 0.25 * max(0, who.age - 30) / 30 + 0.5 * max(0.0, how.corner) / 0.14
    corner_x = who.mouth_width + how.wide
    for side in SIDES:
        centre = (side * 0.62 * who.width, 0.28)
        canvas.soft(centre, (0.15, 0.11), shaded(who.skin, 1.1), 0.35, face)
        canvas.soft(centre, (0.17, 0.11), (214, 84, 84), 0.1 + 0.45 * how.blush, face)
        if fold > 0.1:
            start = [side * (who.nose_width + 0.05), who.nose_y]
            end = [side * (corner_x + 0.06), who.mouth_y - 0.02]
            canvas.stroke(_bent(start, end, side * 0.05), shaded(who.skin, 0.72), 0.014)
    if who.age >= 50:
        for row in range(3):
            y = who.hairline + 0.1 + 0.08 * row
            line = _bent([-0.3 * who.width, y], [0.3 * who.width, y], 0.02)
            canvas.stroke(line, shaded(who.skin, 0.78), 0.012)


def _paint_beard(canvas: Canvas, who: Person, how: Look, face: Floats) -> None:
    if who.beard == "none":
        return
    outer_up, _, _, outer_low = mouth_outline(who, how)
    tone = shaded(who.hair, 0.9)
    canvas.soft((0.0, float(outer_up[:, 1].min()) - 0.05), (0.17, 0.04), tone, 0.95, face)
    if who.beard == "full":
        low = float(outer_low[:, 1].max())
        canvas.soft((0.0, max(low + 0.22, 0.9)), (0.34, 0.13), tone, 0.98, face)
        for side in SIDES:
            canvas.soft((side * 0.86 * who.width, 0.5), (0.1, 0.3), tone, 0.9, face)


def _paint_neck(canvas: Canvas, who: Person) -> None:
    half = 0.62 * who.width
    neck = np.array([[-half, 0.3], [half, 0.3], [half, 1.45], [-half, 1.45]])
    red, green, blue = np.random.default_rng([31, who.seed]).uniform(40, 200, 3)
    x = np.linspace(-1.75, 1.75, 41)
    shoulders = np.column_stack([x, 1.24 + 0.62 * (np.abs(x) / 1.75) ** 2.2])
    canvas.fill(np.concatenate([shoulders, [[1.9, 6.0], [-1.9, 6.0]]]), (red, green, blue))
    canvas.fill(neck, shaded(who.skin, 0.72))
    collar = _blob((0.0, 1.4), half, 0.16)
    canvas.fill(collar, shaded(who.skin, 0.72))


def _paint_back_hair(canvas: Canvas, who: Person) -> None:
    """The hair behind the face: a cap, and what falls down beside it."""
    tone = shaded(who.hair, 0.8)
    style = who.hair_style
    if style == "bald":
        return
    if style == "curly":
        for angle in np.linspace(-2.2, 2.2, 15):
            centre = (1.02 * who.width * np.sin(angle), -0.25 - 0.9 * np.cos(angle))
            canvas.fill(_blob(centre, 0.26, 0.26), tone)
        return
    canvas.fill(_blob((0.0, -0.42), 1.1 * who.width, 0.86), tone)
    if style == "bun":
        canvas.fill(_blob((0.0, -1.3), 0.3, 0.26), tone)
    if style in ("long", "bob"):
        end = 1.55 if style == "long" else 0.62
        half, drop = 1.2 * who.width, end + 0.4
        angle = np.linspace(0, np.pi, 25)
        fall = np.column_stack([half * np.cos(angle), drop * np.sin(angle) ** 0.35 - 0.4])
        canvas.fill(fall, tone)


def _paint_front_hair(canvas: Canvas, who: Person, edge: Points) -> None:
    """The hair over the forehead, down to the hairline in the way of the style."""
    style = who.hair_style
    if style == "bald":
        return
    lift = {"receding": -0.12, "fringe": 0.16}.get(style, 0.0)
    s = np.linspace(-1, 1, 33)
    y = who.hairline + lift + 0.2 * np.abs(s) ** 3
    if style == "parted":
        y = y - 0.14 * np.exp(-(((s + 0.4) / 0.2) ** 2))
    if style == "curly":
        y = y + 0.035 * np.cos(16 * s)
    if style == "receding":
        y = np.maximum(y - 0.1 * np.exp(-(((np.abs(s) - 0.5) / 0.2) ** 2)), CROWN + 0.22)
    line = np.column_stack([s * who.width * 1.04, y])
    top = edge[edge[:, 1] < -0.15]
    top = top[np.argsort(-top[:, 0])] * [1.06, 1.06]
    hair = np.concatenate([line, top])
    canvas.fill(hair, who.hair)
    canvas.soft((-0.2, CROWN + 0.28), (0.35, 0.07), shaded(who.hair, 1.5), 0.35, canvas.mask(hair))


def _paint_glasses(canvas: Canvas, who: Person) -> None:
    frame: Colour = (36, 34, 40) if who.seed % 2 else (120, 60, 40)
    size = 1.55 * who.eye_size
    for side in SIDES:
        x, y = eye_centre(who, side)
        canvas.stroke(_blob((x, y + 0.02), size, 0.92 * size), frame, 0.034)
        temple = np.array([[x + side * size, y], [side * who.width, y - 0.02]])
        canvas.stroke(temple, frame, 0.034)
    inner = who.eye_x - size
    canvas.stroke(_bent([-inner, who.eye_y], [inner, who.eye_y], -0.02), frame, 0.034)


def _blob(centre: tuple[float, float], across: float, down: float) -> Points:
    angle = np.linspace(0, 2 * np.pi, 33)
    return np.column_stack([centre[0] + across * np.cos(angle), centre[1] + down * np.sin(angle)])


def _bent(start: list[float], end: list[float], bend: float) -> Points:
    """A line from start to end that bulges sideways in its middle."""
    s = np.linspace(0, 1, 13)[:, None]
    a, b = np.array(start), np.array(end)
    across = np.array([b[1] - a[1], a[0] - b[0]]) / max(1e-9, float(np.hypot(*(b - a))))
    points: Points = a + (b - a) * s + across * bend * np.sin(np.pi * s)
    return points
