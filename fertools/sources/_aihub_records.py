"""AI-Hub's label files: JSON records in, one table of them out, and the way back from an image.

A label file is a list with a record for each photograph of an emotion and part, of all archives
together. Blocks of the three raters are called `annot_A` .. (`faceBB_A` .. in the written
specification); `boxes` is an object, a list of one, four numbers, or missing, and in the oldest
files the block itself is that list.
"""

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fertools.errors import UNPARSED, FerError
from fertools.frame import Box
from fertools.roots import Member, ReadFault, open_member
from fertools.sources._aihub_names import Photo, nfc, parse, place, plain
from fertools.sources._together import each_once

TEXT = pa.string()
RATERS = "abc"
CORNERS = ("minX", "minY", "maxX", "maxY")
SCHEMA = pa.schema(
    [
        ("key", TEXT),  # train/<name>: unique but for records that repeat one another
        ("file", TEXT),
        ("at", pa.int64()),  # place in the label file
        ("person", TEXT),
        ("token", TEXT),
        ("part", TEXT),
        ("emotion", TEXT),
        ("gender", TEXT),
        ("age", TEXT),
        ("professional", pa.bool_()),
        ("uploader", TEXT),
        ("background", TEXT),
        *((f"rater_{rater}", TEXT) for rater in RATERS),
        *((f"box_{rater}", pa.list_(pa.float64())) for rater in RATERS),
    ]
)
DEEP = 8  # objects and lists around a box
CHUNK = 50_000  # records held as Python objects at a time
YES = ("전문인", "전문", "true", "1", "y", "yes")
NO = ("일반인", "일반", "false", "0", "n", "no")
Record = dict[str, Any]


def table(members: Iterable[Member]) -> pa.Table | None:
    """The records of all label files among `members`; None where there is no such file."""
    chunks: list[pa.Table] = []
    rows: list[Record] = []
    for member in members:
        rows.extend(_rows(member))
        if len(rows) >= CHUNK:
            chunks.append(pa.Table.from_pylist(rows, SCHEMA))
            rows = []
    if rows:
        chunks.append(pa.Table.from_pylist(rows, SCHEMA))
    return pa.concat_tables(chunks) if chunks else None


def distinct(records: pa.Table) -> pa.Table:
    """Each record once, whatever the rounds it was read in, in an order of its own.

    Raises `FerError` where a label file says something else than in a round before: faces that are
    stored were cut by what it said then.
    """
    records = records.cast(SCHEMA)  # Parquet renames what lists hold, and the bytes would tell
    order = [(name, "ascending") for name in ("emotion", "part", "key", "file", "at")]
    return each_once(records, ["key", "file", "at"]).sort_by(order)


def _rows(member: Member) -> Iterator[Record]:
    """The records of one label file; none where the JSON is about something else."""
    said = place(member.path, own_name=True)
    held = _load(member)
    for number, record in enumerate([held] if isinstance(held, dict) else held):
        if isinstance(record, dict) and ("filename" in record or "faceExp_uploader" in record):
            yield _row(record, parse(str(record.get("filename") or "")), said.part) | {
                "file": member.name,
                "at": number,
            }


def _load(member: Member) -> list[Any] | dict[str, Any]:
    try:
        with open_member(member) as stream:
            data = stream.read()
    except ReadFault as fault:
        raise FerError(f"{fault}; download it again") from fault
    for encoding in ("utf-8-sig", "cp949"):
        try:
            held = json.loads(data.decode(encoding))
        except UnicodeDecodeError:
            continue
        except UNPARSED as error:
            raise FerError(f"{member.path}: no JSON ({error}); download it again") from error
        return held if isinstance(held, (list, dict)) else []
    raise FerError(f"{member.path}: neither UTF-8 nor CP949; download it again")


def _row(record: Record, photo: Photo, part: str | None) -> Record:
    uploader = _text(record.get("faceExp_uploader"))
    row: Record = {
        "key": f"{part}/{photo.name}" if part else photo.name,
        "person": photo.person,
        "token": photo.token,
        "part": part,
        "emotion": photo.emotion or uploader,
        "gender": _text(record.get("gender")),
        "age": _text(record.get("age")),
        "professional": _professional(record.get("isProf")),
        "uploader": uploader,
        "background": _text(record.get("bg_uploader")),
    }
    for rater in RATERS:
        block = record.get(f"annot_{rater.upper()}", record.get(f"faceBB_{rater.upper()}"))
        row[f"rater_{rater}"] = _word(block)
        row[f"box_{rater}"] = _box(block)
    return row


def _text(value: Any) -> str | None:
    return None if value is None else nfc(str(value)).strip() or None


def _professional(value: Any) -> bool | None:
    """Whether the uploader acts for a living; the literal value was never seen, so all pass."""
    word = str(value).strip().lower()
    return True if word in YES else False if word in NO else None


def _word(block: Any) -> str | None:
    if not isinstance(block, dict):
        return None
    boxes = block.get("boxes")
    return _text(block.get("faceExp", boxes.get("label") if isinstance(boxes, dict) else None))


def _box(value: Any, deep: int = DEEP) -> list[float] | None:
    """Corners x0 y0 x1 y1 of the first box in whatever holds it; None for none or an empty one."""
    if deep == 0:
        return None
    if isinstance(value, dict):
        corners = [value.get(corner) for corner in CORNERS]
        if None in corners:
            return _box(value.get("boxes"), deep - 1)
    elif isinstance(value, list):
        if len(value) != 4 or isinstance(value[0], (list, dict)):
            inner = value and isinstance(value[0], (list, dict))
            return _box(value[0], deep - 1) if inner else None
        corners = value
    else:
        return None
    try:
        x0, y0, x1, y1 = (float(corner) for corner in corners if corner is not None)
    except (TypeError, ValueError, OverflowError):
        return None
    sound = all(map(math.isfinite, (x0, y0, x1, y1))) and x0 < x1 and y0 < y1
    return [x0, y0, x1, y1] if sound else None


class Lookup:
    """The records that the photographs of a unit may belong to, read once per unit."""

    def __init__(self, labels: str | None, photos: Iterable[Photo]) -> None:
        self._records: dict[str, list[Record]] = {}
        self.files: set[tuple[str | None, str | None]] = set()
        if labels is None:
            return
        kinds = pq.read_table(labels, columns=["part", "emotion"]).group_by(["part", "emotion"])
        self.files = {(e["part"], e["emotion"]) for e in kinds.aggregate([]).to_pylist()}
        for record in _candidates(labels, list(photos)):
            for way in _ways(record["key"].removeprefix(f"{record['part']}/"), record):
                self._records.setdefault(way, []).append(record)

    def __call__(self, photo: Photo, part: str | None) -> Record | None:
        """The record of a photograph: by its name, by its plain name, by person and time.

        Of several the one of the same part of the data set, then the first of its label file.
        """
        for key in _ways(photo.name, {"person": photo.person, "token": photo.token}):
            if found := self._records.get(key):
                return next((record for record in found if record["part"] == part), found[0])
        return None

    def has_file(self, emotion: str | None, part: str | None) -> bool:
        """Whether a label file of this emotion and part was read, in this round or before."""
        return emotion is None or bool({(part, emotion), (None, emotion)} & self.files)


def _candidates(labels: str, photos: list[Photo]) -> list[Record]:
    """The records of the photographs' times, and those that give no time, in the table's order."""
    wanted = pc.field("token").isin(pa.array({photo.token for photo in photos}, TEXT))
    if all(photo.emotion for photo in photos):  # the table is sorted by it: most is not read
        wanted &= pc.field("emotion").isin(pa.array({photo.emotion for photo in photos}, TEXT))
    found = pq.read_table(labels, filters=wanted | pc.field("token").is_null())
    return list(found.to_pylist())


def _ways(name: str, of: Record) -> tuple[str, ...]:
    """What a name is looked up by, the surest first."""
    ways = (f"name {name}", f"plain {plain(name)}")
    return (*ways, f"token {of['person']} {of['token']}") if of["token"] else ways


def rater_box(record: Record, way: str) -> Box | None:
    """One box of up to three raters': the mean of all, or of the two that overlap most.

    The latter is what the publisher's own code cuts out; a single box stands for itself.
    """
    boxes = [record[f"box_{rater}"] for rater in RATERS if record[f"box_{rater}"] is not None]
    if not boxes:
        return None
    if way == "closest-two" and len(boxes) == 3:
        pairs = [(0, 1), (0, 2), (1, 2)]
        boxes = [boxes[i] for i in max(pairs, key=lambda p: overlap(boxes[p[0]], boxes[p[1]]))]
    x0, y0, x1, y1 = (sum(edge) / len(boxes) for edge in zip(*boxes, strict=True))
    return x0, y0, x1, y1


def overlap(one: list[float], other: list[float]) -> float:
    """Intersection over union of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    common = max(width, 0.0) * max(height, 0.0)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return common / (areas - common)
