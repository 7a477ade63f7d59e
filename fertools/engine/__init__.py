"""Run one task over many pieces of work: in this process, or in several.

In goes a function, picklable jobs and the number of workers; out come the results in the order of
completion, so that progress can be shown. The result must not depend on that order.

A task that tells which item of its job it begins with, and when it is past the last (`begin`,
`end`), survives an item that kills or hangs its process: after the second time the job is done
without it.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from fertools.engine.workers import CRASHED as CRASHED
from fertools.engine.workers import TIMEOUT as TIMEOUT
from fertools.engine.workers import Crew
from fertools.engine.workers import begin as begin
from fertools.engine.workers import end as end
from fertools.errors import FerError

PATIENCE = 300.0  # seconds for one item; a photograph takes less than a tenth of one

Job = TypeVar("Job")
Result = TypeVar("Result")


def available_cores() -> int:
    """Cores that this process may use: the affinity mask, not the machine's count."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run(
    task: Callable[[Job], Result],
    jobs: Sequence[Job],
    workers: int = 1,
    setup: Callable[[], None] | None = None,
    patience: float = PATIENCE,
) -> Iterator[Result]:
    """Yield `task(job)` for every job, as each is done.

    With one worker, or one job, everything runs here, and nothing is timed. Otherwise in spawned
    processes, each of which calls `setup` first. A job whose process dies, or works on one item
    for more than `patience` seconds and is killed, is begun again; the item on which that happened
    twice is left out with the reason `CRASHED` or `TIMEOUT`. Where it happens before any item is
    begun, the second time is a `FerError` that names the job. Who is killed by others has more
    lives.
    """
    if workers < 1:
        raise FerError(f"workers {workers}: at least 1")
    if workers == 1 or len(jobs) <= 1:
        for job in jobs:
            yield task(job)
        return
    crew = Crew(task, jobs, setup, patience)
    try:
        yield from crew.results(min(workers, len(jobs)))
    finally:
        crew.close()
