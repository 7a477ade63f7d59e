"""System B: dense blocks of depthwise-separable convolutions with SE features (KSC 2019).

Source: a Korean paper with about 0.48 M parameters, 70.69 % on FER2013 and 85.4 % on RAF-DB. Stem
(1x1 on FER2013, 3x3 with stride 2 on RAF-DB), four stages of three dense blocks, transitions of a
1x1 convolution and a 2x2 average pool that halve the channels, global average pool, FC.

Input: float32 `(n, channels, size, size)` in 0..1, gray in the paper.
Size, one channel and seven classes: 476,839 trainable parameters and 92.49 M MACs at 48x48;
477,095 and 98.06 M at 100x100 (2,400 running statistics of the batch norms not counted).

A reconstruction: the paper gives no widths. Ours: f = ReLU(BN(pointwise(depthwise(x)))) of growth
g = 16, 32, 64, 128 by stage, concatenated as [x, f, SE(f)], so a block widens by 2 g; a stem of 32;
a transition behind each stage but the last; SE reduction 16; no biases but in the FC layer.
"""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import nn

from fertools.errors import FerError, unknown
from fertools.models._blocks import SqueezeExcite, at_least, conv, packed, separable

STEMS = {"1x1": (1, 1), "3x3": (3, 2)}  # name: kernel, stride


class DenseBlock(nn.Module):
    """[x, f, SE(f)] with f = ReLU(BN(separable(x))) of `growth` channels."""

    def __init__(self, inputs: int, growth: int, reduction: int) -> None:
        super().__init__()
        self.features = nn.Sequential(separable(inputs, growth), nn.BatchNorm2d(growth), nn.ReLU())
        self.attend = SqueezeExcite(growth, max(1, growth // reduction))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        f = self.features(x)
        return torch.cat((x, packed(f), packed(self.attend(f))), 1)


def build(
    classes: int,
    channels: int = 1,
    size: int = 48,
    *,
    growth: Sequence[int] = (16, 32, 64, 128),
    blocks: int = 3,
    reduction: int = 16,
    width: int = 32,
    stem: str = "auto",
    dropout: float = 0.0,
) -> nn.Module:
    """The network; `stem` is "1x1", "3x3" (stride 2) or "auto": 3x3 from 64 px on.

    Raises `FerError` for an unknown stem, no growth, or images under 16 px.
    """
    at_least("dense_dsc", size, 16)
    if not growth:
        raise FerError("dense_dsc: growth is empty; give one number per stage")
    if stem == "auto":
        stem = "3x3" if size >= 64 else "1x1"
    if stem not in STEMS:
        raise unknown("stem", stem, ["auto", *STEMS])
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        stem=_step(conv(channels, width, *STEMS[stem]), width)
    )
    for number, wider in enumerate(growth, start=1):
        stage = [DenseBlock(width + 2 * wider * k, wider, reduction) for k in range(blocks)]
        width += 2 * wider * blocks
        layers[f"stage{number}"] = nn.Sequential(*stage)
        if number < len(growth):
            halved = _step(conv(width, width // 2, 1), width // 2)
            layers[f"transition{number}"] = nn.Sequential(halved, nn.AvgPool2d(2))
            width //= 2
    layers["pool"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    layers["dropout"] = nn.Dropout(dropout)
    layers["classify"] = nn.Linear(width, classes)
    return nn.Sequential(layers)


def _step(convolution: nn.Module, width: int) -> nn.Sequential:
    return nn.Sequential(convolution, nn.BatchNorm2d(width), nn.ReLU())
