"""Verdicts: does a trial beat its base on the rows that choose, by the rule of the plan?

In go the hits of ended runs, by the number of their seed, draw or fold; out comes the paired
difference and a decision. Selection rows are the validation rows that the recipe chooses on
(`train.select_rows`): all, or those without a copy, twin or neighbouring frame in training or test.
Test rows are never scored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fertools.errors import FerError
from fertools.evaluate.evaluation import Options
from fertools.evaluate.ledger import digest_of
from fertools.evaluate.outcome import outcome_of
from fertools.manifest import write_json
from fertools.measures.intervals import sign_flip
from fertools.runs import MADE_AGAIN, open_run, read_json

FILE = "selection.json"
ERRORS = 2.0  # a trial must win by more than so many standard errors
KEPT, DROPPED = "kept", "dropped"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which selection rows a run got right (n,), their ids, the independent unit of each, and a
    digest of ids and labels.
    """

    rows: str
    ids: tuple[str, ...]
    hits: npt.NDArray[np.float64]
    units: npt.NDArray[np.int64]

    @property
    def accuracy(self) -> float:
        """Per cent."""
        return 100 * float(self.hits.mean())


@dataclass(frozen=True, slots=True)
class Verdict:
    """Means over the shared numbers and their difference with its standard error, in points.

    `p` is that of the sign-flip test over groups; `decision` is kept, dropped, or what is missing.
    """

    runs: int
    base: float
    own: float
    gain: float
    error: float
    p: float
    decision: str


def select(folder: Path, device: str = "auto") -> Selection:
    """Score a run on its selection rows, once: a file in its folder keeps what came out."""
    run, file = open_run(folder), folder / FILE
    kept = read_json(file, MADE_AGAIN) if file.is_file() else {}
    # what was kept before the digest went by sorted classes has no "truth"
    if kept.get("weights") == run.digest and "truth" in kept:
        hits = np.array([int(c) for c in kept["hits"]], np.float64)
        return Selection(kept["truth"], tuple(kept["ids"]), hits, np.array(kept["units"], np.int64))
    free = run.recipe.train.select_rows == "twin-free"
    made = outcome_of(run, Options(split="val", device=device, leak_free=free), {})
    found = made.found
    if made.free is not None:
        found = found.where(made.free.rows[found.rows])
    if not len(found):
        raise FerError(f"{folder}: every validation row has a twin; split by subject")
    rows = digest_of(found.ids, found.truth, found.classes)
    order = np.argsort(np.array(found.ids))
    ids, units = tuple(found.ids[i] for i in order), found.units[order]
    hits = (found.given == found.truth)[order]
    text = "".join("01"[int(hit)] for hit in hits)
    kept = {"weights": run.digest, "truth": rows, "ids": ids, "hits": text, "units": units.tolist()}
    write_json(file, kept)
    return Selection(rows, ids, hits.astype(np.float64), units)


def judge(
    own: Mapping[int, Selection], base: Mapping[int, Selection], planned: int
) -> Verdict | None:
    """Hold a trial's runs against its base's, number by number; None where none has both.

    The trial stays if its mean difference over all `planned` runs is more than `ERRORS` times that
    mean's standard error; before they have ended nothing is decided, since who looks after each run
    stops at a lucky one. Raises `FerError` where two were not scored on the same rows.
    """
    numbers = sorted(own.keys() & base.keys())
    if not numbers:
        return None
    if any(own[k].rows != base[k].rows for k in numbers):
        raise FerError("trial and base have other selection rows: train both on one manifest")
    scores = np.array([(own[k].accuracy, base[k].accuracy) for k in numbers])
    gaps = scores[:, 0] - scores[:, 1]
    error = float(gaps.std(ddof=1) / np.sqrt(len(gaps))) if len(gaps) > 1 else float("nan")
    gain = float(gaps.mean())
    decision = KEPT if gain > ERRORS * error else DROPPED
    if len(gaps) < planned:
        decision = f"{len(gaps)} of {planned} runs"
    ours, theirs = (_by_row([each[k] for k in numbers]) for each in (own, base))
    return Verdict(
        runs=len(gaps),
        base=float(scores[:, 1].mean()),
        own=float(scores[:, 0].mean()),
        gain=gain,
        error=error,
        p=sign_flip(ours.hits, theirs.hits, ours.units).p,
        decision=decision,
    )


def _by_row(runs: Sequence[Selection]) -> Selection:
    """Each row once, with its mean over the runs that have it: draws and folds differ in rows."""
    names = [name for run in runs for name in run.ids]
    ids, first, place = np.unique(np.array(names), return_index=True, return_inverse=True)
    hits = np.bincount(place, np.concatenate([run.hits for run in runs])) / np.bincount(place)
    return Selection("", tuple(ids), hits, np.concatenate([run.units for run in runs])[first])
