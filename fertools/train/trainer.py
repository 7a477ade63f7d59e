"""The trainer: what changes while a network is trained, and how one epoch changes it.

In go a recipe, its feed and a process; each call of `run` trains one epoch. Random numbers are
seeded anew in every epoch, so `state` needs to hold none.
"""

import contextlib
import copy
import math
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from fertools.data.augment import BatchAugment
from fertools.data.balance import class_weights
from fertools.data.loader import Loader, make_loader, room_for
from fertools.devices import Process
from fertools.errors import FerError
from fertools.evaluate.predictions import PRECISIONS
from fertools.recipe import Recipe
from fertools.runs import build, put_weights
from fertools.runs.checkpoint import inside, optimiser_tensors, put_optimiser_tensors, under
from fertools.train.feed import Feed
from fertools.train.optimisers import Rate, make_optimiser


class Trainer:
    """What changes while a network is trained: weights, their average, optimiser, rate."""

    def __init__(self, recipe: Recipe, feed: Feed, process: Process, seed: int) -> None:
        self.recipe, self.process, self.seed = recipe, process, seed
        spec = recipe.train
        torch.manual_seed(seed)
        self.model = _started(recipe).to(process.device)
        if spec.channels_last:
            self.model = self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.model) if spec.ema else None
        self.loader = _loader(recipe, feed, process, seed)
        self.optimiser = make_optimiser(recipe.optimiser, self.model.parameters())
        self.rate = Rate(recipe.schedule, spec.epochs, len(self.loader))
        self.scaler = torch.amp.GradScaler(process.device.type, enabled=spec.precision == "fp16")
        weights = weights_of_classes(recipe, feed)
        self.weights = (
            None if weights is None else torch.from_numpy(weights).float().to(process.device)
        )
        self.network: Any = self._wrapped()

    def _wrapped(self) -> Any:
        """The network as a step calls it: in several processes, compiled."""
        network: Any = self.model
        if self.process.of > 1:
            network = nn.parallel.DistributedDataParallel(network)
        return torch.compile(network) if self.recipe.train.compile else network

    @property
    def kept(self) -> nn.Module:
        """The network that is scored and kept: the average where there is one."""
        return self.model if self.average is None else self.average

    def run(self, epoch: int) -> float:
        """Train one epoch; returns its mean loss. Raises `FerError` where a loss is not finite."""
        own = (self.seed, epoch, self.process.number)
        torch.manual_seed(int(np.random.SeedSequence(own).generate_state(1)[0]))
        augment = BatchAugment(self.recipe.augment, own)
        self.loader.order.epoch, self.loader.augment = epoch, augment
        self.model.train()
        losses = []
        for number, (images, labels) in enumerate(self.loader):
            if len(labels) == 1 < self.loader.batch_size:
                continue  # batch norm cannot train on a single row
            step = epoch * len(self.loader) + number
            losses.append(self._step(images, labels, step, augment))
        found = torch.stack(losses)
        mean = found.mean()
        if self.process.of > 1:
            torch.distributed.all_reduce(mean)
            mean /= self.process.of
        if not math.isfinite(float(mean)):
            raise self._lost(epoch, found)
        if not all(bool(weight.isfinite().all()) for weight in self.model.parameters()):
            raise self.spoilt(epoch, "left weights that are no numbers")
        return float(mean)

    def _step(
        self, images: torch.Tensor, labels: torch.Tensor, step: int, augment: BatchAugment
    ) -> torch.Tensor:
        spec, device = self.recipe.train, self.process.device
        images, labels = images.to(device), labels.to(device)
        if self.recipe.augment.mixup:
            images, labels = augment.mix(images, _shares(labels, len(self.recipe.data.classes)))
        if spec.channels_last:
            images = channels_last(images)
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe.optimiser.lr * self.rate.at(step)
        self.optimiser.zero_grad()
        kind = PRECISIONS.get(spec.precision)
        with torch.autocast(device.type, kind, enabled=kind is not None):
            logits = self.network(images)
        loss = functional.cross_entropy(
            logits.float(), labels, self.weights, label_smoothing=spec.label_smoothing
        )
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        if spec.clip:
            self.scaler.unscale_(self.optimiser)
            nn.utils.clip_grad_norm_(self.model.parameters(), spec.clip)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        if self.average is not None:
            _average(self.average, self.model, min(spec.ema, (1 + step) / (10 + step)))
        return loss.detach()

    def _lost(self, epoch: int, losses: torch.Tensor) -> FerError:
        bad = torch.nonzero(~torch.isfinite(losses)).flatten()
        if not len(bad):
            return FerError(f"epoch {epoch + 1}: the loss is no number in another process")
        return self._named(epoch, int(bad[0]), "has a loss that is no number")

    def spoilt(self, epoch: int, what: str) -> FerError:
        """The error that names the last batch of an epoch."""
        return self._named(epoch, len(self.loader) - 1, what)

    def _named(self, epoch: int, number: int, what: str) -> FerError:
        """The batch, counted from 0, that spoilt an epoch."""
        self.loader.order.epoch, first = epoch, number * self.loader.batch_size
        rows = self.loader.order.indices()[first : first + self.loader.batch_size]
        ids = ", ".join(self.loader.dataset.ids[i] for i in rows[:5])
        return FerError(
            f"epoch {epoch + 1}: batch {number + 1} ({ids}, ..) {what}; lower optimiser.lr, set "
            "train.clip=1, or look at these rows"
        )

    def probe(self, batch: int) -> None:
        """One forward and backward pass of so many images, to see whether they fit."""
        device, kind = self.process.device, PRECISIONS.get(self.recipe.train.precision)
        images, labels = self.loader.batch(np.arange(batch) % len(self.loader.dataset))
        with torch.autocast(device.type, kind, enabled=kind is not None):
            logits = self.model(images.to(device))  # alone: other processes do not take part
        loss = functional.cross_entropy(logits.float(), labels.to(device))
        loss.backward()  # type: ignore[no-untyped-call]

    def state(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        """All that must be kept to go on."""
        tensors = under("model", self.model.state_dict())
        tensors |= under("optimiser", optimiser_tensors(self.optimiser))
        if self.average is not None:
            tensors |= under("average", self.average.state_dict())
        return tensors, {"rate": self.rate.state(), "scaler": self.scaler.state_dict()}

    def restore(self, tensors: dict[str, torch.Tensor], facts: dict[str, Any]) -> None:
        """Go on from `state`."""
        self.model.load_state_dict(inside("model", tensors))
        put_optimiser_tensors(self.optimiser, inside("optimiser", tensors))
        if self.average is not None:
            self.average.load_state_dict(inside("average", tensors))
        self.rate.restore(facts["rate"])
        self.scaler.load_state_dict(facts["scaler"])


def _started(recipe: Recipe) -> nn.Module:
    model = build(recipe)
    if recipe.model.init_weights:
        put_weights(model, Path(recipe.model.init_weights))
    return model


def _loader(recipe: Recipe, feed: Feed, process: Process, seed: int) -> Loader:
    batch, rest = divmod(recipe.train.batch, process.of)
    if rest or not batch:
        raise FerError(
            f"train.batch = {recipe.train.batch}: cannot be shared by {process.of} processes; "
            "give a multiple of their number"
        )
    loader = make_loader(
        feed.train,
        batch,
        shuffle=True,
        seed=seed,
        device=room_for(feed.train, process.device),
        share=(process.number, process.of),
    )
    assert isinstance(loader, Loader)
    return loader


def weights_of_classes(recipe: Recipe, feed: Feed) -> npt.NDArray[np.float64] | None:
    """The weight of each class in the loss, or None where all weigh the same."""
    if recipe.train.balance == "none":
        return None
    return class_weights(feed.train.counts, recipe.train.balance)


def channels_last(images: torch.Tensor) -> torch.Tensor:
    """The same images (n, channels, height, width) with channels last, by their strides too.

    Of one channel they lie in memory alike in both orders, torch takes them for channels first, and
    a network that concatenates then copies between the two: 20 % of a step of system B.
    """
    n, channels, height, width = images.shape
    dense = images.contiguous(memory_format=torch.channels_last)
    strides = (height * width * channels, 1, width * channels, channels)
    return dense.as_strided((n, channels, height, width), strides)


def _shares(labels: torch.Tensor, classes: int) -> torch.Tensor:
    """Labels as probabilities (n, classes)."""
    if labels.is_floating_point():
        return labels
    return functional.one_hot(labels, classes).float()


@torch.no_grad()
def _average(average: nn.Module, model: nn.Module, decay: float) -> None:
    """average = decay * average + (1 - decay) * model, batch norms' statistics included."""
    ours, theirs = average.state_dict(), model.state_dict()
    floats = [name for name, value in ours.items() if value.is_floating_point()]
    torch._foreach_lerp_([ours[n] for n in floats], [theirs[n] for n in floats], 1 - decay)
    for name in ours.keys() - set(floats):
        ours[name].copy_(theirs[name])


@contextlib.contextmanager
def memory(trainer: Trainer) -> Iterator[None]:
    """Say which batch fits where one does not."""
    try:
        yield
    except RuntimeError as error:  # torch.OutOfMemoryError is one; the CPU's has no class
        if not _is_memory(error):
            raise
        # what was under way is held by the frames of the error, and would be in the way
        traceback.clear_frames(error.__traceback__)
        trainer.optimiser.zero_grad()
        batch, of = trainer.recipe.train.batch, trainer.process.of
        fits = next((n for n in _halves(batch) if n % of == 0 and _fits(trainer, n // of)), 0)
        cure = f"{fits} fits: --set train.batch={fits}" if fits else "not even one image fits"
        raise FerError(
            f"train.batch = {batch} does not fit into the memory of {trainer.process.device}: "
            f"{cure}"
        ) from error


def _halves(batch: int) -> list[int]:
    return [batch >> k for k in range(1, batch.bit_length())]


def _fits(trainer: Trainer, batch: int) -> bool:
    if trainer.process.device.type == "cuda":
        torch.cuda.empty_cache()
    try:
        trainer.probe(batch)
    except RuntimeError as error:
        if _is_memory(error):
            return False
        raise
    return True


def _is_memory(error: RuntimeError) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error)
