"""Several runs at a time: each task once, its complaint, the shared cores, a killed process."""

import os
import signal

import pytest
import torch

from fertools.errors import FerError
from fertools.train.workers import each


def complain(task: int) -> str:
    return f"{task} with {torch.get_num_threads()} threads" if task % 2 else ""


def die(task: int) -> str:
    os.kill(os.getpid(), signal.SIGKILL)
    return ""


def test_each_task_is_done_once_and_processes_share_the_threads(monkeypatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    assert list(each([1, 2], complain, 1)) == [(1, "1 with 4 threads"), (2, "")]
    assert sorted(each([1, 2, 3], complain, 2)) == [
        (1, "1 with 2 threads"),
        (2, ""),
        (3, "3 with 2 threads"),
    ]


def test_a_killed_process_is_told_in_a_sentence() -> None:
    with pytest.raises(FerError, match="one of 2 training processes was killed"):
        list(each([1, 2], die, 2))
