"""What a recipe trains on: its training rows, and the validation rows that choose the epoch.

In goes a recipe's section `data` and a fold; out comes a `Feed`. Rows of `extra_data` stand behind
the training rows. Every complaint that can be made before the first step is made here.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from fertools.data import FaceDataset, in_part, merged
from fertools.data.loader import Joined
from fertools.errors import FerError
from fertools.evaluate.leakfree import leak_free, parts
from fertools.faces import open_faces
from fertools.image import digest
from fertools.manifest import Manifest, read_manifest
from fertools.measures.leakage import VAL
from fertools.recipe import Data, Recipe

PROBED = 4  # faces whose hash is compared with the manifest's


@dataclass(frozen=True, slots=True)
class Feed:
    """`val` is None where the manifest has no validation rows; `notes` are worth knowing."""

    train: FaceDataset | Joined
    val: FaceDataset | None
    notes: tuple[str, ...] = ()


def open_feed(recipe: Recipe, fold: int | None = None) -> Feed:
    """Open the rows that a recipe trains and selects on.

    Raises `FerError` where the faces are not those of the manifest, a class has no training row, or
    an epoch is to be chosen and there is no row to choose on.
    """
    data = recipe.data
    manifest = read_manifest(data.manifest)
    if data.crop == "context" and manifest.card.get("split", {}).get("crop") == "box":
        raise FerError(
            f"{data.manifest}: was split with --crop box, and the recipe takes faces with their "
            "context; --set data.crop=box, or split again without --crop"
        )
    train: FaceDataset | Joined = part_of(manifest, data, "train", fold)
    assert isinstance(train, FaceDataset)
    compare_faces(manifest, train, data.store or None)
    notes = _gone(train, "train")
    if data.extra_data:
        train = Joined(train, *(_extra(path, data) for path in data.extra_data))
        notes.append(f"trained with extra data: {', '.join(data.extra_data)}")
    for word, count in zip(train.classes, train.counts, strict=True):
        if not count:
            raise FerError(
                f"{data.manifest}: no training row has the class {word!r}; take it out of "
                "data.classes, or split again, stratified and with another --seed"
            )
    val = None
    if in_part(manifest, "val", fold).any():
        val = part_of(manifest, data, "val", fold)
        notes += _gone(val, "val")
    elif recipe.train.select != "last":
        raise FerError(
            f"{data.manifest}: has no validation rows to choose an epoch on; split again with "
            "three parts, or --set train.select=last"
        )
    if val is not None and recipe.train.select != "last" and recipe.train.select_rows != "all":
        before = len(val)
        _keep_free(manifest, val, fold, data.store or None)
        notes.append(f"epoch chosen on {len(val):,} of {before:,} validation rows: the free ones")
    notes += _thin(val) if val is not None else []
    return Feed(train, val, tuple(notes))


def part_of(manifest: Manifest, data: Data, split: str, fold: int | None) -> FaceDataset:
    """One part of a recipe's data."""
    return FaceDataset(
        manifest,
        split,
        fold=fold,
        classes=data.classes,
        merge=data.merge,
        labels=data.labels,
        size=data.size,
        channels=data.channels,
        crop=data.crop,
        data=data.store or None,
    )


def compare_faces(manifest: Manifest, rows: FaceDataset, data: str | None = None) -> None:
    """Raise `FerError` where a stored face is not the one that the manifest was made with."""
    at = rows.rows[np.linspace(0, len(rows) - 1, PROBED).astype(int)]
    for row in at:
        wanted = manifest.table["face_hash"][int(row)].as_py()
        one = manifest.replace(manifest.table.take(pa.array([row])))
        if wanted is not None and digest(open_faces(one, data)[0]) != wanted:
            name = manifest.table["id"][int(row)].as_py()
            raise FerError(
                f"{name}: the face store holds another face than the manifest was made with; "
                "ingest and split again, or give data.store"
            )


def _extra(path: str, data: Data) -> FaceDataset:
    """The training rows of another manifest, or all of one that is not split."""
    manifest = read_manifest(path)
    merge, words = merged(manifest, data.merge)
    if not (classes := [word for word in data.classes if word in words]):
        raise FerError(f"{path}: has none of the classes {', '.join(data.classes)}")
    return FaceDataset(
        manifest,
        "train" if manifest.has("split") else None,
        classes=classes,
        merge=merge,
        labels=data.labels,
        size=data.size,
        channels=data.channels,
        crop=data.crop,
    )


def _gone(part: FaceDataset, name: str) -> list[str]:
    """What a part has of words that are no classes of the recipe, which is not trained on."""
    told = ", ".join(f"{count:,} {word}" for word, count in part.left_out.items())
    return [f"left out of {name}, being of no class of the recipe: {told}"] if told else []


def _thin(val: FaceDataset) -> list[str]:
    lacking = [w for w, n in zip(val.classes, val.counts, strict=True) if not n]
    return [f"no validation row has the class {word!r}" for word in lacking]


def _keep_free(manifest: Manifest, val: FaceDataset, fold: int | None, data: str | None) -> None:
    """Keep the validation rows that resemble nothing in training or test."""
    free = leak_free(manifest, parts(manifest, fold), VAL, data)
    keep = free.rows[val.rows]
    if not keep.any():
        raise FerError(
            "every validation row has a twin in training or test, so none can choose an epoch; "
            "split by subject, or --set train.select_rows=all"
        )
    val.keep(keep)
