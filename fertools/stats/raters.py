"""Agreement of those who labelled: raters as columns (AI-Hub), or votes per word (FER+).

In goes a manifest; out come kappa and its like, and the data set's own word against the majority,
for each word. Rows without a face count too: what was said was said of the photograph.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fertools.columns import encode
from fertools.errors import FerError
from fertools.labelling import RATERS, rater_codes, votes_of
from fertools.manifest import VOTE_WORDS, Manifest, read_manifest
from fertools.measures import agreement


@dataclass(frozen=True, slots=True)
class Word:
    """Rows with two opinions or more that the data set calls `word`, and what most call them."""

    word: str
    rows: int
    same: int
    none: int
    other: dict[str, int]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far those who labelled agree, and with the data set's own word.

    Of the `rows` with a word, agreement is among those with two opinions or more; `alone` have one.
    """

    rows: int
    alone: int
    kind: str
    fleiss_kappa: float
    pairwise: float
    no_majority: float
    unanimous: float
    words: list[Word]


def raters(manifest: Manifest | str | Path) -> Agreement:
    """Agreement over the raters' columns, or over the votes where there are votes.

    Raises `FerError` where a manifest has neither, or no row has two opinions.
    """
    if not isinstance(manifest, Manifest):
        manifest = read_manifest(manifest)
    kind, votes, names = _votes(manifest)
    rated, several = votes.sum(axis=1) > 0, votes.sum(axis=1) > 1
    if not several.any():
        raise FerError(f"column {kind!r}: no row has two opinions, so nobody could disagree")
    counts = votes[several]
    return Agreement(
        rows=int(rated.sum()),
        alone=int((rated & ~several).sum()),
        kind=kind,
        fleiss_kappa=agreement.fleiss_kappa(counts),
        pairwise=agreement.pairwise_agreement(counts),
        no_majority=agreement.no_majority_share(counts),
        unanimous=float((counts.max(axis=1) == counts.sum(axis=1)).mean()),
        words=_against_own(manifest, agreement.majority(votes), several, names),
    )


def _votes(manifest: Manifest) -> tuple[str, npt.NDArray[np.float64], list[str]]:
    if manifest.has("votes"):
        return "votes", votes_of(manifest.table["votes"]), list(VOTE_WORDS)
    if any(manifest.has(name) for name in RATERS):
        codes, names, _ = rater_codes(manifest.table)
        return "raters", agreement.votes_of(list(codes.T), len(names)).astype(np.float64), names
    raise FerError("column 'raters': the data has neither raters nor votes")


def _against_own(
    manifest: Manifest,
    majority: npt.NDArray[np.int64],
    several: npt.NDArray[np.bool_],
    names: list[str],
) -> list[Word]:
    own, words = encode(manifest.table["native_label"])
    found = []
    for code, word in enumerate(words):
        here = majority[(own == code) & several]
        counts = np.bincount(here + 1, minlength=len(names) + 1)
        said = {name: int(n) for name, n in zip(names, counts[1:], strict=True) if n}
        same = said.pop(word, 0)
        other = dict(sorted(said.items(), key=lambda e: (-e[1], e[0])))
        found.append(Word(word, len(here), same, int(counts[0]), other))
    return found
