"""The options that all sources for the user's own data have: words of labels, and terms of use.

In goes the name of a TOML file; out come the words that its labels stand for.
"""

import dataclasses
from pathlib import Path
from typing import Any

from fertools.labels import read_words
from fertools.sources._cells import composed

UNSTATED = "own data; no licence stated"
LABELS_HELP = "TOML file that maps labels to words"
LICENCE_HELP = "terms of use of the data: for card, datasheet and exports"
CITATION_HELP = "whom to cite: for the same"


def own_words(file: str | None) -> dict[str, str]:
    """What each label stands for, spelt as the rows are; nothing without a file.

    Raises `FerError` where the file is missing or holds something else than words.
    """
    words = read_words(Path(file)) if file else {}
    return {composed(raw): word for raw, word in words.items()}


def determining_of(options: Any) -> dict[str, Any]:
    """What of the options determines the result: the words of a label map, not where it lies."""
    said = {**dataclasses.asdict(options), "labels": own_words(options.labels) or None}
    return {**said, "licence": None, "citation": None}
