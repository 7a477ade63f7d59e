"""Data folders to review: drawn faces with what a curation writes, without running one."""

import functools
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fertools.fakes._face import draw, person
from tests.made import made

WORDS = ("anger", "fear", "happiness", "neutral", "sadness", "surprise")
FLAGS = (["label_suspect"], ["exact_copy", "contradicting_twins"], ["blurred"], [])


def drawn(count: int, size: int = 48) -> Any:
    """Faces (count, size, size) of a dozen people, over and over."""
    few = [draw(person(i), WORDS[i % 6], size=size, seed=i, gray=True) for i in range(12)]
    return np.stack([few[i % 12] for i in range(count)])


def judgeable(folder: Path, count: int, **columns: Any) -> Path:
    """A folder of `count` faces, three in four of them flagged; row i and i + 1 are twins where i
    is 0 modulo 4. `columns` take the place of others."""
    flags = [FLAGS[i % 4] for i in range(count)]
    given = {
        "native_label": [WORDS[i % 6] for i in range(count)],
        "official_split": [("train", "val", "test")[i % 3] for i in range(count)],
        "flags": flags,
        "drop": [None] * count,
        "twin_group": [f"t:{i - i % 4}" if i % 4 < 2 else None for i in range(count)],
        "quality_sharpness": [0.5 + (i % 7) / 10 for i in range(count)],
    }
    made(folder, drawn(count), **{**given, **columns})
    return folder


def lines(file: Path) -> list[dict[str, Any]]:
    """The lines of a journal."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def verdicts(file: Path, reviewer: str, said: Sequence[tuple[str, ...]], **opening: Any) -> Path:
    """A file of verdicts as a bundle saves it: (key, verdict[, label[, second]])."""
    about = {"format": "fertools verdicts 1", "session": "labels", "reviewer": reviewer,
             "queue": "labels", "blind": True, **opening}  # fmt: skip
    rows = [
        {"key": key, "verdict": verdict, "label": (*more, None, None)[0],
         "second": (*more, None, None)[1], "uid": f"{reviewer}-{number}", "time": ""}
        for number, (key, verdict, *more) in enumerate(said)
    ]  # fmt: skip
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in [about, *rows]), encoding="utf-8")
    return file


@dataclass(frozen=True, slots=True)
class Served:
    """Where a review can be opened, and where its verdicts go."""

    address: str
    journal: Path

    @property
    def port(self) -> int:
        return int(re.search(r":(\d+)/", self.address)[1])


@contextmanager
def started(data: Path, port: int = 0) -> Iterator[tuple[Served, Callable[[int], str]]]:
    """A server as the command line starts it, and a way to end it by a signal (SIGKILL, by
    default), which returns what it had to say."""
    command = [sys.executable, "-m", "fertools", "review", str(data), "--json"]
    command += ["--reviewer", "kim", "--port", str(port)]
    pipe = subprocess.PIPE
    # whoever starts the tests in the background ignores SIGINT, and children inherit that
    heard = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, preexec_fn=heard)

    def end(how: int = signal.SIGKILL) -> str:
        process.send_signal(how)
        return f"{process.communicate(timeout=60)[1]}{process.returncode}"

    text = ""
    while not text.endswith("\n}\n"):
        line = process.stdout.readline()
        assert line, process.stderr.read()
        text += line
    told = json.loads(text)
    try:
        yield Served(told["address"], Path(told["journal"])), end
    finally:
        if process.poll() is None:
            end()
