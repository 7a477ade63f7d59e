"""NimStim: 672 photographs of 43 actors in eight expressions, with the mouth open and closed.

Layout on disk: `01F_AN_C.BMP` in one folder or sorted by anybody: the name alone says it. Person,
gender (F, M), expression (AN, CA, DI, FE, HA, NE, SA, SP), mouth (O open, C closed, X exuberant).

Traps: SP is surprise and SA sadness. CA is calm, which the authors took for a neutral face without
its coldness: it becomes `neutral`, and `raw_label` tells the two apart. Open and closed mouth are
one person in one expression: split by subject. Extensions and letters come in both cases. Licence:
for research, on request.
"""

import re
from typing import Any

from fertools.sources._by_name import Name, Names

LICENCE = "non-commercial research, on request; a few of the actors may be shown in a publication"
CITATION = (
    "Tottenham, Tanaka, Leon, McCarry, Nurse, Hare, Marcus, Westerlund, Casey, Nelson: The NimStim "
    "set of facial expressions, Psychiatry Research 168 (2009), 242-249"
)
HOMEPAGE = "danlab.psychology.columbia.edu"
POPULATION = "nimstim"
LABELS = {
    "AN": "anger",
    "CA": "neutral",  # calm
    "DI": "disgust",
    "FE": "fear",
    "HA": "happiness",
    "NE": "neutral",
    "SA": "sadness",
    "SP": "surprise",
}
DEFAULTS = {"size": 224, "channels": 3, "faces": "auto"}
GENDERS = {"F": "female", "M": "male"}
MOUTHS = {"C": "closed", "O": "open", "X": "exuberant"}


def _said(name: Name) -> dict[str, Any]:
    return {
        "subject": f"{POPULATION}:{name['number']}{name['gender']}",
        "gender": GENDERS[name["gender"]],
        "extra": {"mouth": MOUTHS[name["mouth"]]},
    }


NAMES = Names(
    re.compile(
        r"(?P<number>\d\d)(?P<gender>[FM])_(?P<label>AN|CA|DI|FE|HA|NE|SA|SP)_(?P<mouth>[COX])"
    ),
    str.upper,
    "01F_AN_C.BMP",
    ("gender",),
    _said,
)
matches, units, read = NAMES.matches, NAMES.units, NAMES.read
