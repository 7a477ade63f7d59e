"""Run one task over many pieces of work: in this process, in several, or on a Ray cluster.

In goes a function, picklable jobs and the number of workers; out come the results in the order of
completion, so that progress can be shown. The result must not depend on that order.

A task that tells which item of its job it begins with, and when it is past the last (`begin`,
`end`), survives an item that kills or hangs its process: after the second time the job is done
without it.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from fertools.engine import cluster
from fertools.engine.workers import CRASHED as CRASHED
from fertools.engine.workers import TIMEOUT as TIMEOUT
from fertools.engine.workers import Crew
from fertools.engine.workers import begin as begin
from fertools.engine.workers import end as end
from fertools.errors import FerError, unknown
from fertools.given import whole

KINDS = ("serial", "processes", "ray")
PATIENCE = 300.0  # seconds for one item; a photograph takes less than a tenth of one

Job = TypeVar("Job")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Engine:
    """What the work is done with: one of `KINDS`, how many jobs at a time, Ray's address.

    Raises `FerError` for what does not fit together.
    """

    kind: str | None = None
    workers: int | None = None
    address: str | None = None

    def __post_init__(self) -> None:
        if self.kind is not None and self.kind not in KINDS:
            raise unknown("engine", self.kind, list(KINDS))
        if self.workers is not None:
            whole("workers", self.workers, 1)
        if self.kind == "serial" and (self.workers or 1) > 1:
            raise FerError(f"--engine serial is one worker, not {self.workers}; say processes")
        if self.address is not None and self.kind != "ray":
            raise FerError("--ray-address is for --engine ray; say that as well")

    def at_a_time(self, jobs: int) -> int:
        """How many of so many jobs are worked on together; on a cluster only where that is said.

        Raises `FerError` where the cluster decides it.
        """
        if self.kind == "ray" and self.workers is None:
            raise FerError("how many a Ray cluster does at a time is not known; say --workers N")
        unsaid = available_cores() if self.kind == "processes" else 1
        return max(1, min(self.workers or unsaid, jobs))


def available_cores() -> int:
    """Cores that this process may use: the affinity mask, not the machine's count."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run(
    task: Callable[[Job], Result],
    jobs: Sequence[Job],
    setup: Callable[[], None] | None = None,
    patience: float = PATIENCE,
    *,
    engine: Engine | None = None,
) -> Iterator[Result]:
    """Yield `task(job)` for every job, as each is done.

    With one worker, or one job, everything runs here, and nothing is timed. Otherwise in spawned
    processes (where those are asked for by name, as many as there are cores), each of which calls
    `setup` first. A job whose process dies, or works on one item for more than `patience` seconds
    and is killed, is begun again; the item on which that happened twice is left out with the reason
    `CRASHED` or `TIMEOUT`. Where it happens before any item is begun, the second time is a
    `FerError` that names the job. Who is killed by others has more lives.
    """
    how = engine or Engine()
    if how.kind == "ray":
        yield from cluster.results(task, jobs, how.workers, setup, patience, how.address)
        return
    alone = how.workers in (None, 1) or len(jobs) <= 1
    if how.kind == "serial" or (how.kind is None and alone):
        for job in jobs:
            yield task(job)
        return
    crew = Crew(task, jobs, setup, patience)
    try:
        yield from crew.results(how.at_a_time(len(jobs)))
    finally:
        crew.close()
