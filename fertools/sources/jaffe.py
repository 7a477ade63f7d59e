"""JAFFE: 213 gray photographs of ten Japanese women in seven expressions, rated by 60 viewers.

Layout on disk: `KA.AN1.39.tiff` in one folder or archive: two letters for the woman, expression
(AN, DI, FE, HA, NE, SA, SU) with the number of the take, running number. Ratings are a table in the
authors' README or in a text file: `1 2.87 2.52 2.10 1.97 1.97 2.06 KM-NE1`, for happiness, sadness,
surprise, anger, disgust and fear, from 1 to 5; they become columns `rating_happiness` and so on.

Traps: some names lack the number of the take, or have something behind the running number; such a
picture has no rating. The word in a name is what was posed; the viewers' highest rating is often
another one. Pictures are 256x256 with hair and neck: a face detector looks for the face. Ten people
are few: deal by subject and report an interval. Licence: for research, no redistribution.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fertools.errors import FerError
from fertools.frame import Frame, rejected
from fertools.roots import Member, Root, Unit
from fertools.sources._together import lines, sliced, together, whole_path

LICENCE = "non-commercial research; not to be passed on; the authors ask to be cited"
CITATION = (
    "Lyons, Akamatsu, Kamachi, Gyoba: Coding Facial Expressions with Gabor Wavelets, IEEE "
    "International Conference on Automatic Face and Gesture Recognition, 1998"
)
HOMEPAGE = "zenodo.org, record 3451524"
POPULATION = "jaffe"
LABELS = {
    "AN": "anger",
    "DI": "disgust",
    "FE": "fear",
    "HA": "happiness",
    "NE": "neutral",
    "SA": "sadness",
    "SU": "surprise",
}
DEFAULTS = {"size": 128, "channels": 1, "faces": "auto"}
RATED = ("happiness", "sadness", "surprise", "anger", "disgust", "fear")  # the table's order
IMAGES = (".tif", ".tiff", ".png", ".jpg", ".jpeg", ".bmp")
TEXTS = (".txt", ".csv")
LARGEST = 1 << 20  # bytes of a text that may be the table
SLICE = 500
NAME = re.compile(
    r"^(?P<subject>[A-Z]{2})\.(?P<label>AN|DI|FE|HA|NE|SA|SU)(?P<take>\d*)\.(?P<number>\d+)\b.*$",
    re.IGNORECASE,
)
LINE = re.compile(
    r"^\d+(?P<means>(?:[\s,;]+\d+(?:\.\d+)?){6})[\s,;]+(?P<picture>[A-Z]{2}-[A-Z]{2}\d+)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture and its mean ratings in the order of `RATED`, if it has them."""

    picture: Member
    subject: str
    label: str
    ratings: tuple[float, ...]

    @property
    def files(self) -> tuple[Member, ...]:
        """The picture."""
        return (self.picture,)

    @property
    def said(self) -> str:
        """The ratings."""
        return " ".join(map(str, self.ratings))


def matches(root: Root) -> bool:
    """Whether the root holds a picture with a name of JAFFE, or the table of ratings."""
    return any(_named(member) for member in root.members) or bool(_ratings(root.members))


def units(root: Root) -> list[Unit]:
    """The pictures by name, with their ratings."""
    members = together(root, lambda member: _named(member) is not None)
    ratings = _ratings(members)
    shots = [
        Shot(
            member,
            name["subject"].upper(),
            name["label"].upper(),
            ratings.get(f"{name['subject']}-{name['label']}{name['take']}".upper(), ()),
        )
        for member in sorted(members, key=lambda member: (member.name, member.path))
        if (name := _named(member))
    ]
    strange = [m for m in members if m.suffix in IMAGES and _named(m) is None]
    return sliced("faces", shots, SLICE) + root.units(strange, key=lambda member: "elsewhere")


def read(unit: Unit) -> Iterator[Frame]:
    """The pictures of a unit."""
    if not isinstance(unit.options, tuple):
        for member in unit.members:
            yield rejected(member, "unknown_name", f"{member.path}: no name like KA.AN1.39.tiff")
        return
    for shot in unit.options:
        ratings = zip(RATED, shot.ratings, strict=False)
        yield Frame(
            key=shot.picture.name[: -len(shot.picture.suffix)],
            path=shot.picture.path,
            image=shot.picture,
            raw_label=shot.label,
            subject=f"{POPULATION}:{shot.subject}",
            gender="female",
            extra={f"rating_{word}": mean for word, mean in ratings},
        )


def _named(member: Member) -> re.Match[str] | None:
    return NAME.match(member.name) if member.suffix in IMAGES else None


def _ratings(members: Sequence[Member]) -> dict[str, tuple[float, ...]]:
    """Mean ratings by what the table calls a picture: `KM-NE1`.

    Raises `FerError` where two lines say different things of one.
    """
    found: dict[str, tuple[float, ...]] = {}
    for member in members:
        if member.suffix not in TEXTS or member.size > LARGEST or member.fault:
            continue
        for text in lines(member):
            if not (line := LINE.match(text)):
                continue
            picture, said = line["picture"].upper(), re.split(r"[\s,;]+", line["means"])[1:]
            means = tuple(map(float, said))
            if found.setdefault(picture, means) != means:
                raise FerError(
                    f"{whole_path(member)}: {picture} has {' '.join(said)} here and "
                    f"{' '.join(map(str, found[picture]))} before; take the line out that is wrong"
                )
    return found
