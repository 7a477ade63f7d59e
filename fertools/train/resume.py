"""Resume: what a run leaves behind so that it can go on, and how it does.

In goes a trainer with the choice so far; out comes `last.safetensors`, and from it both again. That
file holds the chosen weights, too: `best.safetensors` may be of a later epoch when a run is killed,
which on a GPU need not come back.
"""

import dataclasses
import json
import math
from dataclasses import dataclass
from typing import Any

from fertools import runs
from fertools.devices import shared
from fertools.errors import FerError
from fertools.locations import create, put
from fertools.runs.checkpoint import (
    BEST,
    LAST,
    Tensors,
    inside,
    parse_tensors,
    read_tensors,
    under,
    write_tensors,
)
from fertools.runs.inputs import changed, recorded
from fertools.train.jobs import Job
from fertools.train.trainer import Trainer

LOWER_IS_BETTER = ("nll",)


@dataclass(frozen=True, slots=True)
class Choice:
    """The epoch that is kept so far, counted from 0, and its validation score."""

    epoch: int = -1
    value: float = -math.inf

    def after(self, epoch: int, found: dict[str, float], select: str) -> "Choice":
        """The choice after one more epoch; of equal scores the earlier epoch is kept."""
        if select == "last":
            return Choice(epoch, self.value)
        value = -found[select] if select in LOWER_IS_BETTER else found[select]
        return Choice(epoch, value) if value > self.value else self


def same_fold(job: Job, facts: dict[str, object]) -> None:
    """Raise `FerError` where a card or a checkpoint is of another fold; old ones do not say."""
    fold = facts.get("fold", job.fold)
    if fold != job.fold:
        was, asked = ("no fold" if k is None else f"fold {k}" for k in (fold, job.fold))
        raise FerError(f"{job.out}: the run is of {was}, not of {asked}; give another -o")


def same_inputs(job: Job, facts: dict[str, Any]) -> None:
    """Raise `FerError` where a file that a card or a checkpoint knows is another one now."""
    if names := changed(recorded(facts, job.recipe), job.inputs):
        raise FerError(
            f"{job.out}: {names} changed since the run began; bring back what it began with, or "
            "train anew with another -o"
        )


def save(job: Job, trainer: Trainer, choice: Choice, epoch: int) -> None:
    """Write the checkpoint behind so many epochs."""
    tensors, facts = trainer.state()
    if _is_chosen(job, choice) and choice.epoch + 1 != epoch:  # else the state holds its weights
        tensors |= under("best", read_tensors(job.out / BEST)[0])
    facts |= {"epoch": epoch, "inputs": job.inputs, "fold": job.fold}
    facts["choice"] = dataclasses.astuple(choice)
    write_tensors(job.out / LAST, tensors, facts)


def resumed(job: Job, trainer: Trainer) -> tuple[Choice, int]:
    """The choice so far and the epoch to go on with, after the checkpoint where there is one."""
    file, first = job.out / LAST, trainer.process.number == 0
    data = shared(trainer.process, file.read_bytes() if first and file.is_file() else b"")
    if not data:
        if first:
            (job.out / "log.jsonl").unlink(missing_ok=True)
        return Choice(), 0
    tensors, facts = parse_tensors(data)
    same_fold(job, facts)
    same_inputs(job, facts)
    trainer.restore(tensors, facts)
    choice, start = Choice(*facts["choice"]), int(facts["epoch"])
    lost = False
    if first:
        _cut_log(job, start)
        kept = trainer.kept.state_dict() if choice.epoch + 1 == start else inside("best", tensors)
        lost = _is_chosen(job, choice) and not _put_back(job, choice, kept)
    return (Choice() if shared(trainer.process, b"lost" if lost else b"") else choice), start


def _cut_log(job: Job, epochs: int) -> None:
    """Take the epochs behind the checkpoint out of the log, which is put in place whole.

    Raises `FerError` where it lacks one before it.
    """
    file = job.out / "log.jsonl"
    lines = {line["epoch"]: line for line in runs.read_log(job.out)}
    if missing := [epoch for epoch in range(1, epochs + 1) if epoch not in lines]:
        raise FerError(
            f"{file}: lacks epoch {missing[0]} of the {epochs} that the checkpoint has behind it; "
            "bring the file back, or train anew with another -o"
        )
    with create(file) as stream:
        for epoch in range(1, epochs + 1):
            stream.write((json.dumps(lines[epoch]) + "\n").encode())
        put(stream, file)


def write_best(job: Job, tensors: Tensors, epoch: int) -> None:
    """Write the weights that are kept, of the epoch counted from 1."""
    write_tensors(job.out / BEST, tensors, {"epoch": epoch})


def _put_back(job: Job, choice: Choice, kept: Tensors) -> bool:
    """Whether `best.safetensors` holds the weights of the choice, from `kept` where it did not.

    A checkpoint of before has none; then the epochs that follow are chosen among anew.
    """
    file = job.out / BEST
    if file.is_file() and read_tensors(file)[1].get("epoch") == choice.epoch + 1:
        return True
    if kept:
        write_best(job, kept, choice.epoch + 1)
    return bool(kept)


def _is_chosen(job: Job, choice: Choice) -> bool:
    """Whether there is a best epoch so far; with "last" there is none before the end."""
    return job.recipe.train.select != "last" and choice.epoch >= 0
