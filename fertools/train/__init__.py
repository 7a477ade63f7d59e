"""Training: a recipe becomes a run.

In goes a recipe; out comes the folder of a run (see `runs`). Batches come from the loader alone, in
an order that seed and epoch decide. So a run that is killed and resumed ends with the same weights,
bit for bit, as one that is not; with another number of threads or processes, or on another machine,
with others.

Under `torchrun` every process reads its share of each batch; `train.batch` is that of all together.
"""

import contextlib
import importlib.util
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from fertools import recipe as recipes
from fertools import runs
from fertools.data import FaceDataset
from fertools.devices import Process, hardware, hold_memory, joined, lacks_bf16, shared
from fertools.errors import FerError, disk_faults
from fertools.evaluate.predictions import probabilities, way_of
from fertools.given import kind_of
from fertools.manifest import write_json
from fertools.manifest.card import made
from fertools.measures import scores
from fertools.recipe import Recipe
from fertools.runs.checkpoint import BEST, LAST, read_tensors
from fertools.runs.toml import write_toml
from fertools.train.feed import Feed, open_feed
from fertools.train.jobs import Job, settle
from fertools.train.losses import open_teacher, taught_by
from fertools.train.memory import memory
from fertools.train.recorder import Progress, Recorder, append
from fertools.train.resume import resumed, same_fold, same_inputs, write_best
from fertools.train.trainer import Trainer, weights_of_classes

Scores = dict[str, float]
SCORES = ("accuracy", "macro-f1", "nll")  # of the validation rows


def train(
    recipe: Recipe,
    out: Path | str,
    *,
    seed: int | None = None,
    fold: int | None = None,
    draw: int | None = None,
    resume: bool = False,
    device: str = "auto",
    progress: Progress | None = None,
    command: str | None = None,
    tensorboard: bool = False,
    say: Callable[[str], None] | None = None,
) -> Path:
    """Train one run and return its folder; what has ended already is left as it is.

    `seed` stands in the place of the recipe's, `draw` in that of `{draw}` in its manifest; with
    `fold=k` fold k is kept for the test and fold k + 1 validates. `progress` gets a record per
    epoch, `say` what is worth knowing of the data. Raises `FerError` where `out` holds a run
    (without `resume`), one of another recipe, fold or files, or a data set, or cannot be written,
    for data that cannot be trained on, what a solver does not take, a device that is not there or
    too small, and a loss that is no number.
    """
    kind_of("recipe", recipe, Recipe)
    job = settle(recipe, Path(out), seed, fold, draw)
    with joined(device) as process, disk_faults(job.out, "" if resume else " with --resume"):
        ended = process.number == 0 and _is_there(job, resume)
        if shared(process, b"ended" if ended else b""):
            return job.out
        feed = open_feed(job.recipe, fold)
        if process.number == 0 and say is not None:
            _tell(say, job.recipe, feed, process)
        if (solve := runs.solver(job.recipe)) is not None:
            if process.number == 0:  # a solver does not share its work
                _solve(job, feed, solve)
        else:
            hold_memory(process.device)
            teacher = open_teacher(job.recipe, job.manifest, fold, process.device)
            trainer = Trainer(job.recipe, feed, process, job.seed, teacher)
            recorder = None
            if process.number == 0:
                recorder = Recorder(job, progress, tensorboard)
                _open(job)  # after all that may fail: a wrong start leaves no run
            try:
                with memory(trainer):
                    _loop(job, feed, trainer, recorder)
            except FerError:
                if recorder is not None:
                    _unopen(job)
                raise
            finally:
                if recorder is not None:
                    recorder.close()
        if process.number == 0:
            _close(job, feed, process, command)
    return job.out


def _tell(say: Callable[[str], None], recipe: Recipe, feed: Feed, process: Process) -> None:
    """What is worth knowing before the first epoch: of the data, and of this machine."""
    notes = list(feed.notes)
    if recipe.train.precision == "bf16" and lacks_bf16(process.device):
        notes.append("this processor does no bf16 itself: train.precision=fp32 is faster on it")
    if notes:
        say("; ".join(notes))


def _is_there(job: Job, resume: bool) -> bool:
    """Whether the run has ended. Raises where a run lies there that is not to be resumed."""
    file = job.out / "recipe.toml"
    if job.out.is_file():
        raise FerError(f"{job.out}: is a file; give a folder with -o")
    if not file.is_file():
        if (job.out / "card.json").is_file():
            raise FerError(f"{job.out}: holds a data set, not a run; give another -o")
        return False
    if recipes.load(file) != job.recipe:  # first: --resume would be refused
        raise FerError(f"{job.out}: the run has another recipe; give another -o, or delete it")
    ended = runs.has_ended(job.out)
    if not resume and ended:
        raise FerError(
            f"{job.out}: there is a run that has ended; give another -o, or delete it to train it "
            "anew, or go on to the next with --resume"
        )
    if not resume:
        raise FerError(f"{job.out}: there is a run; --resume goes on with it, or give another -o")
    if not ended:
        return False
    card = runs.read_json(job.out / "card.json")
    same_fold(job, card)
    same_inputs(job, card)
    return True


def _open(job: Job) -> None:
    job.out.mkdir(parents=True, exist_ok=True)
    data = job.recipe.data
    contract = runs.Contract(data.size, data.channels, data.crop, data.classes)
    runs.write_contract(job.out, contract)
    write_toml(job.out / "recipe.toml", recipes.table(job.recipe), "the recipe as run")


def _unopen(job: Job) -> None:
    """Take back what `_open` wrote where no epoch has ended: the cure that is told, a smaller batch
    for one, is another recipe, and can then be followed in the same folder.
    """
    if any((job.out / name).exists() for name in ("log.jsonl", BEST, LAST)):
        return
    for name in ("recipe.toml", "contract.json"):
        (job.out / name).unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # other files are there
        job.out.rmdir()


def _loop(job: Job, feed: Feed, trainer: Trainer, recorder: Recorder | None) -> None:
    """Train until the last epoch, or until the validation scores no longer rise."""
    spec = job.recipe.train
    choice, start = resumed(job, trainer)
    for epoch in range(start, spec.epochs):
        began = time.perf_counter()
        loss = trainer.run(epoch)
        found = _validated(trainer, feed)
        if found and math.isnan(found["nll"]):
            raise trainer.spoilt(epoch, "left a network that gives no numbers")
        trainer.rate.ended(found["nll"] if found else loss)
        choice = choice.after(epoch, found, spec.select)
        ended = epoch + 1 == spec.epochs or 0 < spec.stop_after <= epoch - choice.epoch
        line = {
            "epoch": epoch + 1,
            "loss": loss,
            "lr": trainer.optimiser.param_groups[0]["lr"],
            **{f"val_{name}": value for name, value in found.items()},
            "seconds": round(time.perf_counter() - began, 3),
        }
        if recorder is not None:
            recorder.note(trainer, choice, line, ended)
        if ended:
            break


def _validated(trainer: Trainer, feed: Feed) -> Scores:
    """Scores of the validation rows, the same in every process; empty where there are none, and
    nan where the network gives no numbers.
    """
    if feed.val is None:
        return {}
    found = torch.zeros(len(SCORES), dtype=torch.float64)
    process = trainer.process
    if process.number == 0:
        way = way_of(trainer.recipe)
        values = probabilities(trainer.kept, feed.val, way, process.device)
        found = torch.tensor(_scored(values, feed.val), dtype=torch.float64)
    if process.of > 1:
        found = found.to(process.device)
        torch.distributed.broadcast(found, 0)
    return dict(zip(SCORES, found.tolist(), strict=True))


def _scored(values: npt.NDArray[np.float64], val: FaceDataset) -> list[float]:
    """The `SCORES` of probabilities (n, K); nan where they are no numbers."""
    if not np.isfinite(values).all():
        return [math.nan] * len(SCORES)
    table = scores.confusion(val.targets, values.argmax(1), len(val.classes))
    nll = scores.negative_log_likelihood(values, val.targets)
    return [float(scores.accuracy(table)), float(scores.macro_f1(table)), nll]


def _solve(job: Job, feed: Feed, solve: Callable[..., None]) -> None:
    """Weights from a solver instead of from gradients."""
    recipe, rows = job.recipe, feed.train
    _solvable(recipe)
    began = time.perf_counter()
    torch.manual_seed(job.seed)
    model, weights = runs.build(recipe), weights_of_classes(recipe, feed)
    pixels = rows.pixels(np.arange(len(rows))).numpy()
    solve(model, pixels, rows.targets, weights=weights, seed=job.seed)
    _open(job)  # after all that may fail: a wrong start leaves no run
    write_best(job, model.state_dict(), 1)
    line: dict[str, Any] = {"epoch": 1}
    if feed.val is not None:
        found = _scored(probabilities(model, feed.val, way_of(recipe)), feed.val)
        line |= {f"val_{name}": value for name, value in zip(SCORES, found, strict=True)}
    line["seconds"] = round(time.perf_counter() - began, 3)
    (job.out / "log.jsonl").unlink(missing_ok=True)
    append(job.out / "log.jsonl", line)


def _solvable(recipe: Recipe) -> None:
    """Raise `FerError` for what the card would claim and a solver does not take."""
    claims = {
        "train.ema": recipe.train.ema,
        "train.teacher": recipe.train.teacher,
        "model.init_weights": recipe.model.init_weights,
        "data.labels = soft": recipe.data.labels == "soft",
    }
    if asked := [name for name, is_asked in claims.items() if is_asked]:
        raise FerError(f"{recipe.model.name}: is solved and takes no {asked[0]}; leave it out")


def _close(job: Job, feed: Feed, process: Process, command: str | None) -> None:
    """Write what is known of the run, the card last."""
    log, recipe = runs.read_log(job.out), job.recipe
    if importlib.util.find_spec("matplotlib") is not None:
        from fertools.charts import curves

        curves(job.out / "curves.png", job.out.name, log)
    best = read_tensors(job.out / BEST)[1]["epoch"]
    chosen = next(line for line in log if line["epoch"] == best)
    card = {
        "seed": job.seed,
        "seeds": list(job.seeds),
        "fold": job.fold,
        "draw": job.draw,
        "epochs": len(log),
        "best_epoch": best,
        "val": {k[4:]: v for k, v in chosen.items() if k.startswith("val_")},
        "rows": {"train": len(feed.train), "val": len(feed.val) if feed.val else 0},
        "classes": dict(zip(feed.train.classes, feed.train.counts.tolist(), strict=True)),
        "manifest": {"path": recipe.data.manifest, "digest": job.manifest},
        "weights": runs.file_digest(job.out / BEST),
        "init_weights": recipe.model.init_weights,
        "teacher": taught_by(recipe),
        "extra_data": list(recipe.data.extra_data),
        "extra_digests": job.extra,
        "inputs": job.inputs,
        "notes": list(feed.notes),
        "minutes": round(sum(line["seconds"] for line in log) / 60, 2),
        "hardware": hardware(process.device),
        "processes": 1 if runs.solver(recipe) is not None else process.of,
        "made": made(command),
    }
    write_json(job.out / "card.json", card)
    (job.out / LAST).unlink(missing_ok=True)  # not before the run has ended
