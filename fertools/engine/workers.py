"""Worker processes that may die or hang without taking the others along.

In goes a task and its jobs; out come the results in the order of completion. Each process has a
pipe of its own and a place on a board in shared memory where it notes which item of its job it has
begun, and when. The parent starts another process for one that died, kills one that hangs, and
leaves an item out on which that happened twice.
"""

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from typing import Any

from fertools.errors import FerError

CRASHED, TIMEOUT = "crashed", "timeout"
POLL = 1.0  # seconds between looks at the board
TWICE = 2  # once may be chance
OFTEN = 5  # for those who were killed: by a user, or by the system, which was out of memory
KILLED = (-signal.SIGKILL, -signal.SIGTERM) if os.name == "posix" else ()
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

OF_A_SCRIPT = ("__file__", "__spec__")  # by these a process that is spawned finds it

_note: Callable[[int], None] | None = None  # of this process, where it is a worker
_left_out: Mapping[int, str] = {}


def begin(item: int) -> str | None:
    """A task begins with the item of this number; returns why it must leave it out, or None."""
    if _note is not None:
        _note(item + 1)
    return _left_out.get(item)


def end() -> None:
    """A task is past its last item; how long it takes from here on does not matter."""
    if _note is not None:
        _note(0)


@dataclass(eq=False, slots=True)
class _Worker:
    process: BaseProcess
    pipe: Any
    place: int | None = None  # of its job
    hangs: bool = False


@dataclass(eq=False, slots=True)
class Crew:
    """The worker processes of one run, what they do, and what went wrong."""

    task: Callable[[Any], Any]
    jobs: Sequence[Any]
    setup: Callable[[], None] | None
    patience: float
    workers: list[_Worker] = field(default_factory=list)
    deaths: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    left_out: dict[int, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    board: Any = None

    def results(self, count: int) -> Iterator[Any]:
        """Work with `count` processes. Raises what a task raises, and `FerError` for a job whose
        process dies however often it is tried."""
        context = multiprocessing.get_context("spawn")
        self.board = context.RawArray("d", 2 * len(self.jobs))
        waiting = deque(range(len(self.jobs)))
        for _ in range(count):
            self._hire(context)
        while waiting or any(worker.place is not None for worker in self.workers):
            self._assign(waiting)
            for worker in self._heard():
                try:
                    fine, answer = worker.pipe.recv()
                except (EOFError, OSError):
                    waiting.extendleft(self._lost(worker))
                    self._hire(context)
                    continue
                if not fine:
                    raise answer
                worker.place = None
                yield answer
            self._kill_who_hangs()

    def close(self) -> None:
        """End every process."""
        for worker in self.workers:
            worker.pipe.close()  # who waits for a job ends by itself
            if worker.place is not None:
                worker.process.kill()
        for worker in self.workers:
            worker.process.join()

    def _hire(self, context: Any) -> None:
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self.task, self.setup, self.board))
        with _one_thread(), without_script(self.task, self.setup):
            process.start()
        theirs.close()  # so that the pipe ends with the process
        self.workers.append(_Worker(process, ours))

    def _assign(self, waiting: deque[int]) -> None:
        for worker in self.workers:
            if worker.place is None and waiting:
                place = waiting.popleft()
                worker.place = place
                self.board[2 * place] = 0
                with contextlib.suppress(OSError):  # it has died: it will be heard of
                    worker.pipe.send((place, self.jobs[place], dict(self.left_out[place])))

    def _heard(self) -> list[_Worker]:
        ready = connection.wait([worker.pipe for worker in self.workers], POLL)
        return [worker for worker in self.workers if worker.pipe in ready]

    def _lost(self, worker: _Worker) -> list[int]:
        """Take a dead worker off the list; returns the place of its job, which is to be redone."""
        worker.pipe.close()
        worker.process.join()
        self.workers.remove(worker)
        place = worker.place
        if place is None:  # killed while it waited
            return []
        item = int(self.board[2 * place]) - 1
        self.deaths[place].append(item)
        killed = worker.process.exitcode in KILLED and not worker.hangs
        times = self.deaths[place].count(item)
        if times >= (OFTEN if killed else TWICE):
            if item < 0 or item in self.left_out[place]:
                count = "twice" if times == TWICE else f"{times} times"
                raise FerError(f"{self.jobs[place]}: the process died {count} on it; leave it out")
            self.left_out[place][item] = TIMEOUT if worker.hangs else CRASHED
        return [place]

    def _kill_who_hangs(self) -> None:
        now = time.monotonic()
        for worker in self.workers:
            if worker.place is None:
                continue
            item, since = self.board[2 * worker.place : 2 * worker.place + 2]
            if item > 0 and now - since > self.patience:
                worker.hangs = True
                worker.process.kill()


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """A process that is started here has one thread: several of several would fight for cores."""
    added = [name for name in ONE_THREAD if name not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


@contextlib.contextmanager
def without_script(*called: Any) -> Iterator[None]:
    """A process that is started here does not run the user's script, unless what is `called` there
    is of the script: one without `if __name__ == "__main__":` would begin the same work again.
    """
    script = sys.modules["__main__"]
    kept = {name: getattr(script, name) for name in OF_A_SCRIPT if hasattr(script, name)}
    if b"__main__" in pickle.dumps(called):
        kept = {}
    vars(script).update(dict.fromkeys(kept))
    try:
        yield
    finally:
        vars(script).update(kept)


def end_with_parent() -> None:
    """This process ends when its parent does: what a killed run has started must not write on
    beside the run that comes after it."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _serve(
    pipe: Any, task: Callable[[Any], Any], setup: Callable[[], None] | None, board: Any
) -> None:
    """The life of a worker: prepare, then a job after the other."""
    global _note, _left_out
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is interrupted as well, and ends us
    end_with_parent()
    try:
        if setup is not None:
            setup()
        while True:
            place, job, _left_out = pipe.recv()
            _note = _noter(board, place)
            pipe.send((True, task(job)))
    except EOFError:
        return
    except Exception as error:
        with contextlib.suppress(OSError):
            pipe.send((False, portable(error)))


def _noter(board: Any, place: int) -> Callable[[int], None]:
    def note(item: int) -> None:
        board[2 * place + 1] = time.monotonic()  # first, or an old time would count for a new item
        board[2 * place] = item

    return note


def portable(error: Exception) -> Exception:
    """An exception that can be sent, with the traceback of this process where it is a bug."""
    text = "".join(traceback.format_exception(error))
    if not isinstance(error, FerError):
        error.add_note(f"in a worker process:\n{text}")
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # whatever a stranger's exception does
        return RuntimeError(text)
    return error
