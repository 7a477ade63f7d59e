"""The face store: uint8 arrays on disk, memory-mapped, no codec between them and a training loop.

In goes a manifest; out comes something to index: position in the manifest -> uint8 face. A store is
a folder of `.npy` shards, (n, H, W) gray or (n, H, W, 3) RGB. The manifest names store, shard and
row; the card says where the store lies and what each shard must be. A card leads to it by a
relative path alone, and a shard that is not what the card says is refused by name. Shards of
an object store are copied to the user's cache, each once, before they are mapped.
"""

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from fertools.errors import FerError, unknown
from fertools.given import whole
from fertools.image import fit, from_gray, to_gray
from fertools.locations import Location, at
from fertools.manifest import Manifest, read_card, read_manifest
from fertools.shards import Pixels as Pixels
from fertools.shards import open_shard

Entry = tuple[Location, dict[str, Any]]  # of a store: its folder, what the card says
Shard = tuple[Location, str, dict[str, Any]]
CROPS = ("context", "box")
FETCHED = 4  # shards at a time


class Faces:
    """Faces by position in a manifest.

    `faces[i]` is uint8, (H, W) or (H, W, 3); `faces[[3, 1, 2]]` a batch with one axis more, in the
    order asked for. With `size` or `channels` every face is brought to that shape as it is read
    (area when shrinking, cubic when enlarging), which is what data sets of unlike shape need.
    `crop="box"` takes the context off again that was stored around the face's box.
    Pickled, it carries no pixels: the maps are opened again on the other side.
    """

    def __init__(
        self,
        manifest: Manifest,
        data: str | Path | Location | None = None,
        size: int | None = None,
        channels: int | None = None,
        crop: str = "context",
    ) -> None:
        if crop not in CROPS:
            raise unknown("crop", crop, list(CROPS))
        if channels not in (None, 1, 3):
            raise FerError(f"channels {channels}: 1 (gray) or 3 (colour)")
        self.size = size if size is None else whole("size", size, 1)
        self.channels, self.crop = channels, crop
        self._entries = _entries(manifest, data)
        self._shards, self._shard, self._row = _positions(manifest, self._entries)
        self._maps: list[Pixels | None] = [None] * len(self._shards)
        self.shape = self._common_shape()
        self._fetch()

    def __len__(self) -> int:
        return len(self._row)

    def __repr__(self) -> str:
        return f"Faces({len(self):,} rows of shape {self.shape})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_maps": [None] * len(self._shards)}

    def __getitem__(self, index: int | slice | Sequence[int] | npt.NDArray[Any]) -> Pixels:
        if isinstance(index, (int, np.integer)):
            return self._one(int(index))
        if isinstance(index, slice):
            index = np.arange(len(self))[index]
        rows = np.asarray(index)
        if rows.dtype == bool:
            rows = np.arange(len(self))[rows]  # raises IndexError for a mask of another length
        return self._many(rows if len(rows) else rows.astype(np.int64))

    def _one(self, position: int) -> Pixels:
        if not -len(self) <= position < len(self):
            raise IndexError(f"row {position} of a manifest of {len(self)}")
        shard = self._shard[position]
        if shard < 0:
            raise FerError(f"row {position} of the manifest has no face: its status says why")
        face = np.array(self._map(shard)[self._row[position]])
        return self._shaped(face, self._margin(shard)) if self._converts(shard) else face

    def _many(self, positions: npt.NDArray[Any]) -> Pixels:
        shards = self._shard[positions]
        if len(shards) and shards.min() < 0:
            first = int(positions[np.argmin(shards)])
            raise FerError(f"row {first} of the manifest has no face: its status says why")
        rows = self._row[positions]
        if len(shards) and (shards == shards[0]).all() and not self._converts(int(shards[0])):
            return np.asarray(self._map(int(shards[0]))[rows])
        out = np.empty((len(positions), *self.shape), np.uint8)
        for shard in np.unique(shards):
            here = np.flatnonzero(shards == shard)
            faces = self._map(int(shard))[rows[here]]
            converts = self._converts(int(shard))
            margin = self._margin(int(shard))
            out[here] = [self._shaped(f, margin) for f in faces] if converts else faces
        return out

    def _converts(self, shard: int) -> bool:
        """Whether faces of a shard must be cut or scaled as they are read."""
        shape = tuple(self._shards[shard][2]["shape"])
        return shape != self.shape or self._margin(shard) > 0

    def _margin(self, shard: int) -> float:
        """Context to take off on each side, as a share of the box."""
        return float(self._shards[shard][2].get("margin", 0.0)) if self.crop == "box" else 0.0

    def _shaped(self, face: Pixels, margin: float) -> Pixels:
        if margin > 0:
            inner = _inner(face.shape[0], margin)
            start = (face.shape[0] - inner) // 2
            face = face[start : start + inner, start : start + inner]
        if self.channels == 1 and face.ndim == 3:
            face = to_gray(face)
        if self.size is not None:
            face = fit(face, self.size)
        return from_gray(face) if self.channels == 3 and face.ndim == 2 else face

    def _map(self, shard: int) -> Pixels:
        found = self._maps[shard]
        if found is None:
            folder, name, entry = self._shards[shard]
            if isinstance(folder, Path) and not folder.is_dir():
                raise FerError(
                    f"{folder}: the face store lies no longer there; give data (--data FOLDER, in "
                    "a recipe data.store)"
                )
            found = self._maps[shard] = open_shard(folder / name, entry)
        return found

    def _fetch(self) -> None:
        """Copy what lies in an object store now: the forked workers of a loader could not."""
        far = [n for n, (folder, _, _) in enumerate(self._shards) if not isinstance(folder, Path)]
        if far:
            with ThreadPoolExecutor(FETCHED) as pool:
                list(pool.map(self._map, far))

    def _common_shape(self) -> tuple[int, ...]:
        wanted = {
            self._wanted(tuple(entry["shape"]), self._margin(number))
            for number, (_, _, entry) in enumerate(self._shards)
        } or {(0, 0)}
        if len(wanted) > 1:
            raise FerError(
                f"faces of unlike shape {sorted(wanted)}: give size= and channels= to read them "
                "(export: --size, and --gray or --rgb)"
            )
        return wanted.pop()

    def _wanted(self, shape: tuple[int, ...], margin: float) -> tuple[int, ...]:
        inner = _inner(shape[0], margin)
        side = (inner, inner) if margin > 0 else shape[:2]
        side = side if self.size is None else (self.size, self.size)
        channels = self.channels or (3 if len(shape) == 3 else 1)
        return (*side, 3) if channels == 3 else side


def _inner(side: int, margin: float) -> int:
    """Side of the box in a face stored with context: the context is a share of the box."""
    return max(1, round(side / (1 + 2 * margin)))


def open_faces(
    manifest: Manifest | str | Path,
    data: str | Path | None = None,
    size: int | None = None,
    channels: int | None = None,
    crop: str = "context",
) -> Faces:
    """Open the faces of a manifest, indexable by position in it.

    `data` names the folder of the face store where the card beside the manifest does not lead to
    it. Raises `FerError` where a store or shard is missing, is not the one that the card
    describes, or where data sets of unlike shape are read without `size` and `channels`.
    """
    if not isinstance(manifest, Manifest):
        manifest = read_manifest(manifest)
    return Faces(manifest, data, size, channels, crop)


def _entries(manifest: Manifest, data: str | Path | Location | None) -> dict[str, Entry]:
    """Folder and card entry of every store that the manifest uses."""
    known = manifest.card.get("stores", {})
    chosen = {} if data is None else _stores_of(at(data))
    found: dict[str, Entry] = {}
    for key in manifest.table["store"].unique().to_pylist():
        if key is None:
            continue
        if data is not None and key in chosen:
            _compare(key, known.get(key, {}), chosen[key], at(data))
            found[key] = at(data), chosen[key]
        elif known.get(key, {}).get("path", key in known):
            folder = manifest.place / way_to(known[key])
            _compare(key, known[key], _as_now(folder, known[key]), folder)
            found[key] = folder, known[key]
        elif not manifest.card and (manifest.place / "units").is_dir():
            raise FerError(f"{manifest.place / 'card.json'}: is missing; run the same ingest again")
        else:
            raise FerError(
                f"face store {key!r}: no card leads to it; give data (--data FOLDER of an ingest, "
                "in a recipe data.store)"
            )
    return found


def _as_now(folder: Location, known: dict[str, Any]) -> dict[str, Any]:
    """A store as the card of its folder has it now, whose ingest may have given it another name.

    What that card does not know stays as `known`; what an object store holds is fetched by digest.
    """
    card = read_card(folder / "manifest.parquet") if isinstance(folder, Path) else {}
    shards = dict(known.get("shards", {}))
    for store in card.get("stores", {}).values():
        shards |= store.get("shards", {})
    return {"shards": shards}


def _compare(key: str, known: dict[str, Any], chosen: dict[str, Any], data: Location) -> None:
    """Raise `FerError` where a folder holds another store than the manifest was made from."""
    for shard, entry in known.get("shards", {}).items():
        if chosen["shards"].get(shard) != entry:
            raise FerError(
                f"{data}: store {key!r} has another {shard} than the manifest was made from; "
                "give the folder that it was made from, or split again"
            )


def _stores_of(folder: Location) -> dict[str, Any]:
    card = read_card(folder / "manifest.parquet")
    if "stores" not in card:
        raise FerError(f"{folder}: there is no card.json with a face store; give the data folder")
    return dict(card["stores"])


def way_to(entry: dict[str, Any]) -> PurePosixPath:
    """The folder of a store, seen from its card: relative, with `..` only to begin with.

    Raises `FerError` for another, which a stranger's card may say.
    """
    path = PurePosixPath(str(entry.get("path", ".")))
    inner = itertools.dropwhile(lambda part: part == "..", path.parts)
    if path.is_absolute() or ":" in str(path) or "\\" in str(path) or ".." in inner:
        raise FerError(
            f"store path {path}: a card names folders relative to it; give data (--data, in a "
            "recipe data.store)"
        )
    return path


def _positions(
    manifest: Manifest, entries: dict[str, Entry]
) -> tuple[list[Shard], npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Shards in use, and for each row the number of its shard (-1: none) and the row in it."""
    import pyarrow.compute as pc

    table = manifest.table
    if table.num_rows == 0:
        return [], np.zeros(0, np.int32), np.zeros(0, np.int64)
    key = pc.binary_join_element_wise(table["store"], table["shard"], "\n")
    codes = key.combine_chunks().dictionary_encode()
    shards = [_shard(name, entries) for name in codes.dictionary.to_pylist()]
    shard = codes.indices.fill_null(-1).to_numpy().astype(np.int32)
    row = table["row"].fill_null(-1).to_numpy().astype(np.int64)
    limits = np.array([entry["rows"] for _, _, entry in shards] or [0])
    wrong = (shard >= 0) & ((row < 0) | (row >= limits[shard]))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise FerError(f"row {at} of the manifest: its shard has no row {row[at]}")
    return shards, shard, row


def _shard(name: str, entries: dict[str, Entry]) -> Shard:
    key, _, file = name.partition("\n")
    folder, entry = entries[key]
    if file not in entry.get("shards", {}) or "/" in file or "\\" in file or file.startswith("."):
        raise FerError(f"shard {file!r}: the card of store {key!r} does not know it")
    return folder, file, {**entry["shards"][file], "margin": entry.get("margin", 0.0)}
