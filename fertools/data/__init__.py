"""The training feed: a split manifest as a PyTorch data set.

In goes a split manifest; out come images and labels. `FaceDataset` is map-style and works with any
`DataLoader`, `Subset` and `ConcatDataset`; `loader.make_loader` reads whole batches from it.

Images are float32 (C, H, W) in 0..1; hard labels are int64 positions in `classes`, soft labels
float32 probabilities over `classes`.
"""

import operator
import random
import warnings
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch.utils.data import Dataset, get_worker_info

from fertools.columns import encode, folds_of, usable
from fertools.data.transforms import check_transform
from fertools.errors import FerError, unknown
from fertools.faces import Faces
from fertools.manifest import Manifest, read_manifest
from fertools.measures.leakage import NONE, PARTS, round_of

Item = tuple[torch.Tensor, torch.Tensor]

# albumentations 2.0.8 leaves an argument that it does not know out with a warning, and trains on
# something else than was asked for
warnings.filterwarnings("error", r"Argument\(s\) .* not valid for transform", UserWarning)


class FaceDataset(Dataset[Item]):
    """The faces of one part of a split manifest.

    `split` is train, val or test; with `fold=k` of a manifest dealt to folds, fold k tests, fold
    k+1 validates and the others train. `classes` are words in the order of their numbers, by
    default all words of the manifest in alphabetical order, the same for every part. `merge` maps
    words to words, or to None to leave their rows out. `labels="soft"` gives the probabilities of
    the label rule. `size`, `channels` and `crop` ("box" or "context", by default what the split
    says) bring faces to one shape as they are read. `transform` is an albumentations transform, or
    a function of a uint8 array (H, W, C) that returns an array (H, W, C) or a tensor (C, H, W), as
    torchvision's v2 does after `v2.ToImage()`. `data` is the folder of the face store where no card
    leads to it.

    `left_out` counts the rows of the part that have another word than `classes`, `left_ids` are
    their ids. Raises `FerError` where the manifest has no such part, no such class or no row of
    one, or no faces can be opened.
    """

    def __init__(
        self,
        manifest: Manifest | str | Path,
        split: str | None = None,
        *,
        fold: int | None = None,
        classes: Sequence[str] | None = None,
        merge: Mapping[str, str | None] | None = None,
        labels: str = "hard",
        size: int | None = None,
        channels: int | None = None,
        crop: str | None = None,
        transform: Any = None,
        data: str | Path | None = None,
    ) -> None:
        if not isinstance(manifest, Manifest):
            manifest = read_manifest(manifest)
        if labels not in ("hard", "soft"):
            raise unknown("labels", labels, ["hard", "soft"])
        words, names = _words(manifest, merge or {})
        self.classes = names if classes is None else _ordered(classes)
        rows = _rows(manifest, split, fold)
        codes = _codes(words[rows], names, self.classes)
        self.left_ids = _left_ids(manifest, rows[codes < 0], words, names)
        if (codes < 0).all():
            gone = ", ".join(f"{n:,} {word}" for word, n in self.left_out.items())
            raise FerError(
                f"split {split!r} has no row of the classes {', '.join(self.classes) or '(none)'}, "
                f"only {gone}; give other classes, or split again, stratified and with another "
                "--seed"
            )
        self.rows = rows[codes >= 0]
        self.targets = codes[codes >= 0]
        self.soft = _soft(manifest, self, merge or {}) if labels == "soft" else None
        self.ids: list[str] = manifest.table["id"].take(pa.array(self.rows)).to_pylist()
        self.groups = group_codes(manifest)[self.rows]
        crop = crop or manifest.card.get("split", {}).get("crop") or "context"
        self.faces = Faces(manifest, data, size, channels, crop)
        check_transform(transform)
        self.transform = transform
        self._seed: int | None = None
        self._stream: Any = None

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        counts = dict(zip(self.classes, self.counts.tolist(), strict=True))
        gone = f", left out {self.left_out}" if self.left_out else ""
        return f"FaceDataset({len(self):,} faces of {self.shape}, {counts}{gone})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_stream": None}

    def __getitem__(self, index: int) -> Item:
        try:
            at = operator.index(index)
        except TypeError as error:
            several = "torch.utils.data.Subset(data, indices) takes several"
            raise TypeError(f"index {index!r:.40}: one whole number; {several}") from error
        face = self.faces[int(self.rows[at])]
        return self._image(face), self.labels_of(np.array([at]))[0]

    def __getitems__(self, indices: Sequence[int]) -> list[Item]:
        at = np.asarray(indices, None if len(indices) else np.int64)
        faces, labels = self.faces[self.rows[at]], self.labels_of(at)
        return [(self._image(f), label) for f, label in zip(faces, labels, strict=True)]

    def seed(self, seed: int) -> None:
        """Start the random numbers of an albumentations transform anew, for items that are read
        outside of workers; by default torch's own seed starts them.
        """
        self._seed, self._stream = seed, None

    def keep(self, wanted: npt.NDArray[np.bool_]) -> None:
        """Go on with some of the rows only; `wanted` says of each, (n,), whether it stays.

        Raises `FerError` for anything else, positions among them.
        """
        wanted = np.asarray(wanted)
        if wanted.dtype != bool or wanted.shape != (len(self),):
            raise FerError(
                f"keep: takes true or false for each of the {len(self):,} rows, not {wanted.dtype} "
                f"of shape {wanted.shape}; np.isin(np.arange(len(data)), rows) says it of positions"
            )
        self.rows, self.targets, self.groups = (
            values[wanted] for values in (self.rows, self.targets, self.groups)
        )
        self.soft = None if self.soft is None else self.soft[wanted]
        self.ids = [name for name, stays in zip(self.ids, wanted, strict=True) if stays]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of an image as it is stored or asked for."""
        height, width, channels = (*self.faces.shape, 1)[:3]
        return channels, height, width

    @property
    def left_out(self) -> dict[str, int]:
        """Rows of each word that is none of the classes."""
        return {word: len(ids) for word, ids in self.left_ids.items()}

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """Faces of each class."""
        return np.bincount(self.targets, minlength=len(self.classes))

    def pixels(self, at: npt.NDArray[np.int64]) -> torch.Tensor:
        """The faces at these indices as uint8 (n, C, H, W), untransformed."""
        faces = torch.from_numpy(np.ascontiguousarray(self.faces[self.rows[at]]))
        return faces.unsqueeze(1) if faces.ndim == 3 else faces.permute(0, 3, 1, 2)

    def labels_of(self, at: npt.NDArray[np.int64]) -> torch.Tensor:
        """Labels at these indices: int64 (n,), or float32 (n, classes) where they are soft."""
        chosen = self.targets if self.soft is None else self.soft
        return torch.from_numpy(chosen[at])

    def _image(self, face: npt.NDArray[np.uint8]) -> torch.Tensor:
        if self.transform is None:
            return as_float(torch.from_numpy(np.ascontiguousarray(face)))
        face = face if face.ndim == 3 else face[:, :, None]
        if hasattr(self.transform, "set_random_state"):  # albumentations
            self._seed_transform()
            changed = self.transform(image=face)["image"]
        else:
            changed = self.transform(face)
        if isinstance(changed, torch.Tensor):  # channels first, as albumentations' ToTensorV2
            return changed.float().div_(255) if changed.dtype == torch.uint8 else changed
        return as_float(torch.from_numpy(np.ascontiguousarray(changed)))

    def _seed_transform(self) -> None:
        """Give the transform one random stream of its own in every data set, worker and epoch.

        By itself albumentations 2.0.8 gives all workers one stream, repeats it each epoch, and
        with `Compose(seed=)` hands every transform the same numbers.
        """
        info = get_worker_info()
        own = torch.initial_seed() if self._seed is None else self._seed
        seed = info.seed if info is not None else own
        if self._stream != seed:
            self._stream = seed
            numbers = [seed % 2**63, zlib.crc32(self.ids[0].encode()), len(self.ids)]
            stream = np.random.default_rng(numbers)
            self.transform.set_random_state(stream, random.Random(int(stream.integers(2**63))))


def as_float(image: torch.Tensor) -> torch.Tensor:
    """A uint8 image (H, W) or (H, W, C) as float32 (C, H, W) in 0..1; floats keep their values."""
    image = image.unsqueeze(0) if image.ndim == 2 else image.permute(2, 0, 1)
    return image.float().div_(255) if image.dtype == torch.uint8 else image.float()


def _words(
    manifest: Manifest, merge: Mapping[str, str | None]
) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Code of each row's word after merging (-1: none), and the words in alphabetical order."""
    codes, found = encode(manifest.column(manifest.label_column))
    if strange := [word for word in merge if word not in found]:
        raise unknown("word to merge", strange[0], found)
    merged = [merge.get(word, word) for word in found]
    if wrong := [word for word in merged if not isinstance(word, str | None)]:
        raise FerError(f"merge: {wrong[0]!r} is no word; give one, or None to leave its rows out")
    names = sorted({word for word in merged if word is not None})
    lookup = np.array([*(names.index(w) if w is not None else -1 for w in merged), -1])
    return lookup[codes], names


def merged(manifest: Manifest, merge: Mapping[str, str]) -> tuple[dict[str, str], set[str]]:
    """What of `merge` a manifest has a word for, and its words after that."""
    found = encode(manifest.column(manifest.label_column))[1]
    own = {word: other for word, other in merge.items() if word in found}
    return own, {own.get(word, word) for word in found}


def _ordered(classes: Sequence[str]) -> list[str]:
    """The classes as a list; a set has no order, which would number them anew in each process."""
    if isinstance(classes, str | set | frozenset):
        raise FerError(f"classes {classes!r:.80}: give a list, words in the order of their numbers")
    return list(classes)


def _codes(
    words: npt.NDArray[np.int64], names: list[str], classes: Sequence[str]
) -> npt.NDArray[np.int64]:
    if len(set(classes)) != len(classes):
        raise FerError(f"classes {list(classes)}: a word stands there twice")
    for word in classes:
        if word not in names:
            raise unknown("class", word, names)
    lookup = np.array([*(classes.index(n) if n in classes else -1 for n in names), -1])
    return lookup[words].astype(np.int64)


def _rows(manifest: Manifest, split: str | None, fold: int | None) -> npt.NDArray[np.int64]:
    """Positions of the usable rows of a part."""
    rows = np.flatnonzero(in_part(manifest, split, fold))
    if not len(rows):
        raise FerError(f"no usable face in split {split!r}; `fertools stats` shows the parts")
    return rows


def in_part(manifest: Manifest, split: str | None, fold: int | None) -> npt.NDArray[np.bool_]:
    """Which rows (n,) are usable and of a part, with folds in the round that tests `fold`.

    Raises `FerError` where there is no such part or fold in the manifest.
    """
    if split is not None and split not in PARTS:
        raise unknown("split", split, list(PARTS))
    good = usable(manifest.table)
    if fold is not None:
        return good & _in_fold(manifest, split, fold)
    if split is None:
        return good
    if not manifest.has("split"):
        cure = (
            "give fold= (where the command has it: --fold)"
            if manifest.has("fold")
            else "run `fertools split` first"
        )
        raise FerError(f"the manifest has no split; {cure}")
    good &= pc.equal(manifest.column("split"), split).fill_null(False).to_numpy()
    return good


def _in_fold(manifest: Manifest, split: str | None, fold: int) -> npt.NDArray[np.bool_]:
    if not manifest.has("fold"):
        raise FerError(
            "the manifest has no folds; leave the fold out, or give a manifest that `fertools "
            "split DATA --folds 10 -o OUT` has made"
        )
    part = round_of(folds_of(manifest.column("fold")), fold)
    return np.asarray(part != NONE if split is None else part == PARTS.index(split))


def _left_ids(
    manifest: Manifest,
    rows: npt.NDArray[np.int64],
    words: npt.NDArray[np.int64],
    names: list[str],
) -> dict[str, list[str]]:
    ids = np.array(manifest.table["id"].take(pa.array(rows)).to_pylist(), object)
    of_row = words[rows]
    found = {name: ids[of_row == code].tolist() for code, name in enumerate(["(none)", *names], -1)}
    return {name: own for name, own in found.items() if own}


def _soft(
    manifest: Manifest, dataset: FaceDataset, merge: Mapping[str, str | None]
) -> npt.NDArray[np.float32]:
    """Probabilities (n, classes) of the label rule, summing to 1 over the classes."""
    if not manifest.has("target"):
        raise FerError(
            "soft labels: the manifest has none; split with --label-rule soft (votes) or shares"
        )
    target = manifest.column("target").take(pa.array(dataset.rows)).combine_chunks()
    counts = np.diff(target.offsets.to_numpy())
    row = np.repeat(np.arange(len(target)), counts)
    start, end = target.offsets[0].as_py(), target.offsets[-1].as_py()
    keys = target.keys.slice(start, end - start).to_pylist()
    values = target.items.slice(start, end - start).to_numpy()
    place = {word: i for i, word in enumerate(dataset.classes)}
    column = np.array([place.get(merge.get(k, k) or "", -1) for k in keys], np.int64)
    out = np.zeros((len(target), len(dataset.classes)), np.float32)
    np.add.at(out, (row[column >= 0], column[column >= 0]), values[column >= 0])
    total = out.sum(axis=1, keepdims=True)
    # a row whose words are all outside the classes would have no target: its hard label stands
    bare = np.flatnonzero(total[:, 0] == 0)
    out[bare, dataset.targets[bare]] = 1
    return (out / np.where(total > 0, total, 1)).astype(np.float32)


def group_codes(manifest: Manifest) -> npt.NDArray[np.int64]:
    """Group of each row as it was dealt; a row without a group is one by itself."""
    if not manifest.has("group"):
        return np.arange(len(manifest))
    codes, names = encode(manifest.column("group"))
    alone = codes < 0
    codes[alone] = len(names) + np.arange(alone.sum())
    return codes
