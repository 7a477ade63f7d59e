"""ExpW: 91,793 faces in photographs that a web search for feelings found, seven expressions.

Layout on disk: `image/origin/angry_actor_104.jpg` and `label/label.lst`, one face a line:
`angry_actor_104.jpg 0 28 113 226 141 22.9362 0` (picture, face, top, left, RIGHT, bottom,
confidence of the box, label). Folders or archives, in one RAW argument or in several.

Traps: the box is top, left, right, bottom: read as left, top, right, bottom it cuts out something
else. A photograph has several faces, and each is a row; the name of the file is what was searched
for, not what is seen. Lines are there twice: the second is a `duplicate_id`. A photograph without a
line is a row without a box. Of several photographs of one name that in `origin` is meant; others
are a `duplicate_id`. Codes: 0 angry, 1 disgust, 2 fear, 3 happy, 4 sad, 5 surprise,
6 neutral. There are no parts and no people; faces of one photograph are no copies, but they share
it, which `sequence` says. Licence: for research, on the terms of the authors' page.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fertools.errors import FerError
from fertools.frame import Box, Frame
from fertools.roots import Member, Root, Unit, open_member
from fertools.sources._together import copied, lines, sliced, text, together, whole_path

LICENCE = "research use; the photographs belong to their owners; not to be passed on"
CITATION = (
    "Zhang, Luo, Loy, Tang: From Facial Expression Recognition to Interpersonal Relation "
    "Prediction, International Journal of Computer Vision 126, 2018"
)
HOMEPAGE = "the Expression in-the-Wild page of the Multimedia Laboratory, Hong Kong"
POPULATION = "expw"
CODES = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
LABELS = {str(code): word for code, word in enumerate(CODES)}
DEFAULTS = {"size": 128, "channels": 3, "faces": "annotation"}
IMAGES = (".jpg", ".jpeg", ".png")
SLICE = 2000
LIST = re.compile(r"^label\w*\.(lst|txt)$", re.IGNORECASE)
LINE = re.compile(
    r"^(?P<picture>\S.*?)\s+(?P<face>\d{1,6})(?P<box>(?:\s+-?\d{1,9}(?:\.\d+)?){4})"
    r"\s+(?P<confidence>-?[\d.]+(?:e[-+]?\d+)?)\s+(?P<label>\d{1,3})$",
    re.IGNORECASE,
)
ORIGIN = re.compile(r"/image[^/]*/(?:image/)?origin/[^/]+$|/origin/\w+_\d+\.\w+$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Face:
    """A line of the list, or a photograph that it does not name (`face` is then None).

    `copy_of` is the photograph that is read, where this one is another of its name.
    """

    name: str
    where: str
    picture: Member | None
    face: int | None = None
    box: Box | None = None
    confidence: float | None = None
    label: str | None = None
    copy_of: str | None = None

    @property
    def files(self) -> tuple[Member, ...]:
        """The photograph."""
        return () if self.picture is None else (self.picture,)

    @property
    def said(self) -> str:
        """The line."""
        return f"{self.name} {self.face} {self.box} {self.confidence} {self.label}"


def matches(root: Root) -> bool:
    """Whether the root holds the list, or the folder of photographs."""
    return any(_is_list(member) or _is_picture(member) for member in root.members)


def units(root: Root) -> list[Unit]:
    """Slices of the list in its order, of the photographs that it does not name, and of copies."""
    members = together(root, lambda member: member.suffix in IMAGES)
    pictures: dict[str, Member] = {}
    copies = []
    for member in sorted((m for m in members if m.suffix in IMAGES), key=_is_strange):
        if (meant := pictures.setdefault(member.name.casefold(), member)) is not member:
            copies.append(Face(member.name, member.path, member, copy_of=meant.path))
    if not pictures:
        return []
    faces = [face for m in members if _is_list(m) for face in _faces(m, pictures)]
    if not faces:
        for member in members:
            if LIST.match(member.name) and not member.fault:
                list(_faces(member, pictures))  # tells what is wrong with its first line
        raise FerError(f"{root}: photographs without label.lst; give its folder, too")
    named = {face.picture for face in faces}
    rest = [Face(m.name, m.path, m) for m in pictures.values() if m not in named]
    lots = {"faces": faces, "unlisted": rest, "copies": copies}
    return [unit for name, lot in lots.items() for unit in sliced(name, lot, SLICE)]


def read(unit: Unit) -> Iterator[Frame]:
    """The faces of a slice."""
    for face in unit.options:
        status, detail = "ok", None
        if face.picture is None:
            status, detail = "missing", f"{face.where}: there is no photograph {face.name}"
        elif face.copy_of:
            status, detail = "duplicate_id", copied(face.picture, face.copy_of)
        yield Frame(
            key=face.name if face.face is None else f"{face.name}/{face.face}",
            path=face.where if face.picture is None else face.picture.path,
            image=face.picture if status == "ok" else None,
            status=status,
            detail=detail,
            raw_label=face.label,
            sequence=face.name,
            box=face.box,
            extra={"face": face.face, "box_confidence": face.confidence},
        )


def _is_picture(member: Member) -> bool:
    return member.suffix in IMAGES and ORIGIN.search(whole_path(member)) is not None


def _is_strange(member: Member) -> bool:
    return whole_path(member).casefold().split("/")[-2:-1] != ["origin"]


def _is_list(member: Member) -> bool:
    """Whether a file is the list, by its name and its first line."""
    if member.fault or not LIST.match(member.name):
        return False
    with open_member(member) as stream:
        start = stream.readline(4096).decode("utf-8-sig", "replace").strip()
    return LINE.match(start) is not None


def _faces(member: Member, pictures: dict[str, Member]) -> Iterator[Face]:
    for number, line in enumerate(lines(member)):
        found = LINE.match(line)
        if found is None:
            at = 1 + [said.strip() for said in text(member).splitlines()].index(line)
            what = f"{member.path}, line {at}: not name, face, box, score, label"
            raise FerError(f"{what}; mend it, or take it out")
        yield Face(
            name=found["picture"],
            where=f"{member.path}#{number}",
            picture=pictures.get(found["picture"].casefold()),
            face=int(found["face"]),
            box=_box([float(side) for side in found["box"].split()]),
            confidence=_finite(found["confidence"]),
            label=found["label"],
        )


def _box(sides: Sequence[float]) -> Box | None:
    top, left, right, bottom = sides
    return (left, top, right, bottom) if left < right and top < bottom else None


def _finite(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:  # several points
        return None
    return value if math.isfinite(value) else None
