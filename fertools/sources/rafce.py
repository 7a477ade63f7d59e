"""RAF-CE: 4,549 faces of RAF-ML with one of fourteen compound expressions and action units.

Layout on disk: the pictures of RAF-ML or RAF-AU, `aligned/0001_aligned.jpg` (100x100) or
`original/0001.jpg`, and `RAFCE_emolabel.txt` (`0001.jpg 4`), `RAFCE_partition.txt` (0 train,
1 test, 2 validation), `RAFCE_AUlabel.txt` (`0001.jpg 1+2+L12`, `null` for none). Folders or
archives, in one RAW argument or in several.

Traps: the codes are not those of RAF-DB's compound set: 0 to 13, with fearfully disgusted at 8,
happily fearful and happily sad at the end. Partition 1 is the test, 2 the validation. `raw_label`
is the name of the compound (`Happily surprised`). The folder holds RAF-ML's pictures that no list
of RAF-CE names: they are rows without a label. Some classes have a handful of faces. The letters L,
R, T, B before an action unit mean left, right, top, bottom only. People are not recorded. Licence:
for research, on request.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from fertools.errors import FerError
from fertools.frame import Frame
from fertools.labels import COMPOUND, RARE_COMPOUND
from fertools.roots import Member, Root, Unit
from fertools.sources._aligned import Options as Options
from fertools.sources._aligned import face_defaults, wanted
from fertools.sources._numbered import bare, is_aligned, is_picture, shots
from fertools.sources._together import sliced, together

LICENCE = "non-commercial research, on request to the authors; not to be passed on"
CITATION = (
    "Li, Deng: Blended Emotion in-the-Wild, International Journal of Computer Vision 127, 2019; "
    "Yan, Li, Que, Pei, Deng: RAF-AU Database, ACCV 2020"
)
HOMEPAGE = "the RAF-CE page of Weihong Deng, Beijing University of Posts and Telecommunications"
POPULATION = "rafml"
CODES = (*COMPOUND[:8], RARE_COMPOUND[0], *COMPOUND[8:], *RARE_COMPOUND[1:])
NAMES = tuple(word.capitalize() for word in CODES)  # as the authors spell them
LABELS = dict(zip(NAMES, CODES, strict=True))
CODE_WORDS = {str(code): name for code, name in enumerate(NAMES)}
PARTS = {"0": "train", "1": "test", "2": "val"}
SLICE = 2000
LIST = re.compile(r"^RAFCE_(?P<kind>emolabel|partition|AUlabel)\.txt$", re.IGNORECASE)
UNIT = re.compile(r"^(?:AU)?(?P<unit>[LRTB]{0,2}\d+)$", re.IGNORECASE)


def matches(root: Root) -> bool:
    """Whether the root holds a list of RAF-CE, or pictures with numbers and no list of others."""
    if any(LIST.match(member.name) for member in root.members):
        return True
    others = any(member.suffix == ".txt" for member in root.members)
    return not others and bare(root.members, "au", "ce")


def defaults(roots: Sequence[Root]) -> dict[str, Any]:
    """Aligned pictures are faces; in originals a detector looks for the face."""
    return face_defaults(roots, is_aligned, 100)


def units(root: Root) -> list[Unit]:
    """Slices by name."""
    members = together(root, is_picture)
    if not members:
        return []
    lists = _lists(members)
    if "emolabel" not in lists:
        raise FerError(f"{root}: no RAFCE_emolabel.txt; give it, too")
    aligned = wanted(members, root.options, is_aligned)
    found = shots(members, lists, aligned=aligned)
    return sliced("faces", list(found), SLICE)


def read(unit: Unit) -> Iterator[Frame]:
    """The faces of a slice in the order of their names."""
    for shot in unit.options:
        words = {kind: said[0] for kind, said in shot.words if said}
        code = words.get("emolabel", "")
        yield shot.frame(
            raw_label=CODE_WORDS.get(code, code) or None,
            official_split=PARTS.get(words.get("partition", "")),
            action_units=_units(dict(shot.words).get("aulabel", ())),
        )


def _lists(members: Sequence[Member]) -> dict[str, list[Member]]:
    """The lists by their kind, in lower case."""
    found: dict[str, list[Member]] = {}
    for member in members:
        if (name := LIST.match(member.name)) and not member.fault:
            found.setdefault(name["kind"].lower(), []).append(member)
    return found


def _units(words: Sequence[str]) -> str | None:
    """Action units as `unit:0`: seen, and not graded."""
    said = [UNIT.match(word) for word in re.split(r"[+,\s]+", " ".join(words))]
    return " ".join(f"{found['unit'].upper()}:0" for found in said if found) or None
