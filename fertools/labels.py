"""Expression words, and named mappings between label sets.

Labels are words, never numbers: a number means another emotion in the next data set. A source maps
what its data set says to these words (`LABELS` of the source); a mapping turns one set of words
into another and states what it assumes or drops.
"""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fertools.errors import UNPARSED, FerError, unknown

BASIC = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
# RAF-DB's compound expressions, in the order of its codes (Du, Tao and Martinez, PNAS 2014).
COMPOUND = (
    "happily surprised",
    "happily disgusted",
    "sadly fearful",
    "sadly angry",
    "sadly surprised",
    "sadly disgusted",
    "fearfully angry",
    "fearfully surprised",
    "angrily surprised",
    "angrily disgusted",
    "disgustedly surprised",
)
RARE_COMPOUND = ("fearfully disgusted", "happily fearful", "happily sad")  # RAF-CE has them, too
WORDS = (
    "anger",
    "contempt",
    "disgust",
    "fear",
    "happiness",
    "neutral",
    "sadness",
    "surprise",
    "embarrassment",  # AI-Hub 당황: flustered, taken aback
    "anxiety",  # AI-Hub 불안
    "hurt",  # AI-Hub 상처
    *COMPOUND,
    *RARE_COMPOUND,
)

# Spellings that public data sets use for one of the words above.
SYNONYMS = {
    "angry": "anger",
    "contemptuous": "contempt",
    "disgusted": "disgust",
    "fearful": "fear",
    "afraid": "fear",
    "scared": "fear",
    "happy": "happiness",
    "joy": "happiness",
    "natural": "neutral",
    "sad": "sadness",
    "surprised": "surprise",
    "embarrassed": "embarrassment",
    "anxious": "anxiety",
    "기쁨": "happiness",
    "당황": "embarrassment",
    "분노": "anger",
    "불안": "anxiety",
    "상처": "hurt",
    "슬픔": "sadness",
    "중립": "neutral",
}


@dataclass(frozen=True, slots=True)
class Mapping:
    """A named way from one set of words to another.

    `words` holds every word that changes: to another word, or to None where its rows lose their
    label. A word that is not listed stays, unless `only` names the words that may remain.
    """

    name: str
    words: dict[str, str | None] = field(default_factory=dict)
    only: tuple[str, ...] | None = None
    note: str = ""

    def __call__(self, word: str | None) -> str | None:
        """The word that stands for `word`, or None where the mapping has none."""
        if word is None:
            return None
        target = self.words.get(word, word)
        return None if self.only is not None and target not in self.only else target


MAPPINGS = {
    m.name: m
    for m in (
        Mapping(
            "korean4",
            only=("happiness", "anger", "sadness", "neutral"),
            note="drops embarrassment, anxiety, hurt and every other word; assumes nothing",
        ),
        Mapping(
            "korean-fold",
            words={"embarrassment": "surprise", "anxiety": "fear", "hurt": "sadness"},
            note="assumes 당황 = surprise, 불안 = fear, 상처 = sadness; test it before use",
        ),
        Mapping("basic7", only=BASIC, note="drops contempt and every word beyond Ekman's six"),
    )
}


def canonical(text: str | None, own: dict[str, str] | None = None) -> str | None:
    """The canonical word for what a data set says, or None where there is none.

    `own` is the source's map, asked first, whose words may be spelt in any usual way; then come the
    words themselves and their usual spellings, without regard to case and to blanks around.
    """
    if text is None:
        return None
    if own and text in own:
        return canonical(own[text]) or own[text]
    word = text.strip().lower()
    return word if word in WORDS else SYNONYMS.get(word)


def mapping(name: str) -> Mapping:
    """A mapping by its name, or from a user's TOML file (`[words]`, `only`, `note`).

    Raises `FerError` for an unknown name or a file that does not hold a table of words.
    """
    if name.endswith(".toml"):
        return _from_file(Path(name))
    if name not in MAPPINGS:
        raise unknown("label mapping", name, list(MAPPINGS))
    return MAPPINGS[name]


def _from_file(path: Path) -> Mapping:
    data = _read(path)
    only = data.get("only")
    if only is not None and not (isinstance(only, list) and all(isinstance(w, str) for w in only)):
        raise FerError(f"{path}: only = {only!r}; write a list of words, each in quotes")
    return Mapping(
        path.stem,
        {key: word or None for key, word in _words(data, path).items()},
        None if only is None else tuple(only),
        str(data.get("note", f"from {path.name}")),
    )


def read_words(path: Path) -> dict[str, str]:
    """A user's table of labels: TOML, `"what the data says" = "word"`, plain or below `[words]`.

    Raises `FerError` where the file is missing, is no TOML or holds something else than words.
    """
    return _words(_read(path), path)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise FerError(f"{path}: there is no such file; give a TOML file of labels") from error
    except OSError as error:
        raise FerError(f"{path}: {error.strerror}; give a TOML file of labels") from error
    except UNPARSED as error:
        raise FerError(f"{path}: this is not TOML: {error}") from error


def _words(data: dict[str, Any], path: Path) -> dict[str, str]:
    words = data.get("words", {k: v for k, v in data.items() if k not in ("only", "note")})
    if not isinstance(words, dict):
        raise FerError(f"{path}: words = {words!r}; write a table [words]")
    for key, value in words.items():
        if not isinstance(value, str):
            raise FerError(f"{path}: label {key!r} maps to {value!r}; write a word in quotes")
    return dict(words)
