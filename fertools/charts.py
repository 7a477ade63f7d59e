"""Charts as PNG files, for people: class balance, curves, confusion matrices.

In go numbers with their names; out comes a PNG. Needs matplotlib (`pip install
'fertools[report]'`).
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fertools.errors import FerError
from fertools.manifest import write_whole

# Okabe and Ito's palette, told apart with every common colour blindness.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
BESIDE = 12  # parts that stand side by side in a chart or a table
MARK = 6  # pixels from the middle of a mark to its edge, with some air
PLACES = (  # of a name beside its mark: points to the right and up, and which end is there
    ((5, 4), "left"), ((5, -10), "left"), ((-5, 4), "right"), ((-5, -10), "right"),
    ((7, -3), "left"), ((-7, -3), "right"), ((5, 14), "left"), ((5, -20), "left"),
)  # fmt: skip


def _pyplot() -> Any:
    try:
        import matplotlib
    except ImportError as error:
        raise FerError("a chart needs matplotlib: pip install 'fertools[report]'") from error
    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


def _told(text: str) -> str:
    """A text as matplotlib shows it: between two dollars it would read a formula."""
    return text.replace("$", "\\$")


def bars(
    path: Path,
    title: str,
    values: Sequence[str],
    parts: Sequence[str],
    counts: npt.ArrayLike,
) -> None:
    """Share of each value within each part, (parts, values), as grouped bars with counts on top.

    Of many parts one bar shows all, with the lowest and the highest share of a part.
    """
    pyplot = _pyplot()
    numbers = np.asarray(counts, float)
    share = _shares(numbers)
    ends: dict[str, Any] = {}
    if len(parts) > BESIDE:
        whole = numbers.sum(axis=0, keepdims=True)
        reach = np.abs(np.stack([share.min(axis=0), share.max(axis=0)]) - _shares(whole))
        ends = {"yerr": reach, "capsize": 3, "ecolor": "#666666"}
        parts = [f"all of {len(parts)} parts, with the lowest and the highest"]
        numbers, share = whole, _shares(whole)
    figure, axes = pyplot.subplots(figsize=(max(6.0, 1.2 * len(values) + 1), 4), dpi=120)
    width = 0.8 / len(parts)
    for i, part in enumerate(parts):
        places = np.arange(len(values)) + (i - (len(parts) - 1) / 2) * width
        label = _told(f"{part} ({int(numbers[i].sum()):,})")
        colour = COLOURS[i % len(COLOURS)]
        drawn = axes.bar(places, share[i], width, label=label, color=colour, **ends)
        if len(parts) <= 3 and not ends:
            shown = [f"{int(n):,}" for n in numbers[i]]
            axes.bar_label(drawn, shown, fontsize=6, rotation=90, padding=2)
    axes.set_xticks(np.arange(len(values)), list(map(_told, values)), rotation=20, ha="right")
    axes.set_ylabel("share of the part, %")
    axes.set_title(_told(title), loc="left", fontsize=11)
    axes.margins(y=0.18)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, ncols=min(len(parts), 5))
    _save(figure, path)


def _shares(counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Counts (parts, values) as per cent of their part."""
    return np.asarray(100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))


def curves(path: Path, title: str, log: Sequence[Mapping[str, float]]) -> None:
    """Loss and validation scores over the epochs of a log, one record per epoch."""
    pyplot = _pyplot()
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.5), dpi=120)
    epochs = [line["epoch"] for line in log]
    drawn = {"loss": (left, "training loss"), "val_nll": (left, "validation, -log p"),
             "val_accuracy": (right, "accuracy"), "val_macro-f1": (right, "macro-F1")}  # fmt: skip
    for number, (name, (axes, label)) in enumerate(drawn.items()):
        if all(name in line for line in log):
            values, marker = [line[name] for line in log], "." if len(log) < 3 else None
            axes.plot(epochs, values, color=COLOURS[number], label=label, marker=marker)
    for axes, label in ((left, "loss"), (right, "validation rows")):
        axes.set_xlabel("epoch")
        axes.set_ylabel(label)
        axes.spines[["top", "right"]].set_visible(False)
        if axes.lines:
            axes.legend(frameon=False, fontsize=8)
    left.set_title(_told(title), loc="left", fontsize=11)
    _save(figure, path)


def confusion(path: Path, title: str, classes: Sequence[str], table: npt.ArrayLike) -> None:
    """A confusion matrix, truth in rows: per cent of each row as shade and figure, and counts."""
    pyplot = _pyplot()
    counts = np.asarray(table, float)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = max(4.0, 0.7 * len(classes) + 2)
    figure, axes = pyplot.subplots(figsize=(side + 1, side), dpi=120)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (row, column), value in np.ndenumerate(share):
        text = f"{100 * value:.1f}\n{int(counts[row, column]):,}" if counts[row, column] else ""
        shade = "white" if value > 0.55 else "black"
        axes.text(column, row, text, ha="center", va="center", fontsize=7, color=shade)
    axes.set_xticks(np.arange(len(classes)), list(map(_told, classes)), rotation=40, ha="right")
    names = [f"{name} ({int(n):,})" for name, n in zip(classes, counts.sum(axis=1), strict=True)]
    axes.set_yticks(np.arange(len(classes)), list(map(_told, names)))
    axes.set_xlabel("given")
    axes.set_ylabel("true")
    axes.set_title(_told(title), loc="left", fontsize=10)
    _save(figure, path)


def frontier(
    path: Path,
    title: str,
    names: Sequence[str],
    sizes: npt.ArrayLike,
    scores: npt.ArrayLike,
    ours: npt.ArrayLike,
    fair: npt.ArrayLike,
) -> None:
    """Scores (n,) in per cent against sizes (n,) in parameters, on a logarithmic axis.

    Filled marks are rows that chose on validation rows (`fair`), hollow ones the others; `ours` has
    a colour of its own.
    """
    pyplot = _pyplot()
    x, y = np.asarray(sizes, float), np.asarray(scores, float)
    own, filled = np.asarray(ours, bool), np.asarray(fair, bool)
    figure, axes = pyplot.subplots(figsize=(8, 4.8), dpi=120)
    for mine, honest in ((False, False), (False, True), (True, False), (True, True)):
        rows = (own == mine) & (filled == honest)
        if rows.any():
            label = ("fertools" if mine else "published") + (
                ", not chosen on the score" if honest else ", chosen on the score or not told"
            )
            colour = COLOURS[5 if mine else 0]
            axes.scatter(x[rows], y[rows], s=42, label=label, edgecolors=colour,
                         facecolors=colour if honest else "none")  # fmt: skip
    axes.set_xscale("log")
    axes.set_xlabel("trained parameters")
    axes.set_ylabel("accuracy, %")
    axes.set_title(_told(title), loc="left", fontsize=11)
    axes.margins(0.12)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    legend = axes.legend(frameon=False, fontsize=8, loc="lower right")
    figure.tight_layout()
    _write_names(axes, names, np.column_stack([x, y]), [legend.get_window_extent()])
    _save(figure, path)


def _write_names(
    axes: Any, names: Sequence[str], points: npt.NDArray[np.float64], taken: list[Any]
) -> None:
    """Write the names (n,) beside their points (n, 2), each where it covers no mark, none of the
    boxes `taken` and no name before it, or above to the right where there is no such place.
    """
    from matplotlib.transforms import Bbox

    for x, y in axes.transData.transform(points):
        taken.append(Bbox([(x - MARK, y - MARK), (x + MARK, y + MARK)]))
    for name, point in zip(names, points, strict=True):
        text = axes.annotate(_told(name), point, (0, 0), textcoords="offset points", fontsize=7)
        boxes = [_moved(text, *place) for place in PLACES]
        free = [not any(box.overlaps(other) for other in taken) for box in boxes]
        best = free.index(True) if any(free) else 0
        taken.append(_moved(text, *PLACES[best]))


def _moved(text: Any, away: tuple[int, int], side: str) -> Any:
    """The box that an annotation covers at a place beside its mark."""
    text.set_position(away)
    text.set_horizontalalignment(side)
    return text.get_window_extent()


def _save(figure: Any, path: Path) -> None:
    try:
        if path.suffix.lower() != ".png":  # matplotlib would add it, and the name told be another
            raise FerError(f"{path}: charts are PNG files; give a name that ends with .png")
        if not path.absolute().parent.is_dir():
            raise FerError(f"{path}: cannot be written; give a .png in a folder that is there")
        figure.tight_layout()
        stream = io.BytesIO()
        # no version: the same bytes every time
        figure.savefig(stream, format="png", metadata={"Software": None})
        write_whole(path, stream.getvalue(), ".png")
    finally:
        _pyplot().close(figure)
