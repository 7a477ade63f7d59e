"""KDEF: 4,900 studio photographs of 70 people, seven expressions from five sides, taken twice.

Layout on disk: `KDEF/AF01/AF01ANS.JPG`, or all in one folder, or sorted by anybody: the name alone
says it. Series A or B, F or M, two digits, expression (AF, AN, DI, HA, NE, SA, SU), view (S
straight, HL and HR half left and right, FL and FR in full).

Traps: AF is both the beginning of a woman's name in series A and the word for afraid: the place in
the name tells. Series A and B are one person twice. Two files lack their expression and are read as
public readers agree: `AF31V` as AF31SAHL, `AM31H` as AM31SUHR. Averaged faces (AKDEF) are no
photographs and become `unknown_name`. The whole upper body is in the picture: a face detector looks
for the face, and finds few of those in full profile. Licence: for research, free of charge.
"""

import re
from typing import Any

from fertools.sources._by_name import Name, Names

LICENCE = "research use, free of charge; a handful of pictures may be shown in a publication"
CITATION = (
    "Lundqvist, Flykt, Öhman: The Karolinska Directed Emotional Faces (KDEF), Karolinska "
    "Institutet, 1998, ISBN 91-630-7164-9"
)
HOMEPAGE = "kdef.se"
POPULATION = "kdef"
LABELS = {
    "AF": "fear",  # afraid
    "AN": "anger",
    "DI": "disgust",
    "HA": "happiness",
    "NE": "neutral",
    "SA": "sadness",
    "SU": "surprise",
}
DEFAULTS = {"size": 224, "channels": 3, "faces": "auto"}
GENDERS = {"F": "female", "M": "male"}
VIEWS = {
    "S": "straight",
    "HL": "half left",
    "HR": "half right",
    "FL": "full left",
    "FR": "full right",
}


def _said(name: Name) -> dict[str, Any]:
    return {
        "subject": f"{POPULATION}:{name['gender']}{name['number']}",
        "gender": GENDERS[name["gender"]],
        "extra": {"series": name["series"], "view": VIEWS[name["view"]]},
    }


NAMES = Names(
    re.compile(
        r"(?P<series>[AB])(?P<gender>[FM])(?P<number>\d\d)(?P<label>AF|AN|DI|HA|NE|SA|SU)"
        r"(?P<view>S|HL|HR|FL|FR)"
    ),
    str.upper,
    "AF01ANS.JPG",
    ("series", "gender"),
    _said,
    {"AF31V": "AF31SAHL", "AM31H": "AM31SUHR"},
)
matches, units, read = NAMES.matches, NAMES.units, NAMES.read
