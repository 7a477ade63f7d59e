"""RAF-CE: faces with fourteen compound expressions, action units and three parts.

Variants: `official`, `crlf` (lists with blank lines and CRLF). A row is a picture or a name on a
list. Traps: codes that mean another compound than RAF-DB's; 1 for test and 2 for validation; `null`
for no action unit, and units of one side; a picture that the list of labels does not name; a name
without a picture; a truncated and an empty file.
"""

from pathlib import Path

from fertools.errors import unknown
from fertools.fakes._expected import Expected, Row, expected
from fertools.fakes._numbered import on_disk, pictures

VARIANTS = ("official", "crlf")
NAMES = (
    "Happily surprised", "Happily disgusted", "Sadly fearful", "Sadly angry", "Sadly surprised",
    "Sadly disgusted", "Fearfully angry", "Fearfully surprised", "Fearfully disgusted",
    "Angrily surprised", "Angrily disgusted", "Disgustedly surprised", "Happily fearful",
    "Happily sad",
)  # fmt: skip
DRAWN = {"H": "happiness", "S": "sadness", "F": "fear", "A": "anger", "D": "disgust"}
PARTS = ("train", "test", "val")


def write(
    folder: Path, *, seed: int = 0, people: int = 4, traps: bool = True, variant: str = "official"
) -> Expected:
    """Write four faces of each person."""
    if variant not in VARIANTS:
        raise unknown("variant", variant, list(VARIANTS))
    folder = Path(folder)
    feelings = tuple(DRAWN[name[0]] for name in NAMES)
    lists: dict[str, list[str]] = {"emolabel": [], "partition": [], "AUlabel": []}
    rows = []
    for number, (name, code, status) in enumerate(
        pictures(folder / "RAF-AU", seed, people, feelings, traps)
    ):
        silent = traps and number == 2
        if not silent:
            lists["emolabel"].append(f"{name}.jpg {code}")
        part = number % 3
        lists["partition"].append(f"{name}.jpg {part}")
        lists["AUlabel"].append(f"{name}.jpg {'null' if number % 5 == 4 else '1+2+L12'}")
        label = None if silent else NAMES[code]
        rows.append(
            Row(
                status=status,
                label=label,
                word=label.lower() if label else None,
                split=PARTS[part],
            )
        )
    end = "\r\n\r\n" if variant == "crlf" else "\n"
    for kind, lines in lists.items():
        (folder / f"RAF-AU/RAFCE_{kind}.txt").write_bytes(end.join([*lines, ""]).encode())
    return expected(rows, ["RAF-AU"])


def rows_on_disk(raws: list[Path]) -> int:
    """Names of pictures and lists."""
    return on_disk(raws, "RAFCE_*.txt")
