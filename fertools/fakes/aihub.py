"""AI-Hub 82, Korean photographs with three raters: folders, zips, split zips, a re-packed copy.

Variants: `folders` (as unpacked), `zips` (names in CP949 without the UTF-8 flag), `parts`
(`.zip.part0`, ..), `mac` (decomposed names, `&` turned to `_`, brackets gone, other folders),
`orientations` (one photograph stored under EXIF 0 to 8 and without). The first four hold the same
photographs and records. Boxes lie in the upright frame.

Traps: EXIF orientations; `.jpeg` and upper case; boxes as dict, list of one, four numbers, bare
list, from one rater only, from nobody, one rater far off; label files in UTF-8 with and without BOM
and in CP949; ages as numbers and as text; a directory before a file name; records whose image
was not downloaded (`pending`), an image without a record; one hash with two genders, one with two
ages, one in both Training and Validation; a rater's 알수없음, three raters with three words; an
underscore within a background; two people, nobody, a truncated, an empty and a text file, a
camera's own name.
"""

import json
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from fertools.errors import unknown
from fertools.fakes._aihub_shots import EMOTIONS, Record, Shot, agreement, shots, turned
from fertools.fakes._expected import Expected, expected
from fertools.fakes._files import put, put_parts, zipped

VARIANTS = ("folders", "zips", "parts", "mac", "orientations")
LABEL_FILE = {"TRAIN": "img_emotion_training_data", "VALID": "img_emotion_validation_data"}
ENCODINGS = ("utf-8", "cp949", "utf-8-sig")
PORTAL = "092.한국인_감정인식을_위한_복합_영상_데이터/01.데이터"

Archives = dict[str, list[tuple[str, bytes]]]


def write(
    folder: Path, *, seed: int = 0, people: int = 5, traps: bool = True, variant: str = "folders"
) -> Expected:
    """Write photographs and label files; a record is `pending` where its part is not there."""
    if variant not in VARIANTS:
        raise unknown("variant", variant, list(VARIANTS))
    root = Path(folder) / "aihub"
    found = turned(seed) if variant == "orientations" else shots(seed, people, traps)
    archives = _archives(found, traps)
    for path, entries in archives.items():
        _lay(root, path, entries, variant)
    rows = [shot.row for shot in found if shot.row is not None]
    return expected(
        rows,
        ["aihub"],
        face={"faces": "annotation"},
        counts=_facts(found),
        notes=["no_box rows have a face for a detector, but for one photograph of an empty room"],
    )


def _archives(found: Iterable[Shot], traps: bool) -> Archives:
    """What every archive holds, by its path without `.zip`."""
    archives: Archives = defaultdict(list)
    records: dict[str, list[Record]] = defaultdict(list)
    for shot in found:
        top, kind = ("Validation", "VALID") if shot.part == "VALID" else ("Training", "TRAIN")
        if shot.data is not None:
            path = f"{top}/[원천]EMOIMG_{shot.emotion}_{shot.part}"
            archives[path].append((shot.name, shot.data))
        if shot.record is not None:
            records[f"{top}/[라벨]EMOIMG_{shot.emotion}_{kind}"].append(shot.record)
    for path, held in records.items():
        kind, emotion = path.rsplit("_", 1)[1], path.split("_")[1]
        name = f"{LABEL_FILE[kind]}({emotion}).json"
        archives[path].append((name, _label_file(held, EMOTIONS.index(emotion), traps)))
    return {path: sorted(entries) for path, entries in archives.items()}


def _label_file(records: list[Record], number: int, traps: bool) -> bytes:
    """The records of one emotion, spelled in one of the ways that were seen."""
    written = []
    for place, record in enumerate(records):
        changed = dict(record)
        if traps and number % 2:
            changed["age"] = str(record["age"])
        if traps and number == 2 and place == 0:
            changed["filename"] = f"data/{record['filename']}"
        written.append(changed)
    text = json.dumps(written, ensure_ascii=False, indent=1)
    return text.encode(ENCODINGS[number % len(ENCODINGS)] if traps else "utf-8")


def _lay(root: Path, path: str, entries: list[tuple[str, bytes]], variant: str) -> None:
    if variant == "zips":
        put(root, f"{path}.zip", zipped(entries, "cp949"))
    elif variant == "parts":
        put_parts(root, f"{path}.zip", zipped(entries, "cp949"), 1 if "라벨" in path else 3)
    else:
        for name, data in entries:
            where = f"{path}/{name}"
            put(root, _on_mac(where) if variant == "mac" else where, data)


def _on_mac(path: str) -> str:
    """The path after a Mac's unzip and somebody's tidying up."""
    top, archive, name = path.split("/")
    number = "1.Training" if top == "Training" else "2.Validation"
    kind = "라벨링데이터" if "라벨" in archive else "원천데이터"
    if name.endswith(".json"):
        name = f"{name.split('(')[0]}.json"
    kept = archive.split("]")[1]
    moved = f"{PORTAL}/{number}/{kind}/{kept}/{name.replace('&', '_')}"
    return unicodedata.normalize("NFD", moved)


def _facts(found: Iterable[Shot]) -> dict[str, int]:
    """What a report on the data set must say, in numbers."""
    found = list(found)
    genders: dict[str, set[str]] = defaultdict(set)
    ages: dict[str, set[str]] = defaultdict(set)
    tops: dict[str, set[str]] = defaultdict(set)
    for shot in found:
        if shot.data is None or shot.row is None or shot.row.subject is None:
            continue
        _, gender, age, *_ = shot.name.split("_")
        genders[shot.row.subject].add(gender)
        ages[shot.row.subject].add(age)
        tops[shot.row.subject].add(shot.part.split("_")[0])
    facts = {
        "records": sum(shot.record is not None for shot in found),
        "pending": sum(shot.data is None for shot in found),
        "without_record": sum(shot.record is None for shot in found),
    }
    for name, seen in [("two_genders", genders), ("two_ages", ages), ("in_both_parts", tops)]:
        facts[name] = sum(len(values) > 1 for values in seen.values())
    return {**facts, **agreement(found)}
