"""How good predictions are: confusion matrices and what follows from them, and probabilities.

In: codes of classes per row, or probabilities `(n, K)`. Out: arrays and numbers, shares in 0 .. 1.
What takes a confusion matrix takes any number of them, `(.., K, K)` with the truth in rows, so that
a bootstrap scores all its draws at once.
"""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

LEAST = 1e-12  # a probability below counts as this much, so that one miss does not cost infinity


def confusion(truth: npt.ArrayLike, predicted: npt.ArrayLike, n_classes: int) -> Ints:
    """Rows `(K, K)` of each true class (first axis) that were given each class (second).

    Raises ValueError for a code outside 0 .. K-1: leave out what has no label before.
    """
    actual, given = _codes(truth, predicted, n_classes)
    counts = np.bincount(actual * n_classes + given, minlength=n_classes**2)
    table: Ints = counts.reshape(n_classes, n_classes)
    return table


def confusions(
    truth: npt.ArrayLike, predicted: npt.ArrayLike, groups: npt.ArrayLike, n_classes: int
) -> Floats:
    """The confusion matrix of each group, flat `(G, K * K)`, as `intervals.bootstrap` takes them.

    `bootstrap(confusions(..), lambda sums: macro_f1(sums.reshape(-1, K, K)))`.
    """
    actual, given = _codes(truth, predicted, n_classes)
    names, of_row = np.unique(np.asarray(groups), return_inverse=True)
    cells = (of_row * n_classes + actual) * n_classes + given
    counts = np.bincount(cells, minlength=len(names) * n_classes**2)
    return counts.reshape(len(names), -1).astype(np.float64)


def _codes(truth: npt.ArrayLike, predicted: npt.ArrayLike, n_classes: int) -> tuple[Ints, Ints]:
    actual, given = np.asarray(truth, np.int64), np.asarray(predicted, np.int64)
    if actual.shape != given.shape:
        raise ValueError(f"truth {actual.shape} and predictions {given.shape} differ in shape")
    for codes in (actual, given):
        if codes.min(initial=0) < 0 or codes.max(initial=0) >= n_classes:
            raise ValueError(f"a class code lies outside 0 .. {n_classes - 1}")
    return actual, given


def _over(above: Floats, below: Floats) -> Floats:
    """Quotients, nan where nothing is below."""
    divided: Floats = np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)
    return divided


def accuracy(table: npt.ArrayLike) -> Floats:
    """Share of rows on the diagonal; nan for an empty table."""
    counts = np.asarray(table, np.float64)
    return _over(np.trace(counts, axis1=-2, axis2=-1), counts.sum((-2, -1)))


def recall(table: npt.ArrayLike) -> Floats:
    """Share of each class's rows that were found, `(.., K)`; nan for a class without rows."""
    counts = np.asarray(table, np.float64)
    return _over(np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(-1))


def precision(table: npt.ArrayLike) -> Floats:
    """Share of the rows given each class that are of it, `(.., K)`; nan for one never given."""
    counts = np.asarray(table, np.float64)
    return _over(np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(-2))


def f1(table: npt.ArrayLike) -> Floats:
    """Harmonic mean of precision and recall, 2 TP / (true + given), `(.., K)`.

    0 for a class that was never hit, nan for one that neither has rows nor was given.
    """
    counts = np.asarray(table, np.float64)
    hits = 2 * np.diagonal(counts, axis1=-2, axis2=-1)
    return _over(hits, counts.sum(-1) + counts.sum(-2))


def macro_f1(table: npt.ArrayLike) -> Floats:
    """Mean of F1 over the classes that have rows or were given; each weighs the same."""
    return _mean(f1(table))


def balanced_accuracy(table: npt.ArrayLike) -> Floats:
    """Mean of recall over the classes that have rows."""
    return _mean(recall(table))


def reweighted_accuracy(table: npt.ArrayLike, class_shares: npt.ArrayLike) -> Floats:
    """Accuracy as it were with other class shares `(K,)`: mean of recall with these weights.

    nan where a class with a share has no row to judge it by.
    """
    weight = np.asarray(class_shares, np.float64)
    found = recall(table)[..., weight > 0]
    mean: Floats = found @ weight[weight > 0] / weight.sum()
    return mean


def _mean(values: Floats) -> Floats:
    """Mean over the last axis without nan; nan where all are."""
    known = ~np.isnan(values)
    return _over(np.where(known, values, 0.0).sum(-1), known.sum(-1).astype(np.float64))


def negative_log_likelihood(probabilities: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Mean of -log of the probability `(n, K)` of the true class `(n,)`, in nats, 0 or more."""
    share, actual = _checked(probabilities, truth)
    hit = share[np.arange(len(actual)), actual]
    return float(-np.log(np.maximum(hit, LEAST)).mean())


def brier(probabilities: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Mean squared distance of the probabilities from the truth over all classes, 0 .. 2.

    The score as first given (Brier, Monthly Weather Review 78, 1950), twice the two-class variant.
    """
    share, actual = _checked(probabilities, truth)
    hit = share[np.arange(len(actual)), actual]
    return float(((share**2).sum(1) - 2 * hit + 1).mean())


def calibration_error(probabilities: npt.ArrayLike, truth: npt.ArrayLike, bins: int = 15) -> float:
    """Expected calibration error, 0 .. 1: mean gap between confidence and accuracy.

    Rows fall into equal bins of the largest probability, closed on the right, and bins weigh by
    their rows (Guo et al., On Calibration of Modern Neural Networks, ICML 2017).
    """
    share, actual = _checked(probabilities, truth)
    top = share.max(1)
    gap = (share.argmax(1) == actual) - top
    place = np.clip(np.ceil(top * bins).astype(np.int64) - 1, 0, bins - 1)
    return float(np.abs(np.bincount(place, gap, bins)).sum() / len(gap))


def soft_accuracy(predicted: npt.ArrayLike, target: npt.ArrayLike) -> float:
    """Mean share of the votes, `(n, K)` summing to 1 per row, that the class given `(n,)` has."""
    share, given = _checked(target, predicted)
    return float(share[np.arange(len(given)), given].mean())


def _checked(probabilities: npt.ArrayLike, codes: npt.ArrayLike) -> tuple[Floats, Ints]:
    share, of_row = np.asarray(probabilities, np.float64), np.asarray(codes, np.int64)
    if share.ndim != 2 or of_row.shape != share.shape[:1] or not len(of_row):
        raise ValueError(f"shapes {share.shape} and {of_row.shape}: known are (n, K) and (n,)")
    if of_row.min() < 0 or of_row.max() >= share.shape[1]:
        raise ValueError(f"a class code lies outside 0 .. {share.shape[1] - 1}")
    if not np.allclose(share.sum(1), 1, atol=1e-3) or share.min() < -1e-6:
        raise ValueError("probabilities of a row are negative or do not sum to 1")
    return share, of_row
