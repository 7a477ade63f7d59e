"""Who is drawn and how they look: the numbers behind the schematic faces.

In goes a seed or an expression's word, out come a `Person` (geometry and colours that stay) and a
`Look` (what the expression moves). Lengths are in face units: the face's centre is (0, 0), x runs
right and y down as in an image, the chin lies near y = 1 and the hairline near y = -0.75.
"""

from dataclasses import dataclass, fields

import numpy as np

from fertools.errors import unknown

Colour = tuple[float, float, float]  # RGB, 0..255

SKINS: tuple[Colour, ...] = (
    (247, 219, 198),
    (238, 201, 172),
    (224, 180, 146),
    (198, 147, 111),
    (156, 107, 77),
    (112, 76, 56),
)
HAIRS: tuple[Colour, ...] = (
    (28, 24, 24),
    (52, 36, 28),
    (92, 60, 38),
    (150, 104, 56),
    (196, 164, 104),
    (150, 66, 36),
)
GREY_HAIR: Colour = (186, 184, 180)
MEN_HAIR = ("short", "parted", "receding", "bald", "curly")
WOMEN_HAIR = ("long", "bob", "fringe", "bun", "curly")
BEARDS = ("none", "none", "none", "moustache", "full")


@dataclass(frozen=True, slots=True)
class Person:
    """One invented person; `seed` names them."""

    seed: int
    gender: str  # "female" or "male"
    age: int  # a decade: 10, 20, .. 60
    skin: Colour
    hair: Colour
    hair_style: str
    beard: str
    glasses: bool
    width: float  # half the width of the face at the cheek bones
    jaw: float  # width of the jaw as a share of `width`
    chin: float  # y of the chin
    hairline: float  # y of the lowest hair on the forehead
    eye_x: float  # half the distance between the pupils
    eye_y: float
    eye_size: float  # half the width of one eye
    eye_slant: float
    iris: Colour
    brow_gap: float  # from the pupil up to the brow
    brow_thick: float
    brow_slant: float
    nose_y: float  # y of the tip
    nose_width: float
    mouth_y: float
    mouth_width: float
    lip: float  # height of the lower lip


@dataclass(frozen=True, slots=True)
class Look:
    """What an expression changes; all zero is a neutral face."""

    brow_in: float = 0.0  # up
    brow_out: float = 0.0  # up
    pinch: float = 0.0  # brows towards each other
    eye: float = 0.0  # eyes wider (+) or narrower (-), as a share
    squint: float = 0.0  # lower lid up, as a share
    gaze_x: float = 0.0
    gaze_y: float = 0.0
    corner: float = 0.0  # corners of the mouth up
    skew: float = 0.0  # one corner only
    wide: float = 0.0  # mouth wider
    jaw_drop: float = 0.0  # lower lip down
    upper: float = 0.0  # upper lip up
    press: float = 0.0  # lips thinner, as a share
    teeth: float = 0.0
    wavy: float = 0.0
    wrinkle: float = 0.0  # nose and brow
    blush: float = 0.0
    tear: float = 0.0
    tilt: float = 0.0  # of the head, degrees


LOOKS: dict[str, Look] = {
    "anger": Look(-0.13, 0.07, 0.06, -0.12, 0.35, 0, 0, -0.06, 0, 0.0, 0.03, 0, 0.55, wrinkle=1),
    "contempt": Look(0, 0.01, 0, -0.32, 0.1, 0.25, skew=0.15, wide=0.01, press=0.35, tilt=3),
    "disgust": Look(
        -0.08,
        -0.02,
        0.04,
        -0.42,
        0.55,
        corner=-0.08,
        upper=0.09,
        jaw_drop=0.02,
        teeth=0.5,
        wrinkle=1,
    ),
    "fear": Look(
        0.16, 0.04, 0.05, 0.5, 0, corner=-0.04, wide=0.05, jaw_drop=0.12, upper=0.02, teeth=0.6
    ),
    "happiness": Look(
        0.02, 0.02, 0, -0.2, 0.55, corner=0.14, wide=0.09, jaw_drop=0.12, teeth=1, blush=0.35
    ),
    "neutral": Look(),
    "sadness": Look(0.13, -0.08, 0.02, -0.34, 0, 0, 0.45, corner=-0.12, wide=-0.04, press=0.1),
    "surprise": Look(0.17, 0.17, 0, 0.6, 0, wide=-0.09, jaw_drop=0.3, upper=0.03),
    "embarrassment": Look(
        0.08, 0.03, 0, -0.1, 0.25, 0.85, 0.35, 0.05, 0.05, -0.02, press=0.4, blush=1, tilt=7
    ),
    "anxiety": Look(
        0.12, -0.01, 0.07, 0.2, 0, -0.7, 0, -0.04, wide=-0.01, press=0.3, wavy=1, wrinkle=0.6
    ),
    "hurt": Look(
        0.17,
        -0.09,
        0.03,
        -0.5,
        0.2,
        0,
        0.5,
        -0.1,
        wide=-0.02,
        jaw_drop=0.05,
        teeth=0.3,
        tear=1,
        tilt=-5,
    ),
}


def look(expression: str, strength: float = 1.0) -> Look:
    """The look of an expression at a strength of 0 (neutral) to 1 (its peak).

    Raises `FerError` for a word that is not drawn.
    """
    if expression not in LOOKS:
        raise unknown("expression", expression, list(LOOKS))
    peak = LOOKS[expression]
    return Look(**{f.name: getattr(peak, f.name) * strength for f in fields(Look)})


def person(seed: int) -> Person:
    """The person of this seed: the same one every time, unlike those of other seeds."""
    rng = np.random.default_rng([7919, seed])
    gender = ("female", "male")[int(rng.integers(2))]
    age = 10 * int(rng.choice([1, 2, 2, 3, 3, 4, 5, 6]))
    tone = int(rng.integers(len(SKINS)))
    grown_man = gender == "male" and age >= 20
    return Person(
        seed=seed,
        gender=gender,
        age=age,
        skin=_near(SKINS[tone], rng, 8),
        hair=_near(_hair(age, tone, rng), rng, 6),
        hair_style=str(rng.choice(MEN_HAIR if grown_man else WOMEN_HAIR)),
        beard=str(rng.choice(BEARDS)) if grown_man else "none",
        glasses=bool(rng.random() < 0.25),
        **_geometry(rng),
        iris=_near(((60, 40, 28), (96, 66, 40), (84, 110, 80), (88, 120, 150))[_pick(rng)], rng, 6),
    )


def _geometry(rng: np.random.Generator) -> dict[str, float]:
    return {
        "width": rng.uniform(0.64, 0.86),
        "jaw": rng.uniform(0.62, 0.92),
        "chin": rng.uniform(0.9, 1.08),
        "hairline": rng.uniform(-0.82, -0.55),
        "eye_x": rng.uniform(0.28, 0.38),
        "eye_y": rng.uniform(-0.2, -0.06),
        "eye_size": rng.uniform(0.125, 0.175),
        "eye_slant": rng.uniform(-0.02, 0.03),
        "brow_gap": rng.uniform(0.17, 0.25),
        "brow_thick": rng.uniform(0.03, 0.085),
        "brow_slant": rng.uniform(-0.03, 0.04),
        "nose_y": rng.uniform(0.2, 0.32),
        "nose_width": rng.uniform(0.11, 0.19),
        "mouth_y": rng.uniform(0.5, 0.62),
        "mouth_width": rng.uniform(0.22, 0.33),
        "lip": rng.uniform(0.04, 0.085),
    }


def _hair(age: int, tone: int, rng: np.random.Generator) -> Colour:
    if rng.random() < {50: 0.5, 60: 0.85}.get(age, 0.0):
        return GREY_HAIR
    darkest = tone >= 3  # fair hair on dark skin would be rare
    return HAIRS[int(rng.integers(2 if darkest else len(HAIRS)))]


def _pick(rng: np.random.Generator) -> int:
    return int(rng.choice(4, p=[0.5, 0.25, 0.1, 0.15]))


def _near(colour: Colour, rng: np.random.Generator, spread: float) -> Colour:
    red, green, blue = np.clip(np.array(colour) + rng.uniform(-spread, spread, 3), 0, 255)
    return float(red), float(green), float(blue)
