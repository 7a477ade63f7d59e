"""mini-XCEPTION (Arriaga et al. 2017), the small network that most FER code starts from.

Source: Arriaga, Valdenegro-Toro and Plöger, the layers of the published network: two unpadded 3x3
convolutions (8), four residual modules of separable convolutions (16, 32, 64, 128), a 3x3
convolution to the classes and a global average pool. Reported there: 66 % on FER2013, on the very
images it was chosen on.

Input: float32 `(n, channels, size, size)` in 0..1 (the original takes 64x64 in -1..1).
Size: 58,423 as Keras counts "total" (56,951 trainable + 1,472 running statistics of the batch
norms) for one channel and seven classes; 10.2 M MACs at 64x64, 5.5 M at 48x48.
Ours: batch norms with torch's momentum and epsilon; the L2 penalty on its kernels is left to the
recipe's weight decay.
"""

from collections import OrderedDict

from torch import nn

from fertools.models._blocks import KerasSamePool, XceptionDown, at_least


def build(classes: int, channels: int = 1, size: int = 48) -> nn.Module:
    """The network; raises `FerError` for images under 16 px."""
    at_least("mini_xception", size, 16)
    layers: OrderedDict[str, nn.Module] = OrderedDict(conv1=_stem(channels), conv2=_stem(8))
    for number, width in enumerate((16, 32, 64, 128), start=1):
        layers[f"down{number}"] = XceptionDown(width // 2, width, "relu", KerasSamePool())
    layers["last"] = nn.Conv2d(128, classes, 3, padding=1)
    layers["pool"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    return nn.Sequential(layers)


def _stem(inputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU())
