"""The demonstration: data sets drawn on the spot, and the commands that take them to a clean split.

In goes an empty folder; raw data is drawn into it, and the steps come out as command lines that a
user could type there. Nothing in it is a photograph, and nothing is fetched.
"""

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fertools import folder as registry
from fertools.errors import EXTRAS, FerError

PEOPLE = 24


@dataclass(frozen=True, slots=True)
class Step:
    """A command line, without the program's name, what it shows, and the extra that it needs."""

    arguments: tuple[str, ...]
    why: str
    expect: int = 0  # exit code: a gate that fails is part of the story
    extra: str = ""


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
    """One study on: a random split leaks, a split by people is clean."""
    study, data = folder / "raw" / "study", str(folder / "data" / "study")
    raws = registry.load("fakes", "ck48").write(study, seed=seed + 1, people=PEOPLE).raws(study)
    loose, split = (str(folder / "manifests" / f"{name}.parquet") for name in ("loose", "split"))
    return [
        Step(
            ("ingest", "ck48", *map(str, raws), "-o", data, "--name", "study"),
            "one study, to go on with",
        ),
        Step(("curate", data), "twins, blanks, quality: flags in the manifest, nothing deleted"),
        Step(
            ("split", data, "--group", "none", "--ratios", "8:1:1", "-o", loose),
            "the usual way: every image by itself",
        ),
        Step(("audit", loose), "people and sequences stand in training and test: exit code 3", 3),
        Step(
            ("split", data, "--group", "subject", "--ratios", "8:1:1", "-o", split),
            "the honest way: people stay together, classes keep their shares",
        ),
        Step(("audit", split), "nobody stands in two parts"),
        Step(("stats", split), "is the balance the same in every part?"),
        Step(
            ("report", split, "-o", str(folder / "report.html")),
            "all of it on one page, without a face, to show to others",
            extra="report",
        ),
        *_baselines(folder, loose, split),
    ]


def _baselines(folder: Path, loose: str, split: str) -> list[Step]:
    """The same network on both splits: what the leak is worth."""
    leaky, honest = (str(folder / "runs" / name) for name in ("loose", "split"))
    train, score = ("train-baseline", "demo", "--quiet", "--set"), ("evaluate", "--brief")
    lines = [
        ((*train, f"data.manifest={loose}", "-o", leaky), "a small network in seconds"),
        ((*score, leaky), "on other images of the same people: the leaky score"),
        ((*train, f"data.manifest={split}", "-o", honest), "the same on the split by people"),
        ((*score, honest), "on people whom it has never seen: the honest score"),
    ]
    return [Step(arguments, why, extra="train") for arguments, why in lines]


def missing_extras(steps: Iterable[Step]) -> list[str]:
    """The extras that steps need and that are not installed, each once."""
    wanted = dict.fromkeys(step.extra for step in steps if step.extra)
    return [
        extra
        for extra in wanted
        if any(importlib.util.find_spec(module) is None for module in EXTRAS[extra])
    ]
