"""Verdicts come home: several reviewers' files become one answer, and the data folder's next
version.

In go the files of one session (journals, or what bundles saved); out comes an `Imported`: their
agreement, the noise of the labels, what is disputed. With a data folder they are written into the
next version of its manifest (see `verdicts`); `label` and `native_label` stay as they are.
"""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from fertools import versions
from fertools.errors import FerError, disk_faults
from fertools.manifest import Manifest, counts, read_manifest
from fertools.manifest.card import made
from fertools.review.agree import Agreement, Opinions, agree, gather
from fertools.review.asked import FOLDER
from fertools.review.disputes import write_disputes
from fertools.review.noise import Noise, estimate
from fertools.review.queue import asks_label
from fertools.review.session import data_folder, keys_of, read_session, words_of
from fertools.review.verdicts import changed_tests, digest, judged


@dataclass(frozen=True, slots=True)
class Imported:
    """What came out. `faces` counts the faces by what they are in the end, `taken_back` those of
    which nobody says anything any more, `on_no_row` those that the data folder does not have;
    `version` is the number of the manifest before, None where none was written; `why_no_noise` says
    what is missing.
    """

    session: str
    agreement: Agreement
    faces: dict[str, int]
    noise: Noise | None
    why_no_noise: str
    taken_back: int
    out: Path | None = None
    version: int | None = None
    changed_test_rows: int = 0
    on_no_row: int = 0


def import_verdicts(
    files: Sequence[str | Path],
    into: str | Path | None = None,
    *,
    command: str | None = None,
) -> Imported:
    """Compare the verdicts of one session and, with `into`, write them into that data folder.

    Raises `FerError` for files that are no verdicts or of several sessions, and for a folder that
    does not know the session, or none of its faces.
    """
    paths = [Path(file) for file in files]
    manifest = None
    if into is not None:
        out = data_folder(into)
        with disk_faults(out):
            versions.settle(out)
        manifest = read_manifest(out)
    said = gather(paths, None if manifest is None else words_of(manifest))
    found = agree(said)
    home = _home(paths, into, said)
    items, facts = (read_session(home) if home is not None else None) or (None, {})
    noise = None if items is None else estimate(items, facts, found.settled)
    why = "" if noise else _why(facts if items is not None else None)
    result = Imported(said.session, found, _faces(found), noise, why, len(said.taken_back))
    if manifest is None or home is None:
        return result
    if items is None:
        known = sorted(file.parent.name for file in home.parent.glob("*/items.parquet"))
        raise FerError(
            f"{into}: knows no session {said.session!r} (known are {', '.join(known) or 'none'}); "
            "give the folder that was reviewed"
        )
    return _written(manifest, home, said, result, command)


def _written(
    manifest: Manifest, home: Path, said: Opinions, result: Imported, command: str | None
) -> Imported:
    """The result once it stands in the next version of the manifest; `home` is the session's."""
    out, found = home.parents[1], result.agreement
    rows = _rows(manifest, home.parent, [*found.settled, *said.taken_back])
    on_no_row = len(found.settled.keys() - rows.keys())
    if found.settled and on_no_row == len(found.settled):
        raise FerError(
            f"{out}: has none of the {len(found.settled):,} faces of these verdicts; give the "
            "folder that was reviewed, together with what is in its folder review"
        )
    ids = manifest.table["id"]
    with disk_faults(out):
        write_disputes(
            home, {ids[rows[k]].as_py(): v for k, v in found.disputed.items() if k in rows}
        )
    answers = {row: found.settled.get(key) for key, row in rows.items()}
    table = judged(manifest, answers, said.session)
    return dataclasses.replace(
        result,
        out=out,
        version=_publish(out, manifest, table, said, result, command),
        changed_test_rows=changed_tests(table),
        on_no_row=on_no_row,
    )


def _rows(manifest: Manifest, review: Path, keys: Iterable[str]) -> dict[str, int]:
    """The row of each key that names one: also of a face that no queue of today holds."""
    names = keys_of(review, manifest.table["id"].to_pylist())
    place = {key: row for row, key in enumerate(names)}
    return {key: place[key] for key in keys if key in place}


def _home(paths: Sequence[Path], into: str | Path | None, said: Opinions) -> Path | None:
    """The session's folder: in the data folder given, or where a journal lies."""
    if into is not None:
        return data_folder(into) / FOLDER / said.session
    folders = {path.resolve().parent for path in paths}
    return next((f for f in sorted(folders) if f.name == said.session), None)


def _why(facts: Mapping[str, object] | None) -> str:
    if facts is None:
        return "what was sampled is not known: say --into DATA"
    queue = str(facts["queue"])
    if not asks_label(queue, bool(facts["blind"])):
        cure = "take labels" if queue == "no_face" else "take labels, or --blind"
        more = "" if facts.get("controls") else ", with --controls"
        return f"the queue {queue} does not ask about the label: {cure}{more}"
    if queue == "disputed":
        return "the queue disputed has no controls: give the files of a session with --controls"
    return "no controls were mixed in (--controls): unsuspected faces were not looked at"


def _faces(found: Agreement) -> dict[str, int]:
    """Faces by their word, the most frequent first."""
    words = pa.chunked_array([pa.array([s.word for s in found.settled.values()], pa.string())])
    return counts(words)


def _publish(
    out: Path,
    manifest: Manifest,
    table: pa.Table,
    said: Opinions,
    result: Imported,
    command: str | None,
) -> int | None:
    """Write the next version; returns the number of the one before, None where nothing changed."""
    facts = {**manifest.facts, "verdicts": digest(table)}
    facts.pop("version", None)
    about = {
        "reviewers": len(result.agreement.reviewers),
        "blind": said.blind,
        "alpha": _known(dataclasses.asdict(result.agreement.alpha)),
        "faces": result.faces,
        "noise": _known(dataclasses.asdict(result.noise)) if result.noise else None,
        "made": made(command),
    }
    sessions = {**manifest.card.get("verdicts", {}), said.session: about}
    with disk_faults(out):
        return versions.publish(out, table, facts, {**manifest.card, "verdicts": sessions})


def _known(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts with None for numbers that are not known: JSON has no nan."""
    return {
        name: _known(value) if isinstance(value, dict)
        else None if isinstance(value, float) and math.isnan(value) else value
        for name, value in facts.items()
    }  # fmt: skip
