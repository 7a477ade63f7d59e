"""The frontier: accuracy against parameters and MACs, our runs beside published systems.

In go runs that were evaluated, and a data set's name; out come rows, each with the marks without
which scores cannot be compared: which rows chose the model, how many views of an image were
averaged, whether other data or weights were used, how often the test part was looked at. A row is
on the frontier if nothing of its kind that is as small is as good: of one protocol, with or without
other data.
"""

import dataclasses
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fertools.errors import FerError, unknown
from fertools.flows._results import SCORED, images_of, runs_of_score
from fertools.flows._trials import COMMAND
from fertools.flows.anchors import anchors, datasets
from fertools.protocol import names, read_protocol
from fertools.runs import Run, cost, open_runs, read_json

VALIDATION = "validation"
CHOSEN = {
    VALIDATION: "on validation rows",
    "test": "on the rows of the score",
    "other": "see the note",
    "unknown": "not said",
    "fixed": "the last epoch, none chosen",
}
CLEAN = (VALIDATION, "fixed")


@dataclass(frozen=True, slots=True)
class Row:
    """A system: trained parameters, MACs of one image, accuracy in per cent with its interval.

    `chosen` is a key of `CHOSEN`; `views` how many variants of an image were averaged. `manifest`
    is the digest of parts that no protocol names; `helped` means by other data or weights.
    """

    system: str
    ours: bool
    parameters: int
    macs: int | None
    accuracy: float
    low: float | None
    high: float | None
    chosen: str
    views: int
    protocol: str
    note: str
    manifest: str = ""
    helped: bool = False
    front: bool = False

    @property
    def kind(self) -> tuple[str, str, bool]:
        """Rows of one kind can be compared."""
        return self.protocol, self.manifest, self.helped


def frontier(data: str, runs: Sequence[str | Path] = ()) -> list[Row]:
    """Rows of a data set, smallest network first.

    Each of `runs` is a run, or a folder of runs over seeds, draws or folds, with the metrics that
    `fertools evaluate` left there. Raises `FerError` for a data set that no system is known of and
    no run is given for, and for a run without metrics or of the protocol of another data set.
    """
    ours = [_ours(Path(folder), data) for folder in runs]
    others = [_anchor(line) for line in anchors() if line["data"] == data]
    if not others and not ours:
        raise unknown("data set", data, datasets())
    rows = sorted([*others, *ours], key=lambda row: (row.parameters, -row.accuracy, row.system))
    return list(_marked(rows))


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a table of Markdown."""
    head = ["system", "parameters", "M MACs", "accuracy, %", "95 % interval", "chosen", "views",
            "protocol", "note"]  # fmt: skip
    lines = [head, ["---"] * len(head), *(cells(row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def cells(row: Row) -> list[str]:
    """A row as tables show it; ours are bold, those on the frontier bear a star."""
    interval = "" if row.low is None else f"{row.low:.2f} .. {row.high:.2f}"
    name = f"**{row.system}**" if row.ours else row.system
    return [
        name + (" *" if row.front else ""),
        f"{row.parameters:,}",
        "" if row.macs is None else f"{row.macs / 1e6:.2f}",
        f"{row.accuracy:.2f}",
        interval,
        CHOSEN[row.chosen],
        str(row.views),
        row.protocol,
        row.note,
    ]


def _marked(rows: Sequence[Row]) -> Iterator[Row]:
    """Mark the frontier of the rows that chose honestly and looked once at each image."""
    best: dict[tuple[str, str, bool], float] = {}
    for row in rows:
        fair = row.chosen in CLEAN and row.views == 1
        front = fair and row.accuracy > best.get(row.kind, -np.inf)
        yield dataclasses.replace(row, front=front)
        if front:
            best[row.kind] = row.accuracy


def _anchor(line: dict[str, str]) -> Row:
    return Row(
        system=line["system"],
        ours=False,
        parameters=int(line["parameters"]),
        macs=int(line["macs"]) if line["macs"] else None,
        accuracy=float(line["accuracy"]),
        low=None,
        high=None,
        chosen=line["chosen_on"],
        views=int(line["views"]),
        protocol=line["protocol"],
        note=line["note"],
    )


def _ours(folder: Path, data: str) -> Row:
    """The row of a run, or of several of one recipe."""
    members = open_runs(folder)
    metrics = _metrics(folder)
    run = members[0]
    protocol = _protocol(folder, run, metrics, data)
    facts = cost(run.recipe)
    accuracy = metrics["scores"]["accuracy"]
    return Row(
        system=folder.resolve().name,
        ours=True,
        parameters=facts.parameters,
        macs=facts.macs,
        accuracy=100 * accuracy["value"],
        low=100 * accuracy["low"],
        high=100 * accuracy["high"],
        chosen=_chosen(run, metrics),
        views=2 if metrics["tta"] == "flip" else 1,
        protocol=protocol or "own split",
        note=_note(members, metrics, protocol),
        manifest="" if protocol else metrics["digest"],
        helped=bool(run.recipe.data.extra_data or run.recipe.model.init_weights),
    )


def _protocol(folder: Path, run: Run, metrics: dict[str, Any], data: str) -> str:
    """The protocol of the manifest that was scored, without its draws; "" for none.

    The word of the recipe alone makes no row official. Raises `FerError` where either is of another
    data set.
    """
    said = run.recipe.data.protocol
    followed = str(metrics.get("protocol", "")).partition(", draw")[0]
    for name in (followed, said):
        if name in names() and (other := read_protocol(name).data) != data:
            raise FerError(
                f"{folder}: is of {other} ({name}); say: fertools frontier {other} "
                f"{shlex.quote(str(folder))}"
            )
    if said and "protocol" not in metrics:
        raise FerError(
            f"{folder}: its score is of before scores told the protocol of their manifest; run "
            f"again: {_scoring(folder)}"
        )
    return followed


def _chosen(run: Run, metrics: dict[str, Any]) -> str:
    """Which rows chose the epoch or, in a search, the trial."""
    searched = run.card["made"].get("command") == COMMAND
    return "fixed" if metrics["select"] == "last" and not searched else VALIDATION


def _note(members: Sequence[Run], metrics: dict[str, Any], protocol: str) -> str:
    """What else a reader must know: runs, choice, other data, looks, the leak-free score, and a
    `protocol` of the manifest that is not the recipe's.
    """
    recipe = members[0].recipe
    many = runs_of_score(metrics)
    said = [f"{many} runs" if many > 1 else "1 run"]
    if many < len(members):
        said[0] += f" of the {len(members)} that have ended"
    if averaged := metrics.get("averaged"):
        said.append(f"an ensemble of {averaged}")
    if metrics["select"] != "last":
        said.append(f"chosen by {metrics['select']} on {metrics['select_rows']} rows")
    if recipe.data.protocol not in ("", protocol):
        said.append(f"the recipe says {recipe.data.protocol}, its manifest does not")
    if recipe.data.extra_data:
        said.append("other data in training")
    if recipe.model.init_weights:
        said.append("started from other weights")
    if recipe.train.teacher:
        said.append(f"taught by our own {recipe.train.teacher}")
    if recipe.data.labels == "soft":
        said.append("soft labels")
    free = metrics.get("leak_free") or {}
    if free.get("accuracy"):
        said.append(
            f"leak-free {100 * free['accuracy']['value']:.2f} on {images_of(free):,} images"
        )
    elif free:
        said.append(f"only {free['rows']:,} of {metrics['scores']['rows']:,} rows leak-free")
    return ", ".join([*said, *metrics["looks"]])


def _metrics(folder: Path) -> dict[str, Any]:
    for name in ("metrics-test.json", SCORED):
        if (folder / name).is_file():
            return read_json(folder / name, f"run again: {_scoring(folder)}")
    raise FerError(f"{folder}: has no test score yet; run: {_scoring(folder)}")


def _scoring(folder: Path) -> str:
    return f"fertools evaluate {shlex.quote(str(folder))}"
