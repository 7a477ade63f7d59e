"""Batch norms: passes that leave no trace in their running statistics.

In goes a network; it comes back with the statistics that it had.
"""

import contextlib
from collections.abc import Iterator

import torch
from torch import nn


@contextlib.contextmanager
def statistics_kept(model: nn.Module) -> Iterator[None]:
    """Put the buffers of a network back behind passes that are not of the training itself."""
    buffers = list(model.buffers())
    before = [buffer.clone() for buffer in buffers]
    yield
    with torch.no_grad():
        for buffer, value in zip(buffers, before, strict=True):
            buffer.copy_(value)
