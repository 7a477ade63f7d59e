"""The option `--votes` of the user's own data: columns that count the raters who chose a word.

In go the names of the columns and the user's own words; out come the votes of a row.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from fertools.errors import FerError
from fertools.labels import canonical
from fertools.manifest import VOTE_WORDS
from fertools.sources._cells import composed

MOST = 32_767  # the manifest keeps 16 bits a word


@dataclass(frozen=True, slots=True)
class Ballot:
    """Which column counts the votes for which word."""

    words: Mapping[str, str]

    def votes(self, row: Mapping[str, str | None], where: str) -> dict[str, int] | None:
        """The votes of a row by word, None where no cell holds a number; `where` names the row.

        Empty cells count as 0; the columns of one word are added.
        Raises `FerError` for a cell that is no count of people.
        """
        cells = {column: cell for column in self.words if (cell := row.get(column)) is not None}
        if not cells:
            return None
        found = Counter(dict.fromkeys(VOTE_WORDS, 0))
        for column, cell in cells.items():
            text, word = composed(cell), self.words[column]
            found[word] += int(text) if text.isdecimal() else MOST + 1
            if found[word] > MOST:
                raise FerError(
                    f"{where}: {column} = {cell!r} is no number of raters; write 0 .. {MOST:,}"
                )
        return dict(found)


def ballot(columns: str | None, own: Mapping[str, str]) -> Ballot:
    """What the columns stand for, by the user's own words or by their names.

    Raises `FerError` for a column that stands for no word that raters can be counted by.
    """
    names = [name.strip() for name in (columns or "").split(",")]
    return Ballot({name: _word(name, own) for name in names if name})


def _word(column: str, own: Mapping[str, str]) -> str:
    plain = composed(column)
    word = canonical(plain, dict(own)) or plain.lower()
    if word not in VOTE_WORDS:
        raise FerError(
            f"votes {column!r}: no word that votes are counted by ({', '.join(VOTE_WORDS)}); "
            f'say which it is in the file of --labels: "{column}" = "unknown"'
        )
    return word
