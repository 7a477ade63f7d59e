"""Temperature: the one number that brings a network's probabilities to its hit rate.

In go logits (n, K) and the truth of rows that the network was not trained on; out come numbers.
Dividing logits by a temperature changes no answer, only how sure it sounds (Guo et al., "On
Calibration of Modern Neural Networks", ICML 2017).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.integer[Any]]
LOWEST, HIGHEST = 0.1, 10.0
STEPS = 50  # halvings of a range of 4.6: far below the noise of any part


def probabilities(logits: Floats, temperature: float = 1.0) -> npt.NDArray[np.float64]:
    """Softmax (n, K) of the logits divided by the temperature."""
    scaled = np.asarray(logits, np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def fit_temperature(logits: Floats, truth: Ints) -> float | None:
    """The temperature with the lowest negative log-likelihood of the truth (n,).

    None where it lies outside 0.1 .. 10, as for rows without an error: they bound nothing. The NLL
    is convex in b = 1/T, so its slope, the mean of E_p[z] - z_truth, is bisected.
    """
    z = np.asarray(logits, np.float64)
    of_truth = z[np.arange(len(z)), truth]

    def slope(temperature: float) -> float:
        return float(((probabilities(z, temperature) * z).sum(axis=1) - of_truth).mean())

    low, high = np.log(LOWEST), np.log(HIGHEST)
    if slope(LOWEST) <= 0 or slope(HIGHEST) >= 0:
        return None
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if slope(np.exp(middle)) < 0 else (middle, high)
    return float(np.exp((low + high) / 2))


def threshold_for(best: Floats, share: float) -> float:
    """The probability below which `share` of the rows lie; `best` (n,) is each row's highest.

    With equal values fewer rows than asked for lie below it, never more.
    """
    ranked, n = np.sort(best), len(best)
    below = int((np.arange(1, n + 1) / n <= share).sum())  # 0.29 * 100 is 28.999999999999996
    return float(ranked[min(below, n - 1)])
