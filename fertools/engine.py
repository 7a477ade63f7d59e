"""Run one task over many pieces of work: in this process, or in several.

In goes a function, picklable jobs and the number of workers; out come the results in the order of
completion, so that progress can be shown. The result must not depend on that order.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from fertools.errors import FerError

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
) -> Iterator[Result]:
    """Yield `task(job)` for every job, as each is done.

    With one worker, or one job, everything runs here. Otherwise in spawned processes, each of which
    calls `setup` first; a job whose process dies is tried once more by itself, and a second death
    is an error that names the job.
    """
    if workers < 1:
        raise FerError(f"workers {workers}: at least 1")
    if workers == 1 or len(jobs) <= 1:
        for job in jobs:
            yield task(job)
        return
    yield from _run_processes(task, jobs, min(workers, len(jobs)), setup)


def _run_processes(
    task: Callable[[Job], Result],
    jobs: Sequence[Job],
    workers: int,
    setup: Callable[[], None] | None,
) -> Iterator[Result]:
    left = list(jobs)
    while left:
        done: list[Job] = []
        try:
            with _pool(workers, setup) as pool:
                for job, result in _collect(pool, task, left, workers):
                    done.append(job)
                    yield result
            return
        except BrokenProcessPool:
            left = [job for job in left if not any(job is d for d in done)]
            yield from _alone(task, left[: workers + 1], setup)
            left = left[workers + 1 :]


def _collect(
    pool: ProcessPoolExecutor, task: Callable[[Job], Result], jobs: Sequence[Job], workers: int
) -> Iterator[tuple[Job, Result]]:
    """Keep a few jobs ahead of the workers, so that a long list is not pickled at once."""
    waiting = iter(jobs)
    running: dict[Future[Result], Job] = {}
    try:
        while True:
            for job in waiting:
                running[pool.submit(task, job)] = job
                if len(running) >= workers + 1:
                    break
            if not running:
                return
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                yield running.pop(future), future.result()
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise


def _alone(
    task: Callable[[Job], Result], suspects: Sequence[Job], setup: Callable[[], None] | None
) -> Iterator[Result]:
    """Run each job that was under way when a process died in a process of its own."""
    for job in suspects:
        with _pool(1, setup) as pool:
            try:
                yield pool.submit(task, job).result()
            except BrokenProcessPool as error:
                raise FerError(f"{job}: the process died twice on it; leave it out") from error


def _pool(workers: int, setup: Callable[[], None] | None) -> ProcessPoolExecutor:
    # several workers with several threads each would fight for the cores
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, context, initializer=_set_up, initargs=(setup,))


def _set_up(setup: Callable[[], None] | None) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if setup is not None:
        setup()


def _end_with_parent() -> None:
    """A worker whose parent was killed must not write on beside the run that comes after it."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
