"""The network of a run as an ONNX graph that takes faces as an application has them.

In goes a network with its contract and temperature; out come the bytes of one ONNX model: uint8
images in, probabilities and logits out, nothing beside it.
"""

import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from fertools.errors import FerError
from fertools.runs import Contract

OPSET = 17
INPUT, OUTPUTS = "images", ("probabilities", "logits")
BATCH = 64
Network = nn.Module  # for those who may not import torch


class Served(nn.Module):
    """A network behind uint8 images: (n, H, W) gray or (n, H, W, 3) RGB.

    `to_gray` turns RGB to the one channel of the network, by the integers of the contract. Gives
    probabilities (n, K), scaled by the temperature, and the logits (n, K) before it.
    """

    def __init__(self, network: nn.Module, temperature: float, to_gray: bool) -> None:
        super().__init__()
        self.network, self.temperature, self.to_gray = network, temperature, to_gray

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        if self.to_gray:
            red, green, blue = images.to(torch.int32).unbind(3)
            images = (9798 * red + 19235 * green + 3735 * blue + 16384) >> 15
        planes = images.unsqueeze(1) if images.ndim == 3 else images.permute(0, 3, 1, 2)
        logits = self.network(planes.float() / 255)
        return torch.softmax(logits / self.temperature, 1), logits


def to_onnx(network: nn.Module, contract: Contract, temperature: float, color: bool) -> bytes:
    """An ONNX model of the network, any number of images at a time.

    `color` lets a gray network take RGB. Raises `FerError` for a network that cannot be written.
    """
    rgb = color or contract.channels == 3
    shape = (2, contract.size, contract.size, *([3] if rgb else []))
    served = Served(network, temperature, color and contract.channels == 1).eval()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), torch.no_grad():
        # the tracer warns of what the check on real rows looks at; the newer exporter takes 30
        # times as long and one more package, so that torch's advice to use it is not taken
        warnings.simplefilter("ignore")
        file = Path(folder) / "graph.onnx"
        try:
            torch.onnx.export(
                served,
                (torch.zeros(shape, dtype=torch.uint8),),
                file,
                input_names=[INPUT],
                output_names=[*OUTPUTS],
                dynamic_axes={name: {0: "n"} for name in (INPUT, *OUTPUTS)},
                opset_version=OPSET,
                dynamo=False,
            )
        except torch.onnx.errors.OnnxExporterError as error:
            first = str(error).strip().splitlines()[0]
            raise FerError(
                f"the network cannot be written as ONNX ({first}); use layers that opset {OPSET} "
                "has"
            ) from error
        return _tidied(file)


def logits_of(network: nn.Module, pixels: torch.Tensor) -> npt.NDArray[np.float64]:
    """What the network itself says (n, K) of uint8 pixels (n, C, H, W), as in training."""
    network.eval()
    with torch.inference_mode():
        found = [network(part.float().div_(255)) for part in torch.split(pixels, BATCH)]
    return torch.cat(found).double().numpy()


def _tidied(file: Path) -> bytes:
    """The same graph with constants computed and batch norms folded, in standard operators."""
    import onnx
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(file.with_name("tidied.onnx"))
    options.log_severity_level = 3
    onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    found: Any = onnx.load(options.optimized_model_filepath)
    standard = [each for each in found.opset_import if not each.domain]
    del found.opset_import[:]
    found.opset_import.extend(standard)
    data: bytes = found.SerializeToString(deterministic=True)
    return data
