"""Residual blocks of separable or full convolutions in any width: the networks of the frontier.

Source: our own arrangement of known parts: residual blocks (He et al. 2016), depthwise-separable
convolutions (Chollet 2017), channel attention (Hu et al. 2018, Wang et al. 2020, Hou et al. 2021),
anti-aliased pooling (Zhang 2019). A stem, at full size unless it has a stride, stages of blocks,
each stage but the first behind a pooling to half the size, global average pool, FC.

Input: float32 `(n, channels, size, size)` in 0..1. Fully convolutional, so it takes other sizes
than `size`, such as the windows of a random crop, and its weights do not depend on it.
Size: 410,823 parameters and 37.1 M MACs at 48x48 for one channel and seven classes; the four rows
of `recipes/frontier` run from 81,447 parameters to 11.3 million.
"""

from collections import OrderedDict
from collections.abc import Sequence

from torch import nn

from fertools.errors import FerError, unknown
from fertools.models._attention import attention, halving
from fertools.models._blocks import Residual, at_least, conv

KINDS = ("full", "separable")


class Block(Residual):
    """relu(attend(BN(C(relu(BN(C(x)))))) + skip(x)), where C is a full or separable convolution."""

    def __init__(self, inputs: int, outputs: int, kind: str, kernel: int, attend: str) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _convolution(inputs, outputs, kind, kernel),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            _convolution(outputs, outputs, kind, kernel),
            nn.BatchNorm2d(outputs),
            attention(attend, outputs),
        )
        projection = (conv(inputs, outputs, 1), nn.BatchNorm2d(outputs))
        self.skip = nn.Sequential(*(projection if inputs != outputs else ()))


def build(
    classes: int,
    channels: int = 1,
    size: int = 48,
    *,
    widths: Sequence[int] = (32, 64, 128, 256),
    blocks: Sequence[int] = (1, 2, 2, 2),
    kind: str = "separable",
    kernel: int = 3,
    attend: str = "se",
    pool: str = "max",
    stem: int = 3,
    stride: int = 1,
) -> nn.Module:
    """The network. Each stage has a width and a number of blocks; `kind` is full or separable,
    `kernel` the side of its convolutions, `attend` se, eca or coordinate, `pool` max or blur;
    `stem` is the side of the first convolution and `stride` its step.

    Raises `FerError` for an unknown word, an even kernel or stem, stages that do not fit together,
    and images that are gone before the last stage.
    """
    whole = isinstance(stride, int) and stride > 0  # torch takes other ones, and fails later
    if not widths or len(widths) != len(blocks) or kernel % 2 == 0 or stem % 2 == 0 or not whole:
        raise FerError(
            f"residual: widths {list(widths)}, blocks {list(blocks)}, kernel {kernel}, stem "
            f"{stem}, stride {stride}: give as many blocks as widths, odd kernels, a stride of 1 "
            "or more whole pixels"
        )
    at_least("residual", size, 2 ** (len(widths) + 1) * stride)
    if kind not in KINDS:
        raise unknown("kind of convolution", kind, list(KINDS))
    inputs = widths[0]
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        stem=nn.Sequential(conv(channels, inputs, stem, stride), nn.BatchNorm2d(inputs), nn.ReLU())
    )
    for number, (width, many) in enumerate(zip(widths, blocks, strict=True), start=1):
        if number > 1:
            layers[f"pool{number}"] = halving(pool)
        stage = [Block(inputs if k == 0 else width, width, kind, kernel, attend)
                 for k in range(many)]  # fmt: skip
        layers[f"stage{number}"] = nn.Sequential(*stage)
        inputs = width
    layers["mean"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    layers["classify"] = nn.Linear(inputs, classes)
    return nn.Sequential(layers)


def _convolution(inputs: int, outputs: int, kind: str, kernel: int) -> nn.Module:
    if kind == "full":
        return conv(inputs, outputs, kernel)
    depthwise = nn.Conv2d(inputs, inputs, kernel, padding=kernel // 2, groups=inputs, bias=False)
    return nn.Sequential(depthwise, conv(inputs, outputs, 1))
