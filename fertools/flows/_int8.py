"""An ONNX model with whole numbers in the place of most of its floats.

In goes a model and faces to calibrate on; out comes the model with 8-bit weights per channel and
8-bit maps (onnxruntime's static quantisation, in the form of Q and DQ nodes).
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fertools.runs.graph import INPUT

BATCH = 32
# Not every operator: a padding with -inf, as a max pooling may have, has no scale that could hold
# it, and gates (mean, sigmoid, product) cost more to turn than they cost.
OPERATORS = ["Conv", "Gemm", "MatMul", "Add", "Relu", "GlobalAveragePool", "AveragePool", "Concat"]


def quantised(model: bytes, faces: npt.NDArray[np.uint8]) -> bytes:
    """The model in int8; `faces` (n, ...) set the range of each map, by its lowest and highest.

    Weights keep seven bits: with eight a processor without VNNI lets sums of two products run over,
    and would answer otherwise than the one that the accuracy was measured on.
    """
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder:
        plain, shaped, out = (Path(folder) / f"{name}.onnx" for name in ("plain", "shaped", "out"))
        plain.write_bytes(model)
        quant_pre_process(str(plain), str(shaped), skip_symbolic_shape=True)
        quantize_static(
            str(shaped),
            str(out),
            _reader(faces),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=OPERATORS,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return out.read_bytes()


def _reader(faces: npt.NDArray[np.uint8]) -> Any:
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        """Batches of faces, then None, as onnxruntime asks for them."""

        def __init__(self) -> None:
            self.parts = iter([faces[i : i + BATCH] for i in range(0, len(faces), BATCH)])

        def get_next(self) -> dict[str, npt.NDArray[np.uint8]] | None:
            part = next(self.parts, None)
            return None if part is None else {INPUT: part}

    return Reader()
