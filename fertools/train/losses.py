"""The loss of a training step: cross-entropy or its robust kin, and what a teacher says.

In go logits (n, classes) and labels, words' numbers (n,) or probabilities (n, classes); out comes
one number.
"""

from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from fertools.errors import FerError
from fertools.recipe import Recipe, Train
from fertools.runs import Contract, network, open_run


def label_loss(
    logits: torch.Tensor, labels: torch.Tensor, spec: Train, weights: torch.Tensor | None = None
) -> torch.Tensor:
    """The mean loss against the labels, as the recipe smooths, bends and weighs it.

    With `robust` = q each label k of probability p costs (1 - p^q) / q instead of -log p, the
    generalised cross-entropy (Zhang and Sabuncu 2018), of which cross-entropy is the limit at 0.
    """
    if not spec.robust:
        return functional.cross_entropy(
            logits, labels, weights, label_smoothing=spec.label_smoothing
        )
    classes = logits.shape[1]
    target = shares(labels, classes).to(logits.dtype)
    target = target * (1 - spec.label_smoothing) + spec.label_smoothing / classes
    costs = (1 - (spec.robust * logits.log_softmax(1)).exp()) / spec.robust
    if weights is None:
        return (target * costs).sum(1).mean()
    weighed = target * weights
    # torch's cross-entropy divides by the weights only where labels are numbers
    whole = weights[labels].sum() if not labels.is_floating_point() else len(labels)
    return (weighed * costs).sum() / whole


def of_members(logits: torch.Tensor) -> tuple[torch.Tensor, int]:
    """The logits of coupled networks (n, members, classes) as rows (n * members, classes), an
    image's members side by side, and how many members there are; logits (n, classes) stay.
    """
    return (logits, 1) if logits.ndim == 2 else (logits.flatten(0, 1), logits.shape[1])


def shares(labels: torch.Tensor, classes: int) -> torch.Tensor:
    """Labels as probabilities (n, classes)."""
    if labels.is_floating_point():
        return labels
    return functional.one_hot(labels, classes).float()


def teacher_loss(logits: torch.Tensor, taught: torch.Tensor, temperature: float) -> torch.Tensor:
    """Kullback-Leibler divergence from the teacher's probabilities, both softened, times the square
    of the temperature (Hinton, Vinyals and Dean 2015); `taught` are the teacher's logits.
    """
    ours = (logits / temperature).log_softmax(1)
    theirs = (taught / temperature).log_softmax(1)
    distance = functional.kl_div(ours, theirs, reduction="batchmean", log_target=True)
    return distance * temperature**2


def open_teacher(
    recipe: Recipe, manifest: str, fold: int | None, device: torch.device
) -> nn.Module | None:
    """The network of `train.teacher`, frozen; None where the recipe has none.

    Raises `FerError` for a teacher with another contract, and for one that has seen what the
    student must not: another manifest (`manifest` is the digest), another fold, other data or
    weights.
    """
    path, data = recipe.train.teacher, recipe.data
    if not path:
        return None
    run = open_run(Path(path))
    wanted = Contract(data.size, data.channels, data.crop, data.classes)
    if run.contract != wanted:
        raise FerError(
            f"train.teacher = {path}: was trained on faces or classes of another kind; give a run "
            f"of {data.size} px, {data.channels} channel(s), crop {data.crop}, the same classes"
        )
    if run.card["manifest"]["digest"] != manifest or run.fold != fold:
        raise FerError(
            f"train.teacher = {path}: was trained on another split, and may have seen validation "
            "or test rows; train it on the same manifest and fold"
        )
    if run.recipe.data.extra_data or run.recipe.model.init_weights:
        raise FerError(
            f"train.teacher = {path}: has seen other data or weights; give one trained from "
            "scratch on the manifest alone"
        )
    return network(run, device).requires_grad_(False)


def taught_by(recipe: Recipe) -> dict[str, Any] | None:
    """What a card says of the teacher: its run and the digest of its weights."""
    path = recipe.train.teacher
    return {"run": path, "weights": open_run(Path(path)).digest} if path else None
