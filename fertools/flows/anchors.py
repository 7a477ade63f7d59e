"""The published systems that the frontier sets runs beside, and the data sets that they are of.

Out come the lines of `recipes/frontier/anchors.csv`. Needs no torch, so that help and completion
know the data sets everywhere, and at once.
"""

import csv

from fertools.resources import resource


def anchors() -> list[dict[str, str]]:
    """Every published system, cells by the name of their column."""
    file = resource("recipes", "frontier/anchors", ".csv")
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def datasets() -> list[str]:
    """The data sets of which published systems are known."""
    return sorted({line["data"] for line in anchors()})
