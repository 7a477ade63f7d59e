"""SFEW 2.0: stills from films, seven expressions, in the parts of the EmotiW challenge of 2015.

Layout on disk: `Train/Train_Aligned_Faces/Angry/Airheads_000519240_00000005.png` (143x181, the
face), in archives such as `Train_Aligned_Faces.zip` and `Val_Aligned_Faces_new.zip`; the same in
`Val`; `Test/Test_Aligned_Faces/` without classes. The stills themselves lie in `Train/Angry/`;
copies call a part `SFEW_Val`. A name is film, time in milliseconds and frame. A picture in no part
is a row `unknown_name`.

Traps: labels of the test part were never published, so the field reports on `val`, often after
choosing the checkpoint there. The same actors play all through a film, and nobody says who is on a
still: `sequence` is the film, so that `split --group sequence` keeps films together. Stills of one
film may stand seconds apart. Aligned faces are read in each part that has any, and a note counts
its stills: the aligner failed on some of them and found a wall on others. Licence: for research, on
request.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from fertools.frame import Frame, rejected
from fertools.roots import Member, Root, Unit
from fertools.sources._aligned import Options as Options
from fertools.sources._aligned import face_defaults, wanted_by_part
from fertools.sources._together import folders, latest, together, whole_path

LICENCE = "research use by groups that signed the authors' agreement; not to be passed on"
CITATION = (
    "Dhall, Ramana Murthy, Goecke, Joshi, Gedeon: Video and Image based Emotion Recognition "
    "Challenges in the Wild: EmotiW 2015, ICMI 2015"
)
HOMEPAGE = "the AFEW and SFEW page of the EmotiW challenges"
POPULATION = "sfew"
LABELS = {
    "Angry": "anger",
    "Disgust": "disgust",
    "Fear": "fear",
    "Happy": "happiness",
    "Neutral": "neutral",
    "Sad": "sadness",
    "Surprise": "surprise",
}
CLASSES = {label.lower(): label for label in LABELS}
SUFFIXES = (".png", ".jpg", ".jpeg")
PART = re.compile(
    r"^(?:SFEW[ _-]?(?:2(?:[._]0)?[ _-])?)?(?P<part>train|val|test)"
    r"(?P<aligned>_aligned_faces\w*)?(?:\.zip)?$",
    re.IGNORECASE,
)
NAME = re.compile(r"^(?P<film>.+)_(?P<time>\d{9})_(?P<frame>\d{8})\.(?:png|jpe?g)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """What the folders above a picture say."""

    part: str
    aligned: bool
    label: str | None


def matches(root: Root) -> bool:
    """Whether a picture with a film's name lies below a part."""
    return any(_is_picture(member) for member in root.members)


def defaults(roots: Sequence[Root]) -> dict[str, Any]:
    """Aligned pictures are faces; in the stills a detector looks for the face."""
    return face_defaults(roots, _is_aligned, 180, _part)


def units(root: Root) -> list[Unit]:
    """Slices by part and class."""
    members = together(root, _is_picture)
    aligned = wanted_by_part(members, root.options, _is_aligned, _part)
    places = [(m, _place(m)) for m in members if m.suffix in SUFFIXES]
    chosen = [m for m, p in places if not p or p.aligned == aligned.get(p.part, p.aligned)]
    return root.units(chosen, key=_key)


def index(root: Root) -> pa.Table | None:
    """Every part: which of its pictures are read, and how many of the others there are."""
    members = [m for m in together(root, _is_picture) if _is_picture(m)]
    aligned = wanted_by_part(members, root.options, _is_aligned, _part)
    left = Counter(_part(m) for m in members if _is_aligned(m) != aligned[_part(m) or ""])
    parts = {
        "key": list(aligned),
        "aligned": list(aligned.values()),
        "left": [left[part] for part in aligned],
    }
    return pa.table(parts) if aligned else None


unite = latest


def read(unit: Unit) -> Iterator[Frame]:
    """The pictures of a slice, in the order of their paths."""
    for member in unit.members:
        place, name = _place(member), NAME.match(member.name)
        if place is None or name is None or not (place.label or place.part == "test"):
            what = f"{member.path}: no <class>/<film>_<time>_<frame>.png"
            yield rejected(member, "unknown_name", what)
            continue
        yield Frame(
            key=f"{place.part}/{place.label or 'unlabelled'}/{member.name}",
            path=member.path,
            image=member,
            raw_label=place.label,
            official_split=place.part,
            sequence=name["film"],
            frame=int(name["frame"]),
            extra={"milliseconds": int(name["time"])},
        )


def report(table: pa.Table, index: pa.Table | None) -> list[str]:
    """Which pictures were not read, and where parts differ."""
    parts = index.to_pylist() if index is not None else []
    left = [f"{p['key']} {p['left']}" for p in parts if p["aligned"] and p["left"]]
    kinds = {kind: [p["key"] for p in parts if p["aligned"] == kind] for kind in (True, False)}
    notes = []
    if left:
        notes.append(f"stills not read, for their part has aligned faces: {', '.join(left)}")
    if kinds[True] and kinds[False]:
        everywhere = all(p["left"] for p in parts if p["aligned"])
        notes.append(
            f"aligned faces in {', '.join(kinds[True])}, whole stills in {', '.join(kinds[False])}:"
            " parts that are unlike"
            + "; --images original --force reads stills in all"
            * everywhere
        )
    return notes


def _part(member: Member) -> str | None:
    """The part of a picture, None for any other file."""
    place = _place(member)
    return place.part if place and NAME.match(member.name) else None


def _place(member: Member) -> Place | None:
    """Part, kind and class by the innermost folders that name them.

    Above the RAW argument the next two are asked, and only where it is a class itself: `test` is
    the name of many a folder.
    """
    above = folders(member)
    if above[0].lower() in CLASSES:
        above = whole_path(member).split("/")[-len(above) - 3 : -1]
    label = CLASSES.get(above[-1].lower())
    parts = [found for folder in above if (found := PART.match(folder))]
    if not parts:
        return None
    aligned = any(part["aligned"] for part in parts)
    return Place(parts[-1]["part"].lower(), aligned, label)


def _is_picture(member: Member) -> bool:
    return NAME.match(member.name) is not None and _place(member) is not None


def _is_aligned(member: Member) -> bool:
    place = _place(member)
    return NAME.match(member.name) is not None and place is not None and place.aligned


def _key(member: Member) -> str:
    place = _place(member)
    return f"{place.part}-{place.label or 'unlabelled'}".lower() if place else "elsewhere"
