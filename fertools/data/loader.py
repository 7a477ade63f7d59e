"""The loader: whole batches of a part, seeded by epoch, balanced where asked for.

In goes a `FaceDataset`, or several joined; out come batches of images and labels. A batch is one
fancy index on the memory map, which is what makes it fast; a part can be kept on the GPU as one
uint8 tensor.
"""

import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import BatchSampler, DataLoader, Dataset, Sampler

from fertools.data import FaceDataset
from fertools.data.balance import class_weights
from fertools.errors import FerError, unknown
from fertools.given import whole

Batch = tuple[torch.Tensor, torch.Tensor]
Augment = Callable[[torch.Tensor], torch.Tensor]


class Joined:
    """Several data sets after one another, with the classes of the first, for `make_loader`.

    Those behind it may lack a class; words that it does not have are an error.
    """

    transform = None

    def __init__(self, first: FaceDataset, *others: FaceDataset) -> None:
        if any(part.transform is not None for part in (first, *others)):
            raise FerError("a transform works image by image: leave it out of joined data sets")
        for other in others:
            if strange := [word for word in other.classes if word not in first.classes]:
                raise unknown("class", strange[0], first.classes)
            if other.shape != first.shape:
                both = f"{first.shape} and {other.shape}"
                raise FerError(f"faces of {both} in one batch: give size and channels")
            if (other.soft is None) != (first.soft is None):
                raise FerError("hard and soft labels cannot be joined")
        self.parts, self.classes, self.shape = (first, *others), first.classes, first.shape
        self.ids = [name for part in self.parts for name in part.ids]
        self.targets = np.concatenate([self._places(p)[p.targets] for p in self.parts])
        self.soft = (
            None if first.soft is None else np.concatenate(list(map(self._soft, self.parts)))
        )

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """Faces of each class."""
        return np.bincount(self.targets, minlength=len(self.classes))

    def _places(self, part: FaceDataset) -> npt.NDArray[np.int64]:
        return np.array([self.classes.index(word) for word in part.classes], np.int64)

    def _soft(self, part: FaceDataset) -> npt.NDArray[np.float32]:
        wide = np.zeros((len(part), len(self.classes)), np.float32)
        wide[:, self._places(part)] = part.soft
        return wide

    def pixels(self, at: npt.NDArray[np.int64]) -> torch.Tensor:
        """The faces at these indices as uint8 (n, C, H, W)."""
        ends = np.cumsum([len(part) for part in self.parts])
        which = np.searchsorted(ends, at, side="right")
        out = torch.empty((len(at), *self.shape), dtype=torch.uint8)
        for number in np.unique(which):
            here = np.flatnonzero(which == number)
            begin = ends[number] - len(self.parts[number])
            out[torch.from_numpy(here)] = self.parts[number].pixels(at[here] - begin)
        return out

    def labels_of(self, at: npt.NDArray[np.int64]) -> torch.Tensor:
        """Labels at these indices: int64 (n,), or float32 (n, classes) where they are soft."""
        chosen = self.targets if self.soft is None else self.soft
        return torch.from_numpy(chosen[at])


class Order(Sampler[int]):
    """The order of one epoch after another: seeded, another in each, balanced where asked for.

    `share` is (number, of how many) of the processes that read one epoch together; all get as many
    rows, so up to one row less than there are processes is read twice.
    """

    def __init__(
        self,
        dataset: FaceDataset | Joined,
        *,
        shuffle: bool,
        seed: int,
        balance: str | None,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        self.size, self.shuffle, self.seed, self.epoch = len(dataset), shuffle, seed, 0
        self.number, self.of = share
        self.weights: npt.NDArray[np.float64] | None = None
        if balance is not None:
            weights = class_weights(dataset.counts, balance)[dataset.targets]
            self.weights = weights / weights.sum()

    def __len__(self) -> int:
        return -(-self.size // self.of)

    def indices(self) -> npt.NDArray[np.int64]:
        """The indices of the current epoch (`epoch` says which)."""
        order = self._whole()
        return np.resize(order, len(self) * self.of)[self.number :: self.of]

    def _whole(self) -> npt.NDArray[np.int64]:
        rng = np.random.default_rng([self.seed, self.epoch])
        if self.weights is not None:
            return rng.choice(self.size, self.size, p=self.weights)
        return rng.permutation(self.size) if self.shuffle else np.arange(self.size)

    def __iter__(self) -> Iterator[int]:
        order = self.indices()
        self.epoch += 1
        return iter(order.tolist())


class Loader:
    """Whole batches by one fancy index; each pass over it is the next epoch of its order.

    Set `order.epoch` to go on at a certain epoch. Workers read one pass at a time: to go on with
    one after another began raises `FerError`.
    """

    def __init__(
        self,
        dataset: FaceDataset | Joined,
        order: Order,
        batch_size: int,
        *,
        drop_last: bool,
        device: str | torch.device | None,
        augment: Augment | None,
        workers: int = 0,
    ) -> None:
        self.dataset, self.order, self.batch_size = dataset, order, batch_size
        self.drop_last, self.augment = drop_last, augment
        self.device = torch.device(device) if device is not None else None
        self._held = self._hold() if self.device is not None else None
        self._scaled = Scaled()
        self._ahead = self._reading_ahead(workers) if workers else None
        self._pass = 0  # the one that the workers read for

    def __len__(self) -> int:
        whole, rest = divmod(len(self.order), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[Batch]:
        if self._ahead is not None:
            yield from self._read(self._ahead)
            return
        order = self.order.indices()
        self.order.epoch += 1
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            yield self.batch(order[start : start + self.batch_size])

    def _read(self, ahead: DataLoader[Batch]) -> Iterator[Batch]:
        """One pass; torch lets all of them take from the same batches, each only a share."""
        self._pass += 1
        own = self._pass
        for pixels, labels in ahead:
            yield self._finished(pixels, labels)
            if self._pass != own:
                raise FerError(
                    "another pass over this loader began before this one had ended, and its "
                    "workers read one at a time; make a loader for each, or set workers=0"
                )

    def _hold(self) -> Batch:
        """The whole part on the device: uint8 pixels and labels."""
        at = np.arange(len(self.dataset))
        return self.dataset.pixels(at).to(self.device), self.dataset.labels_of(at).to(self.device)

    def batch(self, at: npt.NDArray[np.int64]) -> Batch:
        """The images and labels at these indices."""
        if self._held is None:
            return self._finished(self.dataset.pixels(at), self.dataset.labels_of(at))
        index = torch.from_numpy(at).to(self.device)
        return self._finished(self._held[0][index], self._held[1][index])

    def _finished(self, pixels: torch.Tensor, labels: torch.Tensor) -> Batch:
        on_cpu = pixels.device.type == "cpu"
        images = self._scaled(pixels) if on_cpu else pixels.float().div_(255)
        return (self.augment(images) if self.augment is not None else images), labels

    def _reading_ahead(self, workers: int) -> DataLoader[Batch]:
        batches = BatchSampler(self.order, self.batch_size, self.drop_last)
        own = torch.Generator().manual_seed(self.order.seed)  # leave torch's own numbers alone
        return DataLoader(
            Batches(self.dataset),
            None,
            sampler=batches,
            num_workers=workers,
            persistent_workers=True,
            generator=own,
        )


class Scaled:
    """uint8 pixels (n, C, H, W) as float32 in 0..1, written where nobody looks any more.

    Fresh memory costs more than the pixels: at 224 px and batches of 256 six times as much. So an
    array is written again once no tensor, view or copy-free array of it is left. One thread: a
    second one gains little and waits for its core on a machine that does other work.
    """

    MOST = 4  # arrays that are kept: somebody may collect the batches of an epoch

    def __init__(self) -> None:
        # each with the view of it that was given away, which tensors hold through their memory
        self._arrays: list[tuple[npt.NDArray[np.float32], weakref.ref[Any]]] = []

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        given = pixels.numpy()
        out = self._free(given)
        np.copyto(out, given)
        return torch.from_numpy(np.divide(out, np.float32(255), out=out))

    def _free(self, given: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """A view of the first array that nobody looks at, or of a new one."""
        for place, (array, held) in enumerate(self._arrays):
            fits = len(array) >= len(given) and array.shape[1:] == given.shape[1:]
            if fits and held() is None:
                view = array[: len(given)]
                self._arrays[place] = array, weakref.ref(view)
                return view
        made = np.empty_like(given, np.float32)  # in the memory order of `given`
        view = made[:]
        self._arrays = [*self._arrays, (made, weakref.ref(view))][-self.MOST :]
        return view


class Batches(Dataset[Batch]):
    """Whole batches by their indices, as uint8, so that workers of a `DataLoader` read ahead."""

    def __init__(self, dataset: FaceDataset | Joined) -> None:
        self.dataset = dataset

    def __getitem__(self, at: Sequence[int]) -> Batch:
        index = np.asarray(at, np.int64)
        return self.dataset.pixels(index), self.dataset.labels_of(index)


def room_for(dataset: FaceDataset | Joined, device: torch.device) -> torch.device | None:
    """The device where it is a GPU whose free memory is at least twice the whole part; else None,
    and batches are to be sent one by one.
    """
    if device.type != "cuda":
        return None
    free, _ = torch.cuda.mem_get_info(device)
    return device if 2 * len(dataset) * int(np.prod(dataset.shape)) <= free else None


def make_loader(
    dataset: FaceDataset | Joined,
    batch_size: int = 64,
    *,
    shuffle: bool = False,
    seed: int = 0,
    balance: str | None = None,
    workers: int = 0,
    drop_last: bool = False,
    device: str | torch.device | None = None,
    augment: Augment | None = None,
    share: tuple[int, int] = (0, 1),
) -> Loader | DataLoader[Batch]:
    """Batches of float32 (n, C, H, W) in 0..1 with their labels, shuffled by `seed` and epoch.

    `balance` draws rows with replacement by class weights (`inverse`, `sqrt`, `effective(0.999)`).
    `augment` takes and returns the images of a batch, as `BatchAugment` does. With `device` the
    part stays there as one uint8 tensor. `share` (number, of how many) gives one of several
    processes its rows, `batch_size` of them at a time. `workers` processes read ahead; a data set
    with a `transform` of its own is read image by image.
    """
    if not isinstance(dataset, FaceDataset | Joined):
        raise FerError(
            f"make_loader: takes a FaceDataset, or several in Joined, and not a "
            f"{type(dataset).__name__}; give that to torch's DataLoader, or choose rows with keep()"
        )
    whole("batch size", batch_size, 1)
    whole("seed", seed, 0)
    whole("workers", workers, 0)
    _check_share(share)
    order = Order(dataset, shuffle=shuffle, seed=seed, balance=balance, share=share)
    if dataset.transform is None:
        if device is not None and workers:
            raise FerError("device= keeps the whole part there: leave workers out")
        return Loader(
            dataset,
            order,
            batch_size,
            drop_last=drop_last,
            device=device,
            augment=augment,
            workers=workers,
        )
    if device is not None or augment is not None:
        raise FerError("device= and augment= need whole batches: leave the transform out")
    assert isinstance(dataset, FaceDataset)  # joined ones have no transform
    batches = BatchSampler(order, batch_size, drop_last)
    start = int(np.random.SeedSequence([seed, share[0]]).generate_state(1)[0])
    dataset.seed(start)
    seeded = torch.Generator().manual_seed(start)
    return DataLoader(dataset, batch_sampler=batches, num_workers=workers, generator=seeded)


def _check_share(share: tuple[int, int]) -> None:
    """Raise `FerError` for a share that would read the rows of another, or none."""
    number, of = share if isinstance(share, tuple | list) and len(share) == 2 else (-1, -1)
    if not isinstance(of, int) or not isinstance(number, int) or not 0 <= number < of:
        raise FerError(f"share {share!r}: give (number, of how many), such as (0, 2) and (1, 2)")
