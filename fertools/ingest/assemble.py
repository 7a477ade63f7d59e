"""From finished units to the manifest and its card.

In go the unit files of a data folder; out come `manifest.parquet` and `card.json`. Rows stand in
the order of the units' names, then in reading order. What belongs to the data set as a whole
happens here: ids, canonical label words, rows that claim one id, the sums and what is worth
knowing.
"""

import hashlib
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fertools import versions
from fertools.columns import put
from fertools.errors import FerError
from fertools.face_options import FaceOptions
from fertools.ingest.extract import detector_facts
from fertools.ingest.notes import SAME_ID, notes_on
from fertools.ingest.records import RECORDS, records_of
from fertools.ingest.unitfile import unit_facts, unit_file, unit_table
from fertools.labels import canonical
from fertools.locations import Location, listed, on_disk, sha256
from fertools.manifest import (
    card_path,
    conform,
    counts,
    read_card,
    stored_facts,
    with_digest,
    write_json,
    write_manifest,
)
from fertools.manifest.card import made
from fertools.roots import Root

SUMS = ("rows", "statuses", "stores")  # of a card: what `verify` compares with the units
ABOUT = ("licence", "citation", "homepage", "sharing")


def assemble(
    module: ModuleType,
    out: Location,
    plan: dict[str, Any],
    roots: Sequence[Root],
    command: str | None = None,
) -> dict[str, Any]:
    """Write manifest and card of a data folder from its finished units; returns the card."""
    names = sorted(file.stem for file in listed(out, "units/*.parquet"))
    facts = {name: unit_facts(unit_file(out, name)) for name in names}
    read = [unit_table(unit_file(out, name)) for name in names]
    tables = [table.replace_schema_metadata(None) for table, _ in read if table.num_rows]
    records = records_of(out)
    if not tables and not records:
        raise FerError(f"{out}: the RAW holds no image and no row; give one that does")
    key = store_key(plan)
    table = _whole(tables, plan["name"], key, _words(module, roots))
    shards = {shard: entry for f in facts.values() for shard, entry in f["shards"].items()}
    statuses = counts(table["status"])
    if pending := _pending(records, table):
        statuses["pending"] = pending
    content = {
        **plan,
        "units": {name: f["digest"] for name, f in facts.items()},
        "statuses": statuses,
    }
    card = {
        **content,
        "rows": table.num_rows,
        "about": _about(module, roots),
        "notes": [*notes_on(table, plan), *_told(module, roots, table, records)],
        "detector": _detector(table, plan),
        "stores": {key: {"path": ".", "margin": plan["face"]["margin"], "shards": shards}},
        "files": {f"units/{n}.parquet": file for n, (_, file) in zip(names, read, strict=True)}
        | ({} if records is None else {RECORDS: sha256(out / RECORDS)}),
        "made": made(command),
    }
    return _publish(out, table, content, card)


def _about(module: ModuleType, roots: Sequence[Root]) -> dict[str, str]:
    """The terms that a source declares, or that the user of one for any data says by options."""
    said = roots[0].options
    return {k: str(getattr(said, k, None) or getattr(module, k.upper(), "")) for k in ABOUT}


def _publish(
    out: Location, table: pa.Table, content: dict[str, Any], card: dict[str, Any]
) -> dict[str, Any]:
    """Write manifest and card; what a curation found stays while the rows are those it looked at.

    Where rows were added, or its card is not what it was, it goes to a version of its own, and a
    note says so. Where the manifest is gone, so are the tables that spoke of it; its versions stay.
    """
    manifest = out / "manifest.parquet"
    if not manifest.is_file():
        if isinstance(out, Path):
            versions.drop_tables(out)
    elif curated := versions.curated(manifest):
        now = json.loads(json.dumps({"facts": content, "sums": {k: card[k] for k in SUMS}}))
        kept, same = _kept(manifest), curated == now["facts"]
        if same and kept == {**kept, **now["sums"]}:
            return _with_records(manifest, kept, card)
        if same or not kept:
            write_json(card_path(manifest), card)  # no version is kept without one
        why = "card.json was lost or spoilt" if same else "rows were added"
        number = versions.keep(on_disk(out))
        then = "run it again"
        if "verdicts" in stored_facts(manifest):
            then += ", then `import-verdicts` with the reviewers' files"
        card["notes"].append(f"{why}: what `curate` had found is in version {number}; {then}")
        versions.drop_tables(on_disk(out))
    write_manifest(manifest, table, content, card)
    return card


def _kept(manifest: Location) -> dict[str, Any]:
    """The card that a curation left; nothing where it is gone or broken."""
    try:
        return read_card(manifest)
    except FerError:
        return {}


def _with_records(manifest: Location, kept: dict[str, Any], card: dict[str, Any]) -> dict[str, Any]:
    """The card that a curation left: records and terms may come that change no row."""
    digest, now = card["files"].get(RECORDS), {**kept, "about": card["about"]}
    if digest and kept.get("files", {}).get(RECORDS) != digest:
        now = with_digest(now, RECORDS, digest)
    if now != kept:
        write_json(card_path(manifest), now)
    return now


def _detector(table: pa.Table, plan: dict[str, Any]) -> dict[str, str]:
    """Facts about the detector, where it looked at any image."""
    if table["detector"].null_count == table.num_rows:
        return {}
    return detector_facts(FaceOptions(**plan["face"]))


def store_key(plan: dict[str, Any]) -> str:
    """A face store's name in the manifest: the data set's, and a digest of what made it."""
    text = json.dumps(plan, sort_keys=True, ensure_ascii=False)
    return f"{plan['name']}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _whole(tables: list[pa.Table], name: str, store: str, words: dict[str, str]) -> pa.Table:
    if not tables:
        empty = {k: pa.array([], pa.string()) for k in ("id", "source", "path", "status")}
        return conform(pa.table(empty))
    try:
        table = pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise FerError(f"{name}: a column changes its type between units: {error}") from error
    rows = table.num_rows
    ids = pc.binary_join_element_wise(pa.scalar(name), table["id"], "/")
    table = put(table, "id", ids)
    table = put(table, "source", pa.array([name] * rows, pa.string()))
    table = put(table, "native_label", _native(table, words))
    table = _once(conform(table))
    table = put(table, "subject", _subject(table["subject"], name))
    has = pc.is_valid(table["shard"])
    return put(table, "store", pc.if_else(has, pa.scalar(store), pa.scalar(None, pa.string())))


def _subject(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Subjects as `<population>:<id>`; where a source names no population, the data set is one."""
    bare = pc.invert(pc.match_substring(column, ":"))
    return pc.if_else(bare, pc.binary_join_element_wise(pa.scalar(name), column, ":"), column)


def _words(module: ModuleType, roots: Sequence[Root]) -> dict[str, str]:
    """The source's own map from what the data set says to words; a user's options may widen it."""
    if hasattr(module, "labels") and roots:
        return dict(module.labels(roots[0].options))
    return dict(getattr(module, "LABELS", {}))


def _native(table: pa.Table, words: dict[str, str]) -> pa.Array:
    if "raw_label" not in table.column_names:
        return pa.nulls(table.num_rows, pa.string())
    codes = table["raw_label"].cast(pa.string()).combine_chunks().dictionary_encode()
    known = pa.array([canonical(raw, words) for raw in codes.dictionary.to_pylist()], pa.string())
    return known.take(codes.indices)


def _once(table: pa.Table) -> pa.Table:
    """Give every row its own id: of several that claim one, the first with a face has it.

    The others get a number behind theirs. Where such a row had a face, it loses it.
    """
    ids = table["id"].combine_chunks().dictionary_encode().indices.to_numpy()
    ok = pc.equal(table["status"], "ok").to_numpy()
    order = np.lexsort((~ok, ids))  # stable: reading order among equals
    repeated = np.zeros(len(ids), bool)
    repeated[order[1:]] = ids[order[1:]] == ids[order[:-1]]
    if not repeated.any():
        return table
    names, details = table["id"].to_pylist(), table["detail"].to_pylist()
    keeper = {ids[at]: at for at in np.flatnonzero(~repeated & np.isin(ids, ids[repeated]))}
    taken = set(names)
    for at in np.flatnonzero(repeated):
        claimed = names[at]
        names[at] = next(n for i in itertools.count(2) if (n := f"{claimed}~{i}") not in taken)
        taken.add(names[at])
        if ok[at]:
            path, other = table["path"][at].as_py(), table["path"][keeper[ids[at]]].as_py()
            details[at] = f"{path}: another image has the id {claimed}, {other}; {SAME_ID}"
    lost = pa.array(repeated & ok)
    table = put(table, "id", pa.array(names, pa.string()))
    table = put(table, "detail", pa.array(details, pa.string()))
    table = put(table, "status", pc.if_else(lost, "duplicate_id", table["status"]))
    for name in ("shard", "row", "face_hash"):
        column = table[name]
        table = put(table, name, pc.if_else(lost, pa.scalar(None, column.type), column))
    return table


def _pending(records: pa.Table | None, table: pa.Table) -> int:
    """How many records have no image yet: rows name theirs in the column `record`."""
    if records is None or (table.num_rows and "record" not in table.column_names):
        return 0
    if not table.num_rows:
        return int(records.num_rows)
    named = table["record"].cast(pa.string()).combine_chunks()
    claimed = pc.is_in(records["key"], named)
    return int(pc.sum(pc.invert(claimed)).as_py() or 0)


def _told(
    module: ModuleType, roots: Sequence[Root], table: pa.Table, records: pa.Table | None
) -> list[str]:
    """What the source itself has to say of the rows, of the records and of what has no row."""
    said = list(module.report(table, records)) if hasattr(module, "report") else []
    return said + (module.passed_over(roots, table) if hasattr(module, "passed_over") else [])
