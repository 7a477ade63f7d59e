"""Several runs at a time: each task once, its complaint, the shared cores, a killed process."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from fertools.errors import FerError
from fertools.train.workers import each


def complain(task: int) -> None:
    if task % 2:
        raise FerError(f"{task} with {torch.get_num_threads()} threads")


def die(task: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def err(task: int) -> None:
    raise ZeroDivisionError(task)


def test_each_task_is_done_once_and_processes_share_the_threads(monkeypatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    assert list(each([1, 2], complain, 1)) == [(1, "1 with 4 threads"), (2, "")]
    assert sorted(each([1, 2, 3], complain, 2)) == [
        (1, "1 with 2 threads"),
        (2, ""),
        (3, "3 with 2 threads"),
    ]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_fault_of_our_own_is_no_complaint(jobs: int) -> None:
    with pytest.raises(ZeroDivisionError):
        list(each([1, 2], err, jobs))


def test_a_killed_process_is_told_in_a_sentence() -> None:
    with pytest.raises(FerError, match="one of 2 training processes was killed"):
        list(each([1, 2], die, 2))


def run(script: str, folder: Path) -> list[str]:
    """What a script prints."""
    path = folder / "script.py"
    path.write_text(script)
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=120)
    return [*done.stdout.splitlines(), *done.stderr.splitlines()[-1:]]


def test_a_script_without_a_guard_is_not_run_again(tmp_path) -> None:
    script = (
        "import os\n"
        "from fertools.train.workers import each\n"
        "print('begun')\n"
        "print(sorted(each(['a', 'b'], os.mkdir, 2)))\n"
    )
    script = script.replace("'a', 'b'", ", ".join(repr(str(tmp_path / name)) for name in "ab"))
    assert run(script, tmp_path) == [
        "begun",
        str([(str(tmp_path / "a"), ""), (str(tmp_path / "b"), "")]),
    ]


def test_work_that_a_script_defines_is_found_there(tmp_path) -> None:
    script = (
        "from functools import partial\n"
        "from fertools.errors import FerError\n"
        "from fertools.train.workers import each\n"
        "def work(sentence, task):\n"
        "    raise FerError(f'{sentence} {task}')\n"
        "if __name__ == '__main__':\n"
        "    print(sorted(each([1, 2], partial(work, 'no'), 2)))\n"
    )
    assert run(script, tmp_path) == ["[(1, 'no 1'), (2, 'no 2')]"]


LONG = """
import sys, time
from functools import partial
from pathlib import Path
from fertools.train.workers import each
def work(folder, task):
    (folder / f"begun-{task}").touch()
    time.sleep(3)
    (folder / f"ended-{task}").touch()
if __name__ == "__main__":
    list(each(range(8), partial(work, Path(sys.argv[1])), 2))
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_processes_end_with_who_started_them(tmp_path, how) -> None:
    """No task of theirs ends after it, and none begins: another run may write there by then."""
    script = tmp_path / "script.py"
    script.write_text(LONG)
    started = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)], stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("begun-*")) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert list(tmp_path.glob("begun-*"))
    started.send_signal(how)
    started.wait(timeout=30)
    time.sleep(0.5)  # a process that starts just now sees its parent's end
    begun = list(tmp_path.glob("begun-*"))
    time.sleep(4)
    assert list(tmp_path.glob("begun-*")) == begun and not list(tmp_path.glob("ended-*"))
