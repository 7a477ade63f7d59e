"""Files on the disk: what lies below a folder, and which files are parts of one download.

In goes a path; out come paths in a fixed order, each real file once.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from fertools.errors import UNPARSED, FerError
from fertools.locations import Location, ObjectPath
from fertools.roots.archives import PART
from fertools.roots.parts import opened

# hidden files, but not `..`: a name that climbs out of its archive is a row with a reason
LITTER = re.compile(
    r"(^|/)(\.(?!\.?(/|$))[^/]+|__MACOSX|Thumbs\.db|desktop\.ini"
    r"|@eaDir|\$RECYCLE\.BIN|System Volume Information)(/|$)",  # @eaDir: previews of a Synology
    re.IGNORECASE,
)
PLAN = "ingest.json"  # marks a folder that an ingest made


def walk(folder: Location) -> Iterator[Location]:
    """Every file below a folder, but for data sets that an ingest made there.

    On a disk folders of litter are passed over, which may be shut. Links are followed last, and
    each real folder is read once.
    """
    if not isinstance(folder, ObjectPath):
        return _walk(folder)
    files = list(folder.walk())
    made = [f.parent for f in files if f.name == PLAN and f.parent != folder and _is_plan(f)]
    return (f for f in files if not any(f.path.startswith(f"{m.path}/") for m in made))


def _is_plan(file: Location) -> bool:
    """Whether a file is the plan of an ingest, not a stranger's of the same name."""
    try:
        plan = json.loads(file.read_bytes())
    except (OSError, *UNPARSED):
        return False
    return isinstance(plan, dict) and {"source", "face", "options"} <= plan.keys()


def _walk(folder: Path) -> Iterator[Path]:
    seen: set[tuple[int, int]] = set()
    waiting = [folder]
    while waiting:
        for top, folders, files in os.walk(waiting.pop(0), onerror=_refuse):
            status = Path(top).stat()
            if (status.st_dev, status.st_ino) in seen:
                folders.clear()
                continue
            seen.add((status.st_dev, status.st_ino))
            if PLAN in files and Path(top) != folder and _is_plan(Path(top, PLAN)):
                folders.clear()
                continue
            folders[:] = sorted(name for name in folders if not LITTER.search(name))
            waiting += [Path(top, name) for name in folders if Path(top, name).is_symlink()]
            yield from (Path(top, name) for name in sorted(files))


def _refuse(error: OSError) -> None:
    raise FerError(f"{error.filename}: this folder cannot be listed ({error.strerror})") from error


def with_other_parts(file: Location) -> list[Location]:
    """A file; of a split download all its parts."""
    part = PART.match(file.name)
    if part is None:
        return [file]
    every = ((f, PART.match(f.name)) for f in file.parent.iterdir())
    return [f for f, m in every if m and m.group("name", "way") == part.group("name", "way")]


def joined(files: list[Location]) -> Iterator[list[Location]]:
    """Files one by one; the parts of a split zip together, in the order of their numbers."""
    parts: dict[Location, list[tuple[int, Location]]] = {}
    for file in files:
        if found := PART.match(file.name):
            whole = file.with_name(found["name"])
            parts.setdefault(whole, []).append((int(found["number"]), file))
        else:
            yield [file]
    for whole, numbered in sorted(parts.items()):
        if whole in files:
            continue  # joined already, and the parts were kept
        yield _complete(whole, sorted(numbered))


def _complete(whole: Location, numbered: list[tuple[int, Location]]) -> list[Location]:
    """The parts of a download, which are numbered from 0 or 1, or by the byte they start at."""
    for _, file in numbered:
        if not file.is_file():  # a link to nothing
            raise FerError(f"{file}: this part is missing; download it")
    named, bare = ([f for _, f in numbered if _is_named(f) == way] for way in (True, False))
    if named and bare:
        raise FerError(
            f"{whole}: its parts are called in two ways, as {named[0].name} and {bare[0].name}; "
            "take those of one way away"
        )
    number, first = numbered[0]
    ones = (number == 1 and _begins(first)) or (number > 0 and not _is_named(first))
    start = 1 if ones else 0
    at = 0
    for expected, (number, file) in enumerate(numbered, start=start):
        if number not in (expected, at):
            raise FerError(f"{_called(file, expected)}: this part is missing; download it")
        at += file.stat().st_size
    return [file for _, file in numbered]


def _called(part: Location, number: int) -> str:
    """What the part of another number is called: 7-Zip's have zeros in front."""
    name = part.name.rstrip("0123456789")
    width = 0 if _is_named(part) else len(part.name) - len(name)
    return str(part.with_name(f"{name}{number:0{width}d}"))


def _is_named(part: Location) -> bool:
    """Whether a part is called `.part1`, and not `.001`."""
    found = PART.match(part.name)
    return bool(found and found["way"])


def _begins(part: Location) -> bool:
    """Whether a part is the first: a zip begins with an entry, or is empty."""
    with opened(part) as file:
        return file.read(2) == b"PK"
