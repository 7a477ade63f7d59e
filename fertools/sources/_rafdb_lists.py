"""RAF-DB's lists of labels: the authors' text file and the tables of its copies.

In go the files of a root; out come the official codes by the pictures' names, whatever a copy
counts from.
"""

import csv
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from fertools.errors import FerError
from fertools.labels import COMPOUND
from fertools.roots import Member
from fertools.sources._cells import csv_faults
from fertools.sources._together import complaint, lines, text, whole_path

CODES = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
COMPOUNDS = tuple(words.title() for words in COMPOUND)  # as the paper spells them
BASIC = len(CODES)
PICTURE = re.compile(
    r"^(?P<stem>(?P<part>train|test)_(?P<digits>\d+))(?P<aligned>_aligned)?\.(jpe?g|png)$",
    re.IGNORECASE,
)
NOTE = re.compile(
    r"^(?P<stem>\w+_\d+)_(?P<what>manu_attri|auto_attri|boundingbox)\.txt$", re.IGNORECASE
)
LIST = re.compile(r"^list_\w+_label\.txt$", re.IGNORECASE)
TABLE = re.compile(r"^(train|test)_labels\.csv$", re.IGNORECASE)
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
    a code above 7. Raises `FerError` for a list without a line that can be used, and where two
    lines call one picture different words.
    """
    # by place: two RAW arguments call their lists the same
    files = sorted(members, key=lambda m: (m.path, m.container))
    listed = [(m, pairs) for m in files if (pairs := _listed(m))]
    compound = {name for _, pairs in listed if _above_basic(pairs) for name, _ in pairs}
    copies = [[code for _, code in pairs] for m, pairs in listed if not LIST.match(m.name)]
    shifts = iter(official(copies))
    found: dict[str, tuple[str, str]] = {}
    said: dict[str, tuple[Member, str]] = {}
    for member, pairs in listed:
        shift = str if LIST.match(member.name) else next(shifts)
        for name, code in pairs:
            word = word_of(shift(code), name in compound or is_compound(name))
            other, before = said.setdefault(name, (member, word))
            if word.casefold() != before.casefold():
                raise FerError(
                    f"{whole_path(other)} calls {name} {before}, {whole_path(member)} calls it "
                    f"{word}; take the list away that is wrong"
                )
            found.setdefault(name, (f"{member.path}#{name}", shift(code)))
    return found, compound


def word_of(code: str, compound: bool) -> str:
    """The word of an official code; what is none stays."""
    words = COMPOUNDS if compound else CODES
    return words[int(code) - 1] if code.isdigit() and 0 < int(code) <= len(words) else code


def is_compound(name: str) -> bool:
    """Whether a name has the digits of the compound set."""
    part, digits = name.split("_")
    return len(digits) == COMPOUND_DIGITS[part]


def official(copies: Sequence[Collection[str]]) -> list[Callable[[str], str]]:
    """What turns the codes of each copy into the authors', who count from 1.

    A copy with a 0 counts from 0, one with the last code of its set from 1; one with neither counts
    as the others do. A label that is a word stays.
    """
    firsts = [_first(codes) for codes in copies]
    others = {first for first in firsts if first is not None}
    if None in firsts and len(others) > 1:
        raise FerError(
            "some lists or folders of labels count from 0, others from 1, and one holds neither 0 "
            "nor 7; give what belongs together alone"
        )
    usual = next(iter(others), 1)
    return [_upward(usual if first is None else first) for first in firsts]


def _first(codes: Collection[str]) -> int | None:
    """What a copy counts from, None where its codes do not say."""
    last = len(COMPOUNDS) if _above(codes) else BASIC
    return 0 if "0" in codes else 1 if str(last) in codes else None


def _upward(first: int) -> Callable[[str], str]:
    return lambda code: str(int(code) + 1 - first) if code.isdigit() else code


def _above(codes: Iterable[str]) -> bool:
    return any(code.isdigit() and int(code) > BASIC for code in codes)


def _above_basic(pairs: Iterable[tuple[str, str]]) -> bool:
    return _above(code for _, code in pairs)


def _listed(member: Member) -> list[tuple[str, str]]:
    """Name and code as a list or a CSV gives them; nothing for any other file."""
    pairs: Iterable[tuple[str, str]] = ()
    if member.suffix == ".txt" and not NOTE.match(member.name):
        pairs = ((f["name"], f["code"]) for line in lines(member) if (f := LINE.match(line)))
    elif member.suffix == ".csv":
        pairs = _cells(member)
    found = [(known, code) for name, code in pairs if (known := stem(name))]
    if not found and (LIST.match(member.name) or TABLE.match(member.name)):
        raise FerError(complaint(member, " " if member.suffix == ".txt" else ","))
    return found


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
