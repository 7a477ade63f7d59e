"""Mend a deal of groups to parts: exchanges between two parts, and throws out of dead ends.

In: weighted counts per group, the target per part, a first part per group. Out: better parts.

Moving v = x[g] - x[h] from part p to part q (g goes, h comes back, either may be none) changes the
sum of squared gaps by 2 (v . (gap[q] - gap[p]) + |v|^2). Over all pairs g, h that is one matrix
product, so a search for the best exchange between two parts costs about as much as a distance
matrix. When no exchange between any two parts helps, a few groups are thrown to other parts and the
mending goes on; what is not better is taken back (iterated local search: Lourenco, Martin and
Stuetzle, Handbook of Metaheuristics, 2003).

All inputs are whole numbers whose products sum to less than 2^53. Float64 adds them exactly, in any
order, so the outcome depends on the seed alone and not on the machine or its BLAS.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SIDE = 400  # at most so many groups of a part stand in one search, drawn anew each time
THROWN = 6  # groups thrown about at most, to leave a dead end
WORK = 3e8  # products after which nothing is thrown any more: some tenths of a second ..
WORK_PER_GROUP = 1e6  # .. and less for a few groups
PER_SEARCH = 4e4  # what a search or a throw costs whatever its size, in products


@dataclass(slots=True)
class _Deal:
    part: Ints  # (G,)
    gap: Floats  # (P, C), weighted counts minus target
    taken: npt.NDArray[np.bool_]  # (P,), True where a part may lose its last group
    settled: npt.NDArray[np.bool_]  # (P, P), True where a search has found nothing since

    def copy(self) -> "_Deal":
        return _Deal(self.part.copy(), self.gap.copy(), self.taken, self.settled.copy())

    def cost(self) -> float:
        return float((self.gap * self.gap).sum())

    def may_lose(self, part: int) -> bool:
        return bool(self.taken[part]) or int((self.part == part).sum()) > 1

    def move(self, group: int, to: int, counts: Floats) -> None:
        here = self.part[group]
        self.part[group] = to
        self.gap[here] -= counts
        self.gap[to] += counts
        for changed in (here, to):
            self.settled[changed] = self.settled[:, changed] = False
            self.settled[changed, changed] = True


def mend(
    counts: Floats,
    target: Floats,
    part: Ints,
    taken: npt.NDArray[np.bool_],
    floor: float,
    rng: np.random.Generator,
) -> Ints:
    """Parts `(G,)` with a sum of squared gaps no larger than that of `part`, usually far smaller.

    `counts` `(G, C)` and `target` `(P, C)` are whole numbers in float64. A part keeps one group at
    least unless it is `taken` `(P,)` already. A sum of `floor` or less is known to be the best, so
    the search ends there.
    """
    n_parts = len(target)
    gap = -target
    np.add.at(gap, part, counts)
    best = _Deal(part.copy(), gap, taken, np.eye(n_parts, dtype=bool))
    lengths: Floats = (counts * counts).sum(axis=1)
    work = _settle(best, counts, lengths, rng)
    least = best.cost()
    enough = min(WORK, WORK_PER_GROUP * len(counts))
    while work < enough and least > floor and n_parts > 1:
        trial = best.copy()
        for group in rng.integers(0, len(counts), int(rng.integers(2, THROWN + 1))).tolist():
            if trial.may_lose(int(trial.part[group])):
                trial.move(group, int(rng.integers(n_parts)), counts[group])
        work += PER_SEARCH + _settle(trial, counts, lengths, rng)
        if trial.cost() < least:
            best, least = trial, trial.cost()
    return best.part


def _settle(deal: _Deal, counts: Floats, lengths: Floats, rng: np.random.Generator) -> float:
    """Exchange between all pairs of parts until no search finds a gain; the products it took."""
    work = 0.0
    while True:
        pairs = np.argwhere(~deal.settled)
        if not len(pairs):
            return work
        for here, there in rng.permutation(pairs).tolist():
            if not deal.settled[here, there]:
                work += _exchange(deal, here, there, counts, lengths, rng)


def _exchange(
    deal: _Deal, here: int, there: int, counts: Floats, lengths: Floats, rng: np.random.Generator
) -> float:
    """Make the best exchange between two parts, or settle them; the products it took."""
    mine, theirs = _members(deal, here, rng), _members(deal, there, rng)
    slope = deal.gap[there] - deal.gap[here]
    go, come = counts[mine], counts[theirs]
    # the last row and the last column stand for none
    change = np.append(lengths[mine] + go @ slope, 0.0)[:, None] + np.append(
        lengths[theirs] - come @ slope, 0.0
    )
    change[:-1, :-1] -= 2 * (go @ come.T)
    if len(mine) == 1 and not deal.taken[here]:
        change[0, -1] = np.inf
    if len(theirs) == 1 and not deal.taken[there]:
        change[-1, 0] = np.inf
    i, j = divmod(int(change.argmin()), len(theirs) + 1)
    if change[i, j] >= 0:
        deal.settled[here, there] = deal.settled[there, here] = True
    else:
        if i < len(mine):
            deal.move(int(mine[i]), there, go[i])
        if j < len(theirs):
            deal.move(int(theirs[j]), here, come[j])
    return float(PER_SEARCH + change.size * (counts.shape[1] + 8.0))


def _members(deal: _Deal, part: int, rng: np.random.Generator) -> Ints:
    """The groups of a part, in order, or as many of them by lot as one search can look at."""
    members = np.flatnonzero(deal.part == part)
    if len(members) > SIDE:
        members = members[np.sort(rng.choice(len(members), SIDE, replace=False))]
    return members
