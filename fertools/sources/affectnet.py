"""AffectNet: faces from the web in eight expressions, with valence and arousal.

Layout on disk, either

- of 2017: `Manually_Annotated_file_lists/training.csv` and `validation.csv`
  (`subDirectory_filePath, face_x, face_y, face_width, face_height, facial_landmarks, expression,
  valence, arousal`), pictures of any size in `Manually_Annotated_Images/689/<hash>.jpg`; the same
  for `automatically_annotated.csv`;
- of 2021: `train_set` and `val_set`, each with `images/<n>.jpg` (224x224, the face) and
  `annotations/<n>_exp.npy`, `_val.npy`, `_aro.npy`, `_lnd.npy`; 287,651 and 3,999 pictures.

Folders or archives, in one RAW argument or several; take a `.tar.gz` apart first, since it can only
be read from its beginning.

Traps: there is no test part, and what the field calls validation is its test: it is `test` here.
The protocols `affectnet7` and `affectnet8` take a validation part from training. Codes: 0 neutral,
1 happy, 2 sad, 3 surprise, 4 fear, 5 disgust, 6 anger, 7 contempt; 8 none, 9 uncertain and 10 no
face are no words of ours and leave `native_label` null. Valence and arousal of -2 mean none. Some
boxes are -1: a detector looks there. Extensions are mixed; some lists lack their header. The labels
of the automatic list are a network's (`labelled_by`), and its rows are in no part. Pictures that no
list names are counted, not read. People are not recorded. Licence: for research, on request.
"""

import contextlib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from tokenize import TokenError
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fertools.errors import FerError
from fertools.frame import Frame
from fertools.roots import Member, ReadFault, Root, Unit, open_member
from fertools.sources._affectnet_lists import (
    NAME,
    PACKED,
    Line,
    affect,
    frame_of,
    landmarks,
    lines,
    list_name,
    number,
    place_of,
)
from fertools.sources._together import complaint, copied, latest, sliced, together, whole_path

LICENCE = "research use by groups that signed the authors' agreement; not to be passed on"
CITATION = (
    "Mollahosseini, Hasani, Mahoor: AffectNet: A Database for Facial Expression, Valence, and "
    "Arousal Computing in the Wild, IEEE Transactions on Affective Computing 10 (1), 2019"
)
HOMEPAGE = "the AffectNet page of Mohammad H. Mahoor, University of Denver"
POPULATION = "affectnet"
CODES = (
    "neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt",
)  # fmt: skip
LABELS = {str(code): word for code, word in enumerate(CODES)}
PARTS = {"training": "train", "validation": "test", "train_set": "train", "val_set": "test"}
IMAGES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff")
KINDS = ("exp", "val", "aro", "lnd")
SLICE = 2000
# what NumPy raises for a file that is no array
BROKEN = (ValueError, TypeError, EOFError, OSError, MemoryError, SyntaxError, TokenError)

# 56 hex characters in the lists that are known
LISTED = re.compile(r"(?:^|/)\d+/[0-9a-f]{32,64}\.\w+$", re.IGNORECASE)
# the sets may be archives
SET = r"(?:^|/)(?P<home>(?P<set>train_set|val_set)[^/]*)/"
OFFICIAL = re.compile(rf"(?:^|/)(?:train_set|val_set){PACKED}$", re.IGNORECASE)
FACE = re.compile(SET + r"images/(?P<n>\d{1,9})\.\w+$", re.IGNORECASE)
NOTE = re.compile(
    SET + r"annotations/(?P<n>\d{1,9})_(?P<kind>exp|val|aro|lnd)\.npy$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Take:
    """A face of 2021 with its annotations, `notes` in the order of `KINDS`.

    `copy_of` is the picture that is read for this number, where this one is another.
    """

    part: str
    n: int
    picture: Member | None
    notes: tuple[Member | None, ...] = (None,) * len(KINDS)
    copy_of: str | None = None

    @property
    def files(self) -> tuple[Member, ...]:
        """The picture, then what speaks of it."""
        return tuple(member for member in (self.picture, *self.notes) if member is not None)

    @property
    def said(self) -> str:
        """Whose files they are."""
        return f"{self.part} {self.n}"


def matches(root: Root) -> bool:
    """Whether the root holds a list, an annotation, or a picture in its place."""
    placed = any(LISTED.search(whole_path(m)) or FACE.search(whole_path(m)) for m in root.members)
    return placed or any(NOTE.search(whole_path(m)) or list_name(m) for m in root.members)


def defaults(roots: Sequence[Root]) -> dict[str, Any]:
    """The pictures of 2021 are faces; in those of 2017 the face is where the list says."""
    cut = any(FACE.search(whole_path(member)) for root in roots for member in root.members)
    return {"size": 224, "channels": 3, "faces": "as-is" if cut else "auto"}


def units(root: Root) -> list[Unit]:
    """Slices by list, `training-000`, or by set, `train_set-000`."""
    members = together(root, _is_picture)
    if not members:
        return []
    rows: dict[str, list[Line | Take]] = {}
    for line in _lines(members):
        rows.setdefault(line.part, []).append(line)
    for take in _takes(members):
        rows.setdefault(take.part, []).append(take)
    strange = (m for m in members if NAME.match(m.name) and not list_name(m))
    if not rows.keys() & {"train_set", "val_set"} and (broken := next(strange, None)):
        raise FerError(complaint(broken, ","))
    if not rows:
        raise FerError(f"{root}: pictures without labels; give training.csv and validation.csv too")
    return [unit for part in sorted(rows) for unit in sliced(part, rows[part], SLICE)]


def index(root: Root) -> pa.Table | None:
    """How many pictures no list names."""
    members = together(root, _is_picture)
    if not any(map(list_name, members)):
        return None
    named = {line.picture for line in _lines(members)}
    pictures = {m for m in members if _is_picture(m) and not FACE.search(whole_path(m))}
    return pa.table({"key": ["unlisted"], "count": [len(pictures - named)]})


unite = latest


def read(unit: Unit) -> Iterator[Frame]:
    """The rows of a slice: of a list in its order, of a set by number."""
    with contextlib.ExitStack() as stack:
        streams: dict[Member, Any] = {}  # two RAW arguments may call their lists the same
        for row in unit.options:
            if isinstance(row, Take):
                yield _frame(row, unit)
                continue
            if row.list not in streams:
                streams[row.list] = stack.enter_context(open_member(row.list))
            yield frame_of(row, streams[row.list], PARTS)


def report(table: pa.Table, index: pa.Table | None) -> list[str]:
    """What was left on the disk, and whose labels are no person's."""
    notes = []
    if "labelled_by" in table.column_names:
        count = table.filter(pc.equal(table["labelled_by"], "network")).num_rows
        notes += [f"rows that a network labelled, in no official part: {count}"] if count else []
    if index is not None and (count := index["count"][0].as_py()):
        notes.append(f"pictures that no list names, not read: {count}")
    return notes


def _is_picture(member: Member) -> bool:
    path = whole_path(member)
    return member.suffix in IMAGES and bool(LISTED.search(path) or FACE.search(path))


def _lines(members: Sequence[Member]) -> Iterator[Line]:
    """Every line of every list."""
    lists = [(member, name) for member in members if (name := list_name(member))]
    pictures: dict[str, list[Member]] = {}
    for member in members if lists else ():
        if member.suffix in IMAGES:
            pictures.setdefault(place_of(whole_path(member)), []).append(member)
    for member, name in lists:
        yield from lines(member, name, pictures)


def _takes(members: Sequence[Member]) -> Iterator[Take]:
    """Every face and every label of 2021, by set and number."""
    pictures: dict[tuple[str, int], dict[str, Member]] = {}  # the last key is the set's folder
    notes: dict[tuple[str, int], dict[str, dict[str, Member]]] = {}
    for member in members:
        path = whole_path(member)
        if found := FACE.search(path):
            at = found["set"].lower(), int(found["n"])
            pictures.setdefault(at, {})[path] = member
        elif found := NOTE.search(path):
            at, home = (found["set"].lower(), int(found["n"])), path[: found.end("home")]
            notes.setdefault(at, {}).setdefault(home, {})[found["kind"].lower()] = member
    for at in sorted({*pictures, *notes}):
        yield from _take(*at, pictures.get(at, {}), notes.get(at, {}))


def _take(
    part: str, n: int, pictures: dict[str, Member], notes: dict[str, dict[str, Member]]
) -> Iterator[Take]:
    """The face of a number, and each other picture of that number behind it.

    That in the authors' folder is meant, else the first. Annotations go with the picture of their
    own folder; those in a folder without one, with the picture that has none.
    """
    homes = {path: path.rsplit("/", 2)[0] for path in pictures}
    loose: dict[str, Member] = {}
    for home in sorted(notes.keys() - homes.values(), key=_is_strange, reverse=True):
        loose |= notes[home]
    if not pictures:
        yield Take(part, n, None, tuple(map(loose.get, KINDS)))
        return
    first, *others = sorted(pictures, key=lambda path: _is_strange(homes[path]))
    said = notes.get(homes[first], loose)
    yield Take(part, n, pictures[first], tuple(map(said.get, KINDS)))
    for path in others:
        yield Take(part, n, pictures[path], copy_of=pictures[first].path)


def _is_strange(home: str) -> tuple[bool, str]:
    """Orders the authors' folders before others."""
    return OFFICIAL.search(home) is None, home


def _frame(take: Take, unit: Unit) -> Frame:
    path = next(member.path for member in take.files)
    status, detail = "ok", None
    if take.picture is None:
        status, detail = "missing", f"{path}: the picture of this annotation is not there"
    elif take.copy_of:
        status, detail = "duplicate_id", copied(take.picture, take.copy_of)
    words: list[list[str]] = []
    for note in take.notes:
        try:
            words.append(_words(note, unit))
        except (ReadFault, *BROKEN) as fault:
            words.append([])
            status, detail = "bad_value", f"{note.path if note else path}: no NumPy array: {fault}"
    said, valence, arousal, points = words
    return Frame(
        key=f"{take.part}/{take.n}",
        path=path,
        image=take.picture if status == "ok" else None,
        status=status,
        detail=detail,
        raw_label=said[0].removesuffix(".0") if said else None,
        official_split=PARTS[take.part],
        valence=affect(number(valence[0] if valence else None)),
        arousal=affect(number(arousal[0] if arousal else None)),
        landmarks=landmarks(points),
    )


def _words(note: Member | None, unit: Unit) -> list[str]:
    """What an array holds, number by number, as text; it may hold text itself."""
    if note is None:
        return []
    array = np.lib.format.read_array(io.BytesIO(unit.read(note)), allow_pickle=False)
    return [str(value).strip() for value in np.ravel(array).tolist()]
