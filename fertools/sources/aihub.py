"""AI-Hub 82: half a million Korean photographs, labelled by the uploader and three raters.

Layout on disk: `Training/[원천]EMOIMG_기쁨_TRAIN_01.zip` (images; parts 01 to 04 per emotion),
`Training/[라벨]EMOIMG_기쁨_TRAIN.zip` with `img_emotion_training_data(기쁨).json`, the same below
`Validation/` with VALID. Zips, their `.part0`, `.part1`, .. and unpacked folders serve alike; so do
folders without brackets, `기쁨_unzipped` below `1.Training/원천데이터`, and a JSON per image.

In rounds, for disks that do not hold 3.8 TB: the label zips first, or with the images of their
emotion; then image zips in any order with `--add`, each deleted when it is done. The records stay
in `labels.parquet` of the data set; those without an image are counted as `pending`. Images whose
label file was never read are refused: their crops would be others than in one run. Give
`--without-labels` where there will be none.

Traps: names are CP949 or UTF-8, decomposed by macOS, with `&` turned to `_` by some tools, `.jpeg`
in 1.5 %. A third of the photographs are stored turned (EXIF), and the boxes belong to the upright
ones. Raters disagree with the uploader: for 불안 only 38 % have the folder's word as majority. A
rater's 알수없음 is kept and votes for no word. A person's hash may occur in Training and in
Validation, and with two genders or ages: `notes` in the card tell. Licence: AI-Hub's terms; not to
be passed on.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from fertools.errors import FerError, unknown
from fertools.frame import Frame, option, rejected
from fertools.roots import Member, Root, Unit, slug
from fertools.sources import _aihub_names as names
from fertools.sources import _aihub_records as records
from fertools.sources._aihub_names import Photo, Place

LICENCE = "AI-Hub terms of use: research in Korea after registration; not to be passed on"
CITATION = "KAIST and NIA, 한국인 감정인식을 위한 복합 영상, AI-Hub dataSetSn=82, 2021"
HOMEPAGE = "aihub.or.kr, data set 82"
POPULATION = "aihub"
LABELS = names.EMOTIONS
DEFAULTS = {"size": 256, "channels": 3, "margin": 0.3}
IMAGES = (".jpg", ".jpeg", ".png")
RATER_BOXES = ("mean", "closest-two")


@dataclass(frozen=True, slots=True)
class Options:
    """How the raters become one box, and whether images may come without records."""

    rater_box: str = option("mean", "mean of the raters' boxes, or of the closest-two")
    without_labels: bool = option(False, "take images whose label file was never read")


def matches(root: Root) -> bool:
    """Whether the root holds an archive, a label file or a photograph of the data set."""
    return any(
        names.ARCHIVE.search(m.path) or names.NAME.match(m.name) or names.LABEL_FILE.match(m.name)
        for m in root.members
    )


def units(root: Root) -> list[Unit]:
    """Slices by emotion and part (`happiness-train-01-000`), in the order of the file names."""
    if root.options and root.options.rater_box not in RATER_BOXES:
        raise unknown("rater box", root.options.rater_box, list(RATER_BOXES))
    files = [m for m in root.members if m.suffix != ".json"]
    # plain names, so that the order is the same where an unpacking tool wrote _ for &
    files.sort(key=lambda m: (names.plain(m.name), m.path))
    return root.units(files, key=_group)


def index(root: Root) -> pa.Table | None:
    """The records of the label files below the root, one row each; see `_aihub_records.SCHEMA`."""
    return records.table(m for m in root.members if m.suffix == ".json")


unite = records.distinct


def read(unit: Unit) -> Iterator[Frame]:
    """The photographs of a slice with their records, in the order of the plain names."""
    options = unit.options or Options()
    photos = [names.parse(member.inner) for member in unit.members]
    lookup = records.Lookup(unit.labels, photos)
    for member, photo in zip(unit.members, photos, strict=True):
        where = names.place(member.path)
        record = lookup(photo, where.part)
        if member.suffix not in IMAGES or (photo.token is None and record is None):
            key = f"{_group(member)}/{names.plain(member.name)}"
            yield rejected(member, "unknown_name", "no photograph by its name", key=key)
            continue
        emotion = photo.emotion or where.emotion
        if not (record or options.without_labels or lookup.has_file(emotion, where.part)):
            raise FerError(_no_labels(member, emotion, where.part))
        yield _frame(member, photo, where, record, options.rater_box)


def _frame(
    member: Member, photo: Photo, where: Place, record: records.Record | None, way: str
) -> Frame:
    """A photograph; what the record says stands before what the file name says."""
    said = record or dict.fromkeys(records.SCHEMA.names)
    person = photo.person or said["person"]
    emotion = said["uploader"] or photo.emotion or where.emotion
    part = where.part or said["part"]
    gender = said["gender"] or photo.gender
    return Frame(
        key="/".join(filter(None, [part, LABELS.get(photo.emotion or emotion or ""), photo.stem])),
        path=member.path,
        image=member,
        raw_label=emotion,
        subject=f"{POPULATION}:{person}" if person else None,
        gender=names.GENDERS.get((gender or "")[:1], gender),
        age=_age(said["age"] or photo.age),
        background=names.background(said["background"], photo),
        captured_at=photo.captured_at,
        official_split=part,
        rater_a_label=said["rater_a"],
        rater_b_label=said["rater_b"],
        rater_c_label=said["rater_c"],
        box=records.rater_box(record, way) if record else None,
        extra={"record": said["key"], "professional": said["professional"]},
    )


def report(table: pa.Table, index: pa.Table | None) -> list[str]:
    """What a user must know before a split: people, and images without a record."""
    if "record" not in table.column_names:
        return []
    people = table.filter(pc.is_valid(table["subject"]))
    found = {
        "people with two genders": _several(people, "gender"),
        "people with two ages": _several(people, "age"),
        "people in both Training and Validation (split by subject)": _several(
            people, "official_split"
        ),
        "images without a record": int(pc.sum(pc.is_null(table["record"])).as_py() or 0),
        "images whose records came later (start over with --force)": _late(table, index),
        "images in a folder of another emotion than their name": _astray(table["path"]),
        "records that repeat the name of another (the first one stands)": _repeated(index),
    }
    return [f"{text}: {count}" for text, count in found.items() if count]


def _several(people: pa.Table, column: str) -> int:
    """How many people have more than one value in a column."""
    values = people.group_by("subject").aggregate([(column, "count_distinct")])
    return int(pc.sum(pc.greater(values[f"{column}_count_distinct"], 1)).as_py() or 0)


def _astray(paths: Iterable[pa.Scalar]) -> int:
    count = 0
    for path in paths:
        says, stands = names.parse(path.as_py()).emotion, names.place(path.as_py()).emotion
        count += says is not None and stands in LABELS and says != stands
    return count


def _late(table: pa.Table, index: pa.Table | None) -> int:
    """How many images have no record and could have one: `--without-labels` was said too soon."""
    without = table.filter(pc.is_null(table["record"]))["path"].to_pylist()
    if index is None or not without:
        return 0
    come = pc.replace_substring_regex(index["key"], "^(train|val)/", "")
    plain = pc.replace_substring_regex(come, "[&/]", "_")  # as `names.plain`, of half a million
    wanted = pa.array([names.plain(names.parse(path).name) for path in without])
    return int(pc.sum(pc.is_in(wanted, value_set=plain)).as_py())


def _repeated(index: pa.Table | None) -> int:
    return 0 if index is None else index.num_rows - int(pc.count_distinct(index["key"]).as_py())


def _group(member: Member) -> str:
    """Emotion, part and archive of a file in English, the same packed or not."""
    where = names.place(member.path)
    emotion = where.emotion if where.emotion in LABELS else names.parse(member.inner).emotion
    # an archive under another name may come in a round of its own: its files stay by themselves
    strange = member.archive and not names.ARCHIVE.search(names.nfc(member.archive))
    number = slug(member.archive) if strange else where.number
    return "-".join(filter(None, [LABELS.get(emotion or "", "elsewhere"), where.part, number]))


def _age(said: str | None) -> str | None:
    """A decade as its years: 20, "20" and "20대" are 20-29; anything else as it is said."""
    decade = re.match(r"(\d0)(?!\d)", said or "")
    return f"{decade[1]}-{int(decade[1]) + 9}" if decade else said


def _no_labels(member: Member, emotion: str | None, part: str | None) -> str:
    part = {"train": "TRAIN", "val": "VALID"}.get(part or "", "..")
    return (
        f"{member.path}: its label file was not read, and its row and face depend on it; ingest "
        f"[라벨]EMOIMG_{emotion}_{part}.zip along with it, or before it and then this with --add, "
        "or say --without-labels --force"
    )
