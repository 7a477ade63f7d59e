"""Speed: the network as a training step calls it, compiled or captured where the recipe says so.

In goes a network on its device; out comes something that is called alike and computes the same.
"""

import time
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from fertools.devices import Process, choose, ordered
from fertools.evaluate.predictions import PRECISIONS
from fertools.recipe import Recipe
from fertools.runs import build, placed
from fertools.train.losses import of_members
from fertools.train.norms import statistics_kept


class Cast(nn.Module):
    """A network with its autocast inside, as a capture needs it: without a cache of cast weights,
    which would be emptied between replays.
    """

    def __init__(self, network: nn.Module, device: str, kind: torch.dtype | None) -> None:
        super().__init__()
        self.network, self.device, self.kind = network, device, kind

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        on = self.kind is not None
        with torch.autocast(self.device, self.kind, enabled=on, cache_enabled=False):
            return self.network(images)  # type: ignore[no-any-return]


def hastened(plain: Any, model: nn.Module, recipe: Recipe, process: Process, batch: int) -> Any:
    """`plain` (the model, or what makes several processes one) compiled or captured for `batch`.

    CUDA graphs are for one process on a GPU: elsewhere `plain` comes back.
    """
    spec, device = recipe.train, process.device
    alone = device.type == "cuda" and process.of == 1
    if spec.compile:
        mode = "reduce-overhead" if alone else "default"
        return torch.compile(plain, mode=mode, dynamic=False)
    if not spec.graphs or not alone:
        return plain
    return captured(model, recipe, device, batch)


def captured(model: nn.Module, recipe: Recipe, device: torch.device, batch: int) -> Any:
    """Forward and backward pass of one batch size as CUDA graphs; the weights stay as they are."""
    spec, data = recipe.train, recipe.data
    side = recipe.augment.crop or data.size
    images = torch.zeros(batch, data.channels, side, side, device=device)
    images = ordered(images, spec.channels_last)
    network = Cast(model, device.type, PRECISIONS.get(spec.precision))
    with statistics_kept(model):  # the runs that warm a capture up move them
        made: Any = torch.cuda.make_graphed_callables(network, (images,))
    return made


def seconds_of_a_step(recipe: Recipe, device: str) -> float:
    """The time of a forward and a backward pass of a recipe's batch of noise, after one to warm."""
    place, spec, data = choose(device), recipe.train, recipe.data
    side = recipe.augment.crop or data.size
    model, kind = placed(build(recipe), recipe, place), PRECISIONS.get(spec.precision)
    images = torch.rand(spec.batch, data.channels, side, side, device=place)
    images = ordered(images, spec.channels_last)
    labels = torch.zeros(spec.batch, dtype=torch.int64, device=place)
    began = 0.0
    for number in range(3):
        with torch.autocast(place.type, kind, enabled=kind is not None):
            found = model(images)
        logits, members = of_members(found.float())
        loss = functional.cross_entropy(logits, labels.repeat_interleave(members, 0))
        loss.backward()  # type: ignore[no-untyped-call]
        loss.item()  # waits for a GPU
        began = time.perf_counter() if number == 0 else began
    return (time.perf_counter() - began) / 2
