"""CK+48: 981 gray faces of 48x48 pixels, the last three frames of 327 sequences of 118 people.

Layout on disk: `<class>/S<subject>_<sequence>_<frame>.png` below one folder or in one archive;
classes anger, contempt, disgust, fear, happy, sadness, surprise; no neutral.

Traps: the three frames of a sequence are near-copies, and most people show several expressions, so
a random split tests on people, and often on sequences, that it trained on. Frame numbers do not
start at 1. The people are those of CK+ (`ckplus`). Licence: CK+ is licensed to research groups.
"""

import re
from collections.abc import Iterator

from fertools.frame import Frame, rejected
from fertools.roots import Member, Root, Unit

LICENCE = "licensed by the CK+ authors for research; not to be passed on"
CITATION = "Lucey et al., The Extended Cohn-Kanade Dataset (CK+), CVPR Workshops 2010"
HOMEPAGE = "the Cohn-Kanade database page of the University of Pittsburgh"
POPULATION = "ckplus"
LABELS = {
    "anger": "anger",
    "contempt": "contempt",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "sadness": "sadness",
    "surprise": "surprise",
}
DEFAULTS = {"size": 48, "channels": 1, "faces": "as-is"}
NAME = re.compile(r"^(?P<subject>S\d{3})_(?P<sequence>\d{3})_(?P<frame>\d{8})\.png$", re.IGNORECASE)


def matches(root: Root) -> bool:
    """Whether a file with a CK+ name lies in a class folder."""
    return any(_label(m) and NAME.match(m.name) for m in root.members)


def units(root: Root) -> list[Unit]:
    """One unit for each class folder."""
    return root.units(root.members, key=lambda member: _label(member) or "elsewhere")


def read(unit: Unit) -> Iterator[Frame]:
    """Every file of one class folder, in the order of the names."""
    for member in unit.members:
        name, label = NAME.match(member.name), _label(member)
        if name is None or label is None:
            yield rejected(member, "unknown_name", f"{member.path}: no class/S###_###_########.png")
            continue
        subject = name["subject"].upper()
        yield Frame(
            key=f"{label}/{member.name}",
            path=member.path,
            image=member,
            raw_label=label,
            subject=f"{POPULATION}:{subject}",
            sequence=f"{subject}_{name['sequence']}",
            frame=int(name["frame"]),
        )


def _label(member: Member) -> str | None:
    folders = member.inner.split("/")[:-1]
    label = folders[-1].lower() if folders else ""
    return label if label in LABELS else None
