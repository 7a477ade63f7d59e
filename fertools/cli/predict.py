"""Find the faces in photographs and say what a run makes of them."""

import dataclasses
import functools
from pathlib import Path
from typing import Any

import click

from fertools import folder
from fertools.cli import _show
from fertools.errors import FerError

FACE = ("detector", "min_score", "interpolation", "aspect", "margin", "decode", "preset")


class Predict(click.Command):
    """A command that also has the options of `ingest` for finding and cutting faces."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The options; those of faces and detectors are read when they are needed."""
        *own, help_ = super().get_params(ctx)
        return [*own, *_of_ingest(), help_]


@functools.cache
def _of_ingest() -> tuple[click.Parameter, ...]:
    sources = folder.load("cli", "ingest").command
    params = sources.get_command(click.Context(sources), "imagefolder").params
    wanted = {f"face_{name}" for name in FACE}
    return tuple(p for p in params if p.name in wanted or str(p.name).startswith("detector_"))


@click.command(cls=Predict, epilog="Example: fertools predict runs/demo photo.jpg holiday/ --json")
@click.argument("run")
@click.argument("images", nargs=-1, metavar="IMAGE...")
@click.option("--json", "as_json", is_flag=True, help="print all of it as JSON")
@click.option("--draw", type=click.Path(path_type=Path), help="write marked pictures: file, folder")
@click.option("--abstain", type=float, help="no word under this; default: as exported")
@click.option("--faces", help="detect (default), or as-is: each picture is a face already")
@click.option("--multiple", help="of several faces: all (default), largest, best, or skip")
@click.option("--measure-crop", is_flag=True, help="find out anew how faces are cut for the run")
@click.option("--tta", help="none or flip; default: as the recipe says")
@click.option("--device", help="auto (default), cpu, cuda, mps")
@click.option("--data", help="folder of the data set, where the run's manifest leads to none")
def command(run: str, images: tuple[str, ...], **typed: Any) -> None:
    """Say what RUN makes of the faces in IMAGE: pictures, folders or archives of pictures.

    Faces are cut as the run's training faces were. Where those came as ready crops, the crop is
    measured once by running the detector on them, and kept in RUN/crop.json. A picture without a
    face is reported with the reason; where none has a face, the exit code is 1.
    """
    from fertools.flows.predict import Options, measured

    as_json, draw, anew = (typed.pop(name) for name in ("as_json", "draw", "measure_crop"))
    given = {name: value for name, value in typed.items() if value is not None}
    face = {k.removeprefix("face_"): given.pop(k) for k in list(given) if k.startswith("face_")}
    finder = {
        k.removeprefix("detector_"): given.pop(k) for k in list(given) if k.startswith("detector_")
    }
    face |= {"detector_options": finder} if finder else {}
    face |= {"faces": given.pop("faces")} if "faces" in given else {}
    options = Options(face=face, **given)
    if anew:
        crop = measured(run, options)
        if not images:
            _show.as_json(dataclasses.asdict(crop)) if as_json else click.echo(f"crop {crop}")
            return
    if not images:
        raise click.UsageError("give at least one IMAGE, or --measure-crop")
    _predict(run, images, options, draw, as_json)


def _predict(
    run: str, images: tuple[str, ...], options: Any, draw: Path | None, as_json: bool
) -> None:
    from fertools.flows.predict import predict

    drawer = None
    if draw is not None:
        from fertools.flows._drawing import Drawer

        drawer = Drawer(draw, len(images) > 1 or not Path(images[0]).is_file())
    found = predict(run, images, options, seen=drawer)
    if as_json:
        _show.as_json({**dataclasses.asdict(found), "statuses": found.statuses})
    else:
        _show.table(f"{found.run}: crop {found.crop}",
                    ["picture", "box", "score", "says", "probability"], _rows(found))  # fmt: skip
        click.echo(_show.statuses(found.statuses))
    if "ok" not in found.statuses:
        raise FerError(f"{', '.join(images)}: no picture gave a face; the reasons stand above")


def _rows(found: Any) -> list[list[Any]]:
    rows = []
    for picture in found.pictures:
        if not picture.faces:
            rows.append([picture.image, picture.detail, None, picture.status, None])
        for face in picture.faces:
            box = " ".join(f"{edge:.0f}" for edge in face.box)
            says = face.label or f"abstains ({face.best})"
            rows.append([picture.image, box, face.score, says, face.probabilities[face.best]])
    return rows
