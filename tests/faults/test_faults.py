"""Whatever happens to a run, the next one ends with the bytes of one that nothing happened to.

`FERTOOLS_ROUNDS=50 pytest tests/faults/test_faults.py` kills as often as the fault table says.
"""

import errno
import itertools
import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from fertools import engine
from fertools.engine import Engine, begin, end
from fertools.errors import FerError
from fertools.ingest.verify import verify
from fertools.manifest import read_manifest
from tests.faults.lab import IMAGES, UNITS, Lab, gone, kill, workers_of

ROUNDS = int(os.environ.get("FERTOOLS_ROUNDS", "1"))
TWO = Engine(workers=2)
pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return Lab(tmp_path_factory.mktemp("lab"))


@pytest.fixture
def lab(drawn):
    yield drawn
    drawn.harm.unlink(missing_ok=True)
    shutil.rmtree(drawn.out, ignore_errors=True)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_parent_is_killed_again_and_again(lab, workers):
    """kill -9 after a random time; its workers end, too."""
    rng = random.Random(workers)
    for _ in range(ROUNDS):
        process = lab.start(workers)
        time.sleep(rng.uniform(0.3, 2.2))
        pids = workers_of(process.pid)
        kill([process.pid])
        process.communicate()
        assert gone(pids)
    lab.again()
    lab.check()


def test_workers_are_killed_while_the_parent_goes_on(lab):
    rng = random.Random(3)
    for _ in range(ROUNDS):
        shutil.rmtree(lab.out, ignore_errors=True)
        process, lives = lab.start(2), 4  # one job is given up when it is killed five times
        while process.poll() is None:
            time.sleep(rng.uniform(0.2, 0.9))
            pids = workers_of(process.pid)
            if pids and lives:
                lives -= 1
                kill(rng.sample(pids, 1))
        assert process.communicate()[1] == ""
        assert process.returncode == 0
        lab.check()


@pytest.mark.parametrize(
    ("harm", "status"),
    [
        ("import ctypes; ctypes.string_at(0)", "crashed"),
        ("import os; os._exit(9)", "crashed"),
        ("import time; time.sleep(600)", "timeout"),
    ],
)
def test_an_image_that_ends_its_process_is_a_row_with_a_reason(lab, monkeypatch, harm, status):
    lab.do_harm(harm)
    monkeypatch.setattr(engine.run, "__defaults__", (None, 0.5))
    done = lab.again(workers=2)
    assert done.statuses == {"ok": UNITS * IMAGES - 1, status: 1}
    details = {d for d in read_manifest(lab.out).table["detail"].to_pylist() if d}
    assert details == {f"1/3.png: the process ended on it twice ({status})"}
    if status == "timeout":  # another day it may be quicker
        lab.harm.unlink()
        lab.again()
        lab.check()


def test_a_disk_that_fails_to_read_costs_rows_until_it_is_mended(lab, monkeypatch):
    opened = Path.open

    def fails(self, *words, **more):
        if self.name == "5.png":
            raise OSError(errno.EIO, "Input/output error", str(self))
        return opened(self, *words, **more)

    with monkeypatch.context() as broken:
        broken.setattr(Path, "open", fails)
        assert lab.again().statuses == {"ok": UNITS * (IMAGES - 1), "read_error": UNITS}
    lab.again()
    lab.check()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs to mount")
@pytest.mark.parametrize("room", ["8k", "16k", "24k", "40k"])
def test_a_full_disk_is_a_sentence_and_more_room_mends_it(lab, room):
    lab.out.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", f"size={room}", "tmpfs", str(lab.out)]
    if subprocess.run(mounted, capture_output=True).returncode:
        pytest.skip("may not mount")
    try:
        with pytest.raises(FerError, match="No space left on device; mend that and run the same"):
            lab.again()
        subprocess.run(["mount", "-o", "remount,size=8m", str(lab.out)], check=True)
        lab.again()
        lab.check()
    finally:
        subprocess.run(["umount", str(lab.out)], check=True)


def test_what_is_cut_or_gone_is_made_again(lab):
    lab.again()
    shards, units = sorted(lab.out.glob("faces-*")), sorted((lab.out / "units").iterdir())
    manifest, card = lab.out / "manifest.parquet", lab.out / "card.json"
    for harm in (
        lambda: shards[0].write_bytes(shards[0].read_bytes()[:-100]),
        lambda: shards[1].write_bytes(b""),
        lambda: shards[2].unlink(),
        lambda: units[0].unlink(),
        lambda: units[1].write_bytes(units[1].read_bytes()[:-9]),
        lambda: manifest.write_bytes(manifest.read_bytes()[:-200]),
        lambda: manifest.unlink(),
        lambda: card.unlink(),
        lambda: card.write_text("{"),
    ):
        harm()
        lab.again()
        lab.check()


def test_pixels_that_changed_are_found_by_their_digest(lab):
    lab.again()
    shard = min(lab.out.glob("faces-*"))
    data = bytearray(shard.read_bytes())
    data[-1] ^= 1
    shard.write_bytes(data)
    (fault,) = verify(lab.out)
    assert fault.file == shard and "pixels have changed" in fault.what
    shard.unlink()  # as the fault's cure says
    lab.again()
    lab.check()


def test_a_clock_that_goes_backwards_changes_nothing(lab, monkeypatch):
    numbers = itertools.count(2_000_000_000, -3600)
    monkeypatch.setattr(time, "time", lambda: float(next(numbers)))
    monkeypatch.setattr(time, "time_ns", lambda: next(numbers) * 10**9)

    def stop(name, state):
        if state["units"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lab.again(progress=stop)
    for file in lab.raw.rglob("*.png"):
        os.utime(file, (1, 1))
    lab.again()
    lab.check()


# --- the engine by itself


def count(job):
    """Sum the items of a job; an item may be harmful."""
    total = 0
    for number, item in enumerate(job):
        if begin(number):
            total += 100
            continue
        if item == "die":
            os._exit(1)
        if item == "hang":
            time.sleep(600)
        total += 1
    end()
    return total


def test_only_the_harmful_items_are_left_out():
    jobs = [["a"] * 3, ["a", "die", "a"], ["hang", "a", "a", "a"]]
    assert sorted(engine.run(count, jobs, patience=0.5, engine=TWO)) == [3, 102, 103]


def die_at_once(job):
    os._exit(1)


def fail(job):
    raise ValueError(f"job {job}")


def test_a_job_that_dies_before_its_first_item_is_named():
    with pytest.raises(FerError, match="7: the process died twice on it"):
        list(engine.run(die_at_once, [7, 7], engine=TWO))


def test_a_bug_in_a_worker_keeps_its_traceback():
    with pytest.raises(ValueError, match="job 1") as caught:
        list(engine.run(fail, [1, 1], engine=TWO))
    assert "in fail" in "".join(caught.value.__notes__)


class Odd(Exception):
    def __init__(self, one, two):
        super().__init__(one)


def fail_oddly(job):
    raise Odd(1, 2)


def test_an_exception_that_cannot_travel_is_told_all_the_same():
    with pytest.raises(RuntimeError, match="Odd"):
        list(engine.run(fail_oddly, [1, 2], engine=TWO))


def test_no_worker_stays_when_the_results_are_not_wanted():
    results = engine.run(abs, list(range(-50, 0)), engine=TWO)
    assert next(results) > 0
    pids = workers_of(os.getpid())
    assert len(pids) == 2
    results.close()
    assert gone(pids)
