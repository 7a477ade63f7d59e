"""The recorder: what an epoch leaves behind in the folder of its run.

In goes a trainer behind an epoch and a record of it; out come log, weights, checkpoint, TensorBoard
and progress.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fertools.errors import FerError
from fertools.train.jobs import Job
from fertools.train.resume import Choice, save, write_best
from fertools.train.trainer import Trainer

Progress = Callable[[dict[str, Any]], None]
SAVING = 20  # a checkpoint is written when so many times the time it takes have passed


class Recorder:
    """Keeps what an epoch leaves behind: log, weights, checkpoint, TensorBoard, progress."""

    def __init__(self, job: Job, progress: Progress | None, tensorboard: bool) -> None:
        self.job, self.progress = job, progress
        self.board = _board(job.out) if tensorboard else None
        self.saved, self.cost = time.perf_counter(), 0.0

    def note(self, trainer: Trainer, choice: Choice, line: dict[str, Any], ended: bool) -> None:
        """Write one epoch down. The checkpoint costs a twentieth of the time at most."""
        epoch, spec = line["epoch"], self.job.recipe.train
        append(self.job.out / "log.jsonl", line)
        if choice.epoch + 1 == epoch and (spec.select != "last" or ended):
            write_best(self.job, trainer.kept.state_dict(), epoch)
        if not ended and time.perf_counter() - self.saved >= SAVING * self.cost:
            self.saved = time.perf_counter()
            save(self.job, trainer, choice, epoch)
            self.cost = time.perf_counter() - self.saved
        if self.board is not None:
            for name, value in line.items():
                self.board.add_scalar(name, value, epoch)
        if self.progress is not None:
            self.progress({**line, "of": spec.epochs, "best": choice.epoch + 1})

    def close(self) -> None:
        """Finish what is still being written."""
        if self.board is not None:
            self.board.close()


def append(file: Path, line: dict[str, Any]) -> None:
    """Add a record to a log."""
    with file.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(line) + "\n")


def _board(out: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise FerError("--tensorboard needs it: pip install 'fertools[train]'") from error
    return SummaryWriter(str(out))
