"""Workers: tasks done one after the other, or several at a time in processes of their own.

In go tasks and what to do with one; out comes each task with what went wrong, when it has ended.
"""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

import torch

from fertools.engine.workers import end_with_parent, without_script
from fertools.errors import FerError

Task = TypeVar("Task")


def each(
    tasks: Sequence[Task], work: Callable[[Task], object], jobs: int
) -> Iterator[tuple[Task, str]]:
    """Do `work` for every task, `jobs` at a time; yields the task and its complaint, or "".

    A `FerError` of one task is its complaint and stops no other. Processes share the threads that
    torch has here: two on one core would only wait for each other. They end with this process, and
    at once where it is interrupted. Raises `FerError` where the system killed a process.
    """
    if jobs == 1:
        yield from ((task, _complaint(work, task)) for task in tasks)
        return
    threads = max(1, torch.get_num_threads() // jobs)
    context = multiprocessing.get_context("spawn")  # a forked process cannot use a GPU
    others = set(multiprocessing.active_children())
    with ProcessPoolExecutor(jobs, context, _begin, (threads,)) as pool:
        with without_script(work, tasks):
            ended = {pool.submit(_complaint, work, task): task for task in tasks}
        try:
            yield from ((ended[future], future.result()) for future in as_completed(ended))
        except BrokenProcessPool as error:
            raise FerError(
                f"one of {jobs} training processes was killed, often for memory; give fewer --jobs"
            ) from error
        except (KeyboardInterrupt, GeneratorExit):  # or the pool would begin all that waits
            pool.shutdown(wait=False, cancel_futures=True)
            for process in set(multiprocessing.active_children()) - others:
                process.kill()
            raise


def _begin(threads: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is interrupted as well, and ends us
    end_with_parent()
    torch.set_num_threads(threads)


def _complaint(work: Callable[[Task], object], task: Task) -> str:
    try:
        work(task)
    except FerError as error:
        return str(error)
    return ""
