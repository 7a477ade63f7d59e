"""Label rules: from what a data set says (its word, its raters, its votes) to one label a row.

In: words and votes per row. Out: codes into a list of words, a status per row, and for rules that
give several words their probabilities. The rules for votes follow the published code of FER+
(Barsoum et al., ICMI 2016): single votes are taken for slips and zeroed first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int64]
Votes = npt.NDArray[np.float64]

OK, UNLABELLED, NO_MAJORITY, UNKNOWN_WORD = "ok", "unlabelled", "no_majority", "unknown_word"
NOT_EXPRESSIONS = ("unknown", "non_face")


@dataclass(frozen=True, slots=True)
class Labelled:
    """Labels of n rows.

    `codes` (n,) point into `names`, -1 without label; `status` (n,) holds words; `target` is None
    or (n, names) probabilities that sum to 1 in rows with a label and are 0 elsewhere.
    """

    codes: Codes
    names: tuple[str, ...]
    status: npt.NDArray[np.str_]
    target: Votes | None = None


def single(codes: Codes, names: Sequence[str], said: npt.NDArray[np.bool_]) -> Labelled:
    """The data set's own word.

    `said` is whether it said anything: a word that nobody knows is `unknown_word`, silence is
    `unlabelled`.
    """
    status = np.where(codes >= 0, OK, np.where(said, UNKNOWN_WORD, UNLABELLED))
    return Labelled(codes, tuple(names), status)


def raters(labels: npt.NDArray[np.int64], names: Sequence[str], *, unanimous: bool) -> Labelled:
    """The word of most raters: over half of those who spoke, or all of them.

    `labels` (n, raters) are codes into `names`, or above for words that nobody knows; -1 where a
    rater said nothing. A row whose word would be one that nobody knows is `unknown_word`.
    """
    counts = opinions(labels, max(len(names), int(labels.max(initial=0)) + 1))
    return agreed(counts, names, unanimous=unanimous)


def agreed(counts: npt.NDArray[np.number], names: Sequence[str], *, unanimous: bool) -> Labelled:
    """The word of over half of the opinions, or of all of them, as they are.

    `counts` (n, K), how many gave row i the word k; those behind `names` are no labels, and a row
    that has one of them is `unknown_word`.
    """
    spoke = counts.sum(axis=1)
    best = counts.argmax(axis=1)
    top = counts.max(axis=1, initial=0)
    enough = (top == spoke) & (spoke > 0) if unanimous else 2 * top > spoke
    known = enough & (best < len(names))
    refused = np.where(enough, UNKNOWN_WORD, np.where(spoke > 0, NO_MAJORITY, UNLABELLED))
    return Labelled(np.where(known, best, -1), tuple(names), np.where(known, OK, refused))


def opinions(labels: npt.NDArray[np.int64], many: int) -> npt.NDArray[np.int64]:
    """How many raters gave each of so many codes, (n, many), from `labels` (n, raters)."""
    return np.stack([(labels == place).sum(axis=1) for place in range(many)], axis=1)


def majority(votes: Votes, names: Sequence[str]) -> Labelled:
    """FER+ `majority`: single votes zeroed, then over half of what is left; ties have none.

    A row whose majority is `unknown` or `non_face` has no label.
    """
    heard = _without_slips(votes)
    best = heard.argmax(axis=1)
    return _among(best, 2 * heard.max(axis=1) > heard.sum(axis=1), votes, names)


def argmax(votes: Votes, names: Sequence[str]) -> Labelled:
    """The word with most votes as they are; a tie between the first two has no label."""
    top = votes.max(axis=1, keepdims=True)
    alone = (votes == top).sum(axis=1) == 1
    return _among(votes.argmax(axis=1), alone, votes, names)


def soft(votes: Votes, names: Sequence[str]) -> Labelled:
    """FER+ `probability`: the top words until they hold 75 % of the votes, three at most.

    Single votes are zeroed first. Words with equally many votes are taken together, in the order
    of `names`; at `unknown` or `non_face` the list ends, and that entry counts only if it stands
    alone. A row whose words hold half of the votes or less, are more than three, or are led by no
    expression has no label. Probabilities are votes among the expressions, renormalised.
    """
    heard = _without_slips(votes)
    total = heard.sum(axis=1)
    kept = np.zeros_like(heard)
    taken, count = np.zeros(len(heard)), np.zeros(len(heard))
    going = np.ones(len(heard), bool)
    for level in range(int(heard.max(initial=0)), 0, -1):
        open_ = going & (taken < 0.75 * total) & (count < 3)
        for place, name in enumerate(names):
            here = open_ & (heard[:, place] == level)
            kept[here, place] = level
            taken[here] += level
            count[here] += 1
            if name in NOT_EXPRESSIONS:
                behind = here & (kept.sum(axis=1) > level)
                kept[behind, place] = 0.0
                count[behind] -= 1
                going &= ~here
                open_ &= ~here
    return _several(kept, (kept.sum(axis=1) > 0.5 * total) & (count <= 3), votes, names)


def multi(votes: Votes, names: Sequence[str]) -> Labelled:
    """FER+ `multi_target`: every word with at least 30 % of the votes, together over half.

    Single votes are zeroed first. A row that is led by `unknown` or `non_face` has no label; the
    expressions that are kept share the probability by their votes.
    """
    heard = _without_slips(votes)
    total = heard.sum(axis=1)
    large = (heard >= 0.3 * total[:, None]) & (heard > 0)
    enough = (heard * large).sum(axis=1) > 0.5 * total
    return _several(heard * large, enough, votes, names)


def shares(votes: Votes, names: Sequence[str]) -> Labelled:
    """Every word with its share of the opinions, however few: for three raters, not for ten.

    Nothing is taken for a slip and no majority is asked for; of words with equally many opinions
    the first in `names` is the label. A row that is led by `unknown` or `non_face` has none.
    """
    return _several(votes, votes.sum(axis=1) > 0, votes, names)


def _without_slips(votes: Votes) -> Votes:
    return np.where(votes <= 1, 0.0, votes)


def _among(
    best: Codes, enough: npt.NDArray[np.bool_], votes: Votes, names: Sequence[str]
) -> Labelled:
    expression = ~np.isin(names, NOT_EXPRESSIONS)
    cast = votes.sum(axis=1) > 0
    codes = np.where(enough & expression[best], best, -1)
    status = np.where(codes >= 0, OK, np.where(cast, NO_MAJORITY, UNLABELLED))
    return Labelled(codes, tuple(names), status)


def _several(
    weight: Votes, enough: npt.NDArray[np.bool_], votes: Votes, names: Sequence[str]
) -> Labelled:
    expression = ~np.isin(names, NOT_EXPRESSIONS)
    led = expression[np.argmax(weight, axis=1)]
    weight = weight * expression
    total = weight.sum(axis=1, keepdims=True)
    has = enough & led & (total[:, 0] > 0)
    target = np.where(has[:, None], weight / np.maximum(total, 1e-12), 0.0)
    codes = np.where(has, np.argmax(target, axis=1), -1)
    cast = votes.sum(axis=1) > 0
    status = np.where(has, OK, np.where(cast, NO_MAJORITY, UNLABELLED))
    return Labelled(codes, tuple(names), status, target)
