"""What the network of a run says of faces that are cut as its contract wants them.

In go a run and uint8 faces; out come probabilities by class. It averages with the mirror image and
computes in the precision that the run was scored with, so that a face of the data set gets the same
answer here as in `evaluate`.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch

from fertools.devices import choose
from fertools.errors import FerError
from fertools.evaluate.predictions import shares, way_of
from fertools.runs import GRAY, Run, network

Classify = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float64]]


def classifier(
    run: Run, *, device: str = "auto", tta: str | None = None, temperature: float = 1.0
) -> Classify:
    """A function from faces, uint8 (n, size, size[, 3]), to probabilities (n, K) in 0..1.

    `tta` None is what the recipe says; `temperature` divides the logits (Guo et al. 2017). Raises
    `FerError` where the run takes another gray or scale than ours, and for unknown words.
    """
    contract = run.contract
    if (contract.gray, contract.scale) != (GRAY, "0..1"):
        raise FerError(
            f"{run.folder}: its contract wants another gray or scale; train the run anew"
        )
    way = way_of(run.recipe, tta)
    chosen = choose(device)
    model = network(run, chosen)

    def classify(faces: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        images = torch.from_numpy(np.ascontiguousarray(faces))
        images = images.unsqueeze(1) if images.ndim == 3 else images.permute(0, 3, 1, 2)
        images = images.to(chosen).float().div(255)
        return shares(model, images, way, temperature)

    return classify
