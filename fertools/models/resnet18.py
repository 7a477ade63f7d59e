"""ResNet18 with a stem for small images: a strong plain baseline of 11.2 million parameters.

Source: He et al. 2016, with the stem that its CIFAR descendants use: one 3x3 convolution of
stride 1 and no pooling, so that a 48 px face still has 6x6 positions behind the last stage.

Input: float32 `(n, channels, size, size)` in 0..1.
Size: 11,171,271 parameters for one channel and seven classes; 1,247.0 M MACs at 48x48.
Ours: he_normal weights (fan out), as is usual for this network.
"""

from collections import OrderedDict

from torch import nn

from fertools.models._blocks import Residual, at_least, conv


class BasicBlock(Residual):
    """Two 3x3 convolutions added to x, or to its 1x1 projection where size or width change."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv(inputs, outputs, 3, stride),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            conv(outputs, outputs),
            nn.BatchNorm2d(outputs),
        )
        changes = stride != 1 or inputs != outputs
        projection = (conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))
        self.skip = nn.Sequential(*(projection if changes else ()))


def build(classes: int, channels: int = 1, size: int = 48, *, dropout: float = 0.0) -> nn.Module:
    """The network, with `dropout` before the last layer; raises `FerError` under 16 px."""
    at_least("resnet18", size, 16)
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        stem=nn.Sequential(conv(channels, 64), nn.BatchNorm2d(64), nn.ReLU())
    )
    inputs = 64
    for number, width in enumerate((64, 128, 256, 512), start=1):
        first = BasicBlock(inputs, width, 1 if number == 1 else 2)
        layers[f"stage{number}"] = nn.Sequential(first, BasicBlock(width, width, 1))
        inputs = width
    layers["pool"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    layers["dropout"] = nn.Dropout(dropout)
    layers["classify"] = nn.Linear(inputs, classes)
    model = nn.Sequential(layers)
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return model
