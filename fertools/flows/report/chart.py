"""Charts of the report as numbers: the page draws them as SVG whose lengths are per cents.

In go counts; out come bars and histograms that stretch with the page while their letters do not.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fertools.audit.verdict import Leak, Verdict
from fertools.flows.report.say import Say
from fertools.measures.words import per_cent
from fertools.stats import Balance

ROOM = 78.0  # per cent of the width for the longest bar; the rest is for its number
SIDE_BY_SIDE = 4  # parts that have a bar each; of more, one bar shows the mean and the range
LEAST = 0.25  # share for which the longest bar of a leak stands at least: a small one looks small
BINS = 32


@dataclass(frozen=True, slots=True)
class Bar:
    """A part's share of a class, 0 .. 1, and its lengths in per cent of the drawing.

    `low` and `high` are the ends of the range over parts, where one bar stands for many.
    """

    part: str
    rows: int
    share: float
    width: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars per class, the parts that they stand for, and the classes in words."""

    parts: tuple[str, ...]
    classes: tuple[tuple[str, tuple[Bar, ...]], ...]
    told: str


@dataclass(frozen=True, slots=True)
class Histogram:
    """Heights in per cent (bins,) of a measure between two ends, and what stands below."""

    name: str
    heights: tuple[float, ...]
    low: float
    high: float
    median: float
    rows: int


def bars(found: Balance, say: Say) -> Chart:
    """Shares of each class within each part; within all parts, with the range, where parts are
    many.
    """
    counts = np.array(found.counts, np.float64).reshape(len(found.parts), len(found.values))
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    many = len(found.parts) > SIDE_BY_SIDE
    total = counts.sum(axis=0) / max(counts.sum(), 1)
    scale = ROOM / max(float(share.max(initial=0)), float(total.max(initial=0)), 1e-9)
    classes = []
    for at, value in enumerate(found.values):
        if many:
            ends = (float(share[:, at].min() * scale), float(share[:, at].max() * scale))
            drawn: tuple[Bar, ...] = (_bar("all", counts[:, at].sum(), total[at], scale, *ends),)
        else:
            drawn = tuple(
                _bar(part, counts[i, at], share[i, at], scale) for i, part in enumerate(found.parts)
            )
        classes.append((value, drawn))
    named = tuple(map(say.part, found.parts))
    if many:
        named = (say("all parts, with the lowest and the highest of them"),)
    return Chart(named, tuple(classes), _told(found, total, say))


def _bar(part: str, rows: float, share: float, scale: float, *ends: float) -> Bar:
    low, high = (round(end, 2) for end in ends) if ends else (None, None)
    return Bar(part, int(rows), float(share), round(float(share) * scale, 2), low, high)


def _told(found: Balance, total: npt.NDArray[np.float64], say: Say) -> str:
    """The chart in one sentence."""
    if not len(total) or not total.sum():
        return say("Bar chart: no row has a {column}.", column=say.named(found.column))
    most, least = int(total.argmax()), int(total.argmin())
    unit = say(" per cent")
    return say(
        "Bar chart of {classes} classes: the largest is {most} with {highest} of all rows, the "
        "smallest {least} with {lowest}. The table below has every number.",
        classes=len(found.values),
        most=found.values[most],
        highest=per_cent(total[most], unit),
        least=found.values[least],
        lowest=per_cent(total[least], unit),
    )


def leak_bars(verdict: Verdict, say: Say) -> Chart:
    """Share of each class, in each later part, that has a partner in the earlier one."""
    names = sorted({name for leak in verdict.leaks for name in leak.classes})
    parts = [pair(leak, say) for leak in verdict.leaks]
    counts = [[leak.classes.get(name, (0, 0)) for leak in verdict.leaks] for name in names]
    share = [[n / max(of, 1) for n, of in row] for row in counts]
    scale = ROOM / max(max(map(max, share), default=0.0), LEAST)
    classes = tuple(
        (
            name,
            tuple(
                _bar(*each, scale) for each in zip(parts, [n for n, _ in row], shares, strict=True)
            ),
        )
        for name, row, shares in zip(names, counts, share, strict=True)
    )
    worst = max(range(len(names)), key=lambda at: max(share[at]), default=None)
    if worst is None:
        return Chart(tuple(parts), classes, say("The table below has every number."))
    told = say(
        "The worst class is {name} with {share}. The table below has every number.",
        name=names[worst],
        share=per_cent(max(share[worst]), say(" per cent")),
    )
    return Chart(tuple(parts), classes, told)


def pair(leak: Leak, say: Say) -> str:
    """The two parts of a leak."""
    return say("{later} in {earlier}", later=say.part(leak.later), earlier=say.part(leak.earlier))


def histogram(name: str, values: npt.NDArray[np.float64]) -> Histogram:
    """Counts of a measure between its smallest and largest thousandth; the rest is in the ends."""
    low, median, high = (float(v) for v in np.quantile(values, (0.001, 0.5, 0.999)))
    if high <= low:
        low, high = float(values.min()) - 0.5, float(values.max()) + 0.5
    counts = np.histogram(np.clip(values, low, high), BINS, (low, high))[0]
    heights = tuple(round(float(h), 1) for h in 100 * counts / max(counts.max(), 1))
    return Histogram(name, heights, low, high, median, len(values))
