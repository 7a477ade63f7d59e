"""FER+: ten votes for every row of FER2013, in a table of their own.

Variants: `csv` (the votes join by row order) and `folder` (Kaggle's folders, whose pictures find
their row of the CSV by content). Roots: the pictures, for `folder` the CSV too, then the votes.

Traps: `Image name` is no row number; blank names, which have ten votes for "no face"; a named row
with ten of them; a row of nine votes; a name used twice; five votes that are a majority only when
single votes are left out. `counts` says what the rules of the paper's code keep.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from fertools.errors import unknown
from fertools.fakes import fer2013
from fertools.fakes._expected import Expected
from fertools.fakes._files import put

VARIANTS = ("csv", "folder")
COLUMNS = (
    *("neutral", "happiness", "surprise", "sadness", "anger"),
    *("disgust", "fear", "contempt", "unknown", "NF"),
)
Votes = dict[str, int]


def write(
    folder: Path, *, seed: int = 0, people: int = 10, traps: bool = True, variant: str = "csv"
) -> Expected:
    """Write the `fer2013` fake without its bad rows, and the votes beside it."""
    if variant not in VARIANTS:
        raise unknown("variant", variant, list(VARIANTS))
    folder = Path(folder)
    faces = fer2013.faces(seed, people, traps)
    truth = fer2013.write_faces(folder, faces, "official")
    roots = ["fer2013.csv", "fer2013new.csv"]
    if variant == "folder":
        truth = fer2013.write_faces(folder, faces, "folder")
        roots = ["fer2013", *roots]
    text, counts = _table(faces, traps)
    put(folder, "fer2013new.csv", text.encode())
    return Expected(
        roots=tuple(roots),
        statuses=truth.statuses,
        labels=truth.labels,
        words=truth.words,
        splits=truth.splits,
        counts=counts,
    )


def _table(faces: tuple[fer2013.Face, ...], traps: bool) -> tuple[str, dict[str, int]]:
    """The text of fer2013new.csv and what is to be found in it."""
    lines = [",".join(("Usage", "Image name", *COLUMNS))]
    counts: Counter[str] = Counter(rows=len(faces))
    behind = 0
    names: list[str] = []
    for row, face in enumerate(faces):
        kind = _kind(row, len(faces), traps)
        votes = PATTERNS[kind](fer2013.CODES[face.code])
        name = "" if kind == "blank" else f"fer{row - behind:07d}.png"
        behind += kind == "blank"  # what has no name takes no number
        if traps and row == len(faces) - 1:  # an exact copy: votes and name are those of its twin
            twin = next(i for i, other in enumerate(faces) if other.pixels is face.pixels)
            kind = _kind(twin, len(faces), traps)
            name, votes = names[twin], PATTERNS[kind](fer2013.CODES[faces[twin].code])
        names.append(name)
        counts[kind] += 1
        counts[f"kept_{face.usage}"] += kind in KEPT
        lines.append(",".join((face.usage, name, *(str(votes.get(c, 0)) for c in COLUMNS))))
    counts["repeated_names"] = len(faces) - counts["blank"] - len({n for n in names if n})
    return "\n".join([*lines, ""]), dict(counts)


def _kind(row: int, rows: int, traps: bool) -> str:
    """Which pattern of votes a row gets."""
    special = {1: "blank", 5: "named_no_face", 7: "nine", 9: "blank"}
    if traps and row in special:
        return special[row]
    return ("clear", "clear", "singles", "tie", "clear", "spread", "unknown")[row % 7]


def _other(word: str) -> str:
    return "neutral" if word != "neutral" else "sadness"


# Ten votes by the word of FER2013; by the paper's rule a majority is over half of what is left
# when single votes are set to zero.
PATTERNS: dict[str, Callable[[str], Votes]] = {
    "clear": lambda word: {word: 8, _other(word): 1, "contempt": 1},
    "singles": lambda word: {word: 5} | dict.fromkeys([c for c in COLUMNS if c != word][:5], 1),
    "tie": lambda word: {word: 5, _other(word): 5},
    "spread": lambda word: {word: 4, _other(word): 3, "contempt": 3},
    "unknown": lambda word: {word: 2, "unknown": 8},
    "blank": lambda word: {"NF": 10},
    "named_no_face": lambda word: {"NF": 10},
    "nine": lambda word: {word: 7, _other(word): 2},
}
KEPT = ("clear", "singles", "nine")
