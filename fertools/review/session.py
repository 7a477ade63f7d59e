"""A session: the faces that everybody looks at, drawn once, and the journals of who looked.

    DATA/review/<session>/session.json    what was asked, how large the strata are, what was seen
    DATA/review/<session>/items.parquet   the faces: id, key, stratum, label, reasons
    DATA/review/<session>/<name>.jsonl    the journal of one reviewer

In goes a data folder and what is asked; out comes a `Session`. A sample is drawn once and stays,
since an estimate rests on it; a whole queue follows the newest curation, and verdicts stay with
their faces. A key names a face without telling its class, as an id may do.
"""

import hashlib
import json
import re
import secrets
import shlex
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from fertools.columns import usable
from fertools.errors import UNPARSED, FerError
from fertools.labels import WORDS
from fertools.locations import create, put
from fertools.manifest import Manifest, folder_of, read_manifest, write_json
from fertools.review.asked import FOLDER, Asked
from fertools.review.disputes import disputed
from fertools.review.journal import Journal
from fertools.review.queue import Doubtful, doubtful

BASIC = 8  # the first words of `WORDS`: Ekman's, contempt and neutral, which anybody may want
CONTROL, QUEUE = "control", "queue"
NAME = re.compile(r"\w[\w .-]{0,39}")
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Session:
    """Who is shown what. `items` has a row per face in the order of the queue; `words` are the
    labels to choose from; `facts` is what `session.json` holds.
    """

    folder: Path
    asked: Asked
    items: pa.Table
    words: tuple[str, ...]
    facts: dict[str, Any]

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.folder.parents[1]

    def opening(self, reviewer: str) -> dict[str, Any]:
        """The first line of a reviewer's journal: whose verdicts on what these are."""
        return {"session": self.asked.name, "reviewer": reviewer, **asdict(self.asked)}

    def journal(self, reviewer: str) -> Journal:
        """The journal of a reviewer, new where there is none."""
        return Journal(self.folder / f"{reviewer}.jsonl", self.opening(reviewer))

    def about(self, reviewer: str) -> dict[str, Any]:
        """What a page may know of the session; `box` names the verdicts that a browser keeps."""
        return {
            "session": self.asked.name,
            "data": self.data.resolve().name,
            "queue": self.asked.queue,
            "blind": self.asked.blind,
            "reviewer": reviewer,
            "words": list(self.words),
            "box": key_of(_salt(self.folder.parent), f"{self.asked.name}\n{reviewer}"),
        }


def reviewer_name(text: str) -> str:
    """A name that may be a file's: letters of any script, digits, blanks, `.`, `_` and `-`.

    Raises `FerError` for another.
    """
    name = unicodedata.normalize("NFC", text).strip()
    if not NAME.fullmatch(name) or name.endswith(".") or DEVICES.fullmatch(name):
        raise FerError(f"--reviewer {text!r}: give a name of letters and digits, as in kim")
    return name


def data_folder(data: str | Path) -> Path:
    """The data folder that `data` (it, or its manifest) means; raises `FerError` for another."""
    folder = folder_of(data)
    if not (folder / "manifest.parquet").is_file():
        raise FerError(
            f"{data}: there is no manifest.parquet in it; give the folder of an ingest, which "
            "verdicts belong to"
        )
    return folder


def open_session(data: str | Path, asked: Asked) -> tuple[Session, Manifest]:
    """The session of a question, drawn anew where it is asked for the first time.

    Raises `FerError` where the queue is empty, and where a folder has not been curated.
    """
    asked.check()
    home = data_folder(data)
    manifest = read_manifest(home)
    folder = home / FOLDER / asked.name
    facts = _read(folder)
    if facts and (asked.sample is not None or asked.controls):
        items = pq.read_table(folder / "items.parquet")
    else:
        items, facts = _drawn(manifest, home, asked)
        _write(folder, items, facts)
    return Session(folder, asked, items, words_of(manifest), facts), manifest


def read_session(folder: Path) -> tuple[pa.Table, dict[str, Any]] | None:
    """Items and facts of a session's folder; None for a folder that is none."""
    if not (folder / "items.parquet").is_file():
        return None
    return pq.read_table(folder / "items.parquet"), _read(folder)


def key_of(salt: str, name: str) -> str:
    """What names a face where its id may not be told: 20 hex characters."""
    return hashlib.sha256(f"{salt}\n{name}".encode()).hexdigest()[:20]


def keys_of(folder: Path, names: Sequence[str]) -> list[str]:
    """What names each of some faces in the journals of a data folder, whose `folder` review is."""
    salt = _salt(folder)
    return [key_of(salt, name) for name in names]


def _salt(folder: Path) -> str:
    """What the keys of a data folder are made with: drawn once, told to no page."""
    file = folder / "salt.txt"
    if not file.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        with create(file) as stream:
            stream.write(secrets.token_hex(16).encode())
            put(stream, file)
    return file.read_text(encoding="ascii").strip()


def _drawn(manifest: Manifest, data: Path, asked: Asked) -> tuple[pa.Table, dict[str, Any]]:
    """The items of a session and its facts."""
    found = (
        disputed(manifest, data)
        if asked.queue == "disputed"
        else doubtful(manifest, data, asked.queue)
    )
    if not len(found.rows):
        cure = _filling(asked.queue, data)
        raise FerError(f"{data}: nothing is in the queue {asked.queue}; {cure}")
    rng = np.random.default_rng(asked.seed)
    pool = _outside(manifest, found)
    chosen = np.sort(_lot(rng, len(found.rows), asked.sample))
    controls = pool[_lot(rng, len(pool), asked.controls)]
    rows = np.concatenate([found.rows[chosen], controls])
    reasons = [found.reasons[at] for at in chosen] + [[] for _ in controls]
    table = _table(manifest, rows, reasons, len(chosen), data / FOLDER)
    strata = {QUEUE: len(found.rows), CONTROL: len(pool)}
    if asked.blind or asked.controls:  # neither order nor place may tell a control
        table = table.take(pa.array(rng.permutation(len(table))))
    return table, {**asdict(asked), "strata": strata, "rows": len(table)}


def _filling(queue: str, data: Path) -> str:
    """What may fill a queue, and what else to do."""
    into = shlex.quote(str(data))
    ways = {
        "disputed": f"`fertools import-verdicts FILES --into {into}` fills it where two differ",
        "labels": f"`fertools curate {into} --probs FILE` looks for doubtful labels",
    }
    return "; ".join([*filter(None, [ways.get(queue)]), "take another"])


def _outside(manifest: Manifest, found: Doubtful) -> Integers:
    """Faces to use that are not in the queue: what controls are drawn from.

    Those with another flag are among them, so that queue and controls stand for all faces.
    """
    good = usable(manifest.table)
    good[found.rows] = False
    if manifest.has("native_label"):  # a face without a label can be no control of labels
        good &= manifest.table["native_label"].is_valid().to_numpy()
    return np.flatnonzero(good)


def _lot(rng: np.random.Generator, count: int, wanted: int | None) -> Integers:
    """Places (m,) below `count` by lot, all of them where `wanted` is None or as many."""
    if wanted is None or wanted >= count:
        return np.arange(count)
    return rng.choice(count, wanted, replace=False)


def _table(
    manifest: Manifest, rows: Integers, reasons: Sequence[Any], suspects: int, folder: Path
) -> pa.Table:
    names = manifest.table["id"].take(pa.array(rows))
    strata = [QUEUE] * suspects + [CONTROL] * (len(rows) - suspects)
    return pa.table(
        {
            "id": names,
            "key": pa.array(keys_of(folder, names.to_pylist()), pa.string()),
            "stratum": pa.array(strata, pa.string()),
            "label": manifest.table["native_label"].take(pa.array(rows)),
            "reasons": pa.array([json.dumps(r, ensure_ascii=False) for r in reasons], pa.string()),
        }
    )


def words_of(manifest: Manifest) -> tuple[str, ...]:
    """The labels to choose from: those of the data first, then the common ones."""
    own = sorted(set(manifest.table["native_label"].drop_null().to_pylist()))
    return (*own, *(word for word in WORDS[:BASIC] if word not in own))


def _read(folder: Path) -> dict[str, Any]:
    file = folder / "session.json"
    if not file.is_file():
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except UNPARSED as error:
        raise FerError(f"{file}: this is not JSON ({error}); move the folder away") from error
    return dict(found)


def _write(folder: Path, items: pa.Table, facts: dict[str, Any]) -> None:
    """Items first: a session without facts is drawn again, with the same lot."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "items.parquet"
    with create(file) as stream:
        pq.write_table(items, stream, compression="zstd")
        put(stream, file)
    write_json(folder / "session.json", facts)
