"""System D's linear support vector machine, solved by scikit-learn's linear solver in minutes.

Source: the same study on FER2013; its `SVC(kernel="linear")` took five hours. Here one-versus-rest
machines with squared hinge loss are solved in the primal (`LinearSVC`, liblinear).

Input: float32 `(n, channels, size, size)` in 0..1, flattened; `fit` standardises each pixel by the
training mean and deviation and folds that into the weights. Out come the margins: their argmax is
the machine's answer, their softmax is no calibrated probability.
On FER2013's 22,967 training rows two CPU minutes on one core; of c = 1e-6, 1e-5, 3e-5, 1e-4 the
last is best on the other fifth (0.331, 0.362, 0.366, 0.367).
Size: 16,135 parameters and 16,128 MACs for seven classes at 48x48x1.

The model is a linear layer like any other, so that counting, saving, scoring and exporting need no
special case; only its weights come from `fit` instead of from gradients.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from fertools.errors import FerError
from fertools.models._blocks import at_least


def build(classes: int, channels: int = 1, size: int = 48) -> nn.Module:
    """The machine before `fit`: zero weights, so every class has margin 0.

    Raises `FerError` for images without a pixel.
    """
    at_least("linear_svm", size, 1)
    linear = nn.Linear(channels * size * size, classes)
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)
    return nn.Sequential(nn.Flatten(), linear)


def fit(
    model: nn.Module,
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.integer[Any]],
    *,
    c: float = 1e-4,
    weights: npt.NDArray[np.float64] | None = None,
    seed: int = 0,
) -> None:
    """Set the weights of `model` to the machines that separate `labels`.

    `images` are uint8 with the batch first, `labels` integers in 0..classes-1, `c` the weight of an
    error against the margin, `weights` one factor per class. A class that is absent gets the margin
    -1 everywhere. Raises `FerError` when scikit-learn is missing or fewer than two classes occur.
    """
    try:
        from sklearn.svm import LinearSVC
    except ImportError as error:
        raise FerError("linear_svm needs scikit-learn; pip install 'fertools[train]'") from error
    present = np.unique(labels)
    if len(present) < 2:
        raise FerError("linear_svm: the training rows have fewer than two classes; add some")
    x = images.reshape(len(images), -1).astype(np.float32) / 255
    mean, spread = x.mean(0), x.std(0) + 1e-3  # a pixel that never changes must not blow up
    per_class = None if weights is None else {int(k): float(weights[k]) for k in present}
    own = seed % 2**32  # scikit-learn takes no higher one
    solver = LinearSVC(C=c, dual=False, class_weight=per_class, random_state=own)
    solver.fit((x - mean) / spread, labels)
    slopes, offsets = solver.coef_, solver.intercept_
    if len(present) == 2:  # one machine, whose positive side is the second class
        slopes, offsets = np.vstack((-slopes, slopes)), np.concatenate((-offsets, offsets))
    _write(model, present, slopes / spread, offsets - (slopes / spread) @ mean)


def _write(
    model: nn.Module,
    present: npt.NDArray[np.integer[Any]],
    slopes: npt.NDArray[np.float64],
    offsets: npt.NDArray[np.float64],
) -> None:
    linear = next(m for m in model.modules() if isinstance(m, nn.Linear))
    with torch.no_grad():
        linear.weight.zero_()
        linear.bias.fill_(-1.0)
        linear.weight[present] = torch.from_numpy(slopes).to(linear.weight)
        linear.bias[present] = torch.from_numpy(offsets).to(linear.bias)
