"""Charts as PNG files, for people: class balance, curves, confusion matrices.

In go numbers with their names; out comes a PNG. Needs matplotlib (`pip install
'fertools[report]'`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fertools.errors import FerError

# Okabe and Ito's palette, told apart with every common colour blindness.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")


def _pyplot() -> Any:
    try:
        import matplotlib
    except ImportError as error:
        raise FerError("a chart needs matplotlib: pip install 'fertools[report]'") from error
    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


def bars(
    path: Path,
    title: str,
    values: Sequence[str],
    parts: Sequence[str],
    counts: npt.ArrayLike,
) -> None:
    """Share of each value within each part, (parts, values), as grouped bars with counts on top."""
    pyplot = _pyplot()
    numbers = np.asarray(counts, float)
    share = 100 * numbers / np.maximum(numbers.sum(axis=1, keepdims=True), 1)
    figure, axes = pyplot.subplots(figsize=(max(6.0, 1.2 * len(values) + 1), 4), dpi=120)
    width = 0.8 / len(parts)
    for i, part in enumerate(parts):
        places = np.arange(len(values)) + (i - (len(parts) - 1) / 2) * width
        label = f"{part} ({int(numbers[i].sum()):,})"
        drawn = axes.bar(places, share[i], width, label=label, color=COLOURS[i % len(COLOURS)])
        if len(parts) <= 3:
            shown = [f"{int(n):,}" for n in numbers[i]]
            axes.bar_label(drawn, shown, fontsize=6, rotation=90, padding=2)
    axes.set_xticks(np.arange(len(values)), values, rotation=20, ha="right")
    axes.set_ylabel("share of the part, %")
    axes.set_title(title, loc="left", fontsize=11)
    axes.margins(y=0.18)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, ncols=min(len(parts), 5))
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    try:
        figure.tight_layout()
        figure.savefig(path, metadata={"Software": None})  # no version: the same bytes every time
    except (OSError, ValueError) as error:
        raise FerError(f"{path}: cannot be written ({error}); give a .png in a folder") from error
    finally:
        _pyplot().close(figure)
