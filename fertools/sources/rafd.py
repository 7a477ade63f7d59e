"""RaFD, the Radboud Faces Database: 8,040 studio photographs of 67 people, eight expressions.

Layout on disk: `Rafd090_28_Caucasian_male_angry_frontal.jpg` in one folder or sorted by anybody:
the name alone says it. Angle of the camera (000, 045, 090 straight, 135, 180), person, group
(Caucasian, Moroccan, Kid), gender, expression, direction of the eyes (frontal, left, right).

Traps: five cameras took each moment at once, and each expression was taken with three directions of
the eyes, so a person's pictures are many of little: split by subject; `sequence` names the moment.
Numbers run to 73 with gaps. `Kid` is no group of people but the Caucasian children: `age` says so.
Pictures are 681x1024 with hair and shirt: a face detector looks for the face, and finds few of
those at 000 and 180, which show the profile. Licence: for research, on request.
"""

import re
from typing import Any

from fertools.sources._by_name import Name, Names

LICENCE = "non-commercial research, on request; not to be passed on"
CITATION = (
    "Langner, Dotsch, Bijlstra, Wigboldus, Hawk, van Knippenberg: Presentation and validation of "
    "the Radboud Faces Database, Cognition and Emotion 24 (2010), 1377-1388"
)
HOMEPAGE = "rafd.socsci.ru.nl"
POPULATION = "rafd"
LABELS = {
    "angry": "anger",
    "contemptuous": "contempt",
    "disgusted": "disgust",
    "fearful": "fear",
    "happy": "happiness",
    "neutral": "neutral",
    "sad": "sadness",
    "surprised": "surprise",
}
DEFAULTS = {"size": 224, "channels": 3, "faces": "auto"}
GROUPS = {  # the group of a name: race and age
    "caucasian": ("Caucasian", "adult"),
    "moroccan": ("Moroccan", "adult"),
    "kid": ("Caucasian", "child"),
}


def _said(name: Name) -> dict[str, Any]:
    race, age = GROUPS[name["group"]]
    return {
        "subject": f"{POPULATION}:{name['number']}",
        "sequence": f"{name['number']}_{name['label']}_{name['gaze']}",
        "gender": name["gender"],
        "age": age,
        "race": race,
        "extra": {"angle": int(name["angle"]), "gaze": name["gaze"]},
    }


NAMES = Names(
    re.compile(
        r"rafd(?P<angle>000|045|090|135|180)_(?P<number>\d\d)_(?P<group>caucasian|moroccan|kid)_"
        r"(?P<gender>female|male)_(?P<label>" + "|".join(LABELS) + r")_(?P<gaze>frontal|left|right)"
    ),
    str.lower,
    "Rafd090_28_Caucasian_male_angry_frontal.jpg",
    ("angle",),
    _said,
)
matches, units, read = NAMES.matches, NAMES.units, NAMES.read
