"""What a network costs: parameters, multiply-accumulates, bytes, map sizes, latency.

In goes a built network and the shape of one image; out come numbers. Nothing is trained or changed.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """The cost of a network for one image.

    `parameters` are trainable or frozen weights; `running_statistics` the means and variances of
    batch norms, which Keras adds to its "total"; `macs` the multiply-accumulates of convolutions
    and linear layers; `bytes` all weights and buffers as stored; `shapes` the output of every named
    layer without the batch axis, in the order of execution.
    """

    parameters: int
    running_statistics: int
    macs: int
    bytes: int
    shapes: dict[str, Shape]

    @property
    def keras_total(self) -> int:
        """The figure that Keras prints as "Total params"."""
        return self.parameters + self.running_statistics


def count(model: nn.Module, input_shape: Shape) -> Facts:
    """Count by one forward pass in evaluation mode over zeros of `(1, *input_shape)`.

    `input_shape` is `(channels, height, width)`. Works on any device, `meta` included. A layer that
    runs twice counts twice in `macs`; its last output stands in `shapes`.
    """
    macs = 0
    shapes: dict[str, Shape] = {}

    def note(name: str, layer: nn.Module, output: object) -> None:
        nonlocal macs
        if isinstance(output, torch.Tensor):
            shapes[name] = tuple(output.shape[1:])
            macs += _macs(layer, output)

    hooks = [
        layer.register_forward_hook(lambda m, _, out, name=name: note(name, m, out))
        for name, layer in model.named_modules()
        if name
    ]
    try:
        with _evaluating(model):
            model(_zeros(model, input_shape))
    finally:
        for hook in hooks:
            hook.remove()
    return Facts(
        parameters=sum(p.numel() for p in model.parameters()),
        running_statistics=sum(_statistics(m) for m in model.modules()),
        macs=macs,
        bytes=sum(t.numel() * t.element_size() for t in (*model.parameters(), *model.buffers())),
        shapes=shapes,
    )


def latency(model: nn.Module, input_shape: Shape, repeats: int = 30) -> float:
    """The median milliseconds of one forward pass at batch 1 on one thread, after three to warm."""
    threads = torch.get_num_threads()
    image = _zeros(model, input_shape)
    times = []
    torch.set_num_threads(1)
    try:
        with _evaluating(model):
            for _ in range(3 + repeats):
                start = time.perf_counter()
                model(image)
                times.append(1e3 * (time.perf_counter() - start))
    finally:
        torch.set_num_threads(threads)
    return median(times[3:])


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients; the modes of all layers are put back."""
    training = [m for m in model.modules() if m.training]
    model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        for layer in training:
            layer.training = True


def _zeros(model: nn.Module, input_shape: Shape) -> torch.Tensor:
    like = next(model.parameters(), torch.empty(0))
    return torch.zeros(1, *input_shape, device=like.device, dtype=like.dtype)


def _macs(layer: nn.Module, output: torch.Tensor) -> int:
    """Each output value of a convolution or linear layer costs the weights that lead to it."""
    if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Linear):
        return output.numel() * layer.weight[0].numel()
    return 0


def _statistics(layer: nn.Module) -> int:
    if not isinstance(layer, _BatchNorm) or layer.running_mean is None:
        return 0
    return 2 * layer.running_mean.numel()
