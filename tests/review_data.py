"""Data folders to review: drawn faces with what a curation writes, without running one."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fertools.fakes._face import draw, person
from tests.made import made

WORDS = ("anger", "fear", "happiness", "neutral", "sadness", "surprise")
FLAGS = (["label_suspect"], ["exact_copy", "contradicting_twins"], ["blurred"], [])


def drawn(count: int, size: int = 48) -> Any:
    """Faces (count, size, size) of a dozen people, over and over."""
    few = [draw(person(i), WORDS[i % 6], size=size, seed=i, gray=True) for i in range(12)]
    return np.stack([few[i % 12] for i in range(count)])


def judgeable(folder: Path, count: int, **columns: Any) -> Path:
    """A folder of `count` faces, three in four of them flagged; row i and i + 1 are twins where i
    is 0 modulo 4. `columns` take the place of others."""
    flags = [FLAGS[i % 4] for i in range(count)]
    given = {
        "native_label": [WORDS[i % 6] for i in range(count)],
        "official_split": [("train", "val", "test")[i % 3] for i in range(count)],
        "flags": flags,
        "drop": [None] * count,
        "twin_group": [f"t:{i - i % 4}" if i % 4 < 2 else None for i in range(count)],
        "quality_sharpness": [0.5 + (i % 7) / 10 for i in range(count)],
    }
    made(folder, drawn(count), **{**given, **columns})
    return folder


def lines(file: Path) -> list[dict[str, Any]]:
    """The lines of a journal."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def verdicts(file: Path, reviewer: str, said: Sequence[tuple[str, ...]], **opening: Any) -> Path:
    """A file of verdicts as a bundle saves it: (key, verdict[, label[, second]])."""
    about = {"format": "fertools verdicts 1", "session": "labels", "reviewer": reviewer,
             "queue": "labels", "blind": True, **opening}  # fmt: skip
    rows = [
        {"key": key, "verdict": verdict, "label": (*more, None, None)[0],
         "second": (*more, None, None)[1], "uid": f"{reviewer}-{number}", "time": ""}
        for number, (key, verdict, *more) in enumerate(said)
    ]  # fmt: skip
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in [about, *rows]), encoding="utf-8")
    return file
