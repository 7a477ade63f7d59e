"""One unit, read to its end: in this process, in another, or on another machine.

In goes a `Job`, a unit with all that is needed to finish it; out come its shards and its unit file
in the data folder, and how many rows and faces that were.
"""

import pickle
import secrets
import sys
import zlib
from dataclasses import dataclass

from fertools import engine, folder
from fertools.errors import FerError
from fertools.face_options import FaceOptions
from fertools.frame import Batch
from fertools.image import one_thread
from fertools.ingest.extract import Extractor, given_up, taken_apart
from fertools.ingest.records import at_hand
from fertools.ingest.startup import with_pyarrow_alone
from fertools.ingest.unitfile import UnitWriter
from fertools.locations import at
from fertools.roots import Unit
from fertools.roots.archives import JOINT


@dataclass(frozen=True, slots=True)
class Packed:
    """A unit until it is read: its list of files takes a fiftieth of the room.

    So what a command holds hardly grows with the data set. `text` is what errors call the unit.
    """

    name: str
    text: str
    data: bytes

    def __str__(self) -> str:
        return self.text

    def unpacked(self) -> Unit:
        """The unit; the source must be loaded, whose options it may hold."""
        unit: Unit = pickle.loads(zlib.decompress(self.data))
        return unit


def packed(unit: Unit) -> Packed:
    """A unit as a job holds it."""
    return Packed(unit.name, str(unit), zlib.compress(pickle.dumps(unit), 1))


@dataclass(frozen=True, slots=True)
class Job:
    """A unit with all that is needed to finish it, in this process or another.

    `shared` says that it may be another machine's, and that this one may have been given up.
    """

    source: str
    unit: Packed
    face: FaceOptions
    out: str
    stop_on_error: bool
    limit: int | None = None
    shared: bool = False

    def __str__(self) -> str:
        return str(self.unit)


def set_up(source: str) -> None:
    """Make a worker ready: a job's options can only be unpickled once its source is loaded."""
    one_thread()
    do_without_pandas(source)


def do_without_pandas(source: str) -> None:
    """Spare this process pandas, unless the source is a user's, who may want data frames."""
    if folder.load_whole("sources", source).__name__.startswith("fertools.sources."):
        with_pyarrow_alone()


def read_unit(job: Job) -> tuple[str, int, int]:
    """Finish one unit: its shards, then its Parquet file. Returns its name, rows and faces."""
    module, unit = folder.load_whole("sources", job.source), at_hand(job.unit.unpacked())
    extract = Extractor(job.face)
    if job.shared:
        _check_seen(job, unit)
    tag = f"{secrets.token_hex(4)}." if job.shared else ""
    writer = UnitWriter(at(job.out), unit, tag)
    most = job.limit if job.limit is not None else sys.maxsize
    for number, piece in enumerate(taken_apart(module.read(unit), job.face)):
        fault = engine.begin(number)
        if isinstance(piece, Batch):
            if fault:
                raise FerError(f"{job}: the process {fault} twice on its rows; leave it out")
            writer.add_batch(*extract.batch(piece, most - writer.rows))
        elif fault:
            writer.add(given_up(piece, fault), None)
        else:
            writer.add(*extract(piece, unit))
        if job.stop_on_error:
            writer.refuse_faults()
        if writer.rows >= most:
            break
    engine.end()
    return writer.close()


def _check_seen(job: Job, unit: Unit) -> None:
    """Raise `FerError` where this machine does not see the data: each image would be a fault."""
    for place in (job.out, *dict.fromkeys(member.container for member in unit.members)):
        if not all(at(part).exists() for part in place.split(JOINT)):
            raise FerError(
                f"{place.split(JOINT)[0]}: a node of the cluster does not see it; give places that "
                "every node sees, by their whole paths or as s3://.."
            )
