"""Sharpness-aware minimisation (Foret, Kleiner, Mobahi and Neyshabur 2021).

A step first climbs to where the loss is highest within a radius, along the gradient of all weights
taken as one vector, and takes its gradient there; then it goes down from where it stood.
"""

from collections.abc import Iterable

import torch
from torch import nn

Moves = list[tuple[nn.Parameter, torch.Tensor]]


@torch.no_grad()
def climb(parameters: Iterable[nn.Parameter], radius: float) -> Moves:
    """Move each weight by radius * gradient / |gradient|; returns weights and moves, for `descend`.

    A gradient of nothing moves nothing.
    """
    pairs = [(p, p.grad) for p in parameters if p.grad is not None]
    norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm([g for _, g in pairs])))
    scale = radius / norm.clamp_min(1e-12)
    climbed = [(weight, gradient * scale) for weight, gradient in pairs]
    for weight, move in climbed:
        weight.add_(move)
    return climbed


@torch.no_grad()
def descend(climbed: Moves) -> None:
    """Take the moves of `climb` back; the gradients of up there stay."""
    for weight, move in climbed:
        weight.sub_(move)
