"""Verdicts come home: several reviewers' files become one answer, and the data folder's next
version.

In go the files of one session (journals, or what bundles saved); out comes an `Imported`: their
agreement, the noise of the labels, what is disputed. With a data folder they are written into the
next version of its manifest (see `verdicts`); `label` and `native_label` stay as they are.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from fertools import versions
from fertools.errors import FerError, disk_faults
from fertools.manifest import counts, read_manifest
from fertools.manifest.card import made
from fertools.review.agree import Agreement, Opinions, agree, gather
from fertools.review.asked import FOLDER
from fertools.review.disputes import write_disputes
from fertools.review.noise import Noise, estimate
from fertools.review.session import data_folder, read_session
from fertools.review.verdicts import changed_tests, digest, judged


@dataclass(frozen=True, slots=True)
class Imported:
    """What came out. `faces` counts the faces by what they are in the end; `version` is the number
    of the manifest before, None where none was written; `why_no_noise` says what is missing.
    """

    session: str
    agreement: Agreement
    faces: dict[str, int]
    noise: Noise | None
    why_no_noise: str
    out: Path | None = None
    version: int | None = None
    changed_test_rows: int = 0


def import_verdicts(
    files: Sequence[str | Path],
    into: str | Path | None = None,
    *,
    command: str | None = None,
) -> Imported:
    """Compare the verdicts of one session and, with `into`, write them into that data folder.

    Raises `FerError` for files that are no verdicts or of several sessions, and for a folder that
    does not know the session.
    """
    paths = [Path(file) for file in files]
    said = gather(paths)
    found = agree(said)
    home = _home(paths, into, said)
    items, facts = (read_session(home) if home is not None else None) or (None, {})
    noise = None if items is None else estimate(items, facts, found.settled)
    why = "" if noise else _why(facts if items is not None else None)
    result = Imported(said.session, found, _faces(found), noise, why)
    if into is None or home is None:
        return result
    if items is None:
        known = sorted(file.parent.name for file in home.parent.glob("*/items.parquet"))
        raise FerError(
            f"{into}: knows no session {said.session!r} (known are {', '.join(known) or 'none'}); "
            "give the folder that was reviewed"
        )
    names = dict(zip(items["key"].to_pylist(), items["id"].to_pylist(), strict=True))
    write_disputes(home, {names[k]: v for k, v in found.disputed.items() if k in names})
    out = data_folder(into)
    version, test = _write(out, names, found, said, result, command)
    return dataclasses.replace(result, out=out, version=version, changed_test_rows=test)


def _home(paths: Sequence[Path], into: str | Path | None, said: Opinions) -> Path | None:
    """The session's folder: in the data folder given, or where a journal lies."""
    if into is not None:
        return data_folder(into) / FOLDER / said.session
    folders = {path.resolve().parent for path in paths}
    return next((f for f in sorted(folders) if f.name == said.session), None)


def _why(facts: Mapping[str, object] | None) -> str:
    if facts is None:
        return "what was sampled is not known: say --into DATA"
    if facts.get("controls"):
        return f"the queue {facts['queue']} does not ask about the label: take labels, or --blind"
    return "no controls were mixed in (--controls): unsuspected faces were not looked at"


def _faces(found: Agreement) -> dict[str, int]:
    """Faces by their word, the most frequent first."""
    words = pa.chunked_array([pa.array([s.word for s in found.settled.values()], pa.string())])
    return counts(words)


def _write(
    out: Path,
    names: Mapping[str, str],
    found: Agreement,
    said: Opinions,
    result: Imported,
    command: str | None,
) -> tuple[int | None, int]:
    """Write the next version; returns the number of the one before and how many published test rows
    are others now."""
    manifest = read_manifest(out)
    place = {name: row for row, name in enumerate(manifest.table["id"].to_pylist())}
    answers = {place[names[key]]: settled for key, settled in found.settled.items()
               if names.get(key) in place}  # fmt: skip
    table = judged(manifest, answers, said.session)
    facts = {**manifest.facts, "verdicts": digest(table)}
    facts.pop("version", None)
    card = dict(manifest.card)
    about = {
        "reviewers": len(found.reviewers),
        "blind": said.blind,
        "alpha": dataclasses.asdict(found.alpha),
        "faces": result.faces,
        "noise": dataclasses.asdict(result.noise) if result.noise else None,
        "made": made(command),
    }
    card["verdicts"] = {**card.get("verdicts", {}), said.session: about}
    with disk_faults(out):
        version = versions.publish(out, table, facts, card)
    return version, changed_tests(table)
