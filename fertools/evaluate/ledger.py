"""The ledger of looks: who scored which test set, and how often.

A test set that was looked at twenty times is no test set any more. Every score on a test part adds
a line to `looks.jsonl` beside the manifest; nothing is ever taken out. The test set is named by a
digest of its ids, its labels and the classes, so that renaming a manifest does not start anew.
"""

import hashlib
import json
import os
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fertools.errors import UNPARSED

NAME = "looks.jsonl"


@dataclass(frozen=True, slots=True)
class Look:
    """The `number`-th system that was scored on a test set; 0 where it could not be written.

    `again` is true where every row was given the same class before: that tells nothing new.
    """

    number: int
    again: bool
    file: str

    def __str__(self) -> str:
        if not self.number:
            return f"look ? ({self.file} cannot be written)"
        return f"look {self.number}" + (" (again)" if self.again else "")


def digest_of(ids: Sequence[str], codes: npt.NDArray[np.int64], classes: Sequence[str]) -> str:
    """32 hex characters that name a test set by the labels of its rows, or a system by the classes
    that it gives them, whatever the order of rows and classes.
    """
    lines = sorted(f"{name}\t{classes[code]}\n" for name, code in zip(ids, codes, strict=True))
    text = "".join([",".join(sorted(classes)) + "\n", *lines])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def noted(
    manifest: Path,
    ids: Sequence[str],
    truth: tuple[npt.NDArray[np.int64], Sequence[str]],
    given: tuple[npt.NDArray[np.int64], Sequence[str]],
    who: str,
) -> str:
    """Note a look at rows of a manifest beside it, and say which it is; `truth` and `given` are
    codes (n,) with the classes that they number.
    """
    return str(look(manifest.parent, digest_of(ids, *truth), digest_of(ids, *given), who))


def look(folder: Path, test: str, system: str, who: str) -> Look:
    """Note a look at the test set `test` by `system` (digests) and say which it is.

    The line is written first and counted where it came to stand, so that two processes that look
    at once get two numbers.
    """
    file, mark = folder / NAME, secrets.token_hex(8)
    when = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    entry = {"test": test, "system": system, "who": who, "time": when, "mark": mark}
    try:
        text = json.dumps(entry, ensure_ascii=False) + "\n"
        if file.is_file() and not file.read_bytes().endswith(b"\n"):
            text = "\n" + text  # a killed process left half a line
        with file.open("a", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())  # a score that was told is a look, also after a power cut
        return _counted(file, test, mark)
    except OSError:
        return Look(0, False, str(file))


def _counted(file: Path, test: str, mark: str) -> Look:
    """The look of the line with this mark."""
    seen: list[str] = []
    # half a line may end in half a letter
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        entry = _entry(line)
        if entry.get("test") != test:
            continue
        system = entry.get("system", "")
        again = system in seen
        seen += [] if again else [system]
        if entry.get("mark") == mark:
            return Look(seen.index(system) + 1, again, str(file))
    return Look(0, False, str(file))  # somebody took the file away in between


def _entry(line: str) -> dict[str, str]:
    try:
        found = json.loads(line)
    except UNPARSED:
        return {}
    return found if isinstance(found, dict) else {}
