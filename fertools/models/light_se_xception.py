"""System A: a light network with depthwise-separable residuals and SE, made for CK+48.

Source: the published table of a Korean paper on expression recognition for UAV and mobile devices.
Its maps at 46x46x3: dilated conv 44x44 (8), conv 44x44 (8), residual 22x22 (16), SE, residual 11x11
(32), residual 6x6 (64), SE, residual 3x3 (128), conv stride 2 (classes), global average pool.

Input: float32 `(n, channels, size, size)` in 0..1. Images of 48 px are centre-cropped to 46 inside
the model (the table starts at 46, the data set has 48; our choice); other sizes are taken whole. A
gray image is repeated to the three channels of the table (`gray_as_rgb`, our choice).
Size: 66,823 as Keras counts (65,351 trainable + 1,472 running statistics of the batch norms);
5,754,208 MACs at 48x48 for D(2,0).

A reconstruction. The table does not draw the residual block; this reading of it hits the published
count exactly, and so do thousands of others, so the count does not prove the block. Where the table
is silent it is: padding 1 in both stem convolutions, whatever their dilation, so that D(2,2) and
D(2,4) have maps of 42 and 38 behind the second; pooling 3x3 with stride 2 and padding 1; SE widths
16-2-16 and 64-64-64 with the network's activation; a bias in the last convolution only.
"""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import nn

from fertools.errors import FerError
from fertools.models._blocks import SqueezeExcite, XceptionDown, activation, at_least

CROPPED_FROM, CROPPED_TO = 48, 46


class Prepare(nn.Module):
    """Bring an image to what the published table starts from: 46 px and three channels."""

    def __init__(self, crop: bool, repeat: bool) -> None:
        super().__init__()
        self.margin = (CROPPED_FROM - CROPPED_TO) // 2 if crop else 0
        self.repeat = repeat

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.margin:
            x = x[:, :, self.margin : -self.margin, self.margin : -self.margin]
        return x.expand(-1, 3, -1, -1) if self.repeat else x


def build(
    classes: int,
    channels: int = 1,
    size: int = 48,
    *,
    dilation: Sequence[int] = (2, 0),
    activation: str = "elu",
    gray_as_rgb: bool = True,
) -> nn.Module:
    """The network D(a, b) with `dilation=(a, b)`, where 0 means an undilated convolution.

    `activation` is "elu" or "relu". Raises `FerError` for dilations that are not two numbers >= 0,
    an unknown activation, or images under 16 px.
    """
    if len(dilation) != 2 or min(dilation) < 0:
        raise FerError(f"light_se_xception: dilation {list(dilation)} is not two numbers >= 0")
    at_least("light_se_xception", size, 16)
    repeat = gray_as_rgb and channels == 1
    first, second = (max(1, d) for d in dilation)
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        prepare=Prepare(size == CROPPED_FROM, repeat),
        conv1=_stem(3 if repeat else channels, first, activation),
        conv2=_stem(8, second, activation),
        down1=_down(8, 16, activation),
        se1=SqueezeExcite(16, 2, activation),
        down2=_down(16, 32, activation),
        down3=_down(32, 64, activation),
        se2=SqueezeExcite(64, 64, activation),
        down4=_down(64, 128, activation),
        last=nn.Conv2d(128, classes, 3, stride=2, padding=1),
        pool=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
    )
    return nn.Sequential(layers)


def _stem(inputs: int, dilation: int, act: str) -> nn.Sequential:
    dilated = nn.Conv2d(inputs, 8, 3, padding=1, dilation=dilation, bias=False)
    return nn.Sequential(dilated, nn.BatchNorm2d(8), activation(act))


def _down(inputs: int, outputs: int, act: str) -> XceptionDown:
    return XceptionDown(inputs, outputs, act, nn.MaxPool2d(3, stride=2, padding=1))
