"""Verdicts: does a trial beat its base on the rows that choose, by the rule of the plan?

In go the hits of ended runs, by seed; out comes the paired difference and a decision. Selection
rows are the validation rows without a copy, twin or neighbouring frame in training or test; test
rows are never scored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fertools.errors import FerError
from fertools.evaluate import outcome_of
from fertools.evaluate.evaluation import Options
from fertools.evaluate.ledger import digest_of
from fertools.manifest import write_json
from fertools.measures.intervals import sign_flip
from fertools.runs import open_run, read_json

FILE = "selection.json"
SEEDS, ERRORS = 3, 2.0  # at least so many seeds, and more than so many standard errors
KEPT, DROPPED = "kept", "dropped"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which selection rows a run got right (n,), the independent unit of each, their digest."""

    rows: str
    hits: npt.NDArray[np.float64]
    units: npt.NDArray[np.int64]

    @property
    def accuracy(self) -> float:
        """Per cent."""
        return 100 * float(self.hits.mean())


@dataclass(frozen=True, slots=True)
class Verdict:
    """Means over the shared seeds and their difference with its standard error, in points.

    `p` is that of the sign-flip test over groups; `decision` is kept, dropped, or what is missing.
    """

    seeds: int
    base: float
    own: float
    gain: float
    error: float
    p: float
    decision: str


def select(folder: Path, device: str = "auto") -> Selection:
    """Score a run on its selection rows, once: a file in its folder keeps what came out."""
    run, file = open_run(folder), folder / FILE
    if file.is_file() and (kept := read_json(file))["weights"] == run.digest:
        hits = np.array([int(c) for c in kept["hits"]], np.float64)
        return Selection(kept["rows"], hits, np.array(kept["units"], np.int64))
    made = outcome_of(run, Options(split="val", device=device), {})
    assert made.free is not None
    found = made.found.where(made.free.rows[made.found.rows])
    if not len(found):
        raise FerError(f"{folder}: every validation row has a twin; split by subject")
    rows = digest_of(found.ids, found.truth, found.classes)
    order = np.argsort(np.array(found.ids))
    hits, units = (found.given == found.truth)[order], found.units[order]
    text = "".join("01"[int(hit)] for hit in hits)
    kept = {"weights": run.digest, "rows": rows, "hits": text, "units": units.tolist()}
    write_json(file, kept)
    return Selection(rows, hits.astype(np.float64), units)


def judge(own: Mapping[int, Selection], base: Mapping[int, Selection]) -> Verdict | None:
    """Hold a trial's runs against its base's, seed by seed; None where no seed has both.

    The trial stays if its mean difference over at least `SEEDS` seeds is more than `ERRORS` times
    that mean's standard error. Raises `FerError` where the runs were not scored on the same rows.
    """
    seeds = sorted(own.keys() & base.keys())
    if not seeds:
        return None
    if len({each[s].rows for each in (own, base) for s in seeds}) > 1:
        raise FerError("trial and base have other selection rows: train both on one manifest")
    gaps = np.array([own[s].accuracy - base[s].accuracy for s in seeds])
    error = float(gaps.std(ddof=1) / np.sqrt(len(seeds))) if len(seeds) > 1 else float("nan")
    ours, theirs = (np.mean([each[s].hits for s in seeds], axis=0) for each in (own, base))
    gain = float(gaps.mean())
    decision = KEPT if gain > 0 and gain > ERRORS * error else DROPPED
    if len(seeds) < SEEDS:
        decision = f"{len(seeds)} of {SEEDS} seeds"
    return Verdict(
        seeds=len(seeds),
        base=100 * float(theirs.mean()),
        own=100 * float(ours.mean()),
        gain=gain,
        error=error,
        p=sign_flip(ours, theirs, own[seeds[0]].units).p,
        decision=decision,
    )
