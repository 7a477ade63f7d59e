"""Curate: what is wrong with the faces of a data folder, written into its manifest.

In goes the folder of an ingest; out comes the next version of its manifest, with the columns
`flags` (what the checks found), `drop` (why a row should not be used, by the policy), and those of
the checks (`twin_group`, `quality_*`, ..). The version before is kept and no face is deleted. A run
replaces what an earlier one found: what comes out depends on the data and the options alone.
"""

import dataclasses
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa

from fertools import folder, strict, versions
from fertools.columns import put
from fertools.curate.policy import Policy, dropped, read_policy
from fertools.errors import FerError, disk_faults
from fertools.faces import Faces, open_faces
from fertools.finding import Finding
from fertools.given import several
from fertools.locations import sha256
from fertools.manifest import Manifest, counts, folder_of, read_manifest
from fertools.manifest.card import made

OWN = ("flags", "drop")
LABELS = "label_noise"  # the check that reads a model's probabilities


@dataclass(frozen=True, slots=True)
class Check:
    """One check with its options, ready to be run."""

    name: str
    module: ModuleType
    options: Any


@dataclass(frozen=True, slots=True)
class Checked:
    """What one check found: rows per flag, facts, sentences, and how long it took."""

    flags: dict[str, int]
    facts: dict[str, Any]
    notes: list[str]
    seconds: float


@dataclass(frozen=True, slots=True)
class Curated:
    """What came out. `version` is the number under which the manifest before is kept; None where
    nothing changed."""

    out: Path
    version: int | None
    rows: int
    faces: int
    flagged: int
    dropped: dict[str, int]
    spared: dict[str, int]
    checks: dict[str, Checked] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


def curate(
    data: str | Path,
    checks: str | Sequence[str] | None = None,
    *,
    policy: str | Path | None = None,
    probs: str | Path | None = None,
    command: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> Curated:
    """Run checks (all, or those named) over the faces of a data folder; returns what came out.

    `policy` is a TOML file, by default `recipes/curate_default.toml`; `probs` a file of
    out-of-fold predictions for the check of labels. Raises `FerError` for a folder that is none of
    an ingest, for unknown checks, flags and options, and for a disk that is full.
    """
    out = data_folder(data)
    with disk_faults(out):
        versions.settle(out)
    manifest = _bare(read_manifest(out))
    rules = read_policy(policy)
    chosen = _checks(several(checks or ()), rules, probs)
    faces = open_faces(manifest)
    found: dict[str, Finding] = {}
    seconds: dict[str, float] = {}
    for check in chosen:
        if progress:
            progress(check.name)
        began = time.perf_counter()
        found[check.name] = _run(check, manifest, faces)
        seconds[check.name] = time.perf_counter() - began
    with disk_faults(out):
        return _write(out, manifest, rules, chosen, found, seconds, command)


def undo(data: str | Path) -> int:
    """Go back to the version before; returns its number. Raises `FerError` where there is none."""
    out = data_folder(data)
    with disk_faults(out):
        return versions.step_back(out)


def data_folder(data: str | Path) -> Path:
    """The folder of an ingest that `data` (it, or its manifest) means."""
    out = folder_of(data)
    if not (out / "manifest.parquet").is_file() or not (out / "units").is_dir():
        raise FerError(f"{data}: this is no folder of `fertools ingest`; curate that, then split")
    return out


def known_flags() -> list[str]:
    """Every flag of the checks that there are."""
    modules = [folder.load("checks", name) for name in folder.names("checks")]
    return sorted({flag for module in modules for flag in module.FLAGS})


def _bare(manifest: Manifest) -> Manifest:
    """The manifest without what an earlier run wrote into it."""
    before = manifest.card.get("curation", {}).get("columns", [])
    table = manifest.table.drop_columns(
        [name for name in (*OWN, *before) if name in manifest.table.column_names]
    )
    facts = {k: v for k, v in manifest.facts.items() if k not in ("curation", "version")}
    return Manifest(table, manifest.card, manifest.folder, facts)


def _checks(names: Sequence[str], rules: Policy, probs: str | Path | None) -> list[Check]:
    """The checks in the order of their names, with options from the policy."""
    wanted = sorted(set(names)) if names else folder.names("checks")
    known = {*folder.names("checks"), *(Path(name).stem for name in wanted)}
    for name in rules.options:
        if name not in known:
            raise FerError(f"{rules.file}: options.{name}: known are {', '.join(sorted(known))}")
    found = []
    for name in wanted:
        module = folder.load_whole("checks", name)
        stem = Path(name).stem
        options = dict(rules.options.get(stem, {}))
        if probs is not None and stem == LABELS:
            options["probs"] = str(probs)
        read = strict.read(module.Options, options, rules.file, f"options.{stem}")
        found.append(Check(stem, module, read))
    if probs is not None and LABELS not in [check.name for check in found]:
        raise FerError(f"--probs {probs}: it is read by the check {LABELS}; name it in --checks")
    unknown = set(rules.drop) - set(known_flags()) - {f for c in found for f in c.module.FLAGS}
    if unknown:
        flags = ", ".join(known_flags())
        raise FerError(f"{rules.file}: drop.{min(unknown)}: known flags are {flags}")
    return found


def _run(check: Check, manifest: Manifest, faces: Faces) -> Finding:
    found: Finding = check.module.find(manifest, faces, check.options)
    if strange := set(found.flags) - set(check.module.FLAGS):
        raise FerError(f"check {check.name}: flag {min(strange)!r} is not among its FLAGS; add it")
    return found


def _write(
    out: Path,
    manifest: Manifest,
    rules: Policy,
    chosen: Sequence[Check],
    found: dict[str, Finding],
    seconds: dict[str, float],
    command: str | None,
) -> Curated:
    table, columns = manifest.table, []
    for finding in found.values():
        for name, column in finding.columns.items():
            table = put(table, name, column)
            columns.append(name)
    flags = _flags(manifest, found)
    table = put(table, "flags", flags)
    drop, spared = dropped(table, rules)
    table = put(table, "drop", drop).combine_chunks()
    facts = {**manifest.facts, "curation": _content(chosen, rules)}
    gone = sorted(set(manifest.card.get("curation", {}).get("checks", {})) - set(found))
    checks = {
        name: Checked(_count(finding), dict(finding.facts), list(finding.notes), seconds[name])
        for name, finding in found.items()
    }
    reasons = counts(drop.drop_null())
    card = {k: v for k, v in manifest.card.items() if k != "curation"}
    card["curation"] = {
        **facts["curation"],
        "columns": columns,
        "checks": {name: dataclasses.asdict(check) for name, check in checks.items()},
        "dropped": reasons,
        "spared": spared,
        "made": made(command),
    }
    tables = {
        f"{name}-{key}.parquet": t for name, f in found.items() for key, t in f.tables.items()
    }
    version = versions.publish(out, table, facts, card, tables)
    flagged = sum(bool(row) for row in flags.to_pylist())
    faces = int(manifest.ok().to_numpy().sum())
    return Curated(
        out, version, len(manifest), faces, flagged, reasons, spared, checks, sorted(tables), gone
    )


def _flags(manifest: Manifest, found: dict[str, Finding]) -> pa.ChunkedArray:
    """The flags of each row in the order of the checks; null where there was no face to look at."""
    words: list[list[str] | None] = [[] if ok else None for ok in manifest.ok().to_pylist()]
    for finding in found.values():
        for row, flag in zip(finding.rows.tolist(), finding.flags, strict=True):
            here = words[row] = words[row] or []
            if flag not in here:
                here.append(flag)
    return pa.chunked_array([pa.array(words, pa.list_(pa.string()))])


def _count(finding: Finding) -> dict[str, int]:
    """Rows of each flag: one that a check names twice is one row."""
    pairs = dict.fromkeys(zip(finding.flags, finding.rows.tolist(), strict=True))
    return dict(Counter(flag for flag, _ in pairs))


def _content(chosen: Sequence[Check], rules: Policy) -> dict[str, Any]:
    """What determines the result: options, with a file's digest in its place, and the policy."""
    options = {check.name: dataclasses.asdict(check.options) for check in chosen}
    probs = options.get(LABELS, {}).get("probs")
    if probs:
        options[LABELS]["probs"] = sha256(Path(probs))[:32]
    return {"options": options, "drop": dict(rules.drop), "spare": list(rules.spare)}
