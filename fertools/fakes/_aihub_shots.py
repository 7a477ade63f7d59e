"""The photographs and records of the AI-Hub fake, before they are laid out on a disk."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fertools.fakes._expected import Row
from fertools.fakes._face import Person, person, photograph
from fertools.fakes._files import TEXT, jpeg, truncated

WORDS = {
    "기쁨": "happiness",
    "당황": "embarrassment",
    "분노": "anger",
    "불안": "anxiety",
    "상처": "hurt",
    "슬픔": "sadness",
    "중립": "neutral",
}
EMOTIONS = tuple(WORDS)
UNSURE = "알수없음"  # a rater's word, never the uploader's
PLACES = (  # by code, from 001 on
    "공공시설&종교&의료시설",
    "교통&이동수단(엘리베이터 포함)",
    "상업시설&점포&시장",
    "스포츠 관람 및 레저시설",
    "오락&공연시설",
    "행사&사무공간",
    "실외 자연환경",
    "도심 환경",
    "문화재 및 유적지",
    "숙박 및 거주공간",
)
ORIENTATIONS = (1, None, 3, 6, 8, 2, 4, 0)
SUFFIXES = ("jpg", "jpg", "jpeg", "jpg", "JPG", "jpg", "JPEG")
GENDERS = {"female": "여", "male": "남"}
SPLITS = {"VALID": "val"}  # every other part is train

Box = NDArray[np.float32]
Record = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One photograph with its record; either may be missing."""

    part: str  # TRAIN_01 .. TRAIN_04 or VALID
    emotion: str
    name: str
    data: bytes | None = None
    record: Record | None = None
    row: Row | None = None


@dataclass(frozen=True, slots=True)
class Uploader:
    """A person as the file names know them."""

    who: Person
    code: str
    gender: str
    age: int


def uploader(number: int) -> Uploader:
    """The uploader whose face is that of `person(number)`."""
    who = person(number)
    return Uploader(who, sha256(f"{number}".encode()).hexdigest(), GENDERS[who.gender], who.age)


@cache
def shots(seed: int, people: int, traps: bool) -> tuple[Shot, ...]:
    """Every photograph and record: one a person and emotion, then those with a trap."""
    found = []
    for number, (place, emotion) in enumerate(product(range(people), EMOTIONS)):
        part = "VALID" if (place + 0.5) / people > 0.7 else f"TRAIN_0{1 + place % 2}"
        one = uploader(1000 * seed + place)
        found.append(_shot(one, part, emotion, number, orientation=ORIENTATIONS[number % 8]))
    return (*found, *_traps(seed, people)) if traps else tuple(found)


@cache
def turned(seed: int) -> tuple[Shot, ...]:
    """One photograph, stored under every orientation that a camera may write."""
    one = uploader(1000 * seed)
    plain = range(10)
    return tuple(
        _shot(one, "TRAIN_01", "기쁨", n, view=0, orientation=None if n == 9 else n) for n in plain
    )


def _shot(
    one: Uploader,
    part: str,
    emotion: str,
    number: int,
    *,
    view: int | None = None,
    orientation: int | None = 1,
    place: str | None = None,
    people: int = 1,
) -> Shot:
    """A photograph of a person with a record of three raters in the upright frame."""
    view = number if view is None else view
    # an upright picture with a larger head has a shirt below that passes for a face with an SSD
    size, head = ((240, 320), 0.28) if view % 3 else ((320, 240), 0.22)
    seen = [person(one.who.seed + 500 * i) for i in range(people)]
    words = [WORDS[emotion]] * people
    image, boxes, _ = photograph(seen, size=size, expressions=words, seed=view, head=head)
    code = number % len(PLACES)
    record = _record(one, emotion, view, boxes[0] if people else None)
    record["bg_uploader"] = place or PLACES[code]
    stamp = f"202012{4 + number % 27:02d}{8 + number % 12:02d}{number % 60:02d}38"
    name = (
        f"{one.code}_{one.gender}_{one.age}_{emotion}_{place or PLACES[code]}_{stamp}"
        f"-{code + 1:03d}-{number:03d}.{SUFFIXES[number % len(SUFFIXES)]}"
    )
    record["filename"] = name
    row = Row(
        status="ok" if people else "no_box",
        label=emotion,
        word=WORDS[emotion],
        split=SPLITS.get(part, "train"),
        subject=one.code,
    )
    return Shot(part, emotion, name, jpeg(image, orientation, 90), record, row)


def _record(one: Uploader, emotion: str, view: int, box: Box | None) -> Record:
    """What the uploader and three raters said; copies of one view got the same words and boxes."""
    rng = np.random.default_rng([one.who.seed, view])
    record: Record = {
        "filename": "",
        "gender": one.gender,
        "age": one.age,
        "isProf": "전문인" if one.who.seed % 2 else "일반인",
        "faceExp_uploader": emotion,
        "bg_uploader": "",
    }
    for rater in "ABC":
        said = emotion if rng.random() < 0.8 else str(rng.choice(EMOTIONS))
        blurred = rng.uniform(-2, 2, 4)
        annotation: Record = {"faceExp": said, "bg": PLACES[view % len(PLACES)]}
        if box is not None:
            annotation["boxes"] = _corners(box + blurred)
        record[f"annot_{rater}"] = annotation
    return record


def _corners(box: Any) -> dict[str, float]:
    names = ("minX", "minY", "maxX", "maxY")
    return {name: round(float(edge), 2) for name, edge in zip(names, box, strict=True)}


def _traps(seed: int, people: int) -> Iterator[Shot]:
    """Shots of four more people, so that the others stay as they are without traps."""
    first, second, third, fourth = (uploader(1000 * seed + 900 + i) for i in range(4))
    n = 7 * people
    for style, shape in enumerate(BOX_SHAPES):
        shot = _shot(second, "TRAIN_01", EMOTIONS[style], n + 1 + style, orientation=3)
        yield _reshaped(shot, shape)
    n += 10
    unsure = _shot(first, "TRAIN_01", "기쁨", n - 1, orientation=6)
    yield replace(unsure, record=_said(unsure.record, UNSURE, "기쁨", "기쁨"))
    tie = _shot(second, "TRAIN_02", "불안", n)
    yield replace(tie, record=_said(tie.record, "불안", "슬픔", "당황"))
    yield _shot(first, "VALID", "기쁨", n + 1)  # a person of Training in Validation
    other = replace(second, gender="남" if second.gender == "여" else "여")
    yield _shot(other, "TRAIN_01", "분노", n + 2)
    yield _shot(replace(third, age=third.age % 60 + 10), "TRAIN_01", "분노", n + 3)
    yield _shot(third, "TRAIN_01", "중립", n + 4, place="실외_자연환경")  # an underscore within
    yield _shot(third, "TRAIN_01", "중립", n + 5, people=2)
    yield _shot(third, "TRAIN_01", "중립", n + 6, people=0)  # an empty room: nobody drew a box
    alone = _shot(third, "TRAIN_02", "상처", n + 7)
    yield replace(alone, record=None, row=_failed(alone, "no_box"))
    for number, emotion in enumerate(EMOTIONS):  # parts that were not downloaded
        away = _shot(second, f"TRAIN_0{3 + number % 2}", emotion, n + 10 + number)
        yield replace(away, data=None, row=None)
    yield from _broken(fourth, n + 20)


def _broken(one: Uploader, n: int) -> Iterator[Shot]:
    cut = _shot(one, "TRAIN_01", "슬픔", n)
    assert cut.data is not None
    yield replace(cut, data=truncated(cut.data), row=_failed(cut, "truncated"))
    gone = _shot(one, "TRAIN_01", "슬픔", n + 1)
    yield replace(gone, data=b"", row=_failed(gone, "empty"))
    text = _shot(one, "TRAIN_01", "슬픔", n + 2)
    yield replace(text, data=TEXT, row=_failed(text, "not_an_image"))
    yield replace(
        _shot(one, "TRAIN_01", "슬픔", n + 3),
        name="IMG_0001.jpg",
        record=None,
        row=Row(status="unknown_name"),
    )


def _failed(shot: Shot, status: str) -> Row:
    assert shot.row is not None
    return replace(shot.row, status=status)


def _said(record: Record | None, *words: str) -> Record:
    """A record in which the three raters say these words."""
    assert record is not None
    changed = dict(record)
    for rater, word in zip("ABC", words, strict=True):
        changed[f"annot_{rater}"] = {**record[f"annot_{rater}"], "faceExp": word}
    return changed


BOX_SHAPES = ("list of one", "four numbers", "bare list", "one rater", "nobody", "far off")


def _reshaped(shot: Shot, shape: str) -> Shot:
    """A shot whose record holds its boxes in another of the shapes that were seen."""
    assert shot.record is not None and shot.row is not None
    record = {**shot.record}
    for rater in "ABC":
        annotation = {**record[f"annot_{rater}"]}
        corners = annotation["boxes"]
        if shape == "list of one":
            annotation["boxes"] = [corners]
        elif shape == "four numbers":
            annotation["boxes"] = list(corners.values())
        elif shape == "nobody" or (shape == "one rater" and rater != "B"):
            del annotation["boxes"]
        elif shape == "far off" and rater == "C":
            annotation["boxes"] = {name: edge / 4 for name, edge in corners.items()}
        record[f"annot_{rater}"] = [corners] if shape == "bare list" else annotation
    if shape == "one rater":
        del record["annot_C"]
    row = replace(shot.row, status="no_box") if shape == "nobody" else shot.row
    return replace(shot, record=record, row=row)


def agreement(found: Iterable[Shot]) -> Counter[str]:
    """How the raters of the rows with a face agree, for those with three words."""
    counts: Counter[str] = Counter(unanimous=0, no_majority=0, unsure=0)
    for shot in found:
        if shot.row is None or shot.row.status != "ok" or shot.record is None:
            continue
        given = [shot.record.get(f"annot_{rater}") for rater in "ABC"]
        words = [a["faceExp"] for a in given if isinstance(a, dict)]
        counts["unsure"] += words.count(UNSURE)
        if len(words) == 3:
            counts["unanimous"] += len(set(words)) == 1
            counts["no_majority"] += len(set(words)) == 3
    return counts
