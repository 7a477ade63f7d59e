"""Read a Caffe network, text definition and binary weights, and write it as ONNX.

In go the bytes of a `.prototxt` and a `.caffemodel`; out comes an ONNX model of the layers that the
asked outputs need. Neither Caffe nor its message classes are needed: message and field numbers are
those of `src/caffe/proto/caffe.proto` in BVLC/caffe (`Normalize` and `Permute`: the `ssd` branch of
weiliu89/caffe), the wire format is that of protobuf.dev/programming-guides/encoding.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Message = dict[str, list[Any]]  # every field may repeat, so every value is a list

TOKEN = re.compile(r'#[^\n]*|"[^"]*"|[{}]|[^\s{}:"#]+')
OPSET, IR_VERSION = 13, 8  # what every onnxruntime of the last years reads
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
NET_LAYER = 100
LAYER_NAME, LAYER_BLOBS = 1, 7
BLOB_LEGACY_SHAPE, BLOB_DATA, BLOB_SHAPE, SHAPE_DIM = (1, 2, 3, 4), 5, 7, 1


def read_definition(text: str) -> Message:
    """Parse protobuf text format into nested messages; words and numbers stay text."""
    tokens = (token for token in TOKEN.findall(text) if not token.startswith("#"))
    return _message(tokens)


def _message(tokens: Iterator[str]) -> Message:
    message: Message = {}
    for name in tokens:
        if name == "}":
            break
        value = next(tokens)
        field = _message(tokens) if value == "{" else value.strip('"')
        message.setdefault(name, []).append(field)
    return message


def read_weights(data: bytes) -> dict[str, list[Floats]]:
    """The blobs of every layer of a binary NetParameter that has any, by layer name."""
    weights: dict[str, list[Floats]] = {}
    for number, value in _fields(memoryview(data)):
        if number != NET_LAYER:
            continue
        name, blobs = "", []
        for inner, content in _fields(value):
            if inner == LAYER_NAME:
                name = bytes(content).decode("utf-8")
            elif inner == LAYER_BLOBS:
                blobs.append(_blob(content))
        if blobs:
            weights[name] = blobs
    return weights


def _fields(data: memoryview) -> Iterator[tuple[int, Any]]:
    """The (field number, value) pairs of a message; a value is an int or the bytes of the field."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == VARINT:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if kind == BYTES:
            size, at = _varint(data, at)
        else:
            size = {FIXED64: 8, FIXED32: 4}[kind]
        yield key >> 3, data[at : at + size]
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _blob(data: memoryview) -> Floats:
    shape: list[int] = []
    values = b""
    for number, content in _fields(data):
        if number == BLOB_DATA:
            values += bytes(content)  # one packed run, or a float at a time
        elif number == BLOB_SHAPE:
            shape = [dim for inner, dims in _fields(content) for dim in _dims(inner, dims)]
        elif number in BLOB_LEGACY_SHAPE:
            shape.append(content)
    return np.frombuffer(values, "<f4").reshape(shape or -1).astype(np.float32)


def _dims(number: int, content: Any) -> Iterator[int]:
    if number == SHAPE_DIM and isinstance(content, int):
        yield content
    elif number == SHAPE_DIM:
        at = 0
        while at < len(content):
            dim, at = _varint(content, at)
            yield dim


class _Graph:
    """The ONNX nodes and constants made so far, and what each Caffe blob is called by now."""

    def __init__(self, onnx: Any) -> None:
        self.onnx = onnx
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.current: dict[str, str] = {}
        self.means: dict[str, list[Floats]] = {}

    def constant(self, values: npt.ArrayLike) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(self.onnx.numpy_helper.from_array(np.asarray(values), name))
        return name

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        out = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(kind, list(inputs), [out], **attributes))
        return out


def to_onnx(definition: Message, weights: dict[str, list[Floats]], outputs: Sequence[str]) -> bytes:
    """The ONNX model that computes the blobs `outputs` from the definition's `input`.

    Batch is 1; height and width are free. Layers that no output needs are left out. Raises
    `ValueError` for a layer type that is not known here.
    """
    import onnx

    graph = _Graph(onnx)
    entry = definition["input"][0]
    graph.current[entry] = entry
    for layer in _needed(definition["layer"], outputs):
        inputs = [graph.current[name] for name in layer["bottom"]]
        graph.current[layer["top"][0]] = _convert(
            graph, layer, inputs, weights.get(layer["name"][0], [])
        )
    for name in outputs:  # so that an output bears the name of its blob
        graph.nodes.append(onnx.helper.make_node("Identity", [graph.current[name]], [name]))
    floats = onnx.TensorProto.FLOAT
    given = onnx.helper.make_tensor_value_info(entry, floats, [1, 3, "height", "width"])
    made = [onnx.helper.make_tensor_value_info(name, floats, [None] * 4) for name in outputs]
    body = onnx.helper.make_graph(graph.nodes, "net", [given], made, graph.constants)
    opset = [onnx.helper.make_opsetid("", OPSET)]
    model = onnx.helper.make_model(body, opset_imports=opset, ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def _needed(layers: list[Message], outputs: Sequence[str]) -> list[Message]:
    wanted = set(outputs)
    kept = []
    for layer in reversed(layers):
        if wanted & set(layer["top"]):
            kept.append(layer)
            wanted |= set(layer["bottom"])
    return kept[::-1]


def _convert(graph: _Graph, layer: Message, inputs: list[str], blobs: list[Floats]) -> str:
    kind = layer["type"][0]
    if kind == "Convolution":
        return _convolution(graph, layer["convolution_param"][0], inputs[0], blobs)
    if kind == "BatchNorm":
        return _batch_norm(graph, inputs[0], blobs)
    if kind == "Scale":
        return _scale(graph, inputs[0], blobs)
    if kind == "ReLU":
        return graph.node("Relu", inputs[0])
    if kind == "Eltwise" and "eltwise_param" not in layer:  # Caffe's default is the sum
        return graph.node("Add", *inputs)
    if kind == "Pooling":
        return _max_pool(graph, layer["pooling_param"][0], inputs[0])
    if kind == "Normalize":
        return _normalize(graph, inputs[0], blobs)
    if kind == "Permute":
        order = [int(axis) for axis in layer["permute_param"][0]["order"]]
        return graph.node("Transpose", inputs[0], perm=order)
    raise ValueError(f"layer {layer['name'][0]!r}: type {kind!r} is not known to this converter")


def _number(param: Message, name: str, default: int) -> int:
    return int(param.get(name, [default])[0])


def _convolution(graph: _Graph, param: Message, x: str, blobs: list[Floats]) -> str:
    return graph.node(
        "Conv",
        x,
        *(graph.constant(blob) for blob in blobs),
        strides=[_number(param, "stride", 1)] * 2,
        pads=[_number(param, "pad", 0)] * 4,
        dilations=[_number(param, "dilation", 1)] * 2,
    )


def _max_pool(graph: _Graph, param: Message, x: str) -> str:
    if _number(param, "pad", 0) or "pool" in param:
        raise ValueError("a pooling other than the plain maximum is not known to this converter")
    return graph.node(
        "MaxPool",
        x,
        kernel_shape=[_number(param, "kernel_size", 1)] * 2,
        strides=[_number(param, "stride", 1)] * 2,
        ceil_mode=1,  # Caffe rounds the size of a pooled map up
    )


def _batch_norm(graph: _Graph, x: str, blobs: list[Floats]) -> str:
    mean, variance, count = blobs
    # Caffe keeps sums and the weight they were gathered with; the Scale layer that follows holds
    # the affine half, so both become one node there.
    share = np.float32(1.0) / count.ravel()[0] if count.ravel()[0] else np.float32(0.0)
    graph.means[x] = [mean * share, variance * share]
    return x


def _scale(graph: _Graph, x: str, blobs: list[Floats]) -> str:
    parts = [*blobs, *graph.means.pop(x)]
    return graph.node("BatchNormalization", x, *map(graph.constant, parts), epsilon=1e-5)


def _normalize(graph: _Graph, x: str, blobs: list[Floats]) -> str:
    """Each pixel's channels to length 1, then a factor for each channel (Liu et al., 2015)."""
    axis = graph.constant(np.array([1], np.int64))
    squares = graph.node("ReduceSum", graph.node("Mul", x, x), axis, keepdims=1)
    safe = graph.node("Add", squares, graph.constant(np.float32(1e-10)))
    unit = graph.node("Div", x, graph.node("Sqrt", safe))
    return graph.node("Mul", unit, graph.constant(blobs[0].reshape(1, -1, 1, 1)))
