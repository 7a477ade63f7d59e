"""Blocks that several networks share: convolution with batch norm, separable convolution, SE.

Every block takes and gives float tensors `(n, channels, height, width)`. Convolutions carry no bias
unless told to: a batch norm follows.
"""

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from fertools.errors import FerError, unknown

ACTIVATIONS: dict[str, type[nn.Module]] = {"elu": nn.ELU, "relu": nn.ReLU}


def activation(name: str) -> nn.Module:
    """A fresh activation layer; raises `FerError` for a name that is not known."""
    if name not in ACTIVATIONS:
        raise unknown("activation", name, list(ACTIVATIONS))
    return ACTIVATIONS[name]()


def at_least(network: str, size: int, least: int) -> None:
    """Raise `FerError` when images of `size` pixels are too small for the poolings of a network."""
    if size < least:
        raise FerError(f"{network} needs images of at least {least} px, not {size}; set size")


class Thinned(nn.Conv2d):
    """A 1x1 convolution with a stride, worked out on every stride-th pixel of every stride-th row.

    The same function and weights as `nn.Conv2d`, whose backward pass under torch 2.13 writes beyond
    its memory on a CPU with AVX-512: channels last, several threads, few channels, an odd batch.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        down, right = self.stride
        return functional.conv2d(x[:, :, ::down, ::right], self.weight, self.bias)


def conv(
    inputs: int, outputs: int, kernel: int = 3, stride: int = 1, bias: bool = False
) -> nn.Conv2d:
    """A convolution that keeps the size at stride 1 (odd kernels)."""
    kind = Thinned if kernel == 1 and stride > 1 else nn.Conv2d
    return kind(inputs, outputs, kernel, stride, kernel // 2, bias=bias)


def separable(inputs: int, outputs: int) -> nn.Sequential:
    """A depthwise 3x3 and a pointwise 1x1 convolution without bias; the size stays."""
    depthwise = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False)
    return nn.Sequential(depthwise, conv(inputs, outputs, 1))


class Residual(nn.Module):
    """relu(body(x) + skip(x)) (He et al. 2016); who derives from it makes both."""

    body: nn.Sequential
    skip: nn.Sequential

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.body(x) + self.skip(x))


class _Packed(torch.autograd.Function):
    """The same values; the gradient comes back without gaps, in the order of the values."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        last = x.is_contiguous(memory_format=torch.channels_last)
        ctx.order = torch.channels_last if last else torch.contiguous_format
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        return gradients[0].contiguous(memory_format=ctx.order)


def packed(x: torch.Tensor) -> torch.Tensor:
    """`x` (n, channels, height, width), for a use whose gradient is a slice or is spread out.

    A CPU adds such a gradient in bf16 to those of other uses number by number: 13 ms where a copy
    and a plain sum take 1.5 ms (16 of 128 channels at 48x48, 128 images, two cores).
    """
    if x.device.type != "cpu" or not x.requires_grad:
        return x
    return _Packed.apply(x)  # type: ignore[no-any-return, no-untyped-call]


class SqueezeExcite(nn.Module):
    """Channel attention without biases (Hu et al. 2018): x * sigmoid(W2 act(W1 mean(x)))."""

    def __init__(self, channels: int, width: int, act: str = "relu") -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, width, bias=False)
        self.act = activation(act)
        self.excite = nn.Linear(width, channels, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        gate = torch.sigmoid(self.excite(self.act(self.squeeze(packed(x).mean((2, 3))))))
        return x * gate[:, :, None, None]


class KerasSamePool(nn.Module):
    """Max pooling 3x3, stride 2, padded as Keras' "same": an even size only right and below."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pads = [(0, 1) if side % 2 == 0 else (1, 1) for side in (x.shape[3], x.shape[2])]
        padded = functional.pad(x, [*pads[0], *pads[1]], value=float("-inf"))
        return functional.max_pool2d(padded, 3, 2)


class XceptionDown(nn.Module):
    """Two separable convolutions and a pooling, plus a strided 1x1 shortcut: half the size.

    sepconv - BN - activation - sepconv - BN - pool, added to conv 1x1 (stride 2) - BN; `pool` must
    give `ceil(size / 2)` (the residual module of Arriaga et al. 2017).
    """

    def __init__(self, inputs: int, outputs: int, act: str, pool: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(
            separable(inputs, outputs),
            nn.BatchNorm2d(outputs),
            activation(act),
            separable(outputs, outputs),
            nn.BatchNorm2d(outputs),
            pool,
        )
        self.skip = nn.Sequential(conv(inputs, outputs, 1, stride=2), nn.BatchNorm2d(outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x) + self.skip(x)  # type: ignore[no-any-return]
