"""Dealing whole people to ten folds: time and balance, beside scikit-learn's StratifiedGroupKFold.

    python tests/benchmarks/bench_split.py [--quick]

Classes by lot with about the shares of FER2013, rows dealt evenly to people or unevenly (a person's
rows are exponential). `off` is the distance of a class's share in a fold from a tenth, in points of
the class: the largest and the mean. `floor` counts rows per person and class, which any way of
dealing must do. Both deal the same rows in the same run; StratifiedGroupKFold shuffles with the
same seed. `--quick` leaves out what scikit-learn needs minutes for.
"""

import os
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from fertools.measures.deal import deal

FOLDS = 10
CLASS_SHARES = [0.14, 0.015, 0.14, 0.25, 0.17, 0.11, 0.175]
CASES = [(100_000, 20_000, False), (500_000, 2_500, False), (500_000, 2_500, True)]
LONG_CASES = [(500_000, 100_000, False), (500_000, 100_000, True)]
HEAD = (
    f"{'rows':8} {'people':8} {'dealt':9} {'floor':8} {'ours':8} {'sklearn':9} {'ratio':8} "
    f"{'off ours max/mean':22} off sklearn max/mean"
)


def people(rows: int, groups: int, uneven: bool) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    strata = rng.choice(7, rows, p=CLASS_SHARES)
    if not uneven:
        return rng.permutation(np.arange(rows) % groups), strata
    weight = rng.exponential(size=groups)
    more = rng.choice(groups, rows - groups, p=weight / weight.sum())
    return rng.permutation(np.concatenate([np.arange(groups), more])), strata


def ck48() -> tuple[np.ndarray, np.ndarray] | None:
    data = Path(os.environ.get("FERTOOLS_DATA", Path(__file__).parents[3] / "shared" / "data"))
    files = sorted((data / "ck48").glob("*/*.png"))
    if not files:
        return None
    groups = np.unique([f.name[:4] for f in files], return_inverse=True)[1]
    return groups, np.unique([f.parent.name for f in files], return_inverse=True)[1]


def by_scikit_learn(groups: np.ndarray, strata: np.ndarray) -> np.ndarray:
    fold = np.empty(len(groups), np.int64)
    peer = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    for k, (_, test) in enumerate(peer.split(strata, strata, groups)):
        fold[test] = k
    return fold


def off(fold: np.ndarray, strata: np.ndarray) -> np.ndarray:
    n = int(strata.max()) + 1
    counts = np.bincount(fold.astype(np.int64) * n + strata, minlength=FOLDS * n).reshape(FOLDS, n)
    return np.abs(counts / counts.sum(0) - 1 / FOLDS) * 100


def show(dealt: str, groups: np.ndarray, strata: np.ndarray) -> None:
    begin = time.perf_counter()
    np.bincount(groups * (strata.max() + 1) + strata)
    counted = time.perf_counter()
    ours = deal(groups, strata, np.ones(FOLDS))
    dealt_by_us = time.perf_counter()
    theirs = by_scikit_learn(groups, strata)
    end = time.perf_counter()
    mine, peers = off(ours, strata), off(theirs, strata)
    took, peer_took = dealt_by_us - counted, end - dealt_by_us
    print(
        f"{len(groups):<8} {groups.max() + 1:<8} {dealt:9} {counted - begin:6.3f} s {took:6.2f} s "
        f"{peer_took:7.2f} s {peer_took / took:7.1f}x {mine.max():.4f} / {mine.mean():.4f} points "
        f"{peers.max():.4f} / {peers.mean():.4f} points",
        flush=True,
    )


def main() -> None:
    print(HEAD)
    real = ck48()
    if real is not None:
        show("CK+48", *real)
    for rows, groups, uneven in CASES + ([] if "--quick" in sys.argv else LONG_CASES):
        show("unevenly" if uneven else "evenly", *people(rows, groups, uneven))


if __name__ == "__main__":
    main()
