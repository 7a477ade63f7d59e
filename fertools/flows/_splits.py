"""Split manifests that a reproduction needs, made where they are missing."""

import shlex
from pathlib import Path

import numpy as np

from fertools.columns import encode, put, usable, words
from fertools.errors import FerError
from fertools.flows._systems import FOLDER
from fertools.manifest import card_path, read_manifest, write_manifest
from fertools.measures.deal import deal
from fertools.measures.leakage import NONE, PARTS, TEST, TRAIN, VAL
from fertools.protocol import digest, names
from fertools.split import SplitOptions, split

VALIDATES = 0.2


def prepare(protocol: str, draw: int | None, data: Path, folder: Path) -> Path:
    """The split manifest of a protocol, and of its draw, below `folder`.

    Raises `FerError` where the data set is not there, and where the file that is follows something
    else.
    """
    file = file_of(protocol, draw, folder)
    if file.is_file():
        check_followed(file, protocol, draw)
        return file
    if not (data / "manifest.parquet").is_file():
        cure = f"run `fertools ingest {data.name} RAW -o {shlex.quote(str(data))}`"
        raise FerError(f"{data}: there is no data set; {cure}")
    if protocol == FOLDER:
        return _folder_parts(data, file)
    split([data], file, SplitOptions(protocol=protocol, draw=draw))
    return file


def file_of(protocol: str, draw: int | None, folder: Path) -> Path:
    """Where the split manifest of a protocol, and of its draw, lies below `folder`."""
    return folder / f"{protocol if draw is None else f'{protocol}-{draw}'}.parquet"


def check_followed(file: Path, protocol: str, draw: int | None) -> None:
    """Raise `FerError` where a split manifest does not follow the protocol as it is now."""
    facts = read_manifest(file).facts
    if protocol == FOLDER:
        follows = facts.get("parts") == FOLDER
    elif protocol in names():
        wanted = {"name": protocol, "digest": digest(protocol)}
        follows = facts.get("protocol") == wanted and facts["split"].get("draw") == draw
    else:
        return  # nothing that is published says what it must hold
    if not follows:
        told = protocol if draw is None else f"{protocol}, draw {draw}"
        raise FerError(
            f"{file}: does not follow the protocol {told} as it is now; delete it and what was "
            "trained on it, and both are made again"
        )


def _folder_parts(data: Path, file: Path) -> Path:
    """The parts of system D: PublicTest and PrivateTest test, a fifth of Training validates.

    The fifth is drawn by class, seed 0; which rows the published fifth held is not told.
    """
    # the official parts must not be taken for these where a kill comes in between
    official = file.with_name(f".{file.stem}.official.parquet")
    split([data], official, SplitOptions(official=True), force=True)
    manifest = read_manifest(official)
    table = manifest.table
    codes, names = encode(table["split"])
    part = np.array([*map(PARTS.index, names), NONE])[np.where(usable(table), codes, NONE)]
    part[part == VAL] = TEST
    train = np.flatnonzero(part == TRAIN)
    strata = encode(table["label"])[0][train]
    dealt = deal(np.arange(len(train)), strata, (1 - VALIDATES, VALIDATES), seed=0)
    part[train[dealt == 1]] = VAL
    table = put(table, "split", words(part, list(PARTS)))
    facts = {**manifest.facts, "parts": FOLDER}
    write_manifest(file, table, facts, {**manifest.card, "parts": FOLDER, "files": {}})
    for part_file in (official, card_path(official)):
        part_file.unlink()
    return file
