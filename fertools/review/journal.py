"""The journal: every verdict of one reviewer, a line each, on the disk before it is answered.

In goes a verdict; out comes its entry, whose number is its place in the file. Nothing is ever
changed or taken out: who takes a verdict back adds a line that says so, and the last line on an
item counts. A killed process leaves at worst half a line, which is skipped; a verdict whose entry
was returned is on the disk. Two tabs that judge one item cannot overwrite each other: the later
one is told what the other said (`Overtaken`), and says it again if it means it.
"""

import errno
import json
import os
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fertools.errors import UNPARSED, FerError, unknown
from fertools.labels import WORDS, canonical

OPEN = "open"
VERDICTS = ("keep", "drop", "relabel", "unsure", OPEN)
FORMAT = "fertools verdicts 1"
LONGEST = 200  # characters of a word or a uid


@dataclass(frozen=True, slots=True)
class Given:
    """A verdict on the item `key`: `label` and `second` are words, for `relabel` alone.

    `uid` names the verdict, so that one that is sent twice is kept once; `after` is the number of
    the entry that its giver knew to be the last on this item, 0 for none.
    """

    key: str
    verdict: str
    label: str | None
    second: str | None
    uid: str
    after: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A verdict in a journal; `number` counts from 1."""

    number: int
    key: str
    verdict: str
    label: str | None
    second: str | None
    uid: str
    time: str


class Overtaken(Exception):
    """Another tab has judged this item; `entry` is what it said."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(f"entry {entry.number}")
        self.entry = entry


class Journal:
    """One file of verdicts, which other processes may write to at the same time."""

    def __init__(self, file: Path, opening: dict[str, Any] | None = None) -> None:
        self.file = file
        self.opening: dict[str, Any] = {}
        self.entries: list[Entry] = []
        self.latest: dict[str, Entry] = {}
        self._uids: dict[str, Entry] = {}
        self._read = 0  # bytes of whole lines
        self._lock = threading.Lock()
        if file.is_file():
            self.refresh()
        if opening is not None and not self.opening:  # or half a one, of a killed process
            self._append({"format": FORMAT, **opening})
            _settle(file.parent)
        self.refresh()

    def add(self, given: Given, ids: dict[str, Any] | None = None) -> Entry:
        """Write a verdict and return its entry once it is on the disk.

        `ids` are fields for whoever reads the file (the item's id). Raises `Overtaken`.
        """
        with self._lock:
            self._refresh()
            if given.uid in self._uids:
                return self._uids[given.uid]
            last = self.latest.get(given.key)
            if last is not None and last.number > given.after:
                raise Overtaken(last)
            when = time.strftime("%Y-%m-%dT%H:%M:%S%z")
            line = {"key": given.key, **(ids or {}), "verdict": given.verdict,
                    "label": given.label, "second": given.second, "uid": given.uid,
                    "time": when}  # fmt: skip
            self._append(line)
            self._refresh()
            return self._uids[given.uid]

    def refresh(self) -> None:
        """Read what has been added since, also by another process."""
        with self._lock:
            self._refresh()

    def take_last(self) -> None:
        """Read a last line that lacks its end, as editors and mailers leave it, where it is whole.

        Not for a file that somebody writes to.
        """
        with self._lock:
            self._take(self.file.read_bytes()[self._read :])

    def at(self, number: int | None = None) -> dict[str, Entry]:
        """The last entry on each item after all entries, or as it was after the first `number`."""
        with self._lock:
            if number is None or number >= len(self.entries):
                return dict(self.latest)
            return {entry.key: entry for entry in self.entries[:number]}

    def _refresh(self) -> None:
        with self.file.open("rb") as stream:
            stream.seek(self._read)
            data = stream.read()
        end = data.rfind(b"\n") + 1
        self._read += end
        for line in data[:end].splitlines():
            self._take(line)

    def _take(self, line: bytes) -> None:
        found = _object(line)
        if "format" in found:
            self.opening = self.opening or found
        elif entry := _entry(found, len(self.entries) + 1):
            self.entries.append(entry)
            self.latest[entry.key] = entry
            self._uids[entry.uid] = entry

    def _append(self, data: dict[str, Any]) -> None:
        """One write of one line, in one piece at the end of the file, then to the disk."""
        line = json.dumps(data, ensure_ascii=False).encode() + b"\n"
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
        try:
            handle = os.open(self.file, flags, 0o600)
            try:
                size = os.fstat(handle).st_size
                # half a line of a killed process must not swallow this one
                broken = size > 0 and _last_byte(handle, size) != b"\n"
                line = b"\n" + line if broken else line
                if os.write(handle, line) < len(line):  # as much as a full disk took
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise FerError(f"{self.file}: cannot be written ({error.strerror})") from error


def read_journal(file: Path, words: Collection[str] | None = None) -> Journal:
    """The verdicts of a file, a journal or the download of a bundle.

    `words` are the labels of the data set, None where it is not known: words that were spelled
    otherwise are those that they mean. Raises `FerError` where the file is no journal, or holds a
    verdict that nobody could have given or a word that is none of these and none of ours.
    """
    if not file.is_file():
        raise FerError(f"{file}: there is no such file; give the verdicts of a reviewer (.jsonl)")
    found = Journal(file)
    if found.opening.get("format") != FORMAT:
        raise FerError(f"{file}: these are no verdicts; give what `fertools review` has written")
    meant: dict[str | None, str | None] = {None: None}
    for number, line in enumerate(file.read_bytes().splitlines(), 1):
        said = _object(line)
        if not said or "format" in said:
            continue
        given = parse(said)
        for word in (given.label, given.second) if given else ():
            if word is not None and word not in meant:
                meant[word] = _meant(word, words, f"{file}, line {number}")
        if given is None or (given.second and meant[given.second] == meant[given.label]):
            shown = line.decode(errors="replace")[:LONGEST]
            raise FerError(
                f"{file}, line {number}: a verdict that nobody could have given: {shown}; "
                "take the line out, or say what was meant"
            )
    found.take_last()
    found.entries = [
        replace(each, label=meant[each.label], second=meant[each.second]) for each in found.entries
    ]
    found.latest = {each.key: each for each in found.entries}
    return found


def _meant(word: str, words: Collection[str] | None, where: str) -> str:
    """The word that a spelling means: the data set's own, else one of ours.

    Where the data set is not known, `joy` may be a word of its own, and means itself.
    """
    plain = word.strip().lower()
    ours = plain if plain in WORDS else None
    if words is None:
        found = ours or word.strip()
    else:
        found = word if word in words else {each.lower(): each for each in words}.get(plain, "")
        found = found or canonical(word) or ""
    if not found:
        raise FerError(
            f"{unknown(f'{where}: label', word, list(words or WORDS))}; write the one that was "
            "meant, or take the line out"
        )
    return found


def _settle(folder: Path) -> None:
    """Bring the name of a new file to the disk, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _last_byte(handle: int, size: int) -> bytes:
    os.lseek(handle, size - 1, os.SEEK_SET)
    return os.read(handle, 1)


def _object(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except UNPARSED:
        return {}
    return found if isinstance(found, dict) else {}


def _entry(found: dict[str, Any], number: int) -> Entry | None:
    """The entry of a line; None for a line that is no verdict."""
    given = parse(found)
    if given is None:
        return None
    when = str(found.get("time", ""))
    return Entry(number, given.key, given.verdict, given.label, given.second, given.uid, when)


def parse(found: dict[str, Any], words: Sequence[str] | None = None) -> Given | None:
    """The verdict that an object holds, with words among `words`; None where it holds none."""
    texts = [found.get(name) for name in ("key", "verdict", "uid")]
    said = [found.get(name) for name in ("label", "second")]
    after = found.get("after", 0)
    key, verdict, uid = texts
    if not (isinstance(key, str) and isinstance(verdict, str) and isinstance(uid, str) and uid):
        return None
    if verdict not in VERDICTS or not isinstance(after, int) or isinstance(after, bool):
        return None
    for word in said:
        fits = isinstance(word, str) and len(word) <= LONGEST and (not words or word in words)
        if word is not None and not fits:
            return None
    label, second = said
    if verdict == "relabel":
        odd = label is None or second == label
    else:
        odd = second is not None or (label is not None and verdict != "keep")
    if odd or len(key) + len(uid) > LONGEST:
        return None
    return Given(key, verdict, label, second, uid, after)
