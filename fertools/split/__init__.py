"""Split: deal the faces of one or more data sets to train, val and test, or to folds.

In go manifests; out comes a split manifest: the same rows with label, group, and split or fold.
Whole groups are dealt (people, sequences, or each row alone), so that nobody stands in two parts;
classes keep their shares as well as whole groups allow. Rows without a face, dropped rows and rows
without a label stay in the manifest and belong to no part.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fertools.columns import Codes, encode, put, repeated, usable, words
from fertools.errors import FerError
from fertools.given import kind_of, several
from fertools.labelling import label
from fertools.labels import mapping
from fertools.locations import Location, at, sha256, way
from fertools.manifest import Manifest, manifest_at, read_manifest, write_manifest
from fertools.manifest.card import made
from fertools.measures.leakage import PARTS
from fertools.protocol import digest
from fertools.split.dealing import deal_rows
from fertools.split.following import Followed, plan
from fertools.split.grouping import Grouping, Groups, group_rows
from fertools.split.judged import Judged, judge, renamed
from fertools.split.kept import encode_parts
from fertools.split.options import MOST_FOLDS
from fertools.split.options import SplitOptions as SplitOptions
from fertools.split.people import with_people


@dataclass(frozen=True, slots=True)
class Part:
    """What one part got of one class: rows, the rows aimed at, and groups."""

    part: str
    label: str
    rows: int
    target: float
    groups: int


@dataclass(frozen=True, slots=True)
class Split:
    """What came out: the table by part and class, and sentences worth reading."""

    out: Location
    rows: int
    dealt: int
    groups: int
    kinds: dict[str, int]
    left_out: dict[str, int]
    parts: list[Part]
    notes: list[str]
    missing: list[str] = field(default_factory=list)


def split(
    data: str | Path | Sequence[str | Path],
    out: str | Path | Location,
    options: SplitOptions,
    *,
    keep: str | Path | None = None,
    subjects: str | Path | None = None,
    force: bool = False,
    command: str | None = None,
) -> Split:
    """Deal the rows of the manifests in `data` and write the split manifest `out`.

    With `keep`, groups that an older split manifest dealt stay where they are; `subjects` is a
    table that says who is shown (`people.with_people`). Raises `FerError` for options that exclude
    one another, data without the subjects asked for, ids that occur in two data sets, an `out` that
    is there (without `force`), and for data that a protocol is not for or that lacks rows of its
    list.
    """
    kind_of("options", options, SplitOptions)
    options.check()
    out = at(out)
    data = several(data)
    if not data:
        raise FerError("there is no data to split; give the folder of an ingest")
    files = [manifest_at(path) for path in data]
    ingested = out.name == "manifest.parquet" and (out.parent / "ingest.json").exists()
    if ingested or any(str(file) == str(out) for file in files):
        raise FerError(f"{out}: is the manifest of a data set, which is not dealt; give another -o")
    if out.is_dir():
        raise FerError(f"{out}: is a folder; give -o a file in it, as in {out}/split.parquet")
    if out.exists() and not force:
        raise FerError(f"{out}: is there; give another -o, or --force")
    manifests = [read_manifest(file) for file in files]
    table = _merged(manifests, files)
    known: list[str] = []
    if subjects is not None:
        table, known = with_people(table, Path(subjects))
    if options.protocol and (keep or len(files) > 1):
        raise FerError("--protocol deals one data set alone; leave --keep and the others out")
    if (options.official or options.leave_one_out) and keep:
        raise FerError("--keep goes with --ratios and --folds; leave it out")
    found, options, listed = _labelled(table, manifests[0].facts.get("source"), options)
    table = found.table
    groups = group_rows(table, _grouping(options), options.rule)
    dealable = usable(table) & table["label"].is_valid().to_numpy()
    if not dealable.any():
        raise FerError(
            f"{', '.join(map(str, data))}: no row has a face and a label, so there is nothing to "
            "deal; `fertools stats` says why"
        )
    if options.leave_one_out:
        options = dataclasses.replace(options, folds=_one_each(groups.codes[dealable], options))
    part, shares, notes = deal_rows(table, options, groups, dealable, listed, keep)
    notes = [*known, *groups.notes, *notes]
    dealt = part >= 0
    table = _written(table, groups, part, options)
    report = _report(table, groups, part, shares, options)
    facts = {
        "split": {k: v for k, v in dataclasses.asdict(options).items() if v is not None},
        "from": {_name(m, f): sha256(f)[:32] for m, f in zip(manifests, files, strict=True)},
        "keep": sha256(manifest_at(keep))[:32] if keep else None,
        **({} if subjects is None else {"subjects": sha256(Path(subjects))[:32]}),
    }
    if options.protocol:
        facts["protocol"], told = _protocol(options, found, listed, manifests[0])
        notes += told
    card = _card(manifests, out, {**facts, "notes": notes, "made": made(command)})
    try:
        write_manifest(out, table, facts, card)
    except OSError as error:
        raise FerError(f"{out}: cannot be written ({error.strerror}); give another -o") from error
    kinds = [groups.kinds[g] for g in np.unique(groups.codes[dealt])]
    return Split(
        out=out,
        rows=table.num_rows,
        dealt=int(dealt.sum()),
        groups=len(kinds),
        kinds={kind: kinds.count(kind) for kind in sorted(set(kinds))},
        left_out=_left_out(table, dealable, dealt, options.official),
        parts=report,
        notes=notes,
        missing=listed.missing if listed else [],
    )


def _protocol(
    options: SplitOptions, found: Judged, listed: Followed | None, manifest: Manifest
) -> tuple[dict[str, Any], list[str]]:
    """The protocol that was followed, by another name where its test part is another by verdict."""
    assert options.protocol is not None
    test = np.ones(len(manifest), np.bool_)  # of dealt parts and folds any row may be in a test
    if listed:
        test = listed.part >= 0 if listed.folds else listed.part == PARTS.index("test")
    elif options.official:
        test = np.asarray(encode_parts(manifest.table["official_split"]) == PARTS.index("test"))
    name, count = renamed(options.protocol, test, found, manifest)
    fact = {"name": name, "digest": digest(options.protocol)}
    told = (
        f"{count:,} rows of the test part are others by verdict: it is {name} now, and no score on "
        f"it is one on {options.protocol}"
    )
    return fact, [told] if count else []


def _labelled(
    table: pa.Table, source: str | None, options: SplitOptions
) -> tuple[Judged, SplitOptions, Followed | None]:
    """The table with labels, the options with what a protocol decides, and the rows of its list."""
    if options.protocol:
        way = options.protocol, options.draw, options.allow_missing
        decided, listed = plan(table, source, *way)
        options = dataclasses.replace(options, **decided)
        if listed:
            return judge(listed.table, None, bool(options.verdicts)), options, listed
        _check_rule(options)
    names = mapping(options.labels) if options.labels else None
    labelled = label(table, options.label_rule, names)
    return judge(labelled, names, bool(options.verdicts)), options, None


def _one_each(groups: Codes, options: SplitOptions) -> int:
    """How many folds there are where each group is one. Raises `FerError` for too many, or one."""
    many, of = len(np.unique(groups)), options.grouping.group
    if 2 <= many <= MOST_FOLDS:
        return many
    what = f"one of {many:,} is left out each time; " if many > 1 else "there is one alone; "
    cure = f"at most {MOST_FOLDS:,} may be, so say --folds 10" if many > 1 else "nobody would train"
    raise FerError(f"{options.rule}--leave-one-out with --group {of}: {what}{cure}")


def _check_rule(options: SplitOptions) -> None:
    """Raise `FerError` where a protocol of one's own decides what nobody could ask for."""
    try:
        dataclasses.replace(options, protocol=None, draw=None, allow_missing=0).check()
    except FerError as error:
        raise FerError(f"protocol {options.protocol}: its rule says: {error}") from error


def _grouping(options: SplitOptions) -> Grouping:
    """Published parts are taken as they are: a group is then a fact to report, not to ask for."""
    dealt = not options.official or options.val_from is not None
    ways = options.grouping
    return ways if dealt else dataclasses.replace(ways, or_else=ways.or_else or "self")


def _merged(manifests: Sequence[Manifest], files: Sequence[Location]) -> pa.Table:
    try:
        table = pa.concat_tables([m.table for m in manifests], promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        every = ", ".join(map(str, files))
        raise FerError(f"{every}: a column has two types ({error}); rename one") from error
    for manifest, file in zip(manifests, files, strict=True):
        manifest.each_once(file)
    if len(manifests) > 1 and (twice := repeated(table["id"])) is not None:
        raise FerError(
            f"id {twice!r} is in two of {', '.join(map(str, files))}; "
            "leave one out if both are of one data set, else ingest one with another --name"
        )
    return table


def _written(table: pa.Table, groups: Groups, part: Codes, options: SplitOptions) -> pa.Table:
    table = put(table, "group", words(groups.codes, groups.names))
    kinds = sorted(set(groups.kinds))
    kind_of = np.array([kinds.index(k) for k in groups.kinds] or [0])
    table = put(table, "group_kind", words(kind_of[groups.codes], kinds))
    none = pa.nulls(table.num_rows, pa.string())
    if options.folds:
        table = put(table, "split", none)
        return put(table, "fold", pa.array(part, pa.int16(), mask=part < 0))
    table = put(table, "split", words(part, list(PARTS)))
    return put(table, "fold", pa.nulls(table.num_rows, pa.int16()))


def _report(
    table: pa.Table,
    groups: Groups,
    part: Codes,
    shares: npt.NDArray[np.float64],
    options: SplitOptions,
) -> list[Part]:
    codes, names = encode(table["label"])
    totals = np.bincount(codes[part >= 0], minlength=len(names))
    found = []
    for number, share in enumerate(shares):
        here = part == number
        rows = np.bincount(codes[here], minlength=len(names))
        name = f"fold {number}" if options.folds else PARTS[number]
        for code, word in enumerate(names):
            among = len(np.unique(groups.codes[here & (codes == code)]))
            found.append(Part(name, word, int(rows[code]), float(totals[code] * share), among))
    return found


def _left_out(
    table: pa.Table,
    dealable: npt.NDArray[np.bool_],
    dealt: npt.NDArray[np.bool_],
    official: bool,
) -> dict[str, int]:
    """Rows that belong to no part, by reason."""
    drop = table["drop"] if "drop" in table.column_names else pa.nulls(len(table), pa.string())
    reasons = pc.if_else(pc.not_equal(table["status"], "ok"), table["status"],
                         pc.coalesce(drop, table["label_status"]))  # fmt: skip
    unlisted = "no_official_split" if official else "not_in_protocol"
    reasons = pc.if_else(pa.array(dealable), unlisted, reasons).filter(pa.array(~dealt))
    counted = {e["values"]: e["counts"] for e in pc.value_counts(reasons).to_pylist()}
    return dict(sorted(counted.items(), key=lambda e: (-e[1], e[0])))


def _name(manifest: Manifest, file: Location) -> str:
    return str(manifest.facts.get("name", file.stem))


def _card(manifests: Sequence[Manifest], out: Location, facts: dict[str, Any]) -> dict[str, Any]:
    """The card of a split: where the face stores of its data sets lie, seen from it.

    Raises `FerError` where two folders have stores of one name: rows know theirs by name alone.
    """
    stores: dict[str, dict[str, Any]] = {}
    for manifest in manifests:
        for key, entry in manifest.card.get("stores", {}).items():
            place = entry.get("path", ".")
            path = way((manifest.place / place).resolve(), out.parent.resolve()) if place else ""
            mine = {**entry, "path": path}
            if stores.setdefault(key, mine) != mine:
                raise FerError(
                    f"two of the data sets are called {manifest.facts.get('name')!r}; ingest one "
                    "of them with another --name"
                )
    about = {str(m.card.get("name")): m.card.get("about") for m in manifests if "about" in m.card}
    return {**facts, "about": about, "stores": stores}
