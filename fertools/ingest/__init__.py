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
import pickle
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fertools import engine, folder, versions
from fertools.engine import Engine
from fertools.errors import FerError, disk_faults, unknown
from fertools.face_options import FaceOptions
from fertools.given import several, whole
from fertools.ingest.assemble import assemble
from fertools.ingest.plan import find_units, make_plan, open_roots, source_name
from fertools.ingest.reading import Job, packed, read_unit, set_up
from fertools.ingest.records import keep_records
from fertools.ingest.unitfile import finished, unit_file, unit_rows
from fertools.locations import Location, at, listed
from fertools.locations.lock import alone_in
from fertools.manifest import stored_facts, write_json
from fertools.roots import Unit, forget
from fertools.roots.listing import PLAN

ASKED = 8  # units looked for at a time: a store answers many at once
ON_ERROR = ("keep", "stop")
PARTIALS = (
    ".*.npy.*partial", ".*.parquet.*partial", ".*.json.partial", "units/.*.parquet.*partial"
)  # fmt: skip

Progress = Callable[[str, dict[str, int]], None]


@dataclass(frozen=True, slots=True)
class Ingested:
    """What came out: the folder, rows per status, and sentences worth reading."""

    out: Location
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
    source: str | Path,
    raws: str | Path | Sequence[str | Path],
    out: str | Path | Location,
    *,
    name: str | None = None,
    face: dict[str, Any] | None = None,
    options: dict[str, Any] | None = None,
    workers: int | None = None,
    engine: str | None = None,
    ray_address: str | None = None,
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
    raws, source = several(raws), str(source)
    if not raws:
        raise FerError(f"{out}: there is no RAW to read; give a folder, an archive or a table")
    out, how = at(out), Engine(engine, workers, ray_address)
    if on_error not in ON_ERROR:
        raise unknown("on_error", on_error, list(ON_ERROR))
    if limit is not None:
        whole("limit", limit, 1)
    with disk_faults(out, f"{' without --force' * force}, it goes on where it was"):
        module = folder.load_whole("sources", source)
        roots = open_roots(module, raws, options or {})
        units = find_units(module, roots, source)
        name = source_name(source, name)
        plan = make_plan(module, roots, source, name, face or {}, units, limit)
        settled = FaceOptions(**plan["face"])
        plan = plan if force else _as_begun(out, plan)
        _check_ours(out, plan, add=add, force=force)
        out.mkdir(parents=True, exist_ok=True)
        with alone_in(out), _opened(out, plan, how, add=add, force=force):
            labels = keep_records(module, roots, out)
            left = _unfinished(out, units, limit)
            if not add:
                _check_units(out, units, left, limit)
            jobs = [
                Job(source, packed(dataclasses.replace(unit, labels=labels)),
                    settled, str(out), on_error == "stop", shared=how.kind == "ray")
                for unit in left
            ]  # fmt: skip
            count, copies = len(units), pickle.dumps(jobs)
            del units, left, jobs
            forget(roots)
            jobs = pickle.loads(copies)  # the old ones lay among the lists and would keep the room
            del copies
            _work(jobs, how, _left(out, limit), progress)
            _check_there(out, jobs, limit)
            card = assemble(module, out, plan, roots, command)
    return Ingested(
        out, card["rows"], card["statuses"], card["notes"], count,
        time.monotonic() - start,
    )  # fmt: skip


def _left(out: Location, limit: int | None) -> int | None:
    """How many rows are still to be read of those that `--limit` allows."""
    if limit is None:
        return None
    return max(0, limit - sum(map(unit_rows, listed(out, "units/*.parquet"))))


def _unfinished(out: Location, units: Sequence[Unit], limit: int | None) -> list[Unit]:
    """The units that are still to be read; none once a limit is reached."""
    with ThreadPoolExecutor(ASKED) as pool:
        done = list(pool.map(functools.partial(finished, out), units))
    left = [unit for unit, is_done in zip(units, done, strict=True) if not is_done]
    return [] if _left(out, limit) == 0 else left


def _check_ours(out: Location, plan: dict[str, Any], *, add: bool, force: bool) -> None:
    """Raise `FerError` unless `out` is new, empty, or an ingest by the same plan."""
    ours = (out / PLAN).is_file()
    if ours and not force:
        _compare(out, plan)
    elif not ours and out.exists() and (not out.is_dir() or _strangers(out)):
        raise FerError(f"{out}: is there and is no data set of fertools; give another -o")
    if add and not ours:
        raise FerError(f"{out}: there is no data set to add to; leave --add out")


@contextlib.contextmanager
def _opened(
    out: Location, plan: dict[str, Any], how: Engine, *, add: bool, force: bool
) -> Iterator[None]:
    """`out` made ours; empty again where it is new and a mistake is told before any row is done.

    The cure may be another option, and can then be followed in the same folder.

    On a cluster what was called off may write on, so all stays.
    """
    new = how.kind != "ray" and not (out / PLAN).is_file()
    _open_out(out, plan, add=add, force=force)
    try:
        yield
    except FerError:
        if new and not any(map(unit_rows, listed(out, "units/*.parquet"))):
            _clear(out)
            (out / PLAN).unlink()
            if isinstance(out, Path):
                with contextlib.suppress(OSError):  # a stranger's file is in it
                    (out / "units").rmdir()
        raise


def _open_out(out: Location, plan: dict[str, Any], *, add: bool, force: bool) -> None:
    """Make `out` ours, or refuse: somebody else may have begun there since it was looked at."""
    _check_ours(out, plan, add=add, force=force)
    file = out / PLAN
    ours = file.is_file()
    if ours and force:
        _clear(out)
    if force or not ours:
        write_json(file, plan)
    (out / "units").mkdir(exist_ok=True)


def _strangers(out: Location) -> bool:
    """Whether a folder holds anything but a plan that was about to be written."""
    return any(path.name != f".{PLAN}.partial" for path in out.iterdir())


def _compare(out: Location, plan: dict[str, Any]) -> None:
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


def _as_begun(out: Location, plan: dict[str, Any]) -> dict[str, Any]:
    """The plan, with the detector's options of the one in `out` where it was or is not installed.

    They cannot be settled where it is not, so nobody could ask for the same.
    """
    try:
        before = json.loads((out / PLAN).read_text(encoding="utf-8"))["face"]["detector_options"]
        shared = before.keys() & plan["face"]["detector_options"].keys()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return plan  # `_compare` says what is wrong with it
    now = plan["face"]["detector_options"]
    if before.keys() == now.keys() or any(before[name] != now[name] for name in shared):
        return plan
    return {**plan, "face": {**plan["face"], "detector_options": before}}


def _changes(before: dict[str, Any], now: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Name, old and new value of what differs, inner objects compared by their own names."""
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _changes(old, new)
        elif old != new:
            yield name, old, new


def _clear(out: Location) -> None:
    """Remove what an ingest wrote and what was curated of it, and nothing else; the plan stays,
    which says that it is ours.
    """
    if isinstance(out, Path):
        versions.forget(out)
    for pattern in ("manifest.parquet", "card.json", "labels.parquet", "faces-*.npy",
                    "units/*.parquet", *PARTIALS):  # fmt: skip
        for file in out.glob(pattern):
            file.unlink()


def _check_there(out: Location, jobs: Sequence[Job], limit: int | None) -> None:
    """Raise `FerError` where a unit was finished, but not here; remove what dead nodes left."""
    there = {file.name for file in listed(out, "units/*.parquet")}
    lost = [job for job in jobs if unit_file(out, job.unit.name).name not in there]
    if lost and limit is None:
        raise FerError(
            f"{out}: {lost[0]} was finished on another machine and is not here; give an -o that "
            "every node sees"
        )
    for pattern in PARTIALS:
        for file in out.glob(pattern):
            file.unlink(missing_ok=True)


def _check_units(
    out: Location, units: Sequence[Unit], left: Sequence[Unit], limit: int | None
) -> None:
    """Raise `FerError` where the units of a data set and of its RAW are not the same, unsaid.

    A RAW of an earlier round may be given again; nothing is left to read then.
    """
    known = stored_facts(out / "manifest.parquet").get("units")
    names = {unit.name for unit in units}
    gone = [file.stem for file in listed(out, "units/*.parquet") if file.stem not in names]
    if gone and (left or known is None):
        raise FerError(
            f"{out}: holds {len(gone)} units ({gone[0]}, ..) that were read before and are not in "
            "the RAW now; put their files back under their old names, say --add to keep what was "
            "read, or --force to start over"
        )
    new = [unit.name for unit in left if known is not None and unit.name not in known]
    if new and limit is None:
        raise FerError(
            f"{out}: {len(new)} new units ({new[0]}, ..) for a finished data set; say --add"
        )


def _work(jobs: Sequence[Job], how: Engine, limit: int | None, progress: Progress | None) -> None:
    state = {"units": 0, "of": len(jobs), "rows": 0, "ok": 0}
    for name, rows, ok in _results(jobs, how, limit):
        state["units"] += 1
        state["rows"] += rows
        state["ok"] += ok
        if progress:
            progress(name, dict(state))


def _results(jobs: Sequence[Job], how: Engine, limit: int | None) -> Iterator[tuple[str, int, int]]:
    if limit is None:
        setup = functools.partial(set_up, jobs[0].source) if jobs else None
        yield from engine.run(read_unit, jobs, setup=setup, engine=how)
        return
    for job in jobs:  # how much is left to read is known only when the unit before is done
        if limit <= 0:
            return
        result = read_unit(dataclasses.replace(job, limit=limit))
        limit -= result[1]
        yield result
