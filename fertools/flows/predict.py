"""Predict: what a run says of the faces in photographs.

In go the folder of a run and pictures; out comes a `Prediction`: for each picture its faces with
box, score, probabilities and word, or the reason why there are none. Faces are cut as the run's
training faces were, see `_run_crop`.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fertools.classify import Classify, classifier
from fertools.errors import FerError, unknown
from fertools.flows._photos import MULTIPLE, Cutter, Found
from fertools.flows._run_crop import Crop, crop_of
from fertools.given import kind_of, several
from fertools.image import ImageFault
from fertools.onnx_file import load_onnx
from fertools.roots import READ_ERROR, Member, ReadFault, Root, make_unit
from fertools.runs import Run, open_one
from fertools.sources.imagefolder import IMAGES

UNREAD = (".heic", ".heif", ".avif", ".gif")  # pictures too, which are told and not left out

Seen = Callable[[bytes, "Picture"], None]


@dataclass(frozen=True, slots=True)
class Options:
    """How to predict.

    `face` are options of `ingest` as typed: faces (detect or as-is), detector, detector_options,
    min_score, margin, aspect, interpolation, decode, preset. Of several faces `multiple` takes all,
    the largest, the best, or none (skip). Under the probability `abstain` no word is given (0:
    always one; None: as the run was exported with, see `calibration`). `tta` None is what the
    recipe says; `data` is the folder of the data set, where the manifest does not lead to it.
    """

    face: Mapping[str, Any] = field(default_factory=dict)
    multiple: str = "all"
    abstain: float | None = None
    tta: str | None = None
    device: str = "auto"
    data: str | Path | None = None

    def check(self) -> None:
        """Raise `FerError` for a value that is not known."""
        if self.multiple not in MULTIPLE:
            raise unknown("multiple", self.multiple, list(MULTIPLE))
        if self.abstain is not None and not 0 <= self.abstain <= 1:
            raise FerError(f"abstain {self.abstain:g}: a probability from 0 to 1")
        if self.face.get("faces", "detect") not in ("detect", "as-is"):
            raise unknown("faces", str(self.face["faces"]), ["detect", "as-is"])


@dataclass(frozen=True, slots=True)
class Face:
    """One face. `box` is what the detector saw and `crop` what the network was shown, x0 y0 x1 y1
    in pixels of the upright picture; `label` is None where the network `abstain`s."""

    box: tuple[float, ...]
    crop: tuple[float, ...]
    score: float | None
    label: str | None
    abstain: bool
    probabilities: dict[str, float]

    @property
    def best(self) -> str:
        """The class of the highest probability, of equal ones the first."""
        return max(self.probabilities, key=lambda word: self.probabilities[word])


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture. `status` is ok or the reason why there is no face, as in a manifest."""

    image: str
    status: str
    detail: str = ""
    width: int | None = None
    height: int | None = None
    faces: tuple[Face, ...] = ()


@dataclass(frozen=True, slots=True)
class Prediction:
    """What was found. `run` and `weights` name the network, `crop` says how faces were cut;
    `temperature` and `abstain` are what was used."""

    run: str
    weights: str
    classes: tuple[str, ...]
    crop: Crop
    abstain: float
    temperature: float
    pictures: list[Picture]

    @property
    def statuses(self) -> dict[str, int]:
        """How many pictures there are of each status."""
        return dict(Counter(picture.status for picture in self.pictures))


def predict(
    folder: Path | str,
    paths: Path | str | Sequence[Path | str],
    options: Options | None = None,
    *,
    seen: Seen | None = None,
) -> Prediction:
    """What the run of a folder says of pictures: files, folders and archives of them.

    A picture that is damaged or shows no face keeps its place, with the reason. `seen` is called
    with the bytes of each picture that shows a face and what was found. Raises `FerError` before
    any work for paths that are not there, for options that are not known, where the folder holds no
    run or several, and where the run's crop cannot be known (see `measured`).
    """
    options = options or Options()
    kind_of("options", options, Options)
    options.check()
    wanted = list(listed(several(paths)))
    run = open_one(folder)
    how = crop_of(run, options.face, options.data)
    cutter = Cutter(how, run.contract, options.multiple)
    abstain, temperature = calibration(run)
    abstain = abstain if options.abstain is None else options.abstain
    classify = classifier(run, device=options.device, tta=options.tta, temperature=temperature)
    pictures = []
    for name, root, member in wanted:
        data, picture = _looked_at(name, root, member, cutter, classify, run, abstain)
        pictures.append(picture)
        if seen is not None and data is not None and picture.faces:
            seen(data, picture)
    name, classes = str(run.folder), run.contract.classes
    return Prediction(name, run.digest, classes, how, abstain, temperature, pictures)


def measured(folder: Path | str, options: Options | None = None) -> Crop:
    """The run's crop, found out anew and kept in its folder."""
    options = options or Options()
    options.check()
    return crop_of(open_one(folder), options.face, options.data, again=True)


def calibration(run: Run) -> tuple[float, float]:
    """Threshold and temperature of the newest file that `export-onnx` left in a run's folder; 0 and
    1 if it left none.

    They belong together: the threshold speaks of probabilities at that temperature.
    """
    files = sorted(run.folder.glob("model-*.onnx"), key=lambda file: file.stat().st_mtime_ns)
    for file in reversed(files):
        facts = load_onnx(file).facts
        if facts.run == run.digest:
            return facts.abstain, facts.temperature
    return 0.0, 1.0


def listed(paths: Sequence[str | Path]) -> Iterator[tuple[str, Root, Member]]:
    """What is meant by paths: files, and all pictures in folders and archives, by name.

    Yields the name to call each by. A file that was typed is tried whatever it is called. Raises
    `FerError` for a path that is not there and for a folder without a picture.
    """
    for path in paths:
        root = Root(path)
        packed = root.path.is_file()
        if packed and root.members and not any(member.archive for member in root.members):
            yield str(path), root, root.members[0]
            continue
        pictures = [member for member in root.members if member.suffix in (*IMAGES, *UNREAD)]
        if not pictures:
            raise FerError(f"{path}: holds no picture ({', '.join(IMAGES)}); give one that does")
        for member in pictures:
            yield (f"{path}!{member.inner}" if packed else f"{path}/{member.path}"), root, member


def _looked_at(
    name: str,
    root: Root,
    member: Member,
    cutter: Cutter,
    classify: Classify,
    run: Run,
    abstain: float,
) -> tuple[bytes | None, Picture]:
    """The bytes of a picture and what is to be said of it."""
    data = None
    try:
        data = make_unit(root.path.name, [member]).read(member)
        photo = cutter(data)
    except ImageFault as fault:
        return data, Picture(name, fault.reason, fault.detail)
    except ReadFault as fault:
        return data, Picture(name, fault.reason, str(fault))
    except OSError as error:
        return data, Picture(name, READ_ERROR, str(error))
    shares = classify(np.stack([found.face for found in photo.found]))
    faces = tuple(
        _face(found, share, run.contract.classes, abstain)
        for found, share in zip(photo.found, shares, strict=True)
    )
    return data, Picture(name, "ok", "", photo.width, photo.height, faces)


def _face(found: Found, share: Any, classes: Sequence[str], abstain: float) -> Face:
    unsure = bool(share.max() < abstain)
    return Face(
        box=tuple(round(edge, 1) for edge in found.box),
        crop=tuple(round(edge, 1) for edge in found.taken),
        score=None if found.score is None else round(found.score, 4),
        label=None if unsure else classes[int(share.argmax())],
        abstain=unsure,
        probabilities={w: round(float(p), 4) for w, p in zip(classes, share, strict=True)},
    )
