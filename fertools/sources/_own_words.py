"""The option `--labels` of sources that know no data set's words: the user's own.

In goes the name of a TOML file; out come the words that its labels stand for.
"""

from pathlib import Path

from fertools.labels import read_words
from fertools.sources._cells import composed

HELP = "TOML file that maps labels to words"


def own_words(file: str | None) -> dict[str, str]:
    """What each label stands for, spelt as the rows are; nothing without a file.

    Raises `FerError` where the file is missing or holds something else than words.
    """
    words = read_words(Path(file)) if file else {}
    return {composed(raw): word for raw, word in words.items()}
