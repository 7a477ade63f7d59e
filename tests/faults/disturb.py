"""Ways to disturb a run, and to run it again: a round of each fault of the table.

A round gets the lab, a random generator and its number. It disturbs one run of a step in a process
of its own, runs the step again undisturbed, and says whether the fault came before the run's end.
What came out is compared by the caller. A run that is hit ends by its signal, with the sentence of
a `FerError`, or as if nothing was; anything else is a finding.
"""

import errno
import functools
import io
import itertools
import multiprocessing
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from unittest import mock

from fertools import engine
from fertools.curate import curate
from fertools.errors import FerError
from fertools.ingest.verify import verify
from fertools.split import SplitOptions, split
from fertools.split.grouping import Grouping
from tests.faults.lab import Lab, gone, kill, workers_of

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.faults.disturb"])  # a child has everything loaded
SENTENCE = 3  # exit code of a child that ended with a FerError
CHECKS = ("duplicates", "quality")
HARMS = {
    "crashed": "import ctypes; ctypes.string_at(0)",
    "died": "import os; os._exit(9)",
    "timeout": "import time; time.sleep(600)",
}
SPLIT = SplitOptions(ratios=(8.0, 1.0, 1.0), grouping=Grouping(group="none"))

Step = Callable[[Lab], object]
Round = Callable[[Lab, random.Random, int], bool]


def ingest_alone(lab: Lab) -> None:
    lab.again()


def ingest_by_two(lab: Lab) -> None:
    lab.again(workers=2)


def curate_it(lab: Lab) -> None:
    curate(lab.out, CHECKS)


def split_it(lab: Lab) -> None:
    split([lab.folder / "whole"], lab.out / "split.parquet", SPLIT, force=True)


def prepare(step: Step, lab: Lab) -> None:
    """An output folder as it is before the step."""
    shutil.rmtree(lab.out, ignore_errors=True)
    if step is curate_it:
        shutil.copytree(lab.folder / "whole", lab.out)


# --- a run in a process of its own


def _child(step: Step, lab: Lab, around: Callable[[], Any] | None) -> None:
    os.setsid()  # so that it can be killed with its workers
    try:
        if around is not None:
            around()
        step(lab)
    except FerError:
        os._exit(SENTENCE)


def begun(step: Step, lab: Lab, around: Callable[[], Any] | None = None) -> BaseProcess:
    process = FORKS.Process(target=_child, args=(step, lab, around))
    process.start()
    return process


def ended(process: BaseProcess, *codes: int) -> int:
    """The exit code of a process, which must be one of those."""
    process.join(120)
    assert process.exitcode in codes, f"exit code {process.exitcode}, not one of {codes}"
    return int(process.exitcode or 0)


@functools.cache
def _span(step: Step, folder: Path) -> float:
    """Seconds from the first trace that a step leaves to its end, undisturbed."""
    lab = Lab(folder)
    prepare(step, lab)
    process = begun(step, lab)
    _wait_for_work(lab, process)
    start = time.monotonic()
    ended(process, 0)
    return time.monotonic() - start


def _wait_for_work(lab: Lab, process: BaseProcess) -> None:
    while process.exitcode is None and not (lab.out / "ingest.json").exists():
        time.sleep(0.002)


def _at_a_random_moment(step: Step, lab: Lab, rng: random.Random) -> BaseProcess:
    """A run that has worked for a random part of its time."""
    span = _span(step, lab.folder)
    prepare(step, lab)
    process = begun(step, lab)
    _wait_for_work(lab, process)
    time.sleep(rng.uniform(0, span))
    return process


# --- killed


def parent_killed(step: Step, lab: Lab, rng: random.Random, number: int) -> bool:
    process = _at_a_random_moment(step, lab, rng)
    workers = workers_of(process.pid or 0)
    process.kill()
    hit = ended(process, 0, -signal.SIGKILL) != 0
    assert gone(workers), "a worker outlived its parent"
    step(lab)
    return hit


def all_killed(lab: Lab, rng: random.Random, number: int) -> bool:
    """Parent and workers at once."""
    process = _at_a_random_moment(ingest_by_two, lab, rng)
    with suppress(ProcessLookupError):
        os.killpg(process.pid or 0, signal.SIGKILL)
    hit = ended(process, 0, -signal.SIGKILL) != 0
    ingest_by_two(lab)
    return hit


def worker_killed(lab: Lab, rng: random.Random, number: int) -> bool:
    """The parent goes on, and ends well."""
    process = _at_a_random_moment(ingest_by_two, lab, rng)
    workers = workers_of(process.pid or 0)
    kill(rng.sample(workers, min(1, len(workers))))
    ended(process, 0)
    return bool(workers)


def killed_before_a_write(step: Step, lab: Lab, rng: random.Random, number: int) -> bool:
    """kill -9 before the run opens for writing, renames, makes or removes its n-th file."""
    prepare(step, lab)
    place = 1 + number % _writes(step, lab.folder)
    process = begun(step, lab, functools.partial(_count_writes, str(lab.folder), place, None))
    hit = ended(process, 0, -signal.SIGKILL) != 0
    step(lab)
    return hit


@functools.cache
def _writes(step: Step, folder: Path) -> int:
    """How many such moments a step has."""
    lab = Lab(folder)
    prepare(step, lab)
    count = FORKS.Value("i", 0)
    ended(begun(step, lab, functools.partial(_count_writes, str(folder), 0, count)), 0)
    return int(count.value)


def _count_writes(folder: str, last: int, count: Any) -> None:
    seen = itertools.count(1)

    def hook(event: str, details: tuple[object, ...]) -> None:
        opens = event == "open" and isinstance(details[2], int) and details[2] & os.O_ACCMODE
        if not opens and event not in ("os.rename", "os.mkdir", "os.remove", "os.rmdir"):
            return
        if not isinstance(details[0], (str, os.PathLike)):
            return
        if not os.fspath(details[0]).startswith(folder):
            return
        number = next(seen)
        if count is not None:
            count.value = number
        if number == last:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


# --- the disk


def disk_full(lab: Lab, rng: random.Random, number: int) -> bool:
    """A tmpfs of 4 to 60 KiB, which is given more room then."""
    prepare(ingest_alone, lab)
    lab.out.mkdir()
    room = f"size={rng.randrange(4, 60, 4)}k"
    subprocess.run(["mount", "-t", "tmpfs", "-o", room, "tmpfs", lab.out], check=True)
    try:
        hit = ended(begun(ingest_alone, lab), 0, SENTENCE) != 0
        subprocess.run(["mount", "-o", "remount,size=8m", lab.out], check=True)
        ingest_alone(lab)
        held = lab.folder / "held"
        shutil.copytree(lab.out, held)
    finally:
        subprocess.run(["umount", lab.out], check=True)
    lab.out.rmdir()
    held.rename(lab.out)
    return hit


def may_mount() -> bool:
    """Whether this process may mount a tmpfs."""
    command = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return os.geteuid() == 0 and subprocess.run(command, capture_output=True).returncode == 0


def file_too_large(step: Step, lab: Lab, rng: random.Random, number: int) -> bool:
    """RLIMIT_FSIZE: no file may grow beyond 100 to 9,000 bytes."""
    prepare(step, lab)
    most = rng.randrange(100, 9000)
    hit = ended(begun(step, lab, functools.partial(_limit, most)), 0, SENTENCE) != 0
    step(lab)
    return hit


def _limit(most: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


def read_errors(lab: Lab, rng: random.Random, number: int) -> bool:
    """Some files cannot be opened, or break off while they are read, until that is mended."""
    prepare(ingest_alone, lab)
    names = {path.relative_to(lab.raw).as_posix() for path in lab.raw.rglob("*.png")}
    bad = set(rng.sample(sorted(names), rng.randint(1, 4)))
    with _unreadable(lab.raw, bad, late=number % 2 == 1):
        found = lab.again().statuses
    assert found == {"ok": len(names) - len(bad), "read_error": len(bad)}, found
    ingest_alone(lab)
    return True


@contextmanager
def _unreadable(raw: Path, bad: set[str], *, late: bool) -> Iterator[None]:
    opened = Path.open

    class Breaks(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

    def fails(self: Path, *words: Any, **more: Any) -> Any:
        if self.is_relative_to(raw) and self.relative_to(raw).as_posix() in bad:
            if late:
                return Breaks()
            raise OSError(errno.EIO, "Input/output error", str(self))
        return opened(self, *words, **more)

    with mock.patch.object(Path, "open", fails):
        yield


# --- an image that does harm, a clock, files that change


def harmful_image(lab: Lab, rng: random.Random, number: int) -> bool:
    """An image on which the worker segfaults, exits or hangs is a row with the reason."""
    prepare(ingest_by_two, lab)
    kind = list(HARMS)[number % len(HARMS)]
    lab.do_harm(HARMS[kind], f"{rng.randrange(lab.units)}/{rng.randrange(lab.images)}.png")
    try:
        with mock.patch.object(engine.run, "__defaults__", (None, 0.5)):
            found = lab.again(workers=2).statuses
    finally:
        lab.harm.unlink()
    reason = "timeout" if kind == "timeout" else "crashed"
    assert found == {"ok": lab.units * lab.images - 1, reason: 1}, found
    lab.again(force=reason == "crashed")  # a crash is the image's fault, a timeout may pass
    return True


def clock_backwards(lab: Lab, rng: random.Random, number: int) -> bool:
    """The clock runs backwards, the run is interrupted, the photographs get older."""
    prepare(ingest_alone, lab)
    ticks = itertools.count(2_000_000_000, -rng.randrange(1, 100_000))
    last = rng.randrange(1, lab.units + 1)

    def stop(name: str, state: dict[str, int]) -> None:
        if state["units"] == last:
            raise KeyboardInterrupt

    with (
        mock.patch("time.time", lambda: float(next(ticks))),
        mock.patch("time.time_ns", lambda: next(ticks) * 10**9),
    ):
        with suppress(KeyboardInterrupt):
            lab.again(progress=stop)
        for file in lab.raw.rglob("*.png"):
            os.utime(file, (1, 1))
        ingest_alone(lab)
    return True


def file_cut(lab: Lab, rng: random.Random, number: int) -> bool:
    """A shard, a unit, the manifest or the card loses its end, or all of it, or is gone."""
    file = _some_file(lab, rng, number)
    data = file.read_bytes()
    if number % 3 == 0:
        file.unlink()
    else:
        file.write_bytes(data[: 0 if number % 3 == 1 else rng.randrange(len(data))])
    assert verify(lab.out), f"{file.name}: verify did not see that it was cut"
    ingest_alone(lab)
    return True


def bit_flipped(lab: Lab, rng: random.Random, number: int) -> bool:
    """One bit of a shard, a unit or the manifest is another one; what `verify` says is done."""
    file = _some_file(lab, rng, number, ("card.json",))
    data = bytearray(file.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    file.write_bytes(data)
    faults = verify(lab.out)
    assert file in [fault.file for fault in faults], f"{file.name}: verify did not see the bit"
    file.unlink()
    ingest_alone(lab)
    return True


def _some_file(lab: Lab, rng: random.Random, number: int, but: tuple[str, ...] = ()) -> Path:
    prepare(ingest_alone, lab)
    shutil.copytree(lab.folder / "whole", lab.out)
    kinds = [["manifest.parquet"], ["card.json"], [f.name for f in lab.out.glob("faces-*")]]
    kinds.append([f"units/{f.name}" for f in (lab.out / "units").iterdir()])
    kinds = [kind for kind in kinds if kind[0] not in but]
    return lab.out / rng.choice(sorted(kinds[number % len(kinds)]))
