"""Several networks in one: each learns by a loss of its own, and their probabilities are averaged.

Source: an ensemble whose members share a budget of parameters and are trained as one network, each
by its own loss (Dutt et al. 2020, "Coupled ensembles of neural networks"); the mean of
probabilities is that of Lakshminarayanan et al. 2017. The members see the same batches and differ
by their start. `train.clip` and `optimiser.sam` measure the gradient of all of them together.

Input: float32 `(n, channels, size, size)` in 0..1. Output: in training `(n, members, classes)`, the
logits of each; else `(n, classes)`, the logarithm of the mean probability.
Size: the sum of its members, 1,643,292 parameters and 148.4 M MACs for four of `residual` at 48x48
for one channel and seven classes; `recipes/frontier/two-million` holds three of 0.61 million each.
"""

import math
from collections.abc import Mapping

import torch
from torch import nn

from fertools.errors import FerError
from fertools.models._make import make, module_of

LEAST = 2


class Coupled(nn.Module):
    """The members side by side."""

    def __init__(self, members: list[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found = [member(x) for member in self.members]
        if self.training:  # a member may have members of its own
            return torch.cat([each.reshape(len(each), -1, each.shape[-1]) for each in found], 1)
        logits = torch.stack(found, 1)
        return logits.float().log_softmax(2).logsumexp(1) - math.log(len(self.members))


def build(
    classes: int,
    channels: int = 1,
    size: int = 48,
    *,
    members: int = 4,
    network: str = "residual",
    options: Mapping[str, object] | None = None,
) -> nn.Module:
    """So many networks `network`, each with `options`.

    Raises `FerError` for fewer than two members, one that is solved and not trained, and for what
    `network` cannot be built with.
    """
    if members < LEAST:
        raise FerError(f"coupled: members = {members}: give {LEAST} or more")
    if hasattr(module_of(network), "fit"):
        raise FerError(f"coupled: network = {network} is solved and not trained; give another")
    return Coupled([make(network, classes, channels, size, options) for _ in range(members)])
