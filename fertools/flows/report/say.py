"""The languages of a report: every sentence of it by its English text.

In go an English sentence and what fills in its `{}`; out comes the sentence in the language of the
page. Words of a data set itself, such as its labels, are never translated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fertools.errors import unknown
from fertools.flows.report.korean import KOREAN

LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": {}, "ko": KOREAN}
PARTS = {"train": "training", "val": "validation", "test": "test"}
NAMES = {  # columns and measures that have a name of their own on the page
    name: name.replace("_", " ")
    for name in ("age", "background", "brightness", "class", "contrast", "detail", "face",
                 "gender", "hash", "label", "native_label", "official_split", "race", "raters",
                 "recording", "sequence", "sharpness", "source", "subject", "votes")
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Say:
    """Says sentences in a language, en or ko; raises `FerError` for another one."""

    language: str = "en"

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise unknown("language", self.language, list(LANGUAGES))

    def __call__(self, text: str, **facts: object) -> str:
        """The sentence with its facts; `KeyError` where the language lacks it."""
        said = LANGUAGES[self.language][text] if self.language != "en" else text
        return said.format(**facts)

    def part(self, name: str) -> str:
        """A part of a split, or a fold; another name stays."""
        if name.startswith("fold "):
            return self("fold {number}", number=name.removeprefix("fold "))
        return self(PARTS[name]) if name in PARTS else name

    def named(self, column: str) -> str:
        """A column or measure; one that is a stranger's keeps its own name."""
        return self(NAMES[column]) if column in NAMES else column.replace("_", " ")

    def all_of(self, words: Sequence[str]) -> str:
        """`a, b and c`."""
        most, last = _ended(words)
        return self("{most} and {last}", most=most, last=last) if most else last

    def any_of(self, words: Sequence[str]) -> str:
        """`a, b or c`."""
        most, last = _ended(words)
        return self("{most} or {last}", most=most, last=last) if most else last


def _ended(words: Sequence[str]) -> tuple[str, str]:
    """All words but the last, and that one; empty where there are none."""
    return ", ".join(words[:-1]), "".join(words[-1:])
