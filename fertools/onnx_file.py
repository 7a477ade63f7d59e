"""An exported network: one ONNX file that says itself what it takes and gives.

In goes a file of `fertools export-onnx`; out come words for faces. Needs numpy and onnxruntime
only: no torch, no run, no manifest. What the file says of itself stands in its metadata, one key
per field of `Facts`, lists as JSON.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from fertools import __version__
from fertools.errors import FerError

BATCH = 64
SECONDS, WARM, MOST_CALLS = 2.0, 3, 300  # of timing
Floats = npt.NDArray[np.float32]
Faces = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file takes and gives.

    It takes uint8 images, `(n, size, size)` where `channels` is 1 and `(n, size, size, 3)` RGB
    where it is 3, cut as `crop` says. `gray` is how RGB becomes gray; `gray_inside` that the file
    does it. `temperature` is in the probabilities already; below `abstain` no word should be given
    (0: always one). `run` and `manifest` are digests of the weights and of the split.
    """

    classes: tuple[str, ...]
    size: int
    channels: int
    crop: str
    gray: str
    gray_inside: bool
    temperature: float
    abstain: float
    precision: str
    run: str
    manifest: str
    fertools: str = __version__

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one image."""
        return (self.size, self.size, *([3] if self.channels == 3 else []))


class OnnxFile:
    """An open file, as `load_onnx` gives it."""

    def __init__(self, facts: Facts, session: Any) -> None:
        self.facts, self._session = facts, session

    def __call__(self, faces: Faces) -> tuple[Floats, Floats]:
        """Probabilities and logits (n, K) of uint8 faces (n, ...) as `facts` wants them.

        Raises `FerError` for images of another shape or kind.
        """
        faces = np.asarray(faces)
        if faces.dtype != np.uint8 or faces.shape[1:] != self.facts.shape:
            wanted = "x".join(map(str, self.facts.shape))
            raise FerError(
                f"faces are {faces.dtype} {faces.shape}; the file takes uint8 (n, {wanted})"
            )
        if not len(faces):
            none = np.zeros((0, len(self.facts.classes)), np.float32)
            return none, none
        try:
            parts = [self.ask(faces[i : i + BATCH]) for i in range(0, len(faces), BATCH)]
        except _faults() as error:
            first = str(error).strip().splitlines()[0]
            raise FerError(
                f"{len(faces)} faces cannot be answered ({first}); the network must take any "
                "number of images at a time"
            ) from error
        return np.concatenate([p for p, _ in parts]), np.concatenate([z for _, z in parts])

    def ask(self, faces: Faces) -> tuple[Floats, Floats]:
        """The same for one batch, unchecked and in one piece."""
        share, logits = self._session.run(None, {"images": faces})
        return share, logits

    def words(self, faces: Faces) -> list[str | None]:
        """The class of each face, None where the file is less sure than `facts.abstain`."""
        share, _ = self(faces)
        return [
            self.facts.classes[row.argmax()] if row.max() >= self.facts.abstain else None
            for row in share
        ]


def load_onnx(file: Path | str | bytes, threads: int | None = None) -> OnnxFile:
    """Open a file of `fertools export-onnx`, or its bytes; raises `FerError` for any other.

    `threads` None leaves their number to onnxruntime.
    """
    name, model = "the model", file
    if not isinstance(model, bytes):
        name = str(file)
        try:
            model = Path(model).read_bytes()
        except OSError as error:
            raise FerError(f"{name}: cannot be read ({error.strerror}); give a file") from error
    session = _open(model, threads, name)
    return OnnxFile(_facts(session.get_modelmeta().custom_metadata_map, name), session)


def latencies(files: Sequence[OnnxFile], face: Faces) -> list[float]:
    """The median seconds of one call of each file with one face (1, ...), after three to warm.

    For files that were opened with `threads=1`: what is counted is the processor time of the
    calling thread, so that other programs do not count. The files take turns, so that a slow
    moment of the machine hits all alike.
    """
    times: list[list[float]] = [[] for _ in files]
    ends = time.perf_counter() + SECONDS
    while len(times[0]) < WARM + 1 or (time.perf_counter() < ends and len(times[0]) < MOST_CALLS):
        for file, taken in zip(files, times, strict=True):
            start = time.thread_time()
            file.ask(face)
            taken.append(time.thread_time() - start)
    return [median(each[WARM:]) for each in times]


def with_facts(model: bytes, facts: Facts) -> bytes:
    """The model with its facts in it; the same input gives the same bytes."""
    import onnx

    found: Any = onnx.load_from_string(model)
    found.producer_name, found.producer_version = "fertools", facts.fertools
    del found.metadata_props[:]
    texts = {name: _text(value) for name, value in asdict(facts).items()}
    onnx.helper.set_model_props(found, texts)
    data: bytes = found.SerializeToString(deterministic=True)
    return data


def needs_onnx() -> None:
    """Raise `FerError` where a package that writes or runs ONNX is missing."""
    for name in ("onnx", "onnxruntime"):
        try:
            __import__(name)
        except ImportError as error:
            raise FerError(f"ONNX needs {name}; pip install 'fertools[export]'") from error


def _open(model: bytes, threads: int | None, file: str) -> Any:
    faults = _faults()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if threads is not None:
        options.intra_op_num_threads = options.inter_op_num_threads = threads
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except faults as error:
        raise FerError(f"{file}: onnxruntime cannot open it; export the run again") from error


def _faults() -> tuple[type[Exception], ...]:
    """What onnxruntime raises for a model that it cannot open or run; they share no base."""
    try:
        from onnxruntime.capi import onnxruntime_pybind11_state as state
    except ImportError as error:
        raise FerError("ONNX needs onnxruntime; pip install 'fertools[export]'") from error
    names = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "RuntimeException")
    return tuple(getattr(state, name) for name in names)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _facts(found: Mapping[str, str], file: str) -> Facts:
    known = fields(Facts)
    if missing := [each.name for each in known if each.name not in found]:
        raise FerError(
            f"{file}: its metadata says no {missing[0]}; give a file of `fertools export-onnx`"
        )
    read: dict[str, Any] = {}
    for each in known:
        text = found[each.name]
        try:
            read[each.name] = text if each.type is str else json.loads(text)
        except ValueError as error:
            raise FerError(f"{file}: its {each.name} is {text!r:.60}; export again") from error
    return Facts(**{**read, "classes": tuple(read["classes"])})
