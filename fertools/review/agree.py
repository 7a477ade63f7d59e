"""What several reviewers said of the same faces: how far they agree, what most say, what is open.

In go their verdicts; out comes an `Agreement`. A verdict is a word for the face: the label that was
kept or chosen, `keep` where no label was asked about, `drop`; who is unsure said nothing.
"""

import re
from collections.abc import Collection, Mapping, Sequence
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
SESSION = re.compile(r"[\w+-]+")  # names a folder (`Asked.name`), and none that leads elsewhere


@dataclass(frozen=True, slots=True)
class Opinions:
    """The verdicts of one session: reviewer -> key -> the last entry; `deciding` those of each who
    looked at the disputes. Who took a verdict back gave none; of a key in `taken_back` nobody has
    one left.
    """

    session: str
    queue: str
    blind: bool
    given: Mapping[str, Mapping[str, Entry]]
    deciding: Mapping[str, Mapping[str, Entry]]
    taken_back: tuple[str, ...]

    @property
    def keys(self) -> list[str]:
        """Every face that a reviewer judged, in a fixed order."""
        return sorted({key for said in self.given.values() for key in said})

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
    of each key, and who said what of those that are disputed. Both numbers are nan where no face
    has words of two.

    On `undecided` of the disputed faces those who decided differ; `elsewhere` counts faces that
    were decided and that none of the reviewers has a verdict on.
    """

    reviewers: tuple[str, ...]
    alpha: Interval
    pairwise: float
    settled: dict[str, Settled]
    disputed: dict[str, dict[str, str]]
    undecided: int
    elsewhere: int


def gather(files: Sequence[Path], words: Collection[str] | None = None) -> Opinions:
    """The verdicts of several files of one session; files of the queue `disputed` decide.

    `words` are the labels of the data set they are of, None where it is not known. Raises
    `FerError` where files are of two sessions, or of one that cannot be, or two of one reviewer,
    and see `read_journal`.
    """
    given: dict[str, dict[str, Entry]] = {}
    deciding: dict[str, dict[str, Entry]] = {}
    touched: set[str] = set()
    first: Journal | None = None
    for file in files:
        found = read_journal(Path(file), words)
        who, session = (str(found.opening.get(name)) for name in ("reviewer", "session"))
        if not SESSION.fullmatch(session):
            cure = "give what `fertools review` has written"
            raise FerError(f"{file}: no session is called {session!r}; {cure}")
        decides = found.opening.get("queue") == DISPUTED
        first = first or (None if decides else found)
        if first and not decides and session != first.opening.get("session"):
            raise FerError(
                f"{file}: is of the session {session}, {first.file} of "
                f"{first.opening.get('session')}; import one session at a time"
            )
        into = deciding if decides else given
        if who in into:
            raise FerError(f"{file}: {who} is there twice; give one file for each reviewer")
        into[who] = {key: each for key, each in found.latest.items() if each.verdict != OPEN}
        touched |= set() if decides else found.latest.keys()
    if first is None:
        raise FerError(f"{files[0]}: decides disputes; give the files of the reviewers as well")
    about = first.opening
    left = touched.difference(*given.values())
    return Opinions(str(about["session"]), str(about.get("queue")), bool(about.get("blind")), given,
                    deciding, tuple(sorted(left)))  # fmt: skip


def agree(said: Opinions) -> Agreement:
    """Compare what was said.

    A face has the word of more than half of those who looked at it, an unsure one counting as
    having looked; else it is disputed, unless a single reviewer was unsure. Where somebody decided
    it has that word, and is disputed where two decided differently. Alpha is over the faces with
    two words or more (see `measures.agreement`), before any decision.
    """
    keys = said.keys
    words = sorted({said.word(e) for of in said.given.values() for e in of.values()} | {UNSURE})
    codes = [
        np.array([words.index(said.word(of[key])) if key in of else -1 for key in keys], np.int64)
        for of in said.given.values()
    ]
    looked = votes_of(codes, len(words))
    voted = np.delete(looked, words.index(UNSURE), axis=1)
    most = [words[code] if code >= 0 else DISPUTED for code in majority(looked)]
    settled: dict[str, Settled] = {}
    disputed: dict[str, dict[str, str]] = {}
    undecided = 0
    for key, word in zip(keys, most, strict=True):
        voices, decided = _voices(said.given, key), _voices(said.deciding, key)
        if decided:
            chosen = {said.word(entry) for entry in decided.values()}
            undecided += len(chosen) > 1
            word = chosen.pop() if len(chosen) == 1 else DISPUTED
            voices = decided if word != DISPUTED else voices | decided
        elif word == UNSURE and len(voices) > 1:
            word = DISPUTED
        if word == DISPUTED:
            disputed[key] = {who: said.word(entry) for who, entry in voices.items()}
        agreed = [entry for entry in voices.values() if said.word(entry) == word]
        settled[key] = Settled(word, _second(word, agreed))
    return Agreement(
        tuple(said.given), krippendorff_alpha(voted), pairwise_agreement(voted), settled, disputed,
        undecided, len(set().union(*said.deciding.values()) - settled.keys()),
    )  # fmt: skip


def _voices(said: Mapping[str, Mapping[str, Entry]], key: str) -> dict[str, Entry]:
    """Who said what of a face."""
    return {who: of[key] for who, of in said.items() if key in of}


def _second(word: str, entries: Sequence[Entry]) -> str | None:
    """The second choice that more than half of the entries name."""
    seconds = [entry.second for entry in entries if entry.second]
    if word in (DROP, UNSURE, DISPUTED) or not seconds:
        return None
    best = max(sorted(set(seconds)), key=seconds.count)
    return best if 2 * seconds.count(best) > len(entries) else None
