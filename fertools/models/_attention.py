"""Attention on channels and places: what a residual block may weigh its features with.

Every module takes and gives `(n, channels, height, width)` of any height and width.
"""

import math

import torch
from torch import nn

from fertools.errors import unknown
from fertools.models._blocks import SqueezeExcite, conv, packed

REDUCTION = 8


class EfficientChannel(nn.Module):
    """ECA (Wang et al. 2020): each channel's gate from the means of its neighbours in number.

    The kernel spans |log2(channels) / 2 + 1 / 2| channels, made odd upwards, as published.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        span = int(abs(math.log2(channels) / 2 + 0.5)) | 1
        self.mix = nn.Conv1d(1, 1, span, padding=span // 2, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        gate = torch.sigmoid(self.mix(packed(x).mean((2, 3))[:, None]))[:, 0]
        return x * gate[:, :, None, None]


class Coordinate(nn.Module):
    """Coordinate attention (Hou et al. 2021): one gate along the height, one along the width.

    Means over rows and over columns share a 1x1 convolution, batch norm and hard swish; so a gate
    knows where on the face it is, which channel attention does not. At least 8 channels between.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        between = max(8, channels // REDUCTION)
        self.share = nn.Sequential(
            conv(channels, between, 1), nn.BatchNorm2d(between), nn.Hardswish()
        )
        self.down = nn.Conv2d(between, channels, 1)
        self.right = nn.Conv2d(between, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        height, width = x.shape[2:]
        rows, columns = packed(x).mean(3, keepdim=True), packed(x).mean(2, keepdim=True)
        both = self.share(torch.cat((rows, columns.transpose(2, 3)), 2))
        down, right = both.split((height, width), 2)
        gate = torch.sigmoid(self.down(down)) * torch.sigmoid(self.right(right.transpose(2, 3)))
        return x * gate


class Blurred(nn.Sequential):
    """Anti-aliased max pooling to half the size (Zhang 2019): max, then a 1-2-1 blur, then every
    second pixel. Two averages over 2 are that blur; borders are replicated.

    A maximum over a replicated border is the one without it. So the max pool pads, and not
    `nn.ReplicationPad2d`, whose gradient differs from run to run on a GPU.
    """

    def __init__(self) -> None:
        super().__init__(nn.MaxPool2d(2, 1, padding=1), nn.AvgPool2d(2, 1), nn.AvgPool2d(2))


def attention(name: str, channels: int) -> nn.Module:
    """A fresh attention for so many channels; raises `FerError` for a name that is not known."""
    if name == "se":
        return SqueezeExcite(channels, max(1, channels // REDUCTION))
    if name == "eca":
        return EfficientChannel(channels)
    if name == "coordinate":
        return Coordinate(channels)
    raise unknown("attention", name, ["coordinate", "eca", "se"])


def halving(name: str) -> nn.Module:
    """A fresh pooling to half the size; raises `FerError` for a name that is not known."""
    if name == "max":
        return nn.MaxPool2d(2)
    if name == "blur":
        return Blurred()
    raise unknown("pool", name, ["blur", "max"])
