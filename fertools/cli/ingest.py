"""Read a raw data set into face shards and a manifest."""

import dataclasses
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from fertools import folder
from fertools.cli import _show
from fertools.errors import FerError

BUILT = ("face_channels", "face_detector_options")  # have flags of their own
EPILOG = "Example: fertools ingest ck48 CK+48 -o data/ck48"


class Sources(click.Group):
    """One subcommand per source, with the source's own options; a `.py` file serves as well."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every source, by name."""
        return folder.names("sources")

    def get_command(self, ctx: click.Context, name: str) -> click.Command:
        """The ingest of one source."""
        module = folder.load("sources", name)
        return click.Command(
            name,
            params=[*_common(module), *_own(module)],
            callback=lambda **typed: _ingest(name, typed),
            help=module.__doc__ and "\b\n" + module.__doc__.replace("\n\n", "\n\n\b\n"),
            epilog=f"Example: fertools ingest {name} RAW -o data/{Path(name).stem}",
        )

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the sources by the first lines of their files."""
        rows = [(name, folder.summary("sources", name)) for name in self.list_commands(ctx)]
        with formatter.section("Sources"):
            formatter.write_dl([*rows, ("./mylab.py", "a source of your own")])


@click.group(cls=Sources, subcommand_metavar="SOURCE RAW... -o OUT", epilog=EPILOG)
def command() -> None:
    """Read a raw data set into face shards and a manifest.

    RAW is a folder, an archive or a table; nothing is unpacked. What was killed goes on where it
    was when the same command runs again. `fertools ingest SOURCE --help` shows a source's layout,
    traps and options.
    """


def _common(module: Any) -> list[click.Parameter]:
    from fertools.face_options import FaceOptions

    # a source whose preference depends on what it is given says so in its text
    told = dict.fromkeys(("size", "channels", "faces"), "by what is found")
    preferred = told if hasattr(module, "defaults") else getattr(module, "DEFAULTS", {})
    face = [p for p in _options(FaceOptions, "face_", told=preferred) if p.name not in BUILT]
    flags = {"--gray": ("gray", 1), "--rgb": ("colour", 3)}
    colours = [
        click.Option(
            [flag, "face_channels"],
            flag_value=value,
            type=int,
            default=None,
            help=name + ("; the default" if preferred.get("channels") == value else ""),
        )
        for flag, (name, value) in flags.items()
    ]
    return [
        click.Argument(["raws"], nargs=-1, required=True, metavar="RAW..."),
        click.Option(
            ["-o", "--out"], required=True, help="folder of the data set, also s3://bucket/path"
        ),
        click.Option(["--name"], help="name of the data set, where it is not the source's"),
        click.Option(["--preset", "face_preset"], help="a published recipe: system-c"),
        *face,
        *_detectors(),
        *colours,
        click.Option(["--workers"], type=int, help="units at a time; default 1"),
        click.Option(
            ["--engine"],
            help="serial (default; processes with --workers 2 or more), processes or ray",
        ),
        click.Option(["--ray-address"], help="HOST:PORT of its cluster; default: this machine's"),
        click.Option(["--limit"], type=click.IntRange(1), help="only the first N images"),
        click.Option(["--plan"], is_flag=True, help="only tell images, bytes and hours"),
        click.Option(["--add"], is_flag=True, help="read further units into a finished data set"),
        click.Option(["--force"], is_flag=True, help="start over"),
        click.Option(["--on-error"], type=click.Choice(["keep", "stop"]), help="default keep"),
        click.Option(["--quiet"], is_flag=True, help="print nothing but errors"),
        click.Option(["--json"], is_flag=True, help="print the result as JSON"),
    ]


def _detectors() -> list[click.Parameter]:
    """The options of every detector, each as `--detector-<name>`."""
    found: dict[str, click.Parameter] = {}
    for name in folder.names("detectors"):
        for option in _options(folder.load("detectors", name).Options, "detector_", "detector-"):
            assert isinstance(option, click.Option) and option.name
            option.help = f"{name}: {option.help}"
            found[option.name] = option
    return list(found.values())


def _own(module: Any) -> list[click.Parameter]:
    return _options(module.Options, "own_") if hasattr(module, "Options") else []


def _options(
    record: Any, prefix: str, lead: str = "", told: Mapping[str, Any] | None = None
) -> list[click.Parameter]:
    """A command-line option for each field of an options record; `told` are other defaults."""
    other = told or {}
    hints = typing.get_type_hints(record)
    found: list[click.Parameter] = []
    for field in dataclasses.fields(record):
        kinds = [k for k in typing.get_args(hints[field.name]) if k is not type(None)]
        kind = kinds[0] if kinds else hints[field.name]
        flag = f"--{lead}" + field.name.replace("_", "-")
        text = field.metadata.get("help", "")
        default = other.get(field.name, field.default)
        if default is not None and kind is not bool:
            text += f"; default {default}"
        names = [flag, prefix + field.name]
        if kind is bool:
            found.append(click.Option(names, is_flag=True, default=None, help=text))
        else:
            found.append(click.Option(names, type=kind, default=None, help=text))
    return found


def _ingest(source: str, typed: dict[str, Any]) -> None:
    from fertools.ingest import ingest
    from fertools.ingest.reading import do_without_pandas
    from fertools.manifest import read_manifest

    if _show.alone():
        do_without_pandas(source)
    quiet, as_json = typed.pop("quiet"), typed.pop("json")
    given = {k: v for k, v in typed.items() if v is not None and v is not False}
    face = {k.removeprefix("face_"): given.pop(k) for k in list(given) if k.startswith("face_")}
    finder = {
        k.removeprefix("detector_"): given.pop(k) for k in list(given) if k.startswith("detector_")
    }
    if finder:
        face["detector_options"] = finder
    own = {k.removeprefix("own_"): given.pop(k) for k in list(given) if k.startswith("own_")}
    if given.pop("plan", False):
        _estimate(source, given, face, own, as_json)
        return
    with _show.Progress(quiet or as_json) as progress:
        result = ingest(
            source,
            given.pop("raws"),
            given.pop("out"),
            face=face,
            options=own,
            command=_show.line(),
            progress=progress,
            **given,
        )
    if as_json:
        _show.as_json({**dataclasses.asdict(result), "out": str(result.out)})
    elif not quiet:
        click.echo(_show.statuses(result.statuses))
        _show.notes(result.notes)
        click.echo(f"{result.out}: {result.units} units in {result.seconds:.1f} s")
    if not result.ok and result.rows:
        first = read_manifest(result.out).table["detail"].drop_null().slice(0, 1).to_pylist()
        why = "; ".join([*first, "the column `detail` of its manifest tells why of each"])
        raise FerError(f"{result.out}: no image gave a face; {why}")


def _estimate(
    source: str, given: dict[str, Any], face: dict[str, Any], own: dict[str, Any], as_json: bool
) -> None:
    from fertools.ingest.estimate import estimate

    kept = {k: given[k] for k in ("name", "workers", "engine", "ray_address") if k in given}
    out = None if "force" in given else given["out"]
    found = estimate(source, given["raws"], out, face=face, options=own, **kept)
    if as_json:
        _show.as_json({**dataclasses.asdict(found), "hours": found.hours, "bound": found.bound})
        return
    click.echo(
        f"{found.images:,} images, {_size(found.bytes_in)} in {found.units} units -> about "
        f"{_size(found.bytes_out)} of faces"
    )
    click.echo(
        f"about {_time(found.hours)} with {found.workers} worker{'s' * (found.workers > 1)}, "
        f"bound by {found.bound}: "
        f"{_time(found.hours_working)} of work, {_time(found.hours_reading)} of reading"
    )
    click.echo(f"{found.faces} of {found.sampled} sampled images gave a face")


def _size(count: float) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"


def _time(hours: float) -> str:
    return f"{hours:,.1f} h" if hours >= 1 else f"{60 * hours:,.1f} min"
