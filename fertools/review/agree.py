"""What several reviewers said of the same faces: how far they agree, what most say, what is open.

In go their verdicts; out comes an `Agreement`. A verdict is a word for the face: the label that was
kept or chosen, `keep` where no label was asked about, `drop`; who is unsure said nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fertools.errors import FerError
from fertools.measures.agreement import (
    krippendorff_alpha,
    majority,
    pairwise_agreement,
    votes_of,
)
from fertools.measures.intervals import Interval
from fertools.review.journal import OPEN, Entry, Journal, read_journal
from fertools.review.queue import asks_label

KEEP, DROP, UNSURE, DISPUTED = "keep", "drop", "unsure", "disputed"


@dataclass(frozen=True, slots=True)
class Opinions:
    """The verdicts of one session: reviewer -> key -> the last entry; `deciding` those of whoever
    looked at the disputes.
    """

    session: str
    queue: str
    blind: bool
    given: Mapping[str, Mapping[str, Entry]]
    deciding: Mapping[str, Entry]

    @property
    def keys(self) -> list[str]:
        """Every face that anybody judged, in a fixed order."""
        return sorted({*self.deciding, *(key for said in self.given.values() for key in said)})

    def word(self, entry: Entry) -> str:
        """What a verdict says of the face: its label, unless the queue did not ask about that."""
        asked = entry.verdict == "relabel" or asks_label(self.queue, self.blind)
        says = asked and entry.verdict in (KEEP, "relabel") and entry.label is not None
        return str(entry.label) if says else entry.verdict


@dataclass(frozen=True, slots=True)
class Settled:
    """The word that a face has in the end (`unsure` and `disputed` among them), and the second
    choice of most of those who said it."""

    word: str
    second: str | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Krippendorff's alpha with its interval, the share of pairs of reviewers that agree, the word
    of each key, and who said what of those that are disputed."""

    reviewers: tuple[str, ...]
    alpha: Interval
    pairwise: float
    settled: dict[str, Settled]
    disputed: dict[str, dict[str, str]]


def gather(files: Sequence[Path]) -> Opinions:
    """The verdicts of several files of one session; a file of the queue `disputed` decides.

    Raises `FerError` where files are of two sessions, or two of one reviewer.
    """
    given: dict[str, dict[str, Entry]] = {}
    deciding: dict[str, Entry] = {}
    first: Journal | None = None
    for file in files:
        found = read_journal(Path(file))
        said = {key: each for key, each in found.latest.items() if each.verdict != OPEN}
        who, session = (str(found.opening.get(name)) for name in ("reviewer", "session"))
        if found.opening.get("queue") == DISPUTED:
            deciding |= said
            continue
        first = first or found
        if session != first.opening.get("session"):
            raise FerError(
                f"{file}: is of the session {session}, {first.file} of "
                f"{first.opening.get('session')}; import one session at a time"
            )
        if who in given:
            raise FerError(f"{file}: {who} is there twice; give one file for each reviewer")
        given[who] = said
    if first is None:
        raise FerError(f"{files[0]}: decides disputes; give the files of the reviewers as well")
    about = first.opening
    return Opinions(str(about["session"]), str(about.get("queue")), bool(about.get("blind")), given,
                    deciding)  # fmt: skip


def agree(said: Opinions) -> Agreement:
    """Compare what was said.

    A face has the word of more than half of those who looked at it, an unsure one counting as
    having looked; else it is disputed, unless a single reviewer was unsure or somebody decided.
    Alpha is over the faces with two words or more (see `measures.agreement`), before any decision.
    """
    keys = said.keys
    words = sorted({said.word(e) for of in said.given.values() for e in of.values()} | {UNSURE})
    codes = [
        np.array([words.index(said.word(of[key])) if key in of else -1 for key in keys], np.int64)
        for of in said.given.values()
    ]
    looked = votes_of(codes, len(words))
    voted = np.delete(looked, words.index(UNSURE), axis=1)
    chosen = majority(looked)
    settled: dict[str, Settled] = {}
    disputed: dict[str, dict[str, str]] = {}
    for at, key in enumerate(keys):
        voices = {who: of[key] for who, of in said.given.items() if key in of}
        word = words[chosen[at]] if chosen[at] >= 0 else DISPUTED
        if key in said.deciding:
            word = said.word(said.deciding[key])
            voices = {"": said.deciding[key]}
        elif word == UNSURE and len(voices) > 1:
            word = DISPUTED
        if word == DISPUTED:
            disputed[key] = {who: said.word(entry) for who, entry in voices.items()}
        settled[key] = Settled(word, _second(word, [said_of for said_of in voices.values()
                                                    if said.word(said_of) == word]))  # fmt: skip
    return Agreement(
        tuple(said.given), krippendorff_alpha(voted), pairwise_agreement(voted), settled, disputed
    )


def _second(word: str, entries: Sequence[Entry]) -> str | None:
    """The second choice that more than half of the entries name."""
    seconds = [entry.second for entry in entries if entry.second]
    if word in (DROP, UNSURE, DISPUTED) or not seconds:
        return None
    best = max(sorted(set(seconds)), key=seconds.count)
    return best if 2 * seconds.count(best) > len(entries) else None
