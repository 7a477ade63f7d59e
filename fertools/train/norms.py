"""Batch norms: passes that leave no trace in their running statistics, and batches of one image.

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
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, value in zip(buffers, before, strict=True):
                buffer.copy_(value)


def takes_one(model: nn.Module, image: torch.Tensor) -> bool:
    """Whether a network can be trained on a single image (1, C, H, W).

    A batch norm cannot where its maps are a single number each: that has no variance.
    """
    try:
        with torch.no_grad(), statistics_kept(model):
            model.train()(image)
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        return False
    return True
