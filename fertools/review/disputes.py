"""What reviewers disagree on: kept by an import, and looked at again as a queue of its own.

    DATA/review/<session>/disputed.json   id -> reviewer -> what was said

In goes a data folder; out come its disputes, with what everybody said as the reasons.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from fertools.errors import UNPARSED, FerError
from fertools.manifest import Manifest, write_json
from fertools.review.asked import FOLDER
from fertools.review.queue import Doubtful

NAME = "disputed.json"


def write_disputes(session: Path, said: Mapping[str, Mapping[str, str]]) -> None:
    """Keep what is disputed in a session's folder, in place of what was before."""
    write_json(session / NAME, {id: dict(words) for id, words in said.items()})


def disputed(manifest: Manifest, folder: Path) -> Doubtful:
    """All disputes of the sessions of the data folder `folder`, in the order of the manifest."""
    reasons: dict[str, list[dict[str, str]]] = {}
    for file in sorted((folder / FOLDER).glob(f"*/{NAME}")):
        for name, said in _read(file).items():
            found = [{"flag": "said", "by": who, "word": word} for who, word in said.items()]
            reasons.setdefault(name, []).extend(found)
    rows = [row for row, name in enumerate(manifest.table["id"].to_pylist()) if name in reasons]
    names = manifest.table["id"].take(rows).to_pylist() if rows else []
    return Doubtful(np.array(rows, np.int64), [list(reasons[name]) for name in names])


def _read(file: Path) -> dict[str, dict[str, str]]:
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except UNPARSED as error:
        raise FerError(f"{file}: this is not JSON ({error}); import the verdicts again") from error
