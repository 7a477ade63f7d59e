"""Run one task over many jobs on a Ray cluster that is there already.

In goes what `engine.run` takes, and the cluster's address; out come the results in the order of
completion. A job is a Ray task, in which a process of its own does the work, as on one machine: one
that dies or hangs costs one image. A job whose node dies is begun anew on another.
"""

import contextlib
import functools
import os
import pickle
import socket
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from fertools.engine.workers import Crew, portable
from fertools.errors import FerError

RETRIES = 5  # of a job whose node or Ray worker dies
AHEAD = 2  # jobs per core that Ray knows of: the next one is at hand when one is done
POLL = 1.0  # seconds; nodes come and go
REACHED = 10.0  # seconds for the first answer
PASSED_ON = "AWS_"  # settings of this process that the nodes need: they read the same stores


@dataclass(frozen=True, slots=True)
class Parcel:
    """A job that is opened by the process that does it: Ray's own could not, without `setup`."""

    data: bytes
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where the command was given: paths and credentials mean the same on every node."""

    folder: str
    settings: dict[str, str]

    def enter(self) -> None:
        """Let this process stand there; a node without the folder gets on with whole paths."""
        os.environ.update(self.settings)
        with contextlib.suppress(OSError):
            os.chdir(self.folder)


def results(
    task: Callable[[Any], Any],
    jobs: Sequence[Any],
    most: int | None,
    setup: Callable[[], None] | None,
    patience: float,
    address: str | None,
) -> Iterator[Any]:
    """Yield `task(job)` for every job, at most `most` at a time; by default as the nodes allow.

    Raises what a task raises, and `FerError` for a cluster that is not there, and for a job whose
    node dies however often it is tried.
    """
    ray = _ray()
    ours = _connect(ray, address)
    settings = {k: v for k, v in os.environ.items() if k.startswith(PASSED_ON)}
    common = (task, setup, patience, Surroundings(os.getcwd(), settings))  # noqa: PTH109
    attempt = ray.remote(num_cpus=1, max_retries=RETRIES, scheduling_strategy="SPREAD")(_attempt)
    waiting, running = deque(jobs), dict[Any, str]()
    try:
        while waiting or running:
            while waiting and len(running) < (most or _room(ray)):
                parcel = Parcel(pickle.dumps(waiting[0]), str(waiting.popleft()))
                running[attempt.remote(parcel, *common)] = parcel.name
            for done in ray.wait(list(running), timeout=POLL)[0]:
                yield _answer(ray, done, running.pop(done))
    finally:
        for left in running:
            ray.cancel(left, force=True)
        if ours:
            ray.shutdown()


def _answer(ray: ModuleType, done: Any, name: str) -> Any:
    try:
        fine, answer = ray.get(done)
    except ray.exceptions.RayError as error:
        raise FerError(
            f"{name}: Ray could not finish it ({_first_line(error)}); look at the nodes with `ray "
            "status`: each needs this fertools and this Python; then run the same command again"
        ) from error
    if not fine:
        raise answer
    return answer


def _attempt(
    parcel: Parcel,
    task: Callable[[Any], Any],
    setup: Callable[[], None] | None,
    patience: float,
    surroundings: Surroundings,
) -> tuple[bool, Any]:
    """A job on a node: whether it went well, and its result or what it raised."""
    surroundings.enter()
    crew = Crew(functools.partial(_opened, task), [parcel], setup, patience)
    try:
        return True, next(crew.results(1))
    except Exception as error:
        return False, portable(error)
    finally:
        crew.close()


def _opened(task: Callable[[Any], Any], parcel: Parcel) -> Any:
    return task(pickle.loads(parcel.data))


def _ray() -> ModuleType:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise FerError(
            "--engine ray: ray is not installed; run pip install 'fertools[ray]'"
        ) from error
    return ray  # type: ignore[no-any-return,unused-ignore]


def _connect(ray: ModuleType, address: str | None) -> bool:
    """Join the cluster, unless this process has; returns whether it is to be left again."""
    if ray.is_initialized():
        return False
    address = address or os.environ.get("RAY_ADDRESS") or "auto"
    cure = "start one with `ray start --head`, or give --ray-address HOST:PORT"
    try:
        _knock(address)
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (OSError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
        raise FerError(f"no Ray cluster at {address} ({_first_line(error)}); {cure}") from error
    return True


def _knock(address: str) -> None:
    """Raise `OSError` where nobody listens: Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit() and "/" not in host:
        socket.create_connection((host, int(port)), REACHED).close()


def _room(ray: ModuleType) -> int:
    return AHEAD * max(1, int(ray.cluster_resources().get("CPU", 0)))


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].strip().rstrip(".") if lines else type(error).__name__
