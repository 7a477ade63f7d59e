"""Verify: whether a data folder still holds what its ingest wrote, byte for byte.

In goes the folder; out comes a list of faults, each with its cure, empty where all is well. Shards
are hashed in full; unit files, manifest and card are compared with one another.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from fertools.errors import FerError
from fertools.ingest.records import LOST, RECORDS
from fertools.ingest.unitfile import unit_facts, unit_table
from fertools.locations import Location, at, listed, sha256
from fertools.manifest import Manifest, counts, read_card, read_manifest
from fertools.shards import check_shard, shard_digest
from fertools.versions import TABLES

AGAIN = "run the same ingest again"


@dataclass(frozen=True, slots=True)
class Fault:
    """A file that is not as it was written, and what to do about it."""

    file: Location
    what: str
    cure: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what}; {self.cure}"


@dataclass(frozen=True, slots=True)
class _Unit:
    """A finished unit: its facts, the sha256 of its file, and the paths of its rows."""

    facts: dict[str, Any]
    digest: str
    paths: list[str]

    @property
    def shards(self) -> dict[str, Any]:
        """What its shards must be, by name."""
        found: dict[str, Any] = self.facts["shards"]
        return found


def verify(data: str | Path | Location) -> list[Fault]:
    """Every fault of a data folder. Raises `FerError` where there is no data set to look at."""
    out = at(data)
    if not (out / "ingest.json").is_file():
        raise FerError(f"{out}: is no data set of fertools; give a folder that ingest made")
    units: dict[str, _Unit] = {}
    faults = list(_leftovers(out))
    for file in listed(out, "units/*.parquet"):
        try:
            facts, (table, digest) = unit_facts(file), unit_table(file)
        except FerError as error:
            faults.append(Fault(file, _what(error, file), f"delete it and {AGAIN}"))
            continue
        paths = table["path"].to_pylist() if table.num_rows else []
        units[file.stem] = _Unit(facts, digest, paths)
    faults += _shards(out, units)
    then = " and curate" if (out / TABLES).is_dir() else ""
    file = out / "card.json"
    try:
        read_card(out / "manifest.parquet")
        file = out / "manifest.parquet"
        manifest = read_manifest(file)
    except FerError as error:
        return [*faults, Fault(file, _what(error, file), AGAIN + then)]
    faults += [*_manifest(out, manifest, units), *_card(out, manifest, units)]
    return faults or list(_files(out, manifest, units))


def _then(manifest: Manifest) -> str:
    """What is to be done after an ingest that writes the rows anew."""
    steps = {"curation": "curate", "verdicts": "import the verdicts"}
    return "".join(f" and {step}" for fact, step in steps.items() if fact in manifest.facts)


def _what(error: FerError, file: Location) -> str:
    """What is wrong with a file, without its name and another's cure."""
    return str(error).removeprefix(f"{file}: ").rsplit("; ", 1)[0]


def _leftovers(out: Location) -> Iterator[Fault]:
    for file in [*listed(out, ".*.partial"), *listed(out, "units/.*.partial")]:
        if file.name == f".{TABLES}.partial":
            cure = "run the same `curate` or `import-verdicts` again"
            yield Fault(file, "a curation was stopped here", cure)
        else:
            yield Fault(file, "an ingest was stopped here", AGAIN)


def _shards(out: Location, units: dict[str, _Unit]) -> Iterator[Fault]:
    """Every shard against the size and the digest that its unit remembers."""
    known = {shard: entry for unit in units.values() for shard, entry in unit.shards.items()}
    for shard, entry in known.items():
        file = out / shard
        try:
            check_shard(file, entry)
        except FerError as error:
            yield Fault(file, _what(error, file), AGAIN)
            continue
        if shard_digest(file) != entry.get("sha256"):
            yield Fault(file, "its pixels have changed", f"delete it and {AGAIN}")
    for file in listed(out, "faces-*.npy"):
        if file.name not in known:
            yield Fault(file, "belongs to no finished unit", f"delete it, or {AGAIN}")


def _manifest(out: Location, manifest: Manifest, units: dict[str, _Unit]) -> Iterator[Fault]:
    """The manifest against the units it was put together from."""
    file, then = out / "manifest.parquet", _then(manifest)
    cure = f"delete it and {AGAIN}{then}" if then else AGAIN  # rows that stay are not written anew
    digests = {name: unit.facts["digest"] for name, unit in units.items()}
    if "units" in manifest.facts and manifest.facts["units"] != digests:
        yield Fault(file, "was made from other units than there are", AGAIN)
        return
    paths = [path for unit in units.values() for path in unit.paths]
    if len(paths) != len(manifest):
        yield Fault(file, f"{len(manifest)} rows, the units have {len(paths)}", cure)
        return
    if _digest(sorted(paths)) != _digest(sorted(manifest.table["path"].to_pylist())):
        yield Fault(file, "its rows are not those of the units", cure)
    table = manifest.table
    placed = pc.and_(pc.is_valid(table["shard"]), pc.is_valid(table["row"]))
    if (missing := int(pc.sum(pc.xor(placed, manifest.ok())).as_py() or 0)) > 0:
        yield Fault(file, f"{missing} rows have a face and a reason why not, or neither", cure)
    faces = table.filter(placed).select(["shard", "row"])
    if (twice := len(faces) - len(faces.group_by(["shard", "row"]).aggregate([]))) > 0:
        yield Fault(file, f"{twice} rows share their face with another", cure)


def _digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _card(out: Location, manifest: Manifest, units: dict[str, _Unit]) -> Iterator[Fault]:
    """The card against the manifest: its sums, and the shards that it names."""
    file, card, cure = out / "card.json", manifest.card, AGAIN + _then(manifest)
    if not card:
        yield Fault(file, "is missing", cure)
        return
    known = {shard: entry for unit in units.values() for shard, entry in unit.shards.items()}
    named: dict[str, Any] = {}
    for store in card.get("stores", {}).values():
        named |= store["shards"]
    if named != known:
        yield Fault(file, "names other shards than the units", cure)
    said = {k: n for k, n in card.get("statuses", {}).items() if k != "pending"}
    if said != counts(manifest.table["status"]):
        yield Fault(file, f"its sums are {json.dumps(said)}, the manifest's are others", cure)


def _records(file: Location, digest: str | None) -> Iterator[Fault]:
    """The data set's own records, where the card speaks of them."""
    if digest is None:
        return
    if not file.is_file():
        yield Fault(file, "is missing", LOST)
    elif sha256(file) != digest:
        yield Fault(file, "its bytes are not those that were written", LOST)


def _files(out: Location, manifest: Manifest, units: dict[str, _Unit]) -> Iterator[Fault]:
    """The bytes of manifest, units and records, where nothing else is wrong with them."""
    there = {f"units/{name}.parquet": unit.digest for name, unit in units.items()}
    data = (out / "manifest.parquet").read_bytes()
    there["manifest.parquet"] = hashlib.sha256(data).hexdigest()
    written = manifest.card.get("files", {})
    yield from _records(out / RECORDS, written.get(RECORDS))
    then = _then(manifest)
    for name, digest in there.items():
        if written.get(name, digest) != digest:
            cure = f"delete it and {AGAIN}{then}"
            yield Fault(out / name, "its bytes are not those that were written", cure)
