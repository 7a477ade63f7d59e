"""The trainer: what changes while a network is trained, and how one epoch changes it.

In go a recipe, its feed and a process; each call of `run` trains one epoch. Random numbers are
seeded anew in every epoch, so `state` needs to hold none.
"""

import copy
import math
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
from fertools.devices import Process, ordered
from fertools.errors import FerError
from fertools.evaluate.predictions import PRECISIONS
from fertools.recipe import Recipe
from fertools.runs import build, placed, put_weights
from fertools.runs.checkpoint import inside, optimiser_tensors, put_optimiser_tensors, under
from fertools.train.feed import Feed
from fertools.train.losses import label_loss, of_members, shares, teacher_loss
from fertools.train.norms import statistics_kept, takes_one
from fertools.train.optimisers import Rate, make_optimiser
from fertools.train.sam import climb, descend
from fertools.train.speed import hastened


class Trainer:
    """What changes while a network is trained: weights, their average, optimiser, rate.

    `teacher` is a frozen network whose outputs are learnt, too, as the recipe says.
    """

    def __init__(
        self,
        recipe: Recipe,
        feed: Feed,
        process: Process,
        seed: int,
        teacher: nn.Module | None = None,
    ) -> None:
        self.recipe, self.process, self.seed, self.teacher = recipe, process, seed, teacher
        spec = recipe.train
        torch.manual_seed(seed)
        self.model = placed(_started(recipe), recipe, process.device)
        self.average = copy.deepcopy(self.model) if spec.ema else None
        self.loader = _loader(recipe, feed, process, seed)
        if self.loader.batch_size == 1:
            _check_one(self.model, recipe, process)
        self.optimiser = make_optimiser(recipe.optimiser, self.model.parameters())
        self.rate = Rate(recipe.schedule, spec.epochs, len(self.loader))
        self.scaler = torch.amp.GradScaler(process.device.type, enabled=spec.precision == "fp16")
        weights = weights_of_classes(recipe, feed)
        self.weights = (
            None if weights is None else torch.from_numpy(weights).float().to(process.device)
        )
        self.plain: Any = self.model
        if process.of > 1:
            self.plain = nn.parallel.DistributedDataParallel(self.model)
        self.network: Any = None  # `plain`, made faster by the first epoch
        if teacher is not None and recipe.augment.crop:
            _takes_windows(teacher, recipe, f"the teacher {recipe.train.teacher}", process.device)

    @property
    def kept(self) -> nn.Module:
        """The network that is scored and kept: the average where there is one."""
        return self.model if self.average is None else self.average

    def run(self, epoch: int) -> float:
        """Train one epoch; returns its mean loss. Raises `FerError` where a loss is not finite."""
        self.model.train()
        if self.network is None:  # not in `__init__`: who calls this names the batch that fits
            self.network = self._hastened()
        own = (self.seed, epoch, self.process.number)
        torch.manual_seed(int(np.random.SeedSequence(own).generate_state(1)[0]))
        augment = BatchAugment(self.recipe.augment, own)
        self.loader.order.epoch, self.loader.augment = epoch, augment
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

    def _hastened(self) -> Any:
        """`plain`, made faster for whole batches: for a last one of another size it would be
        compiled or captured anew.
        """
        batch = self.loader.batch_size
        return hastened(self.plain, self.model, self.recipe, self.process, batch)

    def _step(
        self, images: torch.Tensor, labels: torch.Tensor, step: int, augment: BatchAugment
    ) -> torch.Tensor:
        spec, device, way = self.recipe.train, self.process.device, self.recipe.augment
        images, labels = images.to(device), labels.to(device)
        if way.mixup or way.cutmix:
            images, labels = augment.mix(images, shares(labels, len(self.recipe.data.classes)))
        images = ordered(images, spec.channels_last)
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe.optimiser.lr * self.rate.at(step)
        taught = self._taught(images)
        loss = self._backward(images, labels, taught)
        if self.recipe.optimiser.sam:
            climbed = climb(self.model.parameters(), self.recipe.optimiser.sam)
            with statistics_kept(self.model):  # the first pass has moved them already
                self._backward(images, labels, taught)
            descend(climbed)
        if spec.clip:
            self.scaler.unscale_(self.optimiser)
            nn.utils.clip_grad_norm_(self.model.parameters(), spec.clip)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        if self.average is not None:
            _average(self.average, self.model, min(spec.ema, (1 + step) / (10 + step)))
        return loss

    def _backward(
        self, images: torch.Tensor, labels: torch.Tensor, taught: torch.Tensor | None
    ) -> torch.Tensor:
        """The loss of a batch, detached; its gradients take the place of all before."""
        spec = self.recipe.train
        self.optimiser.zero_grad()
        network = self.network if len(images) == self.loader.batch_size else self.plain
        with self._cast():
            found = network(images)
        logits, members = of_members(found.float())
        loss = label_loss(logits, labels.repeat_interleave(members, 0), spec, self.weights)
        if taught is not None:
            distance = teacher_loss(logits, taught.repeat_interleave(members, 0), spec.temperature)
            loss = torch.lerp(loss, distance, spec.teacher_weight)
        # times the members: each learns as it would alone
        self.scaler.scale(loss * members).backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def _taught(self, images: torch.Tensor) -> torch.Tensor | None:
        """What the teacher says of the very images that the student sees."""
        if self.teacher is None:
            return None
        with torch.no_grad(), self._cast():
            return self.teacher(images).float()  # type: ignore[no-any-return]

    def _cast(self) -> torch.autocast:
        kind = PRECISIONS.get(self.recipe.train.precision)
        return torch.autocast(self.process.device.type, kind, enabled=kind is not None)

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
        images, labels = self.loader.batch(np.arange(batch) % len(self.loader.dataset))
        device = self.process.device
        with self._cast():
            found = self.model(images.to(device))  # alone: other processes do not take part
        logits, members = of_members(found.float())
        loss = functional.cross_entropy(logits, labels.to(device).repeat_interleave(members, 0))
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
    if recipe.augment.crop:
        _takes_windows(model, recipe, recipe.model.name)
        model.train()
    return model


def _check_one(model: nn.Module, recipe: Recipe, process: Process) -> None:
    """Raise `FerError` where a network cannot be trained on batches of one image."""
    side = recipe.augment.crop or recipe.data.size
    image = torch.zeros(1, recipe.data.channels, side, side, device=process.device)
    if not takes_one(model, image):
        raise FerError(
            f"train.batch = {recipe.train.batch}: {recipe.model.name} has a batch norm that cannot "
            f"be trained on a single image; --set train.batch={2 * process.of} or more"
        )


def _takes_windows(
    model: nn.Module, recipe: Recipe, name: str, device: torch.device | str = "cpu"
) -> None:
    """Raise `FerError` where a network cannot take the windows of a random crop.

    It is in evaluation mode then.
    """
    side = recipe.augment.crop
    try:
        with torch.no_grad():
            model.eval()(torch.zeros(1, recipe.data.channels, side, side, device=device))
    except RuntimeError as error:
        raise FerError(
            f"augment.crop = {side}: {name} does not take windows of {side} px; "
            "leave it out, or take a network of convolutions and a mean"
        ) from error


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


@torch.no_grad()
def _average(average: nn.Module, model: nn.Module, decay: float) -> None:
    """average = decay * average + (1 - decay) * model, batch norms' statistics included."""
    ours, theirs = average.state_dict(), model.state_dict()
    floats = [name for name, value in ours.items() if value.is_floating_point()]
    torch._foreach_lerp_([ours[n] for n in floats], [theirs[n] for n in floats], 1 - decay)
    for name in ours.keys() - set(floats):
        ours[name].copy_(theirs[name])
