"""A share of a whole of which parts were sampled unlike: suspects densely, the rest thinly.

In: how many of each part were looked at and how many of them were wrong, and how large each part
is. Out: the share of the whole with its interval.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fertools.measures.intervals import Interval, wilson


@dataclass(frozen=True, slots=True)
class Stratum:
    """`hits` of `n` rows by lot out of `size`."""

    hits: int
    n: int
    size: int


def weighted_share(strata: Sequence[Stratum], confidence: float = 0.95) -> Interval:
    """The share of hits in all strata together, 0 .. 1, each weighing as much as it is large.

    sum of W_h p_h with W_h = size_h / sum of sizes (Cochran, Sampling Techniques, 3rd ed. 1977,
    5.3). Its bounds are those of the shares, put together as squares (Zou, Huang and Zhang,
    Computational Statistics & Data Analysis 53, 2009):
    low = p - sqrt(sum of W_h^2 (p_h - l_h)^2), high likewise; l_h and u_h are Wilson's, and where a
    stratum was looked at whole both are p_h. nan where a stratum that has rows was not looked at.
    """
    strata = [each for each in strata if each.size]
    n = sum(each.n for each in strata)
    if not strata or any(each.n == 0 for each in strata):
        return Interval(math.nan, math.nan, math.nan, n)
    total = sum(each.size for each in strata)
    value = below = above = 0.0
    for each in strata:
        weight, share = each.size / total, wilson(each.hits, each.n, confidence)
        is_whole = each.n >= each.size
        value += weight * share.value
        below += 0.0 if is_whole else (weight * (share.value - share.low)) ** 2
        above += 0.0 if is_whole else (weight * (share.high - share.value)) ** 2
    low, high = value - math.sqrt(below), value + math.sqrt(above)
    return Interval(value, max(0.0, low), min(1.0, high), n)
