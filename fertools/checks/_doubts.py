"""Doubts about labels from what others said: twins, raters, votes, and a model's probabilities.

In go codes of labels (n,), -1 where there is none, and what the others said, as codes of the same
words; out come `Doubts`: rows, the word that should stand there, and a score of 0 .. 1 that ranks
them. Scores of different kinds are not comparable.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fertools.errors import FerError

Integers = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Doubts:
    """Rows (m,) whose label is in doubt, the code of the word suggested, and how strongly."""

    rows: Integers
    suggested: Integers
    score: Doubles


def by_twins(pairs: Integers, labels: Integers, words: int) -> Doubts:
    """Rows two or more of whose twins agree, by strict majority, on one other word.

    `pairs` (m, 2) are rows. The score is k / (n + 1) for k of n twins that say that word: two of
    two are less than five of five.
    """
    ends = np.concatenate([pairs, pairs[:, ::-1]])
    ends = ends[(labels[ends] >= 0).all(axis=1)]
    rows, place = np.unique(ends[:, 0], return_inverse=True)
    said = np.zeros((len(rows), words), np.int64)
    np.add.at(said, (place, labels[ends[:, 1]]), 1)
    return _outvoted(rows, said, labels[rows], least=2)


def by_raters(said: Integers, labels: Integers, words: int) -> Doubts:
    """Rows whose raters, two or more, all say one other word. `said` (n, raters) are codes."""
    votes = np.zeros((len(labels), words), np.int64)
    for rater in said.T:
        rows = np.flatnonzero(rater >= 0)
        votes[rows, rater[rows]] += 1
    rows = np.flatnonzero((votes.max(1) == votes.sum(1)) & (labels >= 0))
    return _outvoted(rows, votes[rows], labels[rows], least=2)


def by_votes(votes: Doubles, labels: Integers, share: float) -> Doubts:
    """Rows of whose votes (n, words) at least `share` are for one other word; scored by share."""
    total = votes.sum(1)
    best = votes.argmax(1)
    agreed = np.divide(votes.max(1), total, out=np.zeros(len(total)), where=total > 0)
    rows = np.flatnonzero((agreed >= share) & (labels >= 0) & (best != labels) & (total > 0))
    return Doubts(rows, best[rows], agreed[rows])


def by_probabilities(values: Doubles, labels: Integers) -> Doubts:
    """Rows that confident learning calls mislabelled, by probabilities (n, words) of a model.

    `labels` are codes of the same words, none missing; the model must not have seen the row, nor a
    copy of it. Confident learning (Northcutt, Jiang and Chuang, JAIR 70, 2021), by cleanlab, says
    how many labels are wrong; which ones is told by the score, the probability of the best word
    less that of the label. On FER2013 nine in ten of the first hundred are wrong, against seven in
    ten by the probability of the label alone. Words that no label bears are left out, as cleanlab
    wants it. Raises `FerError` where cleanlab is not installed.
    """
    try:
        from cleanlab.filter import find_label_issues
    except ImportError as error:
        raise FerError("cleanlab is missing: pip install 'fertools[curate]'") from error
    used, codes = np.unique(labels, return_inverse=True)
    if len(used) < 2:
        return Doubts(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    kept = values[:, used]
    total = kept.sum(1, keepdims=True)
    kept = np.divide(kept, total, out=np.full(kept.shape, 1 / len(used)), where=total > 0)
    ranked = {"filter_by": "low_normalized_margin", "n_jobs": 1}
    issues = np.asarray(find_label_issues(codes, kept, **ranked), np.bool_)
    rows = np.flatnonzero(issues & (kept.argmax(1) != codes))
    return Doubts(rows, used[kept[rows].argmax(1)], kept[rows].max(1) - kept[rows, codes[rows]])


def _outvoted(rows: Integers, votes: Integers, labels: Integers, least: int) -> Doubts:
    """Rows whose votes (m, words), `least` or more, are by strict majority for another word."""
    total = votes.sum(1)
    best = votes.argmax(1) if votes.shape[1] else np.zeros(len(rows), np.int64)
    most = votes.max(1, initial=0)
    doubtful = (total >= least) & (2 * most > total) & (best != labels)
    score = most / (total + 1)
    return Doubts(rows[doubtful], best[doubtful], score[doubtful])


def at(rows: Integers, doubts: Doubts) -> Doubts:
    """Doubts about some rows as doubts about the rows of the whole."""
    return Doubts(rows[doubts.rows], doubts.suggested, doubts.score)


def codes_in(words: Sequence[str], known: Sequence[str]) -> Integers:
    """Where each of `words` stands among `known`; -1 for one that does not."""
    place = {word: number for number, word in enumerate(known)}
    return np.array([place.get(word, -1) for word in words], np.int64)
