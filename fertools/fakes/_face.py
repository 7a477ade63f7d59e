"""Schematic faces for the demo and the tests: invented people, drawn with an expression.

In goes a seed for the person, an expression's word and a seed for the picture; out comes a uint8
image. Same arguments, same pixels; another seed or frame, other pixels. No photograph in it.
"""

from functools import lru_cache
from zlib import crc32

import cv2
import numpy as np
from numpy.typing import NDArray

from fertools.fakes._canvas import Canvas, Floats, placement
from fertools.fakes._features import mouth_outline
from fertools.fakes._head import paint_head
from fertools.fakes._person import LOOKS, Look, Person, look, person

__all__ = ["EXPRESSIONS", "Person", "draw", "person", "photograph"]

EXPRESSIONS = tuple(LOOKS)

Image = NDArray[np.uint8]

_OVERSAMPLE = 4
_SPAN = 1.08  # face units from the middle of a crop to its edge
_NOISE = 1.2  # grey levels
_MIDDLE_GREY = 115.0  # what an automatic exposure leans to


def draw(
    who: Person,
    expression: str,
    *,
    size: int = 48,
    frame: int = 2,
    seed: int = 0,
    strength: float | None = None,
    gray: bool = True,
) -> Image:
    """One tight crop of a face: uint8, (size, size), or (size, size, 3) RGB for `gray=False`.

    Frames 0, 1, 2 of one `seed` are the end of a sequence: same pose and light, 94, 97, 100 % of
    the expression (`strength`, 0..1, says it directly). Raises `FerError` for an unknown word.
    """
    if strength is None:
        strength = min(1.0, 0.94 + 0.03 * frame)
    return _drawn(who, expression, size, frame, seed, strength, gray).copy()


@lru_cache(maxsize=1024)  # a data set is often written more than once, in several layouts
def _drawn(
    who: Person, expression: str, size: int, frame: int, seed: int, strength: float, gray: bool
) -> Image:
    how = look(expression, strength)
    shot = np.random.default_rng([who.seed, crc32(expression.encode()), seed])
    large = size * _OVERSAMPLE
    image = _backdrop(large, large, shot)
    pixels_per_unit = large / (2 * _SPAN) * shot.uniform(0.95, 1.05)
    middle = large / 2 - 0.5 + pixels_per_unit * shot.uniform(-0.06, 0.06, 2)
    turn = how.tilt + shot.uniform(-4, 4)
    canvas = Canvas(image, placement((middle[0], middle[1]), pixels_per_unit, turn))
    paint_head(canvas, who, how, _light(shot))
    small = _shrunk(image, size, size)
    grain = np.random.default_rng([who.seed, crc32(expression.encode()), seed, frame + 1000])
    exposure = shot.uniform(0.85, 1.12) * np.sqrt(_MIDDLE_GREY / float(small.mean()))
    return _developed(small, exposure, grain, gray)


def photograph(
    people: list[Person],
    *,
    size: tuple[int, int] = (480, 640),
    expressions: list[str] | None = None,
    seed: int = 0,
    head: float = 0.3,
    turn: float = 0.0,
    strength: float = 1.0,
    frame: int = 0,
) -> tuple[Image, NDArray[np.float32], NDArray[np.float32]]:
    """A picture of heads side by side before a background, for sources of raw photographs.

    `size` is (height, width), `head` half a face's height as a share of the picture's, `turn` the
    tilt of all heads in degrees, clockwise; `strength` and `frame` tell the pictures of one
    sequence, which share a `seed`, apart. Returns the RGB image, uint8 (h, w, 3); the face boxes,
    x0 y0 x1 y1 in pixels, (n, 4), where a whole picture reaches from 0 to its width; five landmarks
    each (left eye, right eye, nose, left and right corner of the mouth as seen), (n, 5, 2).
    """
    height, width = size
    words = expressions or ["neutral"] * len(people)
    shot = np.random.default_rng([*(who.seed for who in people), seed, height, width])
    double = _backdrop(2 * height, 2 * width, shot)
    light = _light(shot)
    boxes, landmarks = [], []
    for place, (who, word) in enumerate(zip(people, words, strict=True)):
        how = look(word, strength)
        unit = min(2 * height * head, 2 * width * 0.36 / len(people)) * shot.uniform(0.95, 1.05)
        x = 2 * width * (place + 0.5 + shot.uniform(-0.05, 0.05)) / len(people)
        y = 2 * height * shot.uniform(0.47, 0.51)
        canvas = Canvas(double, placement((x, y), unit, turn + how.tilt + shot.uniform(-3, 3)))
        paint_head(canvas, who, how, light)
        landmarks.append((canvas.pixels(five_points(who, how)) - 0.5) / 2)
        boxes.append(_box(canvas, who, how) / 2)
    small = _shrunk(double, height, width)
    grain = np.random.default_rng([*(who.seed for who in people), seed, frame + 1000])
    image = _developed(small, 1.0, grain, gray=False)
    edges, points = np.array(boxes, np.float32), np.array(landmarks, np.float32)
    return image, edges.reshape(-1, 4), points.reshape(-1, 5, 2)


def five_points(who: Person, how: Look) -> NDArray[np.float64]:
    """Eyes, nose and corners of the mouth in face units, (5, 2), left before right as seen."""
    _, line, _, _ = mouth_outline(who, how)
    eyes = [[-who.eye_x, who.eye_y], [who.eye_x, who.eye_y]]
    return np.array([*eyes, [0.0, who.nose_y], line[0], line[-1]])


def _box(canvas: Canvas, who: Person, how: Look) -> NDArray[np.float64]:
    """The box from the hairline to the chin, as annotators draw it; clipped to the picture."""
    chin = who.chin + 0.5 * how.jaw_drop
    corners = canvas.pixels(
        np.array([[x, y] for x in (-who.width, who.width) for y in (-0.8, chin)])
    )
    height, width = canvas.image.shape[:2]
    low, high = corners.min(axis=0) + 0.5, corners.max(axis=0) + 0.5
    box: NDArray[np.float64] = np.clip(np.concatenate([low, high]), 0, [width, height] * 2)
    return box


def _light(shot: np.random.Generator) -> tuple[float, float]:
    return float(shot.uniform(-0.9, 0.9)), float(shot.uniform(-0.7, 0.2))


def _backdrop(height: int, width: int, shot: np.random.Generator) -> Floats:
    """A wall in one colour that fades across the picture, float32 (h, w, 3)."""
    tone = shot.uniform(60, 220) + shot.uniform(-18, 18, 3)
    fade = shot.uniform(-40, 40)
    across = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :, None]
    wall = np.broadcast_to(tone.astype(np.float32) + fade * across, (height, width, 3))
    return np.ascontiguousarray(np.clip(wall, 0, 255), dtype=np.float32)


def _shrunk(picture: Floats, height: int, width: int) -> Floats:
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA))


def _developed(picture: Floats, exposure: float, grain: np.random.Generator, gray: bool) -> Image:
    """The uint8 image with exposure and a little noise."""
    seen = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if gray else picture
    noise = grain.standard_normal(seen.shape, dtype=np.float32) * _NOISE
    developed: Image = np.clip(seen * exposure + noise, 0, 255).astype(np.uint8)
    return developed
