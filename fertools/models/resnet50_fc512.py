"""System C: ResNet50 with a hidden layer of 512, he_normal weights, for AI-Hub's Korean faces.

Source: a project talk; ResNet50 (He et al. 2016) as Keras writes it: convolutions with bias, the
stride of a stage in its first 1x1, batch norms with epsilon 1.001e-5 and momentum 0.99 (0.01 in
torch's words). Then average pool, flatten, FC 512 ReLU, softmax.

Input: float32 `(n, channels, size, size)` in 0..1; 224x224 gray in the talk. Out come logits.
Size: 24,580,999 trainable parameters and 3.778 G MACs at 224x224x1 with seven classes.

A reconstruction: the talk does not print the pool's window (here global) nor a count. Options:
`init` "he_normal" (as in Keras: normal cut at two standard deviations and widened so that the
variance is 2 / fan_in) or "glorot_uniform"; `fc=False` leaves the hidden layer out. Both are the
talk's ablations.
"""

import math
from collections import OrderedDict

from torch import nn

from fertools.errors import unknown
from fertools.models._blocks import Residual, at_least, conv

STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))  # width of the 3x3, blocks
CUT_NORMAL = 0.87962566103423978  # standard deviation of N(0, 1) cut at +-2
INITS = ("glorot_uniform", "he_normal")


class Bottleneck(Residual):
    """1x1 (stride) - 3x3 - 1x1 to four times the width, added to x or its projection."""

    def __init__(self, inputs: int, width: int, stride: int, project: bool) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_conv_norm(inputs, width, 1, stride),
            nn.ReLU(),
            *_conv_norm(width, width, 3, 1),
            nn.ReLU(),
            *_conv_norm(width, 4 * width, 1, 1),
        )
        self.skip = nn.Sequential(*(_conv_norm(inputs, 4 * width, 1, stride) if project else []))


def build(
    classes: int,
    channels: int = 1,
    size: int = 48,
    *,
    init: str = "he_normal",
    fc: bool = True,
    dropout: float = 0.0,
) -> nn.Module:
    """The network; raises `FerError` for an unknown `init` or images under 32 px."""
    at_least("resnet50_fc512", size, 32)
    if init not in INITS:
        raise unknown("init", init, list(INITS))
    stem = [*_conv_norm(channels, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    layers: OrderedDict[str, nn.Module] = OrderedDict(stem=nn.Sequential(*stem))
    inputs = 64
    for number, (width, blocks) in enumerate(STAGES, start=1):
        first = Bottleneck(inputs, width, 1 if number == 1 else 2, project=True)
        rest = [Bottleneck(4 * width, width, 1, project=False) for _ in range(blocks - 1)]
        layers[f"stage{number}"] = nn.Sequential(first, *rest)
        inputs = 4 * width
    layers["pool"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    if fc:
        layers["hidden"] = nn.Sequential(nn.Linear(inputs, 512), nn.ReLU(), nn.Dropout(dropout))
    layers["classify"] = nn.Linear(512 if fc else inputs, classes)
    model = nn.Sequential(layers)
    model.apply(_he_normal if init == "he_normal" else _glorot_uniform)
    return model


def _conv_norm(inputs: int, outputs: int, kernel: int, stride: int) -> tuple[nn.Module, nn.Module]:
    convolution = conv(inputs, outputs, kernel, stride, bias=True)
    return convolution, nn.BatchNorm2d(outputs, eps=1.001e-5, momentum=0.01)


def _he_normal(layer: nn.Module) -> None:
    if isinstance(layer, nn.Conv2d | nn.Linear):
        fan_in = layer.weight[0].numel()
        std = math.sqrt(2 / fan_in) / CUT_NORMAL
        nn.init.trunc_normal_(layer.weight, std=std, a=-2 * std, b=2 * std)
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]


def _glorot_uniform(layer: nn.Module) -> None:
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
