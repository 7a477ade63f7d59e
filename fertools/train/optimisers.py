"""Optimisers and learning rates, as a recipe names them.

In goes a recipe's section; out come torch's optimiser and a schedule that says the rate of a step.
"""

import math
from collections.abc import Iterable
from typing import Any

import torch

from fertools.recipe import Optimiser, Schedule

KINDS: dict[str, type[torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "adagrad": torch.optim.Adagrad,
    "rmsprop": torch.optim.RMSprop,
    "adadelta": torch.optim.Adadelta,
    "adam": torch.optim.Adam,
    "nadam": torch.optim.NAdam,
    "adamw": torch.optim.AdamW,
}
FIRST = 1 / 25  # of the highest rate, where one-cycle begins


def make_optimiser(
    spec: Optimiser, parameters: Iterable[torch.nn.Parameter]
) -> torch.optim.Optimizer:
    """The optimiser with the recipe's settings; what the recipe leaves out is torch's default."""
    given: dict[str, Any] = {
        name: getattr(spec, name)
        for name in ("momentum", "nesterov", "betas")
        if getattr(spec, name) is not None
    }
    kind: Any = KINDS[spec.name]
    made: torch.optim.Optimizer = kind(
        parameters, lr=spec.lr, weight_decay=spec.weight_decay, **given
    )
    return made


class Rate:
    """The learning rate as a share of the recipe's, per step; plateau also looks at the losses.

    `state` and `restore` carry what plateau remembers over a kill.
    """

    def __init__(self, spec: Schedule, epochs: int, steps: int) -> None:
        self.spec, self.total, self.rise = spec, epochs * steps, spec.warmup * steps
        self.share, self.lowest, self.waited = 1.0, math.inf, 0

    def at(self, step: int) -> float:
        """The share at a step, counted from 0 over all epochs."""
        spec = self.spec
        if spec.name == "plateau":
            return self.share
        if step < self.rise:
            if spec.name == "one-cycle":
                return FIRST + (1 - FIRST) * (1 - math.cos(math.pi * step / self.rise)) / 2
            return (step + 1) / (self.rise + 1)
        if spec.name == "constant":
            return 1.0
        done = (step - self.rise) / max(1.0, self.total - self.rise)
        return spec.final + (1 - spec.final) * (1 + math.cos(math.pi * min(1.0, done))) / 2

    def ended(self, loss: float) -> None:
        """Note the validation loss of an epoch; plateau lowers the share when it stays high."""
        if loss < self.lowest:
            self.lowest, self.waited = loss, 0
            return
        self.waited += 1
        if self.spec.name == "plateau" and self.waited >= self.spec.patience:
            self.share, self.waited = self.share * self.spec.factor, 0

    def state(self) -> list[float]:
        """What must be kept to go on."""
        return [self.share, self.lowest, self.waited]

    def restore(self, state: list[float]) -> None:
        """Go on from `state`."""
        self.share, self.lowest, self.waited = state[0], state[1], int(state[2])
