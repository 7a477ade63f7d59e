"""Label mappings tested before they are used: what a run calls the words of another data set.

In goes a run and another manifest; out comes how often the run gives each of its own classes to the
faces of each word of the other one. A mapping such as 당황 -> surprise is an assumption; here is
what a network that knows only one side says of it.
"""

from dataclasses import dataclass
from pathlib import Path

from fertools.data import FaceDataset
from fertools.devices import choose
from fertools.evaluate import ledger
from fertools.evaluate.predictions import differences, probabilities, way_of
from fertools.manifest import locate, read_manifest
from fertools.measures.scores import confusion
from fertools.runs import network, open_run


@dataclass(frozen=True, slots=True)
class Words:
    """Rows of each word (down) that were given each class (across); `notes` are differences.

    `look` says which look at a test set it was, where test rows or rows of no part took part.
    """

    words: list[str]
    classes: list[str]
    table: list[list[int]]
    notes: list[str]
    look: str = ""


def words_of(
    folder: Path | str,
    manifest: Path | str,
    *,
    split: str | None = None,
    device: str = "auto",
    data: str | Path | None = None,
) -> Words:
    """What the run `folder` calls the labelled faces of another manifest, by their word there.

    Raises `FerError` where there is no run, and no usable face.
    """
    run, file = open_run(folder), locate(manifest)
    other = read_manifest(file)
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
    given = values.argmax(axis=1)
    many = max(len(rows.classes), len(contract.classes))
    table = confusion(rows.targets, given, many)
    look = ""
    if split in (None, "test"):
        said = (rows.targets, rows.classes), (given, contract.classes)
        look = ledger.noted(file, rows.ids, *said, str(run.folder))
    return Words(
        rows.classes,
        list(contract.classes),
        table[: len(rows.classes), : len(contract.classes)].tolist(),
        differences(other, contract),
        look,
    )
