"""A plain CNN of about 15.8 million parameters: ours, in the place of system A's "vanilla" network.

Source: system A compares itself with a "vanilla convolution network" of 15,781,215 parameters and
does not describe it; no natural plain CNN has that count. This is the nearest that was found: the
13 convolutions of VGG16 (Simonyan and Zisserman 2015), each with ReLU, then FC 2048 and FC classes.

Input: float32 `(n, channels, size, size)` in 0..1. A gray image is repeated to three channels
(`gray_as_rgb`), as in system A's table.
Size: 15,779,655 parameters for seven classes at 32 to 63 px; 705.8 M MACs at 48x48.
`batch_norm=True` puts a batch norm behind each convolution (8,448 trainable and as many running
statistics more).
Ours: he_normal weights, without which thirteen layers of ReLU do not start to learn.
"""

import torch
from torch import nn

from fertools.models._blocks import at_least

WIDTHS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


class GrayAsRgb(nn.Module):
    """Repeat one channel three times."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.expand(-1, 3, -1, -1)


def build(
    classes: int,
    channels: int = 1,
    size: int = 48,
    *,
    hidden: int = 2048,
    dropout: float = 0.0,
    batch_norm: bool = False,
    gray_as_rgb: bool = True,
) -> nn.Module:
    """The network with one hidden layer of `hidden` units; raises `FerError` under 32 px."""
    at_least("plain_cnn", size, 32)
    repeat = gray_as_rgb and channels == 1
    layers: list[nn.Module] = [GrayAsRgb()] if repeat else []
    inputs = 3 if repeat else channels
    for stage in WIDTHS:
        for width in stage:
            layers.append(nn.Conv2d(inputs, width, 3, padding=1))
            layers += [nn.BatchNorm2d(width)] if batch_norm else []
            layers.append(nn.ReLU())
            inputs = width
        layers.append(nn.MaxPool2d(2))
    layers += [nn.Flatten(), nn.Linear(inputs * (size // 32) ** 2, hidden), nn.ReLU()]
    layers += [nn.Dropout(dropout), nn.Linear(hidden, classes)]
    model = nn.Sequential(*layers)
    for layer in model:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return model
