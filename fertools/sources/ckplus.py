"""CK+: 593 sequences of 123 people from neutral to a peak, 327 of them with an emotion.

Layout on disk: `cohn-kanade-images/S005/001/S005_001_00000011.png` and beside it the trees
`Emotion`, `FACS` and `Landmarks`; folders or zips, in one RAW argument or several, with other
folders above. Files are told by their names alone.

Rows are the last `--frames` of every sequence with an emotion (3: the usual 981), with
`--neutral-first` also the first as neutral. Other frames and sequences give no row; the notes of
the card count them. An emotion whose images are not there is a row `missing`, and so is a peak or a
first frame that a half-unpacked sequence lacks.

Traps: a label belongs to the peak, the last frame, which the name of the emotion's file says, and
fades before it: a sequence without its peak lends the label to no other frame. Frames of a sequence
are near-copies, so split by subject. Folders of Emotion may be empty. Some images are in colour.
FACS codes (`action_units`) are those of the peak and stand on its row only. The box is that of the
68 landmarks, brows to chin. Codes: 0 neutral, 1 anger, 2 contempt, 3 disgust, 4 fear, 5 happy,
6 sadness, 7 surprise. The people are those of CK+48. Licence: CK+ is licensed to research groups.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from fertools.errors import FerError
from fertools.frame import Box, Frame, option, rejected
from fertools.roots import Member, Root, Unit
from fertools.sources._together import (
    latest,
    not_reached,
    numbers,
    sliced,
    together,
    whole_path,
)

LICENCE = "licensed by the CK+ authors for research; not to be passed on"
CITATION = "Lucey et al., The Extended Cohn-Kanade Dataset (CK+), CVPR Workshops 2010"
HOMEPAGE = "the Cohn-Kanade database page of the University of Pittsburgh"
POPULATION = "ckplus"
CODES = ("neutral", "anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise")
LABELS = {str(code): word for code, word in enumerate(CODES)}
NEUTRAL = "0"
FIRST = 1
DEFAULTS = {"size": 128, "channels": 1, "margin": 0.15}
POINTS = 68
SLICE = 500
KINDS = ("image", "emotion", "landmarks", "facs")
IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")

# one file of FACS has a zero too many in its subject
NAME = re.compile(
    r"^S0?(?P<subject>\d{3})_(?P<take>\d{3})_(?P<frame>\d{8})"
    r"(?:_(?P<kind>landmarks|facs|emotion)\.txt|\.(?:png|jpe?g|tiff?))$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Options:
    """Which frames of a sequence become rows."""

    frames: int = option(3, "how many of the last frames of a sequence carry its label")
    neutral_first: bool = option(False, "the first frame of a sequence, 1, as neutral")


@dataclass(frozen=True, slots=True)
class Pick:
    """A row to come: a frame of a sequence, or a label without its image; `gone` says which."""

    take: str
    frame: int
    label: str
    image: Member | None
    emotion: Member
    landmarks: Member | None = None
    facs: Member | None = None
    gone: str = ""

    @property
    def files(self) -> tuple[Member, ...]:
        """The image, then what speaks of it."""
        files = (self.image, self.emotion, self.landmarks, self.facs)
        return tuple(member for member in files if member is not None)

    @property
    def said(self) -> str:
        """The label, and whose it is."""
        return f"{self.take} {self.frame} {self.label}"


Take = dict[str, dict[int, Member]]  # files of a sequence by kind and frame


def matches(root: Root) -> bool:
    """Whether a file has a name of CK+ and its place, which CK+48's class folders are not."""
    return any(
        _kind(m) not in (None, "image") or (_kind(m) and re.fullmatch(r"\d{3}", m.parts[-2:][0]))
        for m in root.members
    )


def units(root: Root) -> list[Unit]:
    """Slices of the chosen frames, by subject and sequence."""
    options = root.options or Options()
    if options.frames < 1:
        raise FerError(f"frames {options.frames}: at least 1 of each sequence")
    members = together(root, _is_image)
    takes = _takes(members)
    picks = [pick for name in sorted(takes) for pick in _picks(name, takes[name], options)]
    if takes and not picks:
        raise FerError(f"{root}: no sequence has an emotion; give Emotion_labels.zip, too")
    strange = [m for m in members if m.suffix in IMAGES and _kind(m) is None]
    return sliced("frames", picks, SLICE) + root.units(strange, key=lambda member: "elsewhere")


def index(root: Root) -> pa.Table | None:
    """Every sequence with the number of its images, of gaps between and copies of them, and its
    label."""
    members = together(root, _is_image)
    if not members:
        return None
    takes = _takes(members)
    images = [len(take["image"]) for take in takes.values()]
    labels = pa.array([_emotion(take)[1] for take in takes.values()], pa.string())
    copies = len([m for m in members if _is_image(m)]) - sum(images)
    return pa.table(
        {
            "key": list(takes),
            "images": images,
            "gaps": [_gaps(take["image"]) for take in takes.values()],
            "label": labels,
            "copies": [copies] * len(takes),
        }
    )


unite = latest


def read(unit: Unit) -> Iterator[Frame]:
    """The chosen frames of a slice."""
    if not isinstance(unit.options, tuple):
        for member in unit.members:
            yield rejected(member, "unknown_name", "no name like S005_001_00000011.png")
        return
    for pick in unit.options:
        yield _frame(pick)


def report(table: pa.Table, index: pa.Table | None) -> list[str]:
    """What was left on the disk."""
    if index is None:
        return []
    silent = index.filter(pc.is_null(index["label"]))
    frames = _sum(silent["images"])
    read = table.filter(pc.is_valid(table["frame"])).num_rows
    beyond = not_reached(index.filter(pc.is_valid(index["label"])), table)
    earlier = _sum(index["images"]) - frames - read - beyond
    notes = {
        f"sequences without an emotion, not read ({frames} images)": silent.num_rows,
        "earlier images of the sequences, not asked for": earlier,
        "images of sequences that --limit left out": beyond,
        "images that lack between the first and the last of their sequence": _sum(index["gaps"]),
        "images that are there twice, read once": int(pc.max(index["copies"]).as_py() or 0),
    }
    return [f"{text}: {count}" for text, count in notes.items() if count]


def _gaps(images: Mapping[int, Member]) -> int:
    """How many numbers lack between the first and the last frame."""
    return max(images) - min(images) + 1 - len(images) if images else 0


def _sum(column: pa.ChunkedArray) -> int:
    return int(pc.sum(column).as_py() or 0)


def _kind(member: Member) -> str | None:
    """image, landmarks, facs or emotion; None for any other file."""
    name = NAME.match(member.name)
    return (name["kind"] or "image").lower() if name else None


def _is_image(member: Member) -> bool:
    return _kind(member) == "image"


def _takes(members: Iterable[Member]) -> dict[str, Take]:
    """The files of every sequence."""
    found: dict[str, Take] = {}
    for member in members:
        if (name := NAME.match(member.name)) and (kind := _kind(member)):
            take = f"S{name['subject']}_{name['take']}"
            kinds = found.setdefault(
                take, {"image": {}, "emotion": {}, "landmarks": {}, "facs": {}}
            )
            frame = int(name["frame"])
            held = kinds[kind].setdefault(frame, member)
            if kind == "emotion" and held is not member:
                kinds[kind][frame] = _spoken(held, member)
    return dict(sorted(found.items()))


def _spoken(held: Member, member: Member) -> Member:
    """Of two files of one emotion that which says something. Raises `FerError` where both do."""
    one, other = numbers(held), numbers(member)
    if one and other and one != other:
        raise FerError(
            f"{whole_path(held)} says {one[0]:g}, {whole_path(member)} says {other[0]:g}; take the "
            "one away that is wrong"
        )
    return held if one else member


def _emotion(take: Take) -> tuple[Member | None, str | None]:
    """The file that names a sequence's emotion, and the code in it; an empty one says nothing."""
    for _, member in sorted(take["emotion"].items(), reverse=True):
        if said := numbers(member):
            return member, f"{said[0]:g}"
    return None, None


def _picks(name: str, take: Take, options: Options) -> Iterator[Pick]:
    emotion, label = _emotion(take)
    if emotion is None or label is None:
        return
    frames = sorted(take["image"])
    peak = next(number for number, member in take["emotion"].items() if member is emotion)
    whole = bool(frames) and frames[-1] >= peak
    chosen = dict.fromkeys(frames[-options.frames :] if whole else [peak], label)
    if options.neutral_first and frames:
        chosen.setdefault(FIRST, NEUTRAL)
    for frame in sorted(chosen):
        image = take["image"].get(frame)
        what = "the peak" if frame == peak else "the first"
        yield Pick(
            take=name,
            frame=frame,
            label=chosen[frame],
            image=image,
            emotion=emotion,
            landmarks=take["landmarks"].get(frame) if image else None,
            facs=take["facs"].get(frame) if image else None,
            gone=f"{what}, frame {frame}, is" if frames else "the images of this sequence are",
        )


def _frame(pick: Pick) -> Frame:
    points = numbers(pick.landmarks) if pick.landmarks else []
    known = len(points) == 2 * POINTS
    path = (pick.image or pick.emotion).path
    return Frame(
        key=f"{pick.take}_{pick.frame:08d}",
        path=path,
        image=pick.image,
        status="ok" if pick.image else "missing",
        detail=None if pick.image else f"{path}: {pick.gone} not there",
        raw_label=pick.label,
        subject=f"{POPULATION}:{pick.take.split('_')[0]}",
        sequence=pick.take,
        frame=pick.frame if pick.image else None,
        action_units=_units(numbers(pick.facs)) if pick.facs else None,
        landmarks=points if known else None,
        box=_box(points) if known else None,
    )


def _units(said: list[float]) -> str | None:
    """Pairs of action unit and intensity (0: not graded) as `unit:intensity`."""
    pairs = zip(said[::2], said[1::2], strict=False)
    return " ".join(f"{unit:g}:{intensity:g}" for unit, intensity in pairs) or None


def _box(points: list[float]) -> Box:
    across, down = points[::2], points[1::2]
    return min(across), min(down), max(across), max(down)
