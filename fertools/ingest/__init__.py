"""Ingest: raw data in, face shards and `manifest.parquet` with its `card.json` out.

A data set is read unit by unit. A finished unit is a Parquet file below `units/`, renamed into
place after its shards, so that what was killed goes on where it was. The manifest is put together
from the finished units in the order of their names: the same input and options give the same bytes,
whatever the number of workers, the order of work, and the rounds it took.
"""

import contextlib
import dataclasses
import functools
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fertools import engine
from fertools.errors import FerError
from fertools.face_options import FaceOptions
from fertools.frame import Batch
from fertools.image import one_thread
from fertools.ingest.assemble import assemble
from fertools.ingest.extract import Extractor, given_up
from fertools.ingest.plan import find_units, load_source, make_plan, open_roots, source_name
from fertools.ingest.records import keep_records
from fertools.ingest.startup import with_pyarrow_alone
from fertools.ingest.unitfile import UnitWriter, finished, unit_rows
from fertools.manifest import stored_facts, write_json
from fertools.roots import Unit

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
    out = Path(out)
    with _disk_faults(out):
        module = load_source(source)
        roots = open_roots(module, raws, options or {})
        units = find_units(module, roots, source)
        name = source_name(source, name)
        plan = make_plan(module, roots, source, name, face or {}, units, limit)
        _open_out(out, plan, add=add, force=force)
        labels = keep_records(module, roots, out)
        jobs = [
            Job(source, dataclasses.replace(unit, labels=labels), FaceOptions(**plan["face"]),
                str(out), on_error == "stop")
            for unit in _unfinished(out, units, limit)
        ]  # fmt: skip
        _check_new(out, jobs, add=add)
        _work(jobs, workers, _left(out, limit), progress)
        card = assemble(module, out, plan, roots, command)
    return Ingested(
        out, card["rows"], card["statuses"], card["notes"], len(units),
        time.monotonic() - start,
    )  # fmt: skip


@contextlib.contextmanager
def _disk_faults(out: Path) -> Iterator[None]:
    """A full disk, a folder without permission: a sentence, for the user alone can mend it."""
    try:
        yield
    except OSError as error:
        what = error.strerror or error
        raise FerError(
            f"{error.filename or out}: {what}; mend that and run the same command again, "
            "it goes on where it was"
        ) from error


def _left(out: Path, limit: int | None) -> int | None:
    """How many rows are still to be read of those that `--limit` allows."""
    if limit is None:
        return None
    files = (out / "units").glob("*.parquet")
    return max(0, limit - sum(unit_rows(file) for file in files))


def _unfinished(out: Path, units: Sequence[Unit], limit: int | None) -> list[Unit]:
    """The units that are still to be read; none once a limit is reached."""
    left = [unit for unit in units if not finished(out, unit)]
    return [] if _left(out, limit) == 0 else left


def _open_out(out: Path, plan: dict[str, Any], *, add: bool, force: bool) -> None:
    """Make `out` ours, or refuse: it may be new, empty, or an ingest by the same plan."""
    file = out / PLAN
    ours = file.is_file()
    if ours and not force:
        _compare(out, plan)
        return
    if ours:
        _clear(out)
    elif out.exists() and (not out.is_dir() or _strangers(out)):
        raise FerError(f"{out}: is there and is no data set of fertools; give another -o")
    if add and not ours:
        raise FerError(f"{out}: there is no data set to add to; leave --add out")
    out.mkdir(parents=True, exist_ok=True)
    write_json(file, plan)
    (out / "units").mkdir(exist_ok=True)


def _strangers(out: Path) -> bool:
    """Whether a folder holds anything but a plan that was about to be written."""
    return any(path.name != f".{PLAN}.partial" for path in out.iterdir())


def _compare(out: Path, plan: dict[str, Any]) -> None:
    """Raise `FerError` where the data set was made by another plan."""
    try:
        before = json.loads((out / PLAN).read_text(encoding="utf-8"))
    except ValueError as error:
        raise FerError(f"{out / PLAN}: is broken ({error}); give another -o, or --force") from error
    changed = [f"{name} {old!r}, now {new!r}" for name, old, new in _changes(before, plan)]
    if changed:
        raise FerError(
            f"{out}: was made with {'; '.join(changed)}; ask for the same, give another -o, or "
            "--force to start over"
        )


def _changes(before: dict[str, Any], now: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Name, old and new value of what differs, inner objects compared by their own names."""
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _changes(old, new)
        elif old != new:
            yield name, old, new


def _clear(out: Path) -> None:
    """Remove what an ingest wrote, and nothing else; the plan stays, which says that it is ours."""
    for pattern in ("manifest.parquet", "card.json", "labels.parquet", "faces-*.npy",
                    ".*.npy.partial", ".*.parquet.partial", "units/*.parquet",
                    "units/.*.parquet.partial"):  # fmt: skip
        for file in out.glob(pattern):
            file.unlink()


def _check_new(out: Path, jobs: Sequence[Job], *, add: bool) -> None:
    known = stored_facts(out / "manifest.parquet").get("units")
    if known is None or add:
        return
    if new := [job.unit.name for job in jobs if job.unit.name not in known]:
        raise FerError(
            f"{out}: {len(new)} new units ({new[0]}, ..) for a finished data set; say --add"
        )


def _work(jobs: Sequence[Job], workers: int, limit: int | None, progress: Progress | None) -> None:
    state = {"units": 0, "of": len(jobs), "rows": 0, "ok": 0}
    for name, rows, ok in _results(jobs, workers, limit):
        state["units"] += 1
        state["rows"] += rows
        state["ok"] += ok
        if progress:
            progress(name, dict(state))


def _results(
    jobs: Sequence[Job], workers: int, limit: int | None
) -> Iterator[tuple[str, int, int]]:
    if limit is None:
        setup = functools.partial(_set_up, jobs[0].source) if jobs else None
        yield from engine.run(read_unit, jobs, workers, setup=setup)
        return
    for job in jobs:  # how much is left to read is known only when the unit before is done
        if limit <= 0:
            return
        result = read_unit(dataclasses.replace(job, limit=limit))
        limit -= result[1]
        yield result


def _set_up(source: str) -> None:
    """Make a worker ready: a job's options can only be unpickled once its source is loaded."""
    one_thread()
    if load_source(source).__name__.startswith("fertools.sources."):
        with_pyarrow_alone()


def read_unit(job: Job) -> tuple[str, int, int]:
    """Finish one unit: its shards, then its Parquet file. Returns its name, rows and faces."""
    module = load_source(job.source)
    extract = Extractor(job.face)
    writer = UnitWriter(Path(job.out), job.unit)
    most = job.limit if job.limit is not None else sys.maxsize
    for number, piece in enumerate(module.read(job.unit)):
        fault = engine.begin(number)
        if isinstance(piece, Batch):
            if fault:
                raise FerError(f"{job}: the process {fault} twice on its rows; leave it out")
            writer.add_batch(*extract.batch(piece, most - writer.rows))
        elif fault:
            writer.add(given_up(piece, fault), None)
        else:
            writer.add(*extract(piece, job.unit))
        if job.stop_on_error:
            writer.refuse_faults()
        if writer.rows >= most:
            break
    engine.end()
    return writer.close()
