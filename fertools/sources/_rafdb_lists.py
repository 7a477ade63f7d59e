"""RAF-DB's lists of labels: the authors' text file and the tables of its copies.

In go the files of a root; out come the official codes by the pictures' names, whatever the copy
counts from.
"""

import csv
import re
from collections.abc import Callable, Collection, Iterable, Iterator

from fertools.roots import Member
from fertools.sources._cells import csv_faults
from fertools.sources._together import lines, text

BASIC = 7  # codes of the basic set; the compound one has eleven
PICTURE = re.compile(
    r"^(?P<stem>(?P<part>train|test)_(?P<digits>\d+))(?P<aligned>_aligned)?\.(jpe?g|png)$",
    re.IGNORECASE,
)
NOTE = re.compile(
    r"^(?P<stem>\w+_\d+)_(?P<what>manu_attri|auto_attri|boundingbox)\.txt$", re.IGNORECASE
)
LIST = re.compile(r"^list_\w+_label\.txt$", re.IGNORECASE)
LINE = re.compile(r"^(?P<name>\S+\.(?:jpe?g|png))\s+(?P<code>\d+)$", re.IGNORECASE)
NAMES = ("image", "image_name", "filename", "file", "name", "path")
CELLS = ("label", "label_index", "emotion", "class")
COMPOUND_DIGITS = {"train": 4, "test": 3}


def stem(name: str) -> str:
    """A picture's name without folder, `_aligned` and extension; "" for any other file."""
    found = PICTURE.match(name.replace("\\", "/").rsplit("/", 1)[-1])
    return found["stem"].lower() if found else ""


def read_lists(members: Iterable[Member]) -> tuple[dict[str, tuple[str, str]], set[str]]:
    """Place and official code of every listed name, and the names of the compound set.

    A name belongs to the compound set by its digits (train_0001, test_001), or where its list holds
    a code above 7.
    """
    # by place: two RAW arguments call their lists the same
    files = sorted(members, key=lambda m: (m.path, m.container))
    listed = [(m.path, codes) for m in files if (codes := _listed(m))]
    shift = official([code for _, codes in listed for code in codes.values()])
    found: dict[str, tuple[str, str]] = {}
    compound: set[str] = set()
    for path, codes in listed:
        if any(code.isdigit() and int(code) > BASIC for code in codes.values()):
            compound |= codes.keys()
        for name, code in codes.items():
            found.setdefault(name, (f"{path}#{name}", shift(code)))
    return found, compound


def is_compound(name: str) -> bool:
    """Whether a name has the digits of the compound set."""
    part, digits = name.split("_")
    return len(digits) == COMPOUND_DIGITS[part]


def official(codes: Collection[str]) -> Callable[[str], str]:
    """What turns these codes into the authors', who count from 1: where a 0 occurs, one more.

    A label that is a word stays.
    """
    first = int("0" in codes)
    return lambda code: str(int(code) + first) if code.isdigit() else code


def _listed(member: Member) -> dict[str, str]:
    """Name and code as a list or a CSV gives them; nothing for any other file."""
    pairs: Iterable[tuple[str, str]] = ()
    if member.suffix == ".txt" and not NOTE.match(member.name):
        pairs = ((f["name"], f["code"]) for line in lines(member) if (f := LINE.match(line)))
    elif member.suffix == ".csv":
        pairs = _cells(member)
    return {known: code for name, code in pairs if (known := stem(name))}


def _cells(member: Member) -> Iterator[tuple[str, str]]:
    table = csv.DictReader(text(member).splitlines(), skipinitialspace=True)
    with csv_faults(table, member):
        head = {(name or "").strip().lower(): name for name in table.fieldnames or []}
        name = next((head[n] for n in NAMES if n in head), None)
        code = next((head[n] for n in CELLS if n in head), None)
        if name is not None and code is not None:
            for row in table:
                if row[name] and row[code]:
                    yield row[name].strip(), row[code].strip().removesuffix(".0")
