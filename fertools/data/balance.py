"""Weights of classes that are rare or frequent among the training rows, for a loss or a loader."""

import numpy as np
import numpy.typing as npt

from fertools.errors import FerError, unknown

LARGEST_WEIGHT = 10.0


def class_weights(counts: npt.ArrayLike, how: str) -> npt.NDArray[np.float64]:
    """A weight per class from the counts of the training rows.

    `inverse` is 1/n, `sqrt` its root, `effective(b)` (1-b)/(1-b^n) (Cui et al., CVPR 2019). Scaled
    so that the mean weight of a row is 1, and cut at 10. Classes without rows weigh 0.
    """
    n = np.asarray(counts, np.float64)
    safe = np.where(n > 0, n, 1)
    if how == "inverse":
        weight = 1 / safe
    elif how == "sqrt":
        weight = 1 / np.sqrt(safe)
    elif how.startswith("effective(") and how.endswith(")"):
        beta = _beta(how)
        weight = (1 - beta) / (1 - beta**safe)
    else:
        raise unknown("balance", how, ["inverse", "sqrt", "effective(0.999)"])
    weight = np.where(n > 0, weight, 0)
    scaled = weight * n.sum() / max((weight * n).sum(), 1e-12)
    return np.asarray(np.minimum(scaled, LARGEST_WEIGHT))


def _beta(how: str) -> float:
    try:
        beta = float(how[len("effective(") : -1])
    except ValueError:
        beta = -1.0
    if not 0 <= beta < 1:
        raise FerError(f"balance {how!r}: beta is a number from 0 to below 1, as in 0.999")
    return beta
