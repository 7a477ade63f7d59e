"""From the raw outputs of an SSD network to boxes: priors, decoding, suppression.

In go the network's definition and its maps, one pair of offsets and confidences for each scale; out
come boxes as shares of the input's sides. Formulas: Liu et al., SSD: Single Shot MultiBox Detector,
ECCV 2016, section 2.2; the order of the priors and the constants are those of the definition's
PriorBox and DetectionOutput layers (weiliu89/caffe, branch `ssd`). Two classes, background first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fertools.detectors._boxes import Detection, Floats, suppress
from fertools.detectors._caffe import Message


@dataclass(frozen=True, slots=True)
class Scale:
    """One feature map: the blobs that hold its answers and the priors of each of its cells.

    `sides` are the widths and heights of the priors, (k, 2), and `step` the distance of the cells'
    middles, in pixels of the input; `variances` scale the four offsets.
    """

    offsets: str
    confidences: str
    sides: npt.NDArray[np.float64]
    step: float
    variances: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Limits:
    """The DetectionOutput layer: least confidence, most overlap, most boxes before and after."""

    confidence: float
    overlap: float
    candidates: int
    kept: int


def scales(definition: Message) -> list[Scale]:
    """The scales of an SSD definition, finest first."""
    found = []
    for layer in definition["layer"]:
        if layer["type"] == ["PriorBox"]:
            stem = layer["top"][0].removesuffix("_priorbox")
            param = layer["prior_box_param"][0]
            found.append(
                Scale(
                    offsets=f"{stem}_loc_perm",
                    confidences=f"{stem}_conf_perm",
                    sides=_sides(param),
                    step=float(param["step"][0]),
                    variances=np.array(param["variance"], np.float64),
                )
            )
    return found


def _sides(param: Message) -> npt.NDArray[np.float64]:
    least, most = float(param["min_size"][0]), float(param["max_size"][0])
    sides = [(least, least), (np.sqrt(least * most),) * 2]
    for ratio in map(float, param["aspect_ratio"]):  # each one is used lying and standing
        wide, narrow = least * np.sqrt(ratio), least / np.sqrt(ratio)
        sides += [(wide, narrow), (narrow, wide)]
    return np.array(sides)


def limits(definition: Message) -> Limits:
    """The limits that the definition's DetectionOutput layer states."""
    (layer,) = (la for la in definition["layer"] if la["type"] == ["DetectionOutput"])
    param = layer["detection_output_param"][0]
    nms = param["nms_param"][0]
    return Limits(
        confidence=float(param["confidence_threshold"][0]),
        overlap=float(nms["nms_threshold"][0]),
        candidates=int(nms["top_k"][0]),
        kept=int(param["keep_top_k"][0]),
    )


def detect(
    maps: Sequence[tuple[Floats, Floats]],
    layout: Sequence[Scale],
    bounds: Limits,
    height: int,
    width: int,
) -> Detection:
    """Boxes (n, 4) as shares of a height x width input, best first, and their scores 0..1.

    `maps` holds (1, rows, columns, 4k) offsets and (1, rows, columns, 2k) confidences of each scale
    of `layout`.
    """
    found, scores = [], []
    for scale, (offsets, confidences) in zip(layout, maps, strict=True):
        _, rows, columns, _ = offsets.shape
        pairs = confidences.reshape(rows, columns, -1, 2).astype(np.float64)
        share = 1 / (1 + np.exp(pairs[..., 0] - pairs[..., 1]))  # softmax of two
        # every box under the limit would go in the end, so only the others are decoded
        row, column, prior = np.nonzero(share > bounds.confidence)
        moved = offsets.reshape(rows, columns, -1, 4)[row, column, prior] * scale.variances
        size = scale.sides[prior]
        middle = (np.stack([column, row], axis=1) + 0.5) * scale.step + moved[:, :2] * size
        half = size * np.exp(moved[:, 2:]) / 2
        found.append(np.hstack([middle - half, middle + half]) / [width, height, width, height])
        scores.append(share[row, column, prior])
    boxes = np.concatenate(found).astype(np.float32)
    sure = np.concatenate(scores).astype(np.float32)
    best = np.argsort(-sure, kind="stable")[: bounds.candidates]
    kept = best[suppress(boxes[best], sure[best], bounds.overlap)][: bounds.kept]
    return boxes[kept], sure[kept]
