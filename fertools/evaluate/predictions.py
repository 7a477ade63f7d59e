"""Predictions: what a network, or a file of probabilities, says of the labelled rows of a part.

In goes a network with a `FaceDataset`, or a probability file with a manifest; out come
`Predictions`, which is all that a score needs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from fertools.data import FaceDataset, group_codes
from fertools.data.balance import class_weights
from fertools.data.loader import make_loader, room_for
from fertools.devices import ordered
from fertools.errors import FerError, unknown
from fertools.manifest import Manifest
from fertools.measures.groups import unite
from fertools.probs import Probs
from fertools.recipe import Recipe
from fertools.relations import people, recordings
from fertools.runs import GRAY, Contract, Run

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
VIEWS = ("none", "flip")
PRECISIONS = {"bf16": torch.bfloat16, "fp16": torch.float16}
BATCH, BATCH_CPU = 256, 64  # a CPU's tensors stay under 32 MiB, over which each is mapped anew


@dataclass(frozen=True, slots=True)
class Predictions:
    """Probabilities `values` (n, K) and truth (n,) of the rows `ids` of one test.

    `units` (n,) numbers what is independent: rows joined by their group or their person; -1 in
    `sequences` (n,) is no recording. `target` (n, K) are the probabilities of the label rule, where
    it gives several. `rows` (n,) are positions in the manifest.
    """

    ids: tuple[str, ...]
    rows: Ints
    classes: tuple[str, ...]
    truth: Ints
    values: Floats
    units: Ints
    sequences: Ints
    target: Floats | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def images(self) -> int:
        """How many images these are; over several seeds each stands here several times."""
        return len(set(self.ids))

    @property
    def given(self) -> Ints:
        """The class of the highest probability, of equal ones the first."""
        return np.asarray(self.values.argmax(axis=1), np.int64)

    def where(self, keep: npt.NDArray[np.bool_]) -> "Predictions":
        """Some of the rows."""
        at = np.flatnonzero(keep)
        target = None if self.target is None else self.target[at]
        return Predictions(
            tuple(self.ids[i] for i in at), self.rows[at], self.classes, self.truth[at],
            self.values[at], self.units[at], self.sequences[at], target,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Way:
    """How images are put to a network: views (`tta` none or flip), precision, order in memory, and
    at most how many at a time on a GPU.
    """

    tta: str = "none"
    precision: str = "fp32"
    channels_last: bool = False
    batch: int = BATCH


def way_of(recipe: Recipe, tta: str | None = None) -> Way:
    """The way that a recipe trains for; `tta` stands in the place of its own.

    What a GPU is too small for is then mended by a smaller `train.batch`. Raises `FerError` for
    views that are not known.
    """
    spec = recipe.train
    views = spec.tta if tta is None else tta
    if views not in VIEWS:
        raise unknown("tta", views, list(VIEWS))
    return Way(views, spec.precision, spec.channels_last, min(BATCH, spec.batch))


def probabilities(
    model: nn.Module, dataset: FaceDataset, way: Way, device: torch.device | str = "cpu"
) -> Floats:
    """Softmax outputs (n, K); with two views their mean.

    The model is in evaluation mode while it is asked, and left as it was.
    """
    device, training = torch.device(device), model.training
    batch = BATCH_CPU if device.type == "cpu" else way.batch
    loader = make_loader(dataset, batch, device=room_for(dataset, device))
    model.eval()
    found = [shares(model, images.to(device), way) for images, _ in loader]
    model.train(training)
    return np.concatenate(found)


def shares(model: nn.Module, images: torch.Tensor, way: Way, temperature: float = 1.0) -> Floats:
    """Softmax outputs (n, K) of a model in evaluation mode for images (n, C, H, W) on its device.

    With `tta="flip"` they are the mean with those of the mirror images; `temperature` divides the
    logits (Guo et al. 2017).
    """
    device, kind = images.device.type, PRECISIONS.get(way.precision)
    views = [images, images.flip(3)] if way.tta == "flip" else [images]
    with torch.inference_mode(), torch.autocast(device, kind, enabled=kind is not None):
        logits = [model(ordered(view, way.channels_last)).float() for view in views]
        each = [(one / temperature).softmax(1) for one in logits]
        mean = sum(each[1:], each[0]) / len(each)
        found: Floats = mean.cpu().double().numpy()  # in this order: MPS has no float64
    return found


def of_probs(manifest: Manifest, dataset: FaceDataset, probs: Probs, file: str) -> Predictions:
    """Predictions that another framework wrote, for the rows of a data set with its classes.

    Raises `FerError` where a row of the part is missing.
    """
    places = probs.at(dataset.ids)
    if missing := int((places < 0).sum()):
        first = dataset.ids[int(np.argmin(places))]
        raise FerError(
            f"{file}: {missing:,} of the {len(dataset):,} rows are missing, {first!r} among them; "
            "give a row for every face of the part"
        )
    return of(manifest, dataset, probs.values[places])


def pooled(parts: Sequence[Predictions], once: bool = True) -> Predictions:
    """Several predictions after one another, such as those of all folds of one manifest.

    Raises `FerError` where classes differ, or, with `once`, where a row stands there twice.
    """
    first = parts[0]
    if any(part.classes != first.classes for part in parts):
        raise FerError("the runs have different classes: they cannot be pooled")
    ids = tuple(name for part in parts for name in part.ids)
    if once and len(set(ids)) < len(ids):
        raise FerError("two runs tested the same row: only folds of one manifest can be pooled")
    targets = [part.target for part in parts if part.target is not None]
    return Predictions(
        ids=ids,
        rows=np.concatenate([part.rows for part in parts]),
        classes=first.classes,
        truth=np.concatenate([part.truth for part in parts]),
        values=np.concatenate([part.values for part in parts]),
        units=np.concatenate([part.units for part in parts]),
        sequences=np.concatenate([part.sequences for part in parts]),
        target=np.concatenate(targets) if len(targets) == len(parts) else None,
    )


def mean_of(found: Predictions) -> Probs:
    """A probability file's content; of a row that several runs predicted, such as those of several
    seeds, the mean of their probabilities.
    """
    ids, first, place = np.unique(np.array(found.ids), return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first))  # as they stood, not by name
    values = np.zeros((len(ids), len(found.classes)))
    np.add.at(values, order[place], found.values)
    times = np.bincount(order[place])
    names = tuple(found.ids[i] for i in np.sort(first))
    return Probs(names, found.classes, values / times[:, None])


def of(manifest: Manifest, dataset: FaceDataset, values: Floats) -> Predictions:
    """Predictions from the probabilities (n, K) of a data set's rows, in its order."""
    return Predictions(
        ids=tuple(dataset.ids),
        rows=dataset.rows,
        classes=tuple(dataset.classes),
        truth=dataset.targets,
        values=values,
        units=units(manifest)[dataset.rows],
        sequences=recordings(manifest.table)[dataset.rows],
        target=None if dataset.soft is None else dataset.soft.astype(np.float64),
    )


def differences(manifest: Manifest, contract: Contract) -> list[str]:
    """Where stored faces, or how they are read, differ from what the network was trained on."""
    wanted = [contract.size, contract.size, *([3] if contract.channels == 3 else [])]
    shapes = {
        tuple(entry["shape"])
        for store in manifest.card.get("stores", {}).values()
        for entry in store["shards"].values()
    }
    notes = [
        f"faces of {'x'.join(map(str, shape))} are read at {'x'.join(map(str, wanted))}"
        for shape in sorted(shapes)
        if list(shape) != wanted
    ]
    if contract.gray != GRAY and contract.channels == 1:
        notes.append(f"gray is read as {GRAY}; the network was trained on {contract.gray}")
    return notes


def settled(
    run: Run, values: npt.NDArray[np.float64], classes: Sequence[str], prior: str
) -> npt.NDArray[np.float64]:
    """Outputs over `classes` only, and freed from the training rows' class shares where asked.

    A loss that weighs classes makes the network see other shares than those of the rows.
    """
    if prior == "uniform":
        counts = np.array([run.card["classes"][word] for word in run.contract.classes])
        balance = run.recipe.train.balance
        weights = class_weights(counts, balance) if balance != "none" else 1.0
        values = values / (counts * weights)
    values = values[:, [run.contract.classes.index(word) for word in classes]]
    values = np.maximum(values, np.finfo(np.float64).tiny)  # all may be 0 beside a masked class
    return np.asarray(values / values.sum(axis=1, keepdims=True))


def units(manifest: Manifest) -> Ints:
    """What is independent of one another (n,): rows joined by their group or their person."""
    return unite(len(manifest), group_codes(manifest), people(manifest.table))
