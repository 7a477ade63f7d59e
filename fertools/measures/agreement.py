"""How far raters agree: kappa, alpha, pairwise agreement, majorities.

In: votes `(n, K)`, how many raters gave row i category k; any number of raters per row, who need
not be the same people. Out: numbers. `votes_of` makes votes of one column of codes per rater.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fertools.measures._bootstrap import Floats, Interval, bootstrap, group_sums

Ints = npt.NDArray[np.int64]


def votes_of(raters: Sequence[npt.ArrayLike], n_categories: int) -> Ints:
    """Votes `(n, K)` of columns of codes `(n,)`, one per rater, -1 where a rater said nothing."""
    columns = [np.asarray(column, np.int64) for column in raters]
    votes = np.zeros((len(columns[0]) if columns else 0, n_categories), np.int64)
    for column in columns:
        if column.shape != votes.shape[:1] or column.max(initial=-1) >= n_categories:
            raise ValueError(f"a rater needs one code below {n_categories} for each row")
        said = np.flatnonzero(column >= 0)
        votes[said, column[said]] += 1
    return votes


def pairwise_agreement(votes: npt.ArrayLike) -> float:
    """Mean over rows of the share of rater pairs that agree, 0 .. 1.

    sum over k of v(v-1) / n(n-1), a row's P_i in Fleiss 1971. Rows with fewer than two votes have
    no pair and are left out; nan where there is no other.
    """
    share = _agreement(_paired(votes))
    return float(share.mean()) if len(share) else math.nan


def fleiss_kappa(votes: npt.ArrayLike) -> float:
    """Agreement beyond chance, 1 at most and 0 where it is as chance would have it.

    (P - P_e) / (1 - P_e) with P the pairwise agreement and P_e the sum of squared shares of the
    categories among all votes (Fleiss, Psychological Bulletin 76, 1971). The paper has one number
    of raters; here each row has its own, rows weigh the same in P and votes the same in P_e. Rows
    with fewer than two votes are left out; nan where one category has all votes.
    """
    counts = _paired(votes)
    if not len(counts):
        return math.nan
    shares = counts.sum(0) / counts.sum()
    chance = float((shares**2).sum())
    return (pairwise_agreement(counts) - chance) / (1 - chance) if chance < 1 else math.nan


def krippendorff_alpha(
    votes: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    draws: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Nominal alpha, 1 at most, with a percentile interval of rows, or groups of rows, drawn anew.

    1 - D_o / D_e (Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011): observed are the
    disagreeing pairs within rows, each row's divided by its votes less one; expected are those
    among all votes. Rows with fewer than two votes pair with nothing and are left out. The interval
    is the plain bootstrap over units, not Krippendorff's own, which draws pairs one by one.
    """
    given = np.asarray(votes, np.float64)
    kept = given.sum(1) >= 2
    counts = given[kept]
    n = counts.sum(1)
    apart = (n**2 - (counts**2).sum(1)) / (n - 1)
    of_row = None if groups is None else np.asarray(groups)[kept]
    return bootstrap(
        group_sums(np.column_stack([apart, counts]), of_row), _alphas, draws, confidence, seed
    )


def _alphas(sums: Floats) -> Floats:
    """Alpha of each row of sums: the disagreement within rows, then the votes per category."""
    observed, totals = sums[:, 0], sums[:, 1:]
    n = totals.sum(1)
    expected = (n**2 - (totals**2).sum(1)) / (n - 1)
    ratio = np.divide(observed, expected, out=np.full_like(observed, np.nan), where=expected > 0)
    alphas: Floats = 1 - ratio
    return alphas


def majority(votes: npt.ArrayLike) -> Ints:
    """The category `(n,)` with more than half of a row's votes, -1 where none has."""
    counts = np.asarray(votes, np.float64)
    best = counts.argmax(1)
    has = 2 * counts.max(1, initial=0) > counts.sum(1)
    categories: Ints = np.where(has, best, -1)
    return categories


def no_majority_share(votes: npt.ArrayLike) -> float:
    """Share of the rows with votes in which no category has more than half; nan without rows."""
    counts = np.asarray(votes, np.float64)
    undecided = majority(counts)[counts.sum(1) > 0] < 0
    return float(undecided.mean()) if len(undecided) else math.nan


def _paired(votes: npt.ArrayLike) -> Floats:
    counts = np.asarray(votes, np.float64)
    paired: Floats = counts[counts.sum(1) >= 2]
    return paired


def _agreement(counts: Floats) -> Floats:
    n = counts.sum(1)
    share: Floats = (counts * (counts - 1)).sum(1) / (n * (n - 1))
    return share
