"""A run as one ONNX file that an application can use without us.

In goes the folder of a run; out comes a file that was held against the network on real faces, and
what was measured on the way: differences, accuracy, size, latency. Temperature and threshold are
fitted on the rows that chose the epoch, never on the test.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fertools import runs
from fertools.data import FaceDataset
from fertools.errors import FerError, disk_faults
from fertools.flows._int8 import quantised
from fertools.flows._onnx_rows import (
    Rows,
    calibrating,
    calibration,
    measured_rows,
    parts_of,
    taken,
)
from fertools.manifest import locate, write_whole
from fertools.measures.scores import negative_log_likelihood
from fertools.measures.temperature import (
    HIGHEST,
    LOWEST,
    fit_temperature,
    probabilities,
    threshold_for,
)
from fertools.onnx_file import Facts, OnnxFile, latencies, load_onnx, needs_onnx, with_facts
from fertools.probs import Probs, write_probs
from fertools.runs import Run
from fertools.runs.checkpoint import BEST
from fertools.runs.graph import Network, to_onnx
from fertools.train.feed import Feed, open_feed

Shares = npt.NDArray[np.float32]
LARGEST_DIFFERENCE = 1e-4  # of a probability, between the file in fp32 and the network
CALIBRATE = "train:500"
DIGITS = 4  # of temperature and threshold: more say nothing


@dataclass(frozen=True, slots=True)
class Options:
    """How to export.

    `int8` quantises, with faces of the run's own part as in `calibrate`, by default "train:500".
    `abstain` is a share of the validation rows ("10%") or a probability ("0.6") below which no word
    is given; "" gives always one. `color` lets a gray network take RGB. At most `rows` are measured
    on.
    """

    int8: bool = False
    calibrate: str = ""
    abstain: str = ""
    color: bool = False
    rows: int = 4000


@dataclass(frozen=True, slots=True)
class Measured:
    """One form of the network: file size, accuracy on the rows, the largest difference of a
    probability from the network's own, and the median processor time of one face, alone, on one
    thread."""

    precision: str
    bytes: int
    accuracy: float
    difference: float
    microseconds: float


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and what was measured on `rows` of the `of` rows of `part`.

    `nll` is that of the rows without and with the temperature; `abstained` the share of them below
    the threshold and `answered` the accuracy of the others, None where there are none.
    """

    file: str
    facts: Facts
    part: str
    rows: int
    of: int
    nll: tuple[float, float]
    abstained: float
    answered: float | None
    forms: list[Measured]
    notes: list[str]


def export_onnx(
    folder: Path | str,
    out: Path | str | None = None,
    options: Options | None = None,
    *,
    probs: Path | str | None = None,
) -> Exported:
    """Write the network of a run as ONNX to `out`, by default into the run's folder.

    `probs` is a probability file to write: what the file says of the run's validation and test
    rows, for `evaluate MANIFEST --from`. Raises `FerError` where the folder holds no run, several,
    or one without its weights or without such rows, for options that are not known, where a package
    is missing, and where the file in fp32 differs from the network by more than 1e-4.
    """
    options = options or Options()
    needs_onnx()
    share, threshold = _asked(options)
    run = _whole(folder)
    if out is not None and Path(out).resolve() == (run.folder / BEST).resolve():
        raise FerError(f"{out}: these are the run's weights; give another -o")
    parts = _predicted(run) if probs is not None else []
    feed = open_feed(run.recipe, run.fold)
    facts = _facts(run, options)
    network = runs.network(run)
    rows = measured_rows(network, feed, facts, options.rows)
    fitted = fit_temperature(rows.logits, rows.truth) if rows.part == "val" else None
    facts = replace(facts, temperature=round(fitted or 1.0, DIGITS))
    with disk_faults("the folder for temporary files"):
        graphs = _graphs(run, network, feed, facts, options)
    said = {name: load_onnx(with_facts(graph, facts))(rows.faces) for name, graph in graphs.items()}
    wanted = probabilities(rows.logits, facts.temperature)
    _check(run.folder, said["fp32"][0], wanted)
    best = said[facts.precision][0].max(axis=1)
    if share is not None:
        threshold = _below(run, rows, best, share)
    facts = replace(facts, abstain=threshold)
    models = {name: with_facts(graph, facts) for name, graph in graphs.items()}
    file = Path(out) if out is not None else run.folder / f"model-{facts.precision}.onnx"
    write_whole(file, models[facts.precision])
    if probs is not None:
        _write_probs(parts, load_onnx(file), probs)
    notes = _notes(run, feed.notes, rows, fitted)
    return _exported(file, facts, rows, models, said, notes)


def _asked(options: Options) -> tuple[float | None, float]:
    """The share of rows and the probability that `abstain` means. Raises for options that are
    wrong, before anything is read."""
    if options.rows < 1:
        raise FerError(f"--rows {options.rows}: at least 1")
    if options.calibrate:
        calibration(options.calibrate)
        if not options.int8:
            raise FerError("--calibrate is for --int8; say both, or none")
    text, percent = options.abstain.removesuffix("%"), options.abstain.endswith("%")
    try:
        value = float(text or 0) / (100 if percent else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise FerError(
            f"--abstain {options.abstain}: give a share of the validation rows such as 10%, or a "
            "probability such as 0.6"
        )
    return (value, 0.0) if percent else (None, value)


def _whole(folder: Path | str) -> Run:
    """The run of a folder. Raises for several, and where its manifest or weights are not there."""
    run = runs.open_one(folder)
    runs.manifest_of(run)
    weights = runs.weights_of(run)
    if runs.file_digest(weights) != run.digest:
        raise FerError(f"{weights}: not the weights that the run's card names; train anew")
    return run


def _predicted(run: Run) -> list[FaceDataset]:
    """The rows of `--probs`. Raises where there are none."""
    if parts := parts_of(run):
        return parts
    raise FerError(f"{run.folder}: has no validation or test rows to predict; leave --probs out")


def _facts(run: Run, options: Options) -> Facts:
    """What the file will say of itself, but for what is fitted."""
    contract = run.contract
    return Facts(
        classes=contract.classes,
        size=contract.size,
        channels=3 if options.color else contract.channels,
        crop=contract.crop,
        gray=contract.gray,
        gray_inside=options.color and contract.channels == 1,
        temperature=1.0,
        abstain=0.0,
        precision="int8" if options.int8 else "fp32",
        run=run.digest,
        manifest=run.card["manifest"]["digest"],
    )


def _graphs(
    run: Run, network: Network, feed: Feed, facts: Facts, options: Options
) -> dict[str, bytes]:
    """The network as ONNX, in fp32 and, where asked for, in int8."""
    plain = to_onnx(network, run.contract, facts.temperature, options.color)
    if not options.int8:
        return {"fp32": plain}
    faces = calibrating(run, feed, facts, options.calibrate or CALIBRATE)
    return {"fp32": plain, "int8": quantised(plain, faces)}


def _check(folder: Path, said: Shares, wanted: npt.NDArray[np.float64]) -> None:
    """Raise where the file in fp32 says another thing than the network."""
    if not (worst := _difference(said, wanted)) <= LARGEST_DIFFERENCE:
        raise FerError(
            f"{folder}: in onnxruntime a probability differs by {worst:.2g} from the network's, so "
            "no file is kept; use layers that ONNX writes exactly"
        )


def _difference(said: Shares, wanted: npt.NDArray[np.float64]) -> float:
    return float(np.abs(said - wanted).max())


def _nll(values: npt.NDArray[np.float64], rows: Rows) -> float:
    return negative_log_likelihood(values, rows.truth)


def _below(run: Run, rows: Rows, best: Shares, share: float) -> float:
    if rows.part != "val":
        raise FerError(
            f"{run.folder}: has no validation rows to take a share of; --abstain 0.6, say"
        )
    unit = 10.0**-DIGITS  # rounded down, so that no further row falls below
    return math.floor(threshold_for(best, share) / unit) * unit


def _write_probs(parts: Sequence[FaceDataset], model: OnnxFile, file: Path | str) -> None:
    """What the file says of these rows."""
    ids = tuple(name for part in parts for name in part.ids)
    values = np.concatenate([model(taken(part, model.facts))[0] for part in parts])
    write_probs(file, Probs(ids, model.facts.classes, values.astype(np.float64)))


def _notes(run: Run, known: Sequence[str], rows: Rows, fitted: float | None) -> list[str]:
    notes = list(known)
    if len(rows) < rows.of:
        notes.append(f"measured on {len(rows):,} of {rows.of:,} rows of {rows.part}, drawn")
    if rows.part != "val":
        notes.append(
            "the run has no validation rows: its training rows were measured on, and the "
            "temperature is 1"
        )
    elif fitted is None:
        span = f"from {LOWEST:g} to {HIGHEST:g}"
        notes.append(f"no temperature {span} fits these rows; it is 1")
    if run.recipe.train.tta != "none":
        notes.append(f"the recipe scores with {run.recipe.train.tta}; the file looks once")
    if run.card["manifest"]["digest"] != runs.file_digest(locate(run.manifest)):
        notes.append(f"{run.manifest} has changed since the run was trained")
    return notes


def _exported(
    file: Path,
    facts: Facts,
    rows: Rows,
    models: Mapping[str, bytes],
    said: Mapping[str, tuple[Shares, Shares]],
    notes: list[str],
) -> Exported:
    """The record of what was measured."""
    share, _ = said[facts.precision]
    hits, sure = share.argmax(axis=1) == rows.truth, share.max(axis=1) >= facts.abstain
    alike = probabilities(rows.logits, 1.0), probabilities(rows.logits, facts.temperature)
    times = latencies([load_onnx(model, threads=1) for model in models.values()], rows.faces[:1])
    forms = [
        Measured(
            precision=name,
            bytes=len(model),
            accuracy=float((said[name][0].argmax(axis=1) == rows.truth).mean()),
            difference=_difference(said[name][0], alike[1]),
            microseconds=round(1e6 * seconds, 1),
        )
        for (name, model), seconds in zip(models.items(), times, strict=True)
    ]
    return Exported(
        file=str(file),
        facts=facts,
        part=rows.part,
        rows=len(rows),
        of=rows.of,
        nll=(_nll(alike[0], rows), _nll(alike[1], rows)),
        abstained=float(1 - sure.mean()),
        answered=float(hits[sure].mean()) if sure.any() else None,
        forms=forms,
        notes=notes,
    )
