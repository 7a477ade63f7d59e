"""What one run, or a file of predictions, says of a part, and what is worth knowing of that.

In go a run and what is asked of it; out comes an `Outcome`: predictions, which of the rows resemble
something in the other parts, and which look at the test set it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fertools.data import FaceDataset, in_part
from fertools.devices import choose
from fertools.errors import FerError
from fertools.evaluate import ledger
from fertools.evaluate.evaluation import Options
from fertools.evaluate.leakfree import LeakFree, leak_free, parts
from fertools.evaluate.other import is_dealt, rows_of, shown, strangeness, told
from fertools.evaluate.predictions import (
    Predictions,
    differences,
    of,
    probabilities,
    settled,
    way_of,
)
from fertools.manifest import Manifest, locate, read_manifest
from fertools.measures.leakage import PARTS
from fertools.runs import Run, file_digest, manifest_of, network

Cache = dict[tuple[str, int | None], LeakFree]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The predictions of one run, what leaks in its manifest (by the file's `digest`), and what is
    worth knowing; `left_out` are the ids of rows without predictions, by their word.
    """

    name: str
    manifest: Manifest
    digest: str
    found: Predictions
    free: LeakFree | None
    look: str
    left_out: Mapping[str, Sequence[str]]
    notes: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    seen: dict[str, int] | None = None


def outcome_of(run: Run, options: Options, cache: Cache) -> Outcome:
    """What one run says of the part; `cache` keeps what leaks, for other runs of the split."""
    file = locate(options.on) if options.on else manifest_of(run)
    manifest = read_manifest(file)
    can_tell(manifest, options)
    masked: list[str] = []
    if options.on is None:
        rows = _rows(run, manifest, options)
    else:
        rows, masked = rows_of(run, manifest, options)
    device = choose(options.device)
    values = probabilities(network(run, device), rows, way_of(run.recipe, options.tta), device)
    values = settled(run, values, rows.classes, options.prior)
    found = of(manifest, rows, values)
    notes = differences(manifest, run.contract) + absent(rows)
    notes += lacking(rows.left_out, "the run's classes")
    free = known = None
    digest = file_digest(file)
    if options.on is None:
        if run.card["manifest"]["digest"] != digest:
            notes.append(f"{file} has changed since the run was trained")
        data = options.data or run.recipe.data.store or None
        free = free_of(manifest, run.fold, options, data, cache, str(file))
    else:
        strange, known = strangeness(run, manifest, rows.rows)
        notes += strange
        notes += [f"left out on both sides: {', '.join(masked)}"] if masked else []
    notes += _extra(run, manifest, rows)
    whole = options.on is not None and not is_dealt(manifest, options.fold)
    look = look_of(file, found, str(run.folder)) if whole or options.split == "test" else ""
    return Outcome(
        name=run.folder.name,
        manifest=manifest,
        digest=digest,
        found=found,
        free=free,
        look=look,
        left_out=rows.left_ids,
        notes=tuple(notes),
        masked=tuple(masked),
        seen=known,
    )


def lacking(left_out: Mapping[str, int], where: str) -> list[str]:
    """The rows of words that there are no predictions for."""
    return [f"{n:,} rows of {word} left out: not in {where}" for word, n in left_out.items()]


def _extra(run: Run, manifest: Manifest, rows: FaceDataset) -> list[str]:
    """What is known of the rows in the extra data of a run."""
    notes = []
    digests = dict(zip(run.card["extra_data"], run.card.get("extra_digests", ()), strict=False))
    for path in run.card["extra_data"]:
        try:
            other = read_manifest(path)
            if path in digests and file_digest(locate(path)) != digests[path]:
                notes.append(f"{path} has changed since the run was trained")
        except FerError as error:
            notes.append(f"copies in the extra data were not looked for ({error})")
            continue
        fitted = in_part(other, "train" if other.has("split") else None, None)
        counted = shown(other, fitted, manifest, rows.rows)
        notes += told(counted, len(rows), f"stands in the extra data {path}")
        notes.append(f"near-twins in the extra data {path} were not looked for")
    return notes


def absent(rows: FaceDataset) -> list[str]:
    """Classes that no row of the part has."""
    lacking = [word for word, n in zip(rows.classes, rows.counts, strict=True) if not n]
    return [f"no row of the part has the class {', '.join(lacking)}"] if lacking else []


def _rows(run: Run, manifest: Manifest, options: Options) -> FaceDataset:
    """The rows of the part as the run's contract wants them."""
    contract, data = run.contract, run.recipe.data
    return FaceDataset(
        manifest,
        options.split,
        fold=run.fold,
        classes=list(contract.classes),
        merge=data.merge,
        labels="soft" if manifest.has("target") else "hard",
        size=contract.size,
        channels=contract.channels,
        crop=contract.crop,
        data=options.data or data.store or None,
    )


def free_of(
    manifest: Manifest,
    fold: int | None,
    options: Options,
    data: str | Path | None,
    cache: Cache,
    file: str = "",
) -> LeakFree | None:
    """Which rows resemble nothing in the other parts; None where it was not asked for."""
    if not options.leak_free or options.split == "train":
        return None
    if (file, fold) not in cache:
        later = PARTS.index(options.split)
        cache[file, fold] = leak_free(manifest, parts(manifest, fold), later, data)
    return cache[file, fold]


def can_tell(manifest: Manifest, options: Options) -> None:
    """Raise `FerError` for a column of `by` that is not there or has no words."""
    for name in options.by:
        manifest.texts(name)


def look_of(file: Path, found: Predictions, who: str) -> str:
    """Note the look at these rows in the ledger beside the manifest; returns its words."""
    said = (found.truth, found.classes), (found.given, found.classes)
    return ledger.noted(file, found.ids, *said, who)
