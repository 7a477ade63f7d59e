"""Oulu-CASIA: 2,880 sequences of 80 people, six expressions in six lights, neutral to the peak.

Layout on disk: `B_OriginalImg/OriginalImg/VL/Strong/P001/Anger/000.jpeg`: camera VL (visible) or NI
(near infrared), light Strong, Weak or Dark, person, expression, number; copies say
`VL_Strong/P001`. The authors' cropped faces have the same below `VL_Acropped` and `NI_Acropped`;
they are read in each camera and light that has any, and a note counts the originals there.

Rows are the last `--frames` of every sequence (3), with `--neutral-first` also the first as
neutral; other frames give no row, a note counts them. `--condition VL/Strong` reads the one that
most papers use.

Traps: frames of a sequence are near-copies; both cameras filmed the same moment, so all six
conditions of a person belong together: split by subject. The expression fades towards the
beginning. There is no neutral sequence. A second file of a frame is a `duplicate_id`. Originals
show the upper body: a face detector looks for the face. Licence: for research, on request.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from fertools.errors import FerError, unknown
from fertools.frame import Frame, option
from fertools.roots import Member, Root, Unit
from fertools.sources._together import latest, not_reached, sliced, together, whole_path

LICENCE = "research use by groups that signed the authors' agreement; not to be passed on"
CITATION = (
    "Zhao, Huang, Taini, Li, Pietikäinen: Facial Expression Recognition from Near-Infrared Videos, "
    "Image and Vision Computing 29 (9), 2011"
)
HOMEPAGE = "the Oulu-CASIA page of the Center for Machine Vision, University of Oulu"
POPULATION = "oulucasia"
LABELS = {
    "Anger": "anger",
    "Disgust": "disgust",
    "Fear": "fear",
    "Happiness": "happiness",
    "Sadness": "sadness",
    "Surprise": "surprise",
    "Neutral": "neutral",
}
NEUTRAL = "Neutral"
IMAGES = ("auto", "cropped", "original")
CONDITIONS = tuple(
    f"{band}/{light}" for band in ("VL", "NI") for light in ("Strong", "Weak", "Dark")
)
SLICE = 500
PLACE = re.compile(
    r"(?:/(?P<band>VL|NI)(?P<cropped>_?A?cropped)?[/_](?P<light>Strong|Weak|Dark))?"
    r"/(?P<subject>P\d{3})/(?P<label>Anger|Disgust|Fear|Happiness|Sadness|Surprise)"
    r"/(?P<frame>\d{1,6})\.(?:jpe?g|png|bmp)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Options:
    """Which frames of which sequences become rows."""

    frames: int = option(3, "how many of the last frames of a sequence carry its label")
    neutral_first: bool = option(False, "the first frame of a sequence as neutral")
    condition: str = option("all", "VL/Strong and the like, several with commas between, or all")
    images: str = option("auto", "cropped, original, or auto: cropped where a light has any")


@dataclass(frozen=True, slots=True)
class Take:
    """The files of one sequence by the numbers of their frames; `condition` is "" where no folder
    says it.
    """

    name: str
    subject: str
    condition: str
    label: str
    frames: dict[int, list[Member]]


@dataclass(frozen=True, slots=True)
class Pick:
    """A frame of a sequence that becomes a row."""

    take: str
    subject: str
    condition: str
    label: str
    frame: int
    image: Member

    @property
    def files(self) -> tuple[Member, ...]:
        """The frame."""
        return (self.image,)

    @property
    def said(self) -> str:
        """The label, and whose it is."""
        return f"{self.take} {self.frame} {self.label}"


def matches(root: Root) -> bool:
    """Whether a picture lies in a folder of a person and an expression."""
    return any(map(_place, root.members))


def defaults(roots: Sequence[Root]) -> dict[str, Any]:
    """Cropped pictures are faces; in the originals a detector looks for the face."""
    options = roots[0].options or Options()
    places = [place for root in roots for member in root.members if (place := _place(member))]
    there = {_condition(place) for place in places} & {*_wanted(options)} - {""}
    cropped = _cropped(places, options)
    as_is = options.images == "cropped" or (bool(there) and there <= cropped)
    return {"size": 128, "channels": 3, "faces": "as-is" if as_is else "auto"}


def units(root: Root) -> list[Unit]:
    """Slices of the chosen frames, by condition, subject and expression."""
    options = root.options or Options()
    if options.frames < 1:
        raise FerError(f"frames {options.frames}: at least 1 of each sequence")
    members = together(root, _is_picture)
    takes = _takes(members, options)
    if members and not takes:
        kind = "" if options.images == "auto" else f"{options.images} "
        what = f"no {kind}sequence in condition {options.condition}"
        raise FerError(f"{root}: {what}; there are {', '.join(_there(members))}")
    return sliced("frames", [pick for take in takes for pick in _picks(take, options)], SLICE)


def index(root: Root) -> pa.Table | None:
    """Every sequence with the number of its images, and of originals that are not read."""
    options, members = root.options or Options(), together(root, _is_picture)
    takes = {take.name: take.frames.values() for take in _takes(members, options)}
    images = Counter({name: sum(map(len, files)) for name, files in takes.items()})
    others = _others(members, options)
    names = sorted({*images, *others})
    counts = {
        "key": names,
        "images": [images[name] for name in names],
        "originals": [others[name] for name in names],
    }
    return pa.table(counts) if names else None


unite = latest


def read(unit: Unit) -> Iterator[Frame]:
    """The chosen frames of a slice."""
    for pick in unit.options:
        yield Frame(
            key=f"{pick.take}_{pick.frame:03d}",
            path=pick.image.path,
            image=pick.image,
            raw_label=pick.label,
            subject=f"{POPULATION}:{pick.subject}",
            sequence=pick.take,
            frame=pick.frame,
            extra={"condition": pick.condition or None},
        )


def report(table: pa.Table, index: pa.Table | None) -> list[str]:
    """What was left on the disk."""
    if index is None:
        return []
    originals = int(pc.sum(index["originals"]).as_py() or 0)
    beyond = not_reached(index, table)
    earlier = _images(index) - table.num_rows - beyond
    notes = {
        "earlier images of the sequences, not asked for": earlier,
        "images of sequences that --limit left out": beyond,
        "originals not read, for their camera and light has cropped ones": originals,
    }
    return [f"{text}: {count}" for text, count in notes.items() if count > 0]


def _there(members: Iterable[Member]) -> list[str]:
    """The conditions of all sequences, and of which kind they are."""
    places = [place for member in members if (place := _place(member))]
    kinds = {(_condition(p), "cropped" if p["cropped"] else "original") for p in places}
    return [f"{kind} {condition}".rstrip() for condition, kind in sorted(kinds)]


def _images(index: pa.Table) -> int:
    return int(pc.sum(index["images"]).as_py() or 0)


def _place(member: Member) -> re.Match[str] | None:
    return PLACE.search(whole_path(member))


def _is_picture(member: Member) -> bool:
    return _place(member) is not None


def _condition(place: re.Match[str]) -> str:
    """Camera and light as `CONDITIONS` has them, "" where no folder says them."""
    return f"{place['band'].upper()}/{place['light'].title()}" if place["band"] else ""


def _name(place: re.Match[str]) -> str:
    """The name of a sequence."""
    condition = _condition(place).replace("/", "_")
    return "_".join(filter(None, [condition, place["subject"].upper(), place["label"].title()]))


def _wanted(options: Options) -> tuple[str, ...]:
    """The conditions that are asked for. Raises `FerError` for an unknown one."""
    if options.condition == "all":
        return ("", *CONDITIONS)
    words = tuple(options.condition.split(","))
    if strange := [word for word in words if word and word not in CONDITIONS]:
        raise unknown("condition", strange[0], ["all", *CONDITIONS])
    return words


def _cropped(places: Iterable[re.Match[str]], options: Options) -> set[str]:
    """The conditions whose cropped pictures are read, not the originals."""
    if options.images not in IMAGES:
        raise unknown("images", options.images, list(IMAGES))
    if options.images != "auto":
        return {*CONDITIONS} if options.images == "cropped" else set()
    return {_condition(place) for place in places if place["cropped"]}


def _others(members: Iterable[Member], options: Options) -> Counter[str]:
    """How many originals of each sequence give way to cropped ones, unless the user said so."""
    if options.images != "auto":
        return Counter()
    places = [place for member in members if (place := _place(member))]
    cropped = _cropped(places, options) & {*_wanted(options)}
    return Counter(_name(p) for p in places if not p["cropped"] and _condition(p) in cropped)


def _takes(members: Sequence[Member], options: Options) -> list[Take]:
    """The sequences of the wanted kind, by condition, subject and expression."""
    wanted, places = _wanted(options), [(member, _place(member)) for member in members]
    cropped = _cropped((place for _, place in places if place), options)
    found: dict[str, Take] = {}
    for member, place in places:
        if place is None:
            continue
        condition, name = _condition(place), _name(place)
        if condition and bool(place["cropped"]) != (condition in cropped):
            continue
        subject, label = place["subject"].upper(), place["label"].title()
        if condition in wanted:
            take = found.setdefault(name, Take(name, subject, condition, label, {}))
            take.frames.setdefault(int(place["frame"]), []).append(member)
    return [found[name] for name in sorted(found)]


def _picks(take: Take, options: Options) -> Iterator[Pick]:
    frames = sorted(take.frames)
    chosen = dict.fromkeys(frames[-options.frames :], take.label)
    if options.neutral_first:
        chosen.setdefault(frames[0], NEUTRAL)
    for frame in sorted(chosen):
        for image in take.frames[frame]:  # of several the first has the id, the others a reason
            yield Pick(take.name, take.subject, take.condition, chosen[frame], frame, image)
