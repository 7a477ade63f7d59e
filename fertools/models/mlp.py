"""System D: multilayer perceptrons on the pixels, as in a study of their factors on FER2013.

Source: a Korean project talk that varies batch, epochs, activation, hidden layers and optimiser.

Input: float32 `(n, channels, size, size)` in 0..1, flattened to `channels * size * size` values
(2,304 in the study), which is the sensible reading.
Size, seven classes at 48x48x1: [128, 32] 299,399 parameters; [512, 256] 1,313,287 (the default);
[512, 256, 128] 1,345,287; [256, 128] 623,879; [64, 32, 16] 150,247; [884, 886, 888] 3,615,609;
[500, 550, 600, 650, 700] 2,609,907.

`activation` is "sigmoid", "relu", "leaky_relu", "tanh" or "softmax", which is what the talk calls
the identity that its code applies; here it is the identity too.
`rows=True` is what the published code did: the layers (there 48-128-32-48) act on the last axis,
so that each row of pixels is seen alone, and give as many values as a row has pixels. How the code
came from 48 x 48 values to an answer is not told; here they are averaged over the rows and the
first `classes` of them are the logits (ours). 11,984 parameters with `hidden=[128, 32]`.
"""

from collections.abc import Sequence

import torch
from torch import nn

from fertools.errors import FerError, unknown
from fertools.models._blocks import at_least

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "leaky_relu": nn.LeakyReLU,
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "softmax": nn.Identity,
    "tanh": nn.Tanh,
}


class RowMean(nn.Module):
    """`(n, channels, rows, values)` to the first `classes` of the values' mean over the rows."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean((1, 2))[:, : self.classes]


def build(
    classes: int,
    channels: int = 1,
    size: int = 48,
    *,
    hidden: Sequence[int] = (512, 256),
    activation: str = "relu",
    dropout: float = 0.0,
    rows: bool = False,
) -> nn.Module:
    """The perceptron, with `dropout` behind each hidden layer.

    Raises `FerError` for an unknown activation, a hidden width under 1, images without a pixel,
    and, with `rows`, for rows that have fewer pixels than there are classes.
    """
    at_least("mlp", size, 1)
    if activation not in ACTIVATIONS:
        raise unknown("activation", activation, list(ACTIVATIONS))
    if any(width < 1 for width in hidden):
        raise FerError(f"mlp: hidden {list(hidden)} has a width under 1; give positive numbers")
    if rows and size < classes:
        raise FerError(f"mlp: rows of {size} pixels cannot stand for {classes} classes; set size")
    widths = [size if rows else channels * size * size, *hidden]
    layers: list[nn.Module] = [] if rows else [nn.Flatten()]
    for inputs, outputs in zip(widths, hidden, strict=False):
        layers += [nn.Linear(inputs, outputs), ACTIVATIONS[activation](), nn.Dropout(dropout)]
    layers.append(nn.Linear(widths[-1], size if rows else classes))
    layers += [RowMean(classes)] if rows else []
    return nn.Sequential(*layers)
