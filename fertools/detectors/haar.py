"""The Haar cascade for frontal faces that comes with OpenCV.

In goes an image, out come boxes and scores (the confidence of the last stage, on its own scale).
Method: Viola and Jones, CVPR 2001; Lienhart and Maydt, ICIP 2002; the model is OpenCV's
`haarcascade_frontalface_default.xml`. It needs OpenCV 4, version 5 has dropped cascades.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from fertools.detectors._boxes import Detection, tidy
from fertools.errors import FerError
from fertools.image import Pixels, to_gray

MODEL = "haarcascade_frontalface_default.xml"


@dataclass(frozen=True, slots=True)
class Options:
    """How the cascade is slid over the image."""

    min_size: int = field(default=24, metadata={"help": "least side of a face in pixels"})
    neighbours: int = field(
        default=5, metadata={"help": "how many raw hits must agree on a face; fewer finds more"}
    )
    step: float = field(default=1.1, metadata={"help": "factor from one face size to the next"})


def resolve(options: Options) -> Options:
    """Check the options and that this OpenCV has cascades; raises `FerError`."""
    if options.min_size < 1 or options.neighbours < 0 or not 1.01 <= options.step <= 2:
        raise FerError("haar: min_size is at least 1, neighbours at least 0, step from 1.01 to 2")
    if not hasattr(cv2, "CascadeClassifier"):
        cure = "pip install 'opencv-python-headless>=4.10,<5'"
        raise FerError(f"OpenCV {cv2.__version__} has no cascades: {cure}, or another detector")
    return options


def load(options: Options) -> "Haar":
    """Load the cascade; raises `FerError` as `resolve` does."""
    return Haar(resolve(options))


class Haar:
    """The loaded cascade; one per process, not shared between threads."""

    def __init__(self, options: Options) -> None:
        self.options = options
        path = Path(cv2.__file__).parent / "data" / MODEL
        self.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        self.net = cv2.CascadeClassifier(str(path))

    def __call__(self, image: Pixels, given: npt.ArrayLike | None = None) -> Detection:
        """Faces of an RGB or gray image; `given` boxes are not looked at."""
        found, _, weights = self.net.detectMultiScale3(
            to_gray(image),
            scaleFactor=self.options.step,
            minNeighbors=self.options.neighbours,
            minSize=(self.options.min_size, self.options.min_size),
            outputRejectLevels=True,
        )
        boxes = np.asarray(found, np.float32).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        return tidy(boxes, np.asarray(weights), *image.shape[:2])

    def facts(self) -> dict[str, str]:
        """OpenCV's version, the digest of the cascade, and the options."""
        options = self.options
        return {
            "opencv": cv2.__version__,
            "model_sha256": self.sha256,
            "min_size": str(options.min_size),
            "neighbours": str(options.neighbours),
            "step": f"{options.step:g}",
        }
