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
from collections.abc import Iterator

from fertools.frame import Frame, rejected
from fertools.roots import Member, Root, Unit

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
MISNAMED = {"AF31V": "AF31SAHL", "AM31H": "AM31SUHR"}
IMAGES = (".jpg", ".jpeg", ".png")
NAME = re.compile(
    r"(?P<series>[AB])(?P<gender>[FM])(?P<number>\d\d)(?P<label>AF|AN|DI|HA|NE|SA|SU)"
    r"(?P<view>S|HL|HR|FL|FR)"
)


def matches(root: Root) -> bool:
    """Whether a picture has a name of KDEF."""
    return any(_named(member) for member in root.members)


def units(root: Root) -> list[Unit]:
    """One unit for each series and gender."""
    images = [member for member in root.members if member.suffix in IMAGES]
    return root.units(images, key=_series)


def read(unit: Unit) -> Iterator[Frame]:
    """The pictures of a unit, in the order of their paths."""
    for member in unit.members:
        name = _named(member)
        if name is None:
            yield rejected(member, "unknown_name", f"{member.path}: no name like AF01ANS.JPG")
            continue
        yield Frame(
            key=_stem(member),
            path=member.path,
            image=member,
            raw_label=name["label"],
            subject=f"{POPULATION}:{name['gender']}{name['number']}",
            gender=GENDERS[name["gender"]],
            extra={"series": name["series"], "view": VIEWS[name["view"]]},
        )


def _stem(member: Member) -> str:
    return member.name[: -len(member.suffix)].upper()


def _named(member: Member) -> re.Match[str] | None:
    if member.suffix not in IMAGES:
        return None
    stem = _stem(member)
    return NAME.fullmatch(MISNAMED.get(stem, stem))


def _series(member: Member) -> str:
    name = _named(member)
    return f"{name['series']}{name['gender']}" if name else "elsewhere"
