"""How a face must be cut for a run, and how that is known.

In go a run and what the user typed; out comes a `Crop`, one of four ways:

- `asked`: the user gave margin, aspect or a preset;
- `followed`: the training faces were found by this very detector: cut as `ingest` cut them;
- `measured`: they came as crops, or by boxes of other origin: the crop is measured by running the
  detector on training faces;
- `as-is`: the pictures are faces already.

What was found out is kept in the run's folder as `crop.json`, by detector, so that the run can be
used where its data set is not.
"""

import contextlib
import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fertools.data import in_part
from fertools.errors import FerError
from fertools.face_options import FaceOptions, settle
from fertools.faces import Faces, way_to
from fertools.flows._framing import Framing, measure
from fertools.flows._some import some
from fertools.ingest.extract import detector_of
from fertools.manifest import Manifest, read_card, read_manifest, write_json
from fertools.runs import MADE_AGAIN, Run, read_json

NAME = "crop.json"
SAMPLE = 400  # faces to measure on: the medians are then known to a twentieth of their spread
OWN = ("margin", "aspect", "preset")  # whoever types one of these says what the crop is
FINDER = ("detector", "detector_options")  # what a framing belongs to
Typed = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Crop:
    """How faces are found and cut: `options` as those of `ingest`, and the framing if measured.

    `margin` is the context that the training faces were stored with and that the run takes off
    again (0: none).
    """

    way: str
    options: FaceOptions
    framing: Framing | None = None
    margin: float = 0.0

    def __str__(self) -> str:
        own = self.options
        if self.way == "as-is":
            return f"each picture is one face, {own.aspect}, {own.interpolation}"
        of = f"{self.way}, {own.detector}"
        if self.framing is not None:
            return f"{of}: {self.framing}"
        return f"{of}: margin {own.margin:g}, {own.aspect}, {own.interpolation}"


@dataclass(frozen=True, slots=True)
class Origin:
    """How the training faces were made: the split manifest, its rows (n,), ingest's options.

    `by` is the detector that found all of them, None where not all were found by one.
    """

    manifest: Manifest
    rows: npt.NDArray[np.int64]
    data: str | Path | None
    options: FaceOptions
    by: str | None
    margin: float


def crop_of(run: Run, typed: Typed, data: str | Path | None = None, *, again: bool = False) -> Crop:
    """How to cut faces for a run; `typed` are face options, `data` the folder of its data set.

    Kept in the run's folder, and read from there unless `again` or the detector has other options.
    Raises `FerError` where nothing is kept and the data set is not there, and where they would have
    a Python file run that nobody typed.
    """
    if typed.get("faces") == "as-is" or any(name in typed for name in OWN):
        return _asked(run, typed, data)
    chosen = {name: typed[name] for name in FINDER if name in typed}
    found = None if again else _kept(run, chosen)
    if found is None:
        found = _found_out(run, chosen, _origin(run, data))
        _keep(run, found, chosen)
    rest = {name: value for name, value in typed.items() if name not in FINDER}
    return dataclasses.replace(found, options=settle(dataclasses.asdict(found.options), rest))


def _asked(run: Run, typed: Typed, data: str | Path | None) -> Crop:
    contract = run.contract
    way = typed.get("faces", "detect")
    base = {"size": contract.size, "channels": contract.channels, "faces": way}
    shaped = {}
    if way == "as-is":  # whole pictures were brought to a square in this way for the training
        with contextlib.suppress(FerError):  # the data set need not be there
            own = _origin(run, data).options
            shaped = {"aspect": own.aspect, "interpolation": own.interpolation}
    # a preset has a size and channels of its own, which are not this network's
    options = dataclasses.replace(settle({**base, **shaped}, typed), **base)
    return Crop("as-is" if way == "as-is" else "asked", options)


def _found_out(run: Run, typed: Typed, origin: Origin) -> Crop:
    _check_typed(run, origin.options.detector, typed)
    base = dataclasses.asdict(origin.options) | {"faces": "detect", "align": False}
    same = typed.get("detector", origin.by) == origin.by and "detector_options" not in typed
    if origin.by is not None and same:
        return Crop("followed", settle(base, typed), None, origin.margin)
    # the framing speaks of the face as the network takes it, without the context
    base |= {"margin": 0.0, "aspect": "expand", "size": run.contract.size}
    options = settle(base | _default_detector(origin, typed), typed)
    faces = _faces(run, origin)
    sample = origin.rows[some(len(origin.rows), SAMPLE)]
    framing = measure((faces[int(i)] for i in sample), detector_of(options), options.detector)
    return Crop("measured", options, framing)


def _default_detector(origin: Origin, typed: Typed) -> dict[str, Any]:
    """The detector of a data set that no detector has seen, or that another one has."""
    own = origin.options.detector
    if own != "annotation" and typed.get("detector", own) == own:
        return {}
    return {"detector": FaceOptions().detector, "detector_options": {}}


def _faces(run: Run, origin: Origin) -> Faces:
    """The training faces as the network sees them, in the size that they are stored in."""
    contract, store = run.contract, origin.data
    table = origin.manifest.table.take(pa.array(origin.rows[:1]))
    one = Faces(origin.manifest.replace(table), store, crop=contract.crop)
    side = max(one.shape[:2])
    return Faces(origin.manifest, store, side, contract.channels, contract.crop)


def _origin(run: Run, data: str | Path | None) -> Origin:
    place = run.manifest
    try:
        manifest = read_manifest(place)
    except FerError as error:
        raise FerError(
            f"{run.folder}: how its faces were cut is not known, since {place} cannot be read from "
            "here; call it from where it was trained, or give the crop: --margin 0.2"
        ) from error
    rows = np.flatnonzero(in_part(manifest, *_part(manifest, run)))
    used = manifest.table.take(pa.array(rows))
    data = data or run.recipe.data.store or None
    cards = [_card(manifest, key, data)
             for key in used["store"].unique().to_pylist()]  # fmt: skip
    ways: list[dict[str, Any]] = [card["face"] for card in cards if card.get("face")]
    if not ways:
        raise FerError(
            f"{place}: the card of its data set is not there; give the folder that `fertools "
            "ingest` made with --data, or the crop: --margin 0.2"
        )
    known = {field.name for field in dataclasses.fields(FaceOptions)}
    options = FaceOptions(**{k: v for k, v in ways[0].items() if k in known})
    margins = {entry.get("margin", 0.0) for card in cards for entry in card["stores"].values()}
    alike = all(way == ways[0] for way in ways) and len(ways) == len(cards) and len(margins) == 1
    by = options.detector if alike and _by_detector(used, options) else None
    margin = float(margins.pop()) if alike and run.contract.crop == "box" else 0.0
    return Origin(manifest, rows, data, options, by, margin)


def _part(manifest: Manifest, run: Run) -> tuple[str | None, int | None]:
    dealt = manifest.has("split") or run.fold is not None
    return ("train" if dealt else None), run.fold


def _by_detector(used: pa.Table, options: FaceOptions) -> bool:
    """Whether the detector of the options found every face of these rows."""
    if options.align:
        return False
    found = pc.all(pc.equal(used["box_source"], "detector").fill_null(False)).as_py()
    named = pc.all(pc.equal(used["detector"], options.detector).fill_null(False)).as_py()
    return bool(found and named)


def _card(manifest: Manifest, key: str, data: str | Path | None) -> dict[str, Any]:
    """The card that `ingest` wrote beside a store; empty where it is not there."""
    if data:
        return read_card(Path(data) / "manifest.parquet")
    entry = manifest.card.get("stores", {}).get(key, {})
    return read_card(manifest.folder / way_to(entry) / "manifest.parquet")


def _check_typed(run: Run, detector: object, typed: Typed) -> None:
    """Raise `FerError` where a card, which may be a stranger's, would have a Python file run."""
    if str(detector).endswith(".py") and "detector" not in typed:
        raise FerError(
            f"{run.folder}: the faces of its data set were found by the Python file {detector}; "
            f"say --detector {detector} to have it run, or give another detector"
        )


def _kept(run: Run, typed: Typed) -> Crop | None:
    """What is kept for the detector that was typed, or for the run's own."""
    file = run.folder / NAME
    if not file.is_file():
        return None
    record = read_json(file, MADE_AGAIN)
    if record.get("weights") != run.digest:  # trained anew in the same folder
        return None
    name = typed.get("detector", record.get("own"))
    found = record.get("crops", {}).get(_key(name, typed))
    if found is None:
        return None
    framing = found["framing"]
    _check_typed(run, found["options"].get("detector"), typed)
    try:
        if framing is not None:
            framing = Framing(**{**framing, "spread": tuple(framing["spread"])})
        return Crop(found["way"], settle(found["options"], typed), framing, found["margin"])
    except (KeyError, TypeError):  # another version has written it
        return None


def _keep(run: Run, crop: Crop, typed: Typed) -> None:
    file = run.folder / NAME
    record = read_json(file, MADE_AGAIN) if file.is_file() else {}
    if record.get("weights") != run.digest:
        record = {"weights": run.digest, "own": None, "crops": {}}
    if "detector" not in typed:
        record["own"] = crop.options.detector
    record["crops"][_key(crop.options.detector, typed)] = dataclasses.asdict(crop)
    # a run on a shared disk may be read only: it is found out each time
    with contextlib.suppress(OSError):
        write_json(file, record)


def _key(detector: str | None, typed: Typed) -> str:
    """Names a detector with what was typed of its options."""
    settings = typed.get("detector_options", {})
    return f"{detector} {json.dumps(settings, sort_keys=True)}" if settings else str(detector)
