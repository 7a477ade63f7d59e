"""FACES (Max Planck Society): 2,052 photographs of 171 people of three ages, six expressions.

Layout on disk: `140_y_f_a_b.jpg` in one folder or sorted by anybody: the name alone says it.
Person, age (y young, m middle-aged, o older), gender (f, m), expression (a anger, d disgust, f
fear, h happiness, n neutral, s sadness), set (a, b).

Traps: a letter means another thing in each place: `m_m` is a middle-aged man, `f_f` a woman in
fear. Both sets show the same people: split by subject. There is no surprise. A third of the people
are older than 68, so what was trained on the young can be tried on them: `evaluate --by age`.
Licence: for research, on request.
"""

import re
from typing import Any

from fertools.sources._by_name import Name, Names

LICENCE = "non-commercial research, on request; not to be passed on"
CITATION = (
    "Ebner, Riediger, Lindenberger: FACES, a database of facial expressions in young, middle-aged, "
    "and older women and men, Behavior Research Methods 42 (2010), 351-362"
)
HOMEPAGE = "faces.mpdl.mpg.de"
POPULATION = "mpifaces"
LABELS = {
    "a": "anger",
    "d": "disgust",
    "f": "fear",
    "h": "happiness",
    "n": "neutral",
    "s": "sadness",
}
DEFAULTS = {"size": 224, "channels": 3, "faces": "auto"}
AGES = {"y": "young", "m": "middle-aged", "o": "older"}
GENDERS = {"f": "female", "m": "male"}


def _said(name: Name) -> dict[str, Any]:
    return {
        "subject": f"{POPULATION}:{name['number']}",
        "gender": GENDERS[name["gender"]],
        "age": AGES[name["age"]],
        "extra": {"set": name["set"]},
    }


NAMES = Names(
    re.compile(
        r"(?P<number>\d{3})_(?P<age>[ymo])_(?P<gender>[fm])_(?P<label>[adfhns])_(?P<set>[ab])"
    ),
    str.lower,
    "140_y_f_a_b.jpg",
    ("set", "age"),
    _said,
)
matches, units, read = NAMES.matches, NAMES.units, NAMES.read
