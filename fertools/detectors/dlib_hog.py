"""The HOG face detector of dlib: frontal faces, few false ones, blind to small and turned ones.

In goes an image, out come boxes and scores on the detector's own scale (0 and up, not a
probability). Method: Dalal and Triggs, CVPR 2005, with the max-margin training of King,
arXiv:1502.00046; the model is part of dlib. It sees faces of 80 pixels and more, of 40 and more
after one upsampling.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fertools.detectors._boxes import Detection, package, tidy
from fertools.errors import FerError
from fertools.image import Pixels, to_gray


@dataclass(frozen=True, slots=True)
class Options:
    """How far the image is enlarged first."""

    upsample: int = field(
        default=1,
        metadata={"help": "double the image 0 to 3 times; each time finds faces half as large"},
    )


def resolve(options: Options) -> Options:
    """Check the options and that dlib can be imported; raises `FerError`."""
    if options.upsample not in range(4):
        raise FerError(f"upsample {options.upsample}: give 0, 1, 2 or 3")
    package("dlib", "the detector dlib_hog")
    return options


def load(options: Options) -> "HOG":
    """Load the detector; raises `FerError` as `resolve` does."""
    return HOG(resolve(options))


class HOG:
    """The loaded detector; one per process, not shared between threads."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.dlib = package("dlib", "the detector dlib_hog")
        self.net = self.dlib.get_frontal_face_detector()

    def __call__(self, image: Pixels, given: npt.ArrayLike | None = None) -> Detection:
        """Faces of an RGB or gray image; `given` boxes are not looked at."""
        # the features are gradients of brightness, and gray takes three quarters of the time
        gray = to_gray(image)
        found, scores, _ = self.net.run(np.ascontiguousarray(gray), self.options.upsample, 0.0)
        # dlib counts the last pixel of a rectangle as part of it
        boxes = [(r.left(), r.top(), r.right() + 1, r.bottom() + 1) for r in found]
        return tidy(boxes, list(scores), *image.shape[:2])

    def facts(self) -> dict[str, str]:
        """dlib's version (the model is part of it) and the enlargement."""
        return {"dlib": self.dlib.__version__, "upsample": str(self.options.upsample)}
