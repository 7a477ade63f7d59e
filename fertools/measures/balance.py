"""Class balance: counts per part, how uneven they are, and whether a column leans on the split.

In: codes per row, -1 for unknown. Out: count tables, single numbers, and tests whose p-values come
from permutations over whole groups, because the rows of one person are not independent.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Association:
    """How far two columns lean on each other, and how often chance alone leans as far."""

    v: float  # Cramer's V, 0 .. 1; nan where a column has one value only
    p: float  # 1/(permutations + 1) .. 1
    rows: int  # rows where both columns are known
    groups: int  # groups these rows belong to
    permutations: int


def count(columns: npt.ArrayLike, parts: npt.ArrayLike, n_codes: int, n_parts: int) -> Ints:
    """Rows `(n_parts, n_codes)` of each code in each part; rows with a -1 in either are left out.

    Raises ValueError for codes or parts at or above the numbers given.
    """
    code, part = np.asarray(columns, np.int64), np.asarray(parts, np.int64)
    if code.max(initial=-1) >= n_codes or part.max(initial=-1) >= n_parts:
        raise ValueError(f"codes below {n_codes} and parts below {n_parts} were promised")
    known = (code >= 0) & (part >= 0)
    cells = part[known] * n_codes + code[known]
    table: Ints = np.bincount(cells, minlength=n_parts * n_codes).reshape(n_parts, n_codes)
    return table


def shares(counts: npt.ArrayLike, axis: int = -1) -> Floats:
    """Counts as shares that sum to 1 along `axis`; 0 where there is nothing to share."""
    numbers = np.asarray(counts, np.float64)
    total = numbers.sum(axis=axis, keepdims=True)
    divided: Floats = np.divide(numbers, total, out=np.zeros_like(numbers), where=total > 0)
    return divided


def imbalance_ratio(counts: npt.ArrayLike) -> float:
    """Largest class over smallest, 1 or more; inf where a class is empty, nan where all are."""
    numbers = np.asarray(counts, np.float64)
    if numbers.max(initial=0) <= 0:
        return float("nan")
    least = float(numbers.min())
    return float(numbers.max()) / least if least > 0 else float("inf")


def effective_classes(counts: npt.ArrayLike) -> float:
    """exp of the entropy of the class shares: n for n even classes, 1 for one class, 0 for none.

    The Hill number of order 1 (Hill, Ecology 54, 1973).
    """
    share = shares(np.ravel(counts))
    share = share[share > 0]
    return float(np.exp(-(share * np.log(share)).sum())) if len(share) else 0.0


def _vs(tables: Floats) -> Floats:
    """Cramer's V of each table `(m, rows, columns)`, 0 .. 1; nan with one row or column.

    sqrt(chi2 / (n (min(rows, columns) - 1))) over tables that all hold as many rows n, more than 0
    (Cramer, Mathematical Methods of Statistics, 1946). Not corrected for bias: small tables of
    independent columns give more than 0, so `associate` compares it with permutations, not with 0.
    """
    n = tables[0].sum()
    smaller = min(tables.shape[1:]) - 1
    if smaller < 1:
        return np.full(len(tables), np.nan)
    expected = tables.sum(2, keepdims=True) * tables.sum(1, keepdims=True) / n
    chi2 = ((tables - expected) ** 2 / np.where(expected > 0, expected, 1)).sum((1, 2))
    values: Floats = np.sqrt(chi2 / (n * smaller))
    return values


def associate(
    columns: npt.ArrayLike,
    parts: npt.ArrayLike,
    groups: npt.ArrayLike,
    permutations: int = 199,
    seed: int = 0,
) -> Association:
    """Cramer's V of a column against the parts, with a permutation p-value over whole groups.

    All take a code per row `(n,)`; rows with -1 as column or part are left out. The rows of one
    group in one part are a block. Blocks of groups that lie in one part each trade their parts with
    one another; blocks of a group that lies in several trade among themselves. A group thus moves
    as a whole, and a difference between groups never passes for one within them.

    p = (1 + permutations that lean as far) / (1 + permutations) (Phipson and Smyth, Statistical
    Applications in Genetics and Molecular Biology 9, 2010), so it is never 0.
    """
    code, part, group = (np.asarray(a, np.int64) for a in (columns, parts, groups))
    known = (code >= 0) & (part >= 0)
    _, code = np.unique(code[known], return_inverse=True)
    _, part = np.unique(part[known], return_inverse=True)
    _, group = np.unique(group[known], return_inverse=True)
    n_groups = int(group.max(initial=-1)) + 1
    n_codes, n_parts = int(code.max(initial=-1)) + 1, int(part.max(initial=-1)) + 1
    if min(n_codes, n_parts) < 2:
        return Association(float("nan"), 1.0, len(code), n_groups, permutations)

    block_keys, block = np.unique(group * n_parts + part, return_inverse=True)
    cell_keys, cell_rows = np.unique(block * n_codes + code, return_counts=True)
    cell_block, cell_code = cell_keys // n_codes, cell_keys % n_codes
    weights = cell_rows.astype(np.float64)
    tables = []
    for of_block in _traded(block_keys // n_parts, block_keys % n_parts, permutations, seed):
        cells = of_block[cell_block] * n_codes + cell_code
        tables.append(np.bincount(cells, weights, n_parts * n_codes))
    values = _vs(np.stack(tables).astype(np.float64).reshape(-1, n_parts, n_codes))
    as_far = int((values[1:] >= values[0] * (1 - 1e-12)).sum())
    return Association(
        float(values[0]), (1 + as_far) / (1 + permutations), len(code), n_groups, permutations
    )


def _traded(group: Ints, part: Ints, permutations: int, seed: int) -> Iterator[Ints]:
    """The parts of the blocks as they are, then as often traded as `associate` says.

    Blocks come in order of their group.
    """
    rng = np.random.default_rng(seed)
    several = np.bincount(group)[group] > 1
    whole, pieces = np.flatnonzero(~several), np.flatnonzero(several)
    piece_group = group[pieces].astype(np.float64)
    parts = part.copy()
    yield parts
    for _ in range(permutations):
        parts[whole] = rng.permutation(part[whole])
        if len(pieces):
            parts[pieces] = part[pieces[np.argsort(piece_group + rng.random(len(pieces)))]]
        yield parts
