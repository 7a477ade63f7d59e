"""RAF-ML: faces with shares of six expressions, several labels, and a partition.

Variants: `official`, `lists_apart` (the lists are another RAW argument). A row is a picture or a
name on a list. Traps: two largest shares that are equal; a picture without shares; a name without a
picture; a partition that counts from 1; trailing blanks; a truncated and an empty file.
"""

from pathlib import Path

from fertools.errors import unknown
from fertools.fakes._expected import Expected, Row, expected
from fertools.fakes._numbered import on_disk, pictures

VARIANTS = ("official", "lists_apart")
WORDS = ("surprise", "fear", "disgust", "happiness", "sadness", "anger")


def write(
    folder: Path, *, seed: int = 0, people: int = 4, traps: bool = True, variant: str = "official"
) -> Expected:
    """Write four faces of each person, every fourth for the test."""
    if variant not in VARIANTS:
        raise unknown("variant", variant, list(VARIANTS))
    folder = Path(folder)
    lists: dict[str, list[str]] = {"distribution": [], "multilabel": [], "partition_label": []}
    rows = []
    for number, (name, at, status) in enumerate(
        pictures(folder / "RAF-ML/Image", seed, people, WORDS, traps)
    ):
        silent, equal = traps and number == 2, traps and number == 6
        shares = [0.0] * len(WORDS)
        shares[at], shares[(at + 1) % len(WORDS)] = (0.5, 0.5) if equal else (0.625, 0.375)
        if not silent:
            lists["distribution"].append(f"{name}.jpg {' '.join(map(str, shares))} ")
        lists["multilabel"].append(f"{name}.jpg {' '.join(str(int(s > 0)) for s in shares)}")
        lists["partition_label"].append(f"{name}.jpg {2 if number % 4 == 3 else 1}")
        word = None if silent or equal else WORDS[at]
        split = "test" if number % 4 == 3 else "train"
        rows.append(Row(status=status, label=word, word=word, split=split))
    place = folder / ("lists" if variant == "lists_apart" else "RAF-ML") / "EmoLabel"
    place.mkdir(parents=True, exist_ok=True)
    for kind, lines in lists.items():
        (place / f"{kind}.txt").write_bytes("\n".join([*lines, ""]).encode())
    return expected(rows, ["RAF-ML", "lists"] if variant == "lists_apart" else ["RAF-ML"])


def rows_on_disk(raws: list[Path]) -> int:
    """Names of pictures and lists."""
    return on_disk(raws, "EmoLabel/*.txt")
