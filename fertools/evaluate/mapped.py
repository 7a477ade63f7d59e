"""Label mappings tested before they are used: what a run calls the words of another data set.

In goes a run and another manifest; out comes how often the run gives each of its own classes to the
faces of each word of the other one. A mapping such as 당황 -> surprise is an assumption; here is
what a network that knows only one side says of it.
"""

from dataclasses import dataclass
from pathlib import Path

from fertools.data import FaceDataset
from fertools.devices import choose
from fertools.evaluate.predictions import differences, probabilities, way_of
from fertools.manifest import read_manifest
from fertools.measures.scores import confusion
from fertools.runs import network, open_run


@dataclass(frozen=True, slots=True)
class Words:
    """Rows of each word (down) that were given each class (across); `notes` are differences."""

    words: list[str]
    classes: list[str]
    table: list[list[int]]
    notes: list[str]


def words_of(
    folder: Path | str,
    manifest: Path | str,
    *,
    split: str | None = None,
    device: str = "auto",
    data: str | None = None,
) -> Words:
    """What the run `folder` calls the labelled faces of another manifest, by their word there.

    Raises `FerError` where there is no run, and no usable face.
    """
    run, other = open_run(folder), read_manifest(manifest)
    contract, chosen = run.contract, choose(device)
    rows = FaceDataset(
        other,
        split,
        size=contract.size,
        channels=contract.channels,
        crop=contract.crop,
        data=data,
    )
    values = probabilities(network(run, chosen), rows, way_of(run.recipe), chosen)
    many = max(len(rows.classes), len(contract.classes))
    table = confusion(rows.targets, values.argmax(axis=1), many)
    return Words(
        rows.classes,
        list(contract.classes),
        table[: len(rows.classes), : len(contract.classes)].tolist(),
        differences(other, contract),
    )
