"""Ingest: raw data in, face shards and `manifest.parquet` with its `card.json` out.

A data set is read unit by unit. A finished unit is a Parquet file below `units/`, renamed into
place after its shards, so that what was killed goes on where it was. The manifest is put together
from the finished units in the order of their names: the same input and options give the same bytes,
whatever the number of workers, the order of work, and the rounds it took.
"""

import dataclasses
import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fertools import engine, folder
from fertools.assemble import assemble
from fertools.errors import FerError
from fertools.extract import Extractor
from fertools.face_options import FaceOptions, settle
from fertools.frame import Batch, Frame
from fertools.image import ImageFault, one_thread, shape_of
from fertools.manifest import write_json
from fertools.roots import Member, ReadFault, Root, Unit
from fertools.unitfile import UnitWriter, finished

PROBED = 64  # images looked at where nobody says how large a face is
LARGEST_AS_IS = 256  # pixels
STANDARD = (224, 3)
PLAN = "ingest.json"

Progress = Callable[[str, dict[str, int]], None]


@dataclass(frozen=True, slots=True)
class Job:
    """A unit with all that is needed to finish it, in this process or another."""

    source: str
    unit: Unit
    face: FaceOptions
    out: str
    stop_on_error: bool
    limit: int | None = None

    def __str__(self) -> str:
        return str(self.unit)


@dataclass(frozen=True, slots=True)
class Ingested:
    """What came out: the folder, rows per status, and sentences worth reading."""

    out: Path
    rows: int
    statuses: dict[str, int]
    notes: list[str]
    units: int
    seconds: float

    @property
    def ok(self) -> int:
        """Rows with a face."""
        return self.statuses.get("ok", 0)


def ingest(
    source: str,
    raws: Sequence[str | Path],
    out: str | Path,
    *,
    name: str | None = None,
    face: dict[str, Any] | None = None,
    options: dict[str, Any] | None = None,
    workers: int = 1,
    limit: int | None = None,
    add: bool = False,
    force: bool = False,
    on_error: str = "keep",
    command: str | None = None,
    progress: Progress | None = None,
) -> Ingested:
    """Read a data set into the folder `out`; returns what came out.

    `source` is a name of the listing or a user's `.py` file; `face` and `options` hold only what
    was asked for, the source's and the general defaults stand for the rest. `add` reads further
    units into a data set that is there; `force` starts over. Raises `FerError` for a root that does
    not look like the data set, for an `out` that holds something else, and, with `on_error="stop"`,
    for the first image that gave no face.
    """
    start = time.monotonic()
    module = folder.load("sources", source)
    name = name or Path(source).stem
    roots = _roots(module, raws, options or {})
    out = Path(out)
    units = _units(module, roots, source)
    plan = _plan(module, roots, source, name, face or {}, units, limit)
    _open_out(out, plan, add=add, force=force)
    labels = _label_index(module, roots, out)
    jobs = [
        Job(source, dataclasses.replace(unit, labels=labels), FaceOptions(**plan["face"]), str(out),
            on_error == "stop", limit)
        for unit in units
        if not finished(out, unit)
    ]  # fmt: skip
    _check_new(out, units, jobs, add=add)
    _work(jobs, workers, limit, progress)
    card = assemble(module, out, plan, roots, command)
    return Ingested(
        out, card["rows"], card["statuses"], card["notes"], len(units),
        time.monotonic() - start,
    )  # fmt: skip


def _roots(module: ModuleType, raws: Sequence[str | Path], given: dict[str, Any]) -> list[Root]:
    """The RAW arguments, each of which knows the others."""
    roots = [Root(raw, _source_options(module, given)) for raw in raws]
    for root in roots:
        root.beside = tuple(other for other in roots if other is not root)
    return roots


def _source_options(module: ModuleType, given: dict[str, Any]) -> Any:
    if not hasattr(module, "Options"):
        if given:
            raise FerError(f"option {next(iter(given))!r}: this source has no options")
        return None
    known = [f.name for f in dataclasses.fields(module.Options)]
    for key in given:
        if key not in known:
            raise FerError(f"option {key!r}: known are {', '.join(known)}")
    return module.Options(**given)


def _units(module: ModuleType, roots: Sequence[Root], source: str) -> list[Unit]:
    """The units of all roots by name; a name that two roots share gets the root's number."""
    found: dict[str, Unit] = {}
    for number, root in enumerate(roots):
        fits = module.matches(root)
        if not fits:
            raise FerError(_wrong_root(root, source))
        for unit in module.units(root):
            key = unit.name if unit.name not in found else f"{unit.name}-{number}"
            found[key] = dataclasses.replace(unit, name=key)
    return [found[key] for key in sorted(found)]


def _wrong_root(root: Root, source: str) -> str:
    others = [
        name
        for name in folder.names("sources")
        if name not in (source, "imagefolder", "table")
        and folder.load("sources", name).matches(Root(root.path))
    ]
    looks = f"it looks like {' or '.join(others)}" if others else "see `fertools sources`"
    kinds = sorted({member.suffix or "no extension" for member in root.members})[:5]
    holds = f"{len(root.members)} files ({', '.join(kinds)})" if root.members else "no file"
    return f"{root}: this is not laid out as {Path(source).stem}: {holds}; {looks}"


def _plan(
    module: ModuleType,
    roots: Sequence[Root],
    source: str,
    name: str,
    face: dict[str, Any],
    units: Sequence[Unit],
    limit: int | None,
) -> dict[str, Any]:
    """What determines the result, but for the units: source, name and every option, resolved."""
    options = settle(getattr(module, "DEFAULTS", {}), face)
    if options.size is None or options.channels is None:
        size, channels = _probe(module, units)
        options = dataclasses.replace(
            options, size=options.size or size, channels=options.channels or channels
        )
    own = roots[0].options if roots else None
    return {
        "source": Path(source).stem,
        "name": name,
        "face": dataclasses.asdict(options),
        "options": dataclasses.asdict(own) if own is not None else {},
        "limit": limit,
    }


def _probe(module: ModuleType, units: Sequence[Unit]) -> tuple[int, int]:
    """Side and channels of the first images where they all agree and are small, else 224 colour."""
    shapes = set()
    frames = ((unit, frame) for unit in units for frame in module.read(unit))
    for unit, frame in itertools.islice(frames, PROBED):
        if not (isinstance(frame, Frame) and isinstance(frame.image, Member)):
            continue
        try:
            shapes.add(shape_of(unit.read(frame.image)))
        except (ImageFault, ReadFault, OSError):
            continue
    if len(shapes) == 1:
        height, width, channels = shapes.pop()
        if height == width <= LARGEST_AS_IS:
            return height, channels
    return STANDARD


def _open_out(out: Path, plan: dict[str, Any], *, add: bool, force: bool) -> None:
    """Make `out` ours, or refuse: it may be new, empty, or an ingest by the same plan."""
    file = out / PLAN
    if force:
        _clear(out)
    if file.is_file():
        before = json.loads(file.read_text(encoding="utf-8"))
        if before != plan:
            changed = [k for k in plan if before.get(k) != plan[k]]
            raise FerError(
                f"{out}: was made with another {', '.join(changed)}; give another -o, or --force"
            )
        return
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FerError(f"{out}: is there and is no data set of fertools; give another -o")
    if add:
        raise FerError(f"{out}: there is no data set to add to; leave --add out")
    try:
        (out / "units").mkdir(parents=True, exist_ok=True)
        write_json(file, plan)
    except OSError as error:
        raise FerError(f"{out}: cannot be written ({error.strerror}); give another -o") from error


def _clear(out: Path) -> None:
    """Remove what an ingest wrote, and nothing else."""
    own = [PLAN, "manifest.parquet", "card.json", "labels.parquet", "faces-*.npy", ".*.partial"]
    for pattern in (*own, "units/*.parquet", "units/.*.partial"):
        for file in out.glob(pattern):
            file.unlink()
    if (out / "units").is_dir():
        (out / "units").rmdir()


def _label_index(module: ModuleType, roots: Sequence[Root], out: Path) -> str | None:
    """Keep the data set's own records with the store: `labels.parquet`, united over all rounds."""
    if not hasattr(module, "index"):
        return None
    file = out / "labels.parquet"
    tables = [table for root in roots if (table := module.index(root)) is not None]
    if file.is_file():
        tables.insert(0, pq.read_table(file))
    if not tables:
        return None
    table = pa.concat_tables(tables, promote_options="permissive")
    table = module.unite(table) if hasattr(module, "unite") else _distinct(table)
    table = table.combine_chunks()  # the bytes would tell how many rounds it took
    partial = out / ".labels.parquet.partial"
    # a unit looks for its own records: small groups let it pass over those of other units
    pq.write_table(table, partial, compression="zstd", row_group_size=1 << 15)
    partial.replace(file)
    return str(file)


def _distinct(table: pa.Table) -> pa.Table:
    """Rows of a label index by key; of several with one key the first."""
    first = table.append_column("at", pa.array(np.arange(table.num_rows))).group_by("key")
    rows = first.aggregate([("at", "min")])["at_min"]
    return table.take(rows).sort_by("key")


def _check_new(out: Path, units: Sequence[Unit], jobs: Sequence[Job], *, add: bool) -> None:
    if not (out / "manifest.parquet").is_file() or add or not jobs:
        return
    done = {file.stem for file in (out / "units").glob("*.parquet")}
    if new := [job.unit.name for job in jobs if job.unit.name not in done]:
        raise FerError(
            f"{out}: {len(new)} new units ({new[0]}, ..) for a finished data set; say --add"
        )


def _work(jobs: list[Job], workers: int, limit: int | None, progress: Progress | None) -> None:
    total = sum(len(job.unit.members) for job in jobs)
    state = {"units": 0, "of": len(jobs), "rows": 0, "ok": 0, "expected": total}
    if limit is not None:
        workers = 1
    for job, (name, rows, ok) in _results(jobs, workers, limit):
        state["units"] += 1
        state["rows"] += rows
        state["ok"] += ok
        if progress:
            progress(name, {**state, "members": len(job.unit.members)})


def _results(
    jobs: list[Job], workers: int, limit: int | None
) -> Iterator[tuple[Job, tuple[str, int, int]]]:
    if limit is None:
        by_name = {job.unit.name: job for job in jobs}
        for result in engine.run(read_unit, jobs, workers, setup=one_thread):
            yield by_name[result[0]], result
        return
    for job in jobs:
        if limit <= 0:
            return
        result = read_unit(dataclasses.replace(job, limit=limit))
        limit -= result[1]
        yield job, result


def read_unit(job: Job) -> tuple[str, int, int]:
    """Finish one unit: its shards, then its Parquet file. Returns its name, rows and faces."""
    module = folder.load("sources", job.source)
    extract = Extractor(job.face)
    writer = UnitWriter(Path(job.out), job.unit)
    left = job.limit if job.limit is not None else sys.maxsize
    for piece in module.read(job.unit):
        if isinstance(piece, Batch):
            writer.add_batch(*extract.batch(piece, left))
        else:
            writer.add(*extract(piece, job.unit))
        if job.stop_on_error:
            writer.refuse_faults()
        if writer.rows >= left:
            break
    return writer.close()
