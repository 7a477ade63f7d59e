"""Data folders for several tests: of given faces, without an ingest, and of drawn people."""

import functools
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from fertools.faces import Faces, open_faces
from fertools.fakes import ck48
from fertools.fakes._files import put
from fertools.frame import Frame
from fertools.image import digest
from fertools.ingest import ingest
from fertools.manifest import Manifest, conform, read_manifest, write_manifest
from fertools.roots import Root
from fertools.shards import ShardWriter
from fertools.split import SplitOptions, split
from fertools.split.grouping import Grouping

Pixels = NDArray[np.uint8]
EVERY_FILE = """
DEFAULTS = {"faces": "as-is"}


def matches(root):
    return True


def units(root):
    return root.units(root.members)


"""  # of a reader of one's own, between its imports and its `read`


class Ingested(NamedTuple):
    """A fake's folder, what it holds in truth, what `ingest` said, and the rows."""

    place: Path
    truth: Any
    result: Any
    table: pa.Table


def made(folder: Path, faces: Pixels, **columns: Any) -> tuple[Manifest, Faces]:
    """Write faces (n, H, W[, 3]) as rows `x/000`, `x/001`, ..; `columns` add to the manifest."""
    count = len(faces)
    folder.mkdir(parents=True, exist_ok=True)
    writer = ShardWriter(folder / "faces-x-0.npy")
    writer.append(faces)
    base = {
        "id": [f"x/{i:03d}" for i in range(count)],
        "source": ["x"] * count,
        "path": [f"{i:03d}.png" for i in range(count)],
        "status": ["ok"] * count,
        "native_label": ["fear"] * count,
        "face_hash": [digest(face) for face in faces],
        "store": ["x-1"] * count,
        "shard": ["faces-x-0.npy"] * count,
        "row": list(range(count)),
    }
    card = {"stores": {"x-1": {"path": ".", "shards": {"faces-x-0.npy": writer.close()}}}}
    write_manifest(folder / "manifest.parquet", conform(pa.table({**base, **columns})), {}, card)
    manifest = read_manifest(folder)
    return manifest, open_faces(manifest)


def leaking(folder: Path) -> Path:
    """Drawn people in `data`, and `random.parquet`, dealt without regard to who they are."""
    ck48.write(folder / "raw", people=5)
    ingest("ck48", [folder / "raw" / "CK+48"], folder / "data")
    alone = SplitOptions(ratios=(6, 2, 2), grouping=Grouping("none"))
    split([folder / "data"], folder / "random.parquet", alone)
    return folder


def ingester(
    factory: pytest.TempPathFactory, fake: Any, face: dict[str, Any] | None = None, **drawn: Any
) -> Callable[..., Ingested]:
    """What a fake's variant is ingested to, once, with some options of its source.

    `drawn` goes to the fake.
    """
    source = fake.__name__.rpartition(".")[2]

    @functools.cache
    def done(variant: str, **options: Any) -> Ingested:
        place = factory.mktemp(variant)
        truth = fake.write(place, variant=variant, **drawn)
        result = ingest(source, truth.raws(place), place / "out", options=options, face=face)
        return Ingested(place, truth, result, read_manifest(place / "out").table)

    return done


def smooth(count: int, seed: int, size: int = 48) -> Pixels:
    """Soft patterns that are all unlike (NCC below 0.8) and fill the range of gray levels."""
    rng = np.random.default_rng(seed)
    waves = 7
    angle = np.pi * np.arange(waves)[:, None] * (2 * np.arange(size) + 1) / (2 * size)
    basis = np.cos(angle)
    levels = rng.normal(size=(count, waves, waves))
    levels[:, 0, 0] = 0
    field = basis.T @ levels @ basis
    field /= np.abs(field).max(axis=(1, 2), keepdims=True)
    return np.asarray(np.round(128 + 110 * field), np.uint8)


def natural(count: int, seed: int) -> Pixels:
    """Patterns whose energy falls with frequency as that of photographs does, and some noise."""
    rng = np.random.default_rng(seed)
    waves = 24
    vertical, horizontal = np.mgrid[:waves, :waves]
    radius = np.hypot(vertical, horizontal)
    amplitude = np.divide(1, radius**1.1, out=np.zeros_like(radius), where=radius > 0)
    angle = np.pi * np.arange(waves)[:, None] * (2 * np.arange(48) + 1) / 96
    basis = np.cos(angle)
    field = basis.T @ (amplitude * rng.normal(size=(count, waves, waves))) @ basis
    field *= 55 / field.std(axis=(1, 2), keepdims=True)
    return np.asarray(
        np.clip(128 + field + rng.normal(scale=2, size=field.shape), 0, 255), np.uint8
    )


def frame_of(source: ModuleType, folder: Path, name: str) -> Frame:
    """What a source reads of a folder that holds one file of this name."""
    put(folder, name, b"x")
    (unit,) = source.units(Root(folder))
    (frame,) = source.read(unit)
    return frame
