"""How sure a number is: intervals and paired tests whose unit is the group and not the row.

In: a value per row and the group of each row. Out: intervals and p-values with the number of groups
they rest on. The rows of one person are not independent, so people are drawn anew, not rows.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from fertools.measures._bootstrap import FEW_GROUPS, Floats, Interval, bootstrap, group_sums

__all__ = [
    "FEW_GROUPS",
    "Interval",
    "Paired",
    "bootstrap",
    "bootstrap_mean",
    "group_sums",
    "mcnemar",
    "sign_flip",
    "wilson",
]


@dataclass(frozen=True, slots=True)
class Paired:
    """A mean difference between two systems on the same rows, and its p-value."""

    difference: float  # first minus second
    p: float
    groups: int
    flips: int  # sign patterns looked at
    is_exact: bool  # whether these were all there are


def wilson(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """The score interval of a share of independent rows (Wilson, JASA 22, 1927), within 0 .. 1.

    Without rows the value is nan and the interval all of 0 .. 1. Raises ValueError where successes
    lie outside 0 .. n.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n}")
    if n == 0:
        return Interval(math.nan, 0.0, 1.0, 0)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else middle - reach
    high = 1.0 if successes == n else middle + reach
    return Interval(share, low, high, n)


def bootstrap_mean(
    values: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    draws: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Interval of a (weighted) mean over rows `(n,)`, such as of correctness: the accuracy."""
    value = np.asarray(values, np.float64)
    weight = np.ones_like(value) if weights is None else np.asarray(weights, np.float64)
    sums = group_sums(np.stack([value * weight, weight], axis=1), groups)

    def mean(totals: Floats) -> Floats:
        with np.errstate(invalid="ignore"):
            ratio: Floats = totals[:, 0] / totals[:, 1]
        return ratio

    return bootstrap(sums, mean, draws, confidence, seed)


def mcnemar(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Exact two-sided p-value that two systems err equally often on independent rows.

    Both are correctness per row `(n,)`. Of the b + c rows where just one is right, the smaller
    count is as far out as a fair coin would have it (McNemar, Psychometrika 12, 1947).
    """
    one, two = np.asarray(first, bool), np.asarray(second, bool)
    only_first, only_second = int((one & ~two).sum()), int((two & ~one).sum())
    n = only_first + only_second
    term = tail = 1
    for k in range(min(only_first, only_second)):
        term = term * (n - k) // (k + 1)
        tail += term
    return min(1.0, 2 * tail / (1 << n))


def sign_flip(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    flips: int = 9999,
    seed: int = 0,
) -> Paired:
    """Paired test over groups that two systems are equally good, on a value per row `(n,)` each.

    Were they so, the sign of each group's summed difference would be a fair coin (Fisher, The
    Design of Experiments, 1935, ch. 3). All sign patterns where there are no more than `flips`,
    else so many by lot with p = (1 + as far) / (1 + flips).
    """
    gap = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    sums = group_sums(gap, groups)[:, 0]
    observed = abs(float(sums.sum()))
    sizes, number = np.unique(np.abs(sums[sums != 0]), return_counts=True)
    n_moving = int(number.sum())
    is_exact = 1 << n_moving <= flips
    if is_exact:
        patterns = (np.arange(2**n_moving)[:, None] >> np.arange(n_moving)) & 1
        totals = (2 * patterns - 1) @ np.repeat(sizes, number)
    else:
        heads = np.random.default_rng(seed).binomial(number, 0.5, (flips, len(number)))
        totals = (2 * heads - number) @ sizes
    rounding = 1e-12 * float(np.abs(sums).sum())
    as_far = int((np.abs(totals) >= observed - rounding).sum())
    p = as_far / len(totals) if is_exact else (1 + as_far) / (1 + flips)
    mean = float(gap.mean()) if len(gap) else math.nan
    return Paired(mean, p, len(sums), len(totals), is_exact)
