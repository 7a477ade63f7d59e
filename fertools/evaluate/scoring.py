"""Scores of predictions, with intervals that rest on groups of rows and not on rows.

In go `Predictions`; out come `Scores`: accuracy, macro-F1 and balanced accuracy with 95 % intervals
by bootstrap over independent units (people, or groups as dealt), each class, the confusion matrix,
and how far the probabilities can be believed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fertools.columns import encode
from fertools.evaluate.predictions import Predictions
from fertools.measures import scores
from fertools.measures.intervals import Interval, bootstrap, bootstrap_mean

LEAST = 100  # images below which a subset gets its count and no score
Table = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class OfClass:
    """One class: its rows, precision, recall and F1, 0..1 (None where nothing is below)."""

    label: str
    rows: int
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of n rows of so many `images`; shares in 0..1, `confusion` with the truth in rows.

    Several runs that were tested on one image give several rows.
    `soft_accuracy` is the mean share of the votes that the given class has, where there are votes;
    `per_sequence` the accuracy over recordings, where any has several frames, by their mean; rows
    of no recording are left out of it.
    """

    rows: int
    images: int
    accuracy: Interval
    macro_f1: Interval
    balanced_accuracy: Interval
    classes: list[OfClass]
    confusion: list[list[int]]
    nll: float
    brier: float
    ece: float
    soft_accuracy: float | None = None
    per_sequence: Interval | None = None


@dataclass(frozen=True, slots=True)
class Subset:
    """Scores of some of the rows: their count per class, and, from 100 images on, the accuracy.

    `reweighted` is the accuracy with every class as frequent as in the whole part, None where a
    class has no row here.
    """

    rows: int
    images: int
    classes: dict[str, int]
    accuracy: Interval | None
    reweighted: Interval | None


def score(found: Predictions) -> Scores:
    """Score predictions; the bootstrap draws whole units."""
    many, given = len(found.classes), found.given
    table = scores.confusion(found.truth, given, many)
    sums = scores.confusions(found.truth, given, found.units, many)
    accuracy, macro_f1, balanced = (
        bootstrap(sums, _of_sums(measure, many))
        for measure in (scores.accuracy, scores.macro_f1, scores.balanced_accuracy)
    )
    columns = (scores.precision(table), scores.recall(table), scores.f1(table))
    classes = [
        OfClass(word, int(table[i].sum()), *(_number(column[i]) for column in columns))
        for i, word in enumerate(found.classes)
    ]
    return Scores(
        rows=len(found),
        images=found.images,
        accuracy=accuracy,
        macro_f1=macro_f1,
        balanced_accuracy=balanced,
        classes=classes,
        confusion=table.tolist(),
        nll=scores.negative_log_likelihood(found.values, found.truth),
        brier=scores.brier(found.values, found.truth),
        ece=scores.calibration_error(found.values, found.truth),
        soft_accuracy=None if found.target is None else scores.soft_accuracy(given, found.target),
        per_sequence=_per_sequence(found),
    )


def subset(whole: Predictions, keep: npt.NDArray[np.bool_]) -> Subset:
    """Scores of the rows `keep` (n,) of a part, raw and with the class shares of the whole part."""
    some, many = whole.where(keep), len(whole.classes)
    counts = np.bincount(some.truth, minlength=many)
    named = dict(zip(whole.classes, counts.tolist(), strict=True))
    if some.images < LEAST:
        return Subset(len(some), some.images, named, None, None)
    shares = np.bincount(whole.truth, minlength=many) / len(whole)
    sums = scores.confusions(some.truth, some.given, some.units, many)
    raw = bootstrap(sums, _of_sums(scores.accuracy, many))
    level = bootstrap(sums, _of_sums(lambda t: scores.reweighted_accuracy(t, shares), many))
    level = replace(level, unlike=raw.unlike)  # a group that lacks a class has no value of its own
    return Subset(len(some), some.images, named, raw, None if np.isnan(level.value) else level)


def by_column(found: Predictions, column: pa.ChunkedArray) -> dict[str, Interval]:
    """Accuracy of the rows of each word of a column (n,); rows without one are `(unknown)`."""
    codes, words = encode(column)
    hit = (found.given == found.truth).astype(float)
    out = {}
    for code, word in enumerate([*words, "(unknown)"]):
        here = codes == (code if code < len(words) else -1)
        if here.any():
            out[word] = bootstrap_mean(hit[here], found.units[here])
    return out


def _of_sums(measure: Callable[[Table], Table], many: int) -> Callable[[Table], Table]:
    def of(sums: Table) -> Table:
        return measure(sums.reshape(-1, many, many))

    return of


def _per_sequence(found: Predictions) -> Interval | None:
    """Accuracy over recordings: the class of the highest mean probability of their frames.

    None where no recording has several frames, one has several classes, or a row stands here twice.
    """
    if len(set(found.ids)) < len(found):
        return None
    known = found.sequences >= 0
    codes, of_row, frames = np.unique(
        found.sequences[known], return_inverse=True, return_counts=True
    )
    if not len(codes) or frames.max() < 2:
        return None
    truth = np.zeros(len(codes), np.int64)
    truth[of_row] = found.truth[known]
    if (truth[of_row] != found.truth[known]).any():
        return None
    sums = np.zeros((len(codes), len(found.classes)))
    np.add.at(sums, of_row, found.values[known])
    units = np.zeros(len(codes), np.int64)
    units[of_row] = found.units[known]
    return bootstrap_mean(sums.argmax(axis=1) == truth, units)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
