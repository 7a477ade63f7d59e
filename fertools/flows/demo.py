"""The demonstration: data sets drawn on the spot, and the commands that take them to a clean split.

In goes an empty folder; raw data is drawn into it, and the steps come out as command lines that a
user could type there. Nothing in it is a photograph, and nothing is fetched.
"""

from dataclasses import dataclass
from pathlib import Path

from fertools import folder as registry
from fertools.errors import FerError

PEOPLE = 24


@dataclass(frozen=True, slots=True)
class Step:
    """A command line, without the program's name, and what it shows."""

    arguments: tuple[str, ...]
    why: str
    expect: int = 0  # exit code: a gate that fails is part of the story


def draw(folder: Path, seed: int = 0) -> list[Step]:
    """Draw the raw data below `folder` and return the steps.

    Raises `FerError` where the folder is there and not empty.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FerError(f"{folder}: is not empty; give another folder, or delete it")
    steps = []
    for name in sorted({*registry.names("fakes")} & {*registry.names("sources")}):
        fake = registry.load("fakes", name)
        raw = folder / "raw" / name
        expected = fake.write(raw, seed=seed)
        roots = [str(path) for path in expected.raws(raw)]
        typed = {**expected.source_options(raw), **expected.face}
        flags = [f"--{k.replace('_', '-')}={v}" for k, v in typed.items()]
        out = str(folder / "data" / name)
        steps.append(
            Step(("ingest", name, *roots, *flags, "-o", out), registry.summary("sources", name))
        )
    return [*steps, *_story(folder, seed)]


def _story(folder: Path, seed: int) -> list[Step]:
    data, split = str(folder / "data" / "ck48"), str(folder / "manifests" / "ck48.parquet")
    registry.load("fakes", "ck48").write(folder / "raw" / "study", seed=seed + 1, people=PEOPLE)
    raw = str(folder / "raw" / "study" / "CK+48")
    data = str(folder / "data" / "study")
    return [
        Step(("ingest", "ck48", raw, "-o", data, "--name", "study"), "one study, to go on with"),
        Step(
            ("split", data, "--group", "subject", "--ratios", "8:1:1", "-o", split),
            "people stay together, classes keep their shares",
        ),
        Step(("stats", split), "is the balance the same in every part?"),
    ]
