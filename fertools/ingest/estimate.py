"""What an ingest will cost: images, bytes in and out, hours, and what the bound is.

In go the arguments of an ingest; out comes an estimate from a sample of images that is spread over
all units. Nothing is written. The first read of a file comes from the disk, so the sample measures
reading and working apart: with many workers the reading may become the bound.
"""

import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from fertools import folder
from fertools.engine import Engine
from fertools.face_options import FaceOptions
from fertools.frame import Batch, Frame
from fertools.ingest.extract import Extractor, taken_apart
from fertools.ingest.plan import find_units, make_plan, open_roots, source_name
from fertools.ingest.records import RECORDS, keep_records
from fertools.locations import Location, at
from fertools.roots import Member, ReadFault, Unit
from fertools.roots.listing import PLAN

SAMPLE = 48  # images
FIRST = 8  # of them, not counted: they pay for loading nets and opening archives

Measured = TypeVar("Measured")


@dataclass(frozen=True, slots=True)
class Estimate:
    """Sizes in bytes, times in hours, rates in bytes per second of one reader."""

    images: int
    units: int
    bytes_in: int
    bytes_out: int
    sampled: int
    faces: int  # of the sample
    hours_reading: float
    hours_working: float
    workers: int
    rate_in: float

    @property
    def hours(self) -> float:
        """A worker reads and works by turns; all of them read no faster than the disk."""
        return max(self.hours_reading, self.hours_reading / self.workers + self.hours_working)

    @property
    def bound(self) -> str:
        """What most of the time goes into."""
        return "reading the input" if self.hours_reading > self.hours_working else "the processor"


def estimate(
    source: str,
    raws: Sequence[str | Path],
    out: str | Path | Location | None = None,
    *,
    name: str | None = None,
    face: dict[str, Any] | None = None,
    options: dict[str, Any] | None = None,
    workers: int | None = None,
    engine: str | None = None,
    ray_address: str | None = None,
) -> Estimate:
    """Measure a sample and tell what the whole would take.

    `out` may hold earlier rounds of the data set, whose records these images may need. Raises
    `FerError` as `ingest` does.
    """
    how = Engine(engine, workers, ray_address)
    module = folder.load_whole("sources", source)
    roots = open_roots(module, raws, options or {})
    units = find_units(module, roots, source)
    together = how.at_a_time(len(units))
    plan = make_plan(module, roots, source, source_name(source, name), face or {}, units, None)
    settings = FaceOptions(**plan["face"])
    with tempfile.TemporaryDirectory() as scratch:
        if out is not None and (records := _earlier(at(out), plan["source"])):
            Path(scratch, RECORDS).write_bytes(records)
        labels = keep_records(module, roots, Path(scratch))
        units = [replace(unit, labels=labels) for unit in units]
        read, work, faces, sampled = _sample(module, units, settings)
        images = _images(module, units)
    bytes_in = sum(member.size for unit in units for member in unit.members)
    bytes_in += sum(unit.named.size for unit in units if unit.named)
    size, channels = settings.size or 0, settings.channels or 1
    sizes = [size for size, _ in read]
    rate = sum(sizes) / max(sum(seconds for _, seconds in read), 1e-9)
    return Estimate(
        images=images,
        units=len(units),
        bytes_in=bytes_in,
        bytes_out=images * size * size * channels,
        sampled=sampled,
        faces=faces,
        hours_reading=bytes_in / rate / 3600 if rate else 0.0,  # of empty files nothing is read
        hours_working=images * float(np.mean(work or [0])) / together / 3600,
        workers=together,
        rate_in=rate,
    )


def _earlier(out: Location, source: str) -> bytes | None:
    """The records that earlier rounds of the same source left in `out`, None where there are none.

    What is wrong with a data set there is for `ingest` to say.
    """
    try:
        plan = json.loads((out / PLAN).read_bytes())
        return (out / RECORDS).read_bytes() if plan["source"] == source else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _sample(
    module: Any, units: Sequence[Unit], settings: FaceOptions
) -> tuple[list[tuple[int, float]], list[float], int, int]:
    """Bytes and seconds of each read, seconds of work per image, faces and images sampled."""
    extract = Extractor(settings)
    read: list[tuple[int, float]] = []
    work: list[float] = []
    faces = sampled = 0
    start = time.perf_counter()
    for unit, piece in _spread(module, units, settings):
        if isinstance(piece, Batch):  # its rows are read and parsed at once
            table, found = extract.batch(piece, len(piece.columns["key"]))
            work.append((time.perf_counter() - start) / max(table.num_rows, 1))
            start = time.perf_counter()
            faces, sampled = faces + len(found), sampled + table.num_rows
            continue
        if isinstance(piece.image, Member):
            start = time.perf_counter()
            try:
                data = unit.read(piece.image)
            except (ReadFault, OSError):
                continue
            read.append((len(data), time.perf_counter() - start))
            piece = replace(piece, image=data)
        start = time.perf_counter()
        _, face = extract(piece, unit)
        work.append(time.perf_counter() - start)
        faces, sampled = faces + (face is not None), sampled + 1
    return _settled(read), _settled(work), faces, sampled


def _settled(measured: list[Measured]) -> list[Measured]:
    """What was measured, less the first ones where enough are left."""
    return measured[FIRST:] if len(measured) > 2 * FIRST else measured


def _spread(
    module: Any, units: Sequence[Unit], settings: FaceOptions
) -> Iterator[tuple[Unit, Frame | Batch]]:
    """Images from the start, the middle and the end of the list of units."""
    chosen = units[:: max(1, len(units) // 8)] if units else []
    share = max(1, -(-SAMPLE // max(len(chosen), 1)))
    for unit in chosen:
        for number, piece in enumerate(taken_apart(module.read(unit), settings)):
            if number >= share or (isinstance(piece, Batch) and number):
                break
            yield unit, piece


def _images(module: Any, units: Sequence[Unit]) -> int:
    """How many images there are: rows where a unit has them, lines of a table, else files."""
    total = 0
    for unit in units:
        if unit.rows is not None:
            total += unit.rows
            continue
        first = next(iter(module.read(unit)), None)
        if not isinstance(first, Batch):
            total += len(unit.members)
            continue
        with unit.open(unit.members[0]) as stream:
            lines = sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))
            total += lines - 1  # the header
    return total
