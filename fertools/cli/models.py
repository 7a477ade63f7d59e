"""List the networks with what they cost."""

from typing import Any

import click

from fertools.cli import _show
from fertools.cli._complete import from_folder


@click.command(epilog="Example: fertools models --size 48")
@click.argument("names", nargs=-1, type=from_folder("models"))
@click.option(
    "--size", type=click.IntRange(1), default=48, show_default=True, help="of the images, pixels"
)
@click.option(
    "--channels", type=click.Choice(["1", "3"]), default="1", show_default=True, help="gray, colour"
)
@click.option(
    "--classes", type=click.IntRange(1), default=7, show_default=True, help="words to tell apart"
)
@click.option("--latency", is_flag=True, help="time one image on one thread")
@click.option("--json", "as_json", is_flag=True, help="print the result as JSON")
def command(names: tuple[str, ...], size: int, channels: str, as_json: bool, **typed: Any) -> None:
    """Show parameters, multiply-accumulates, bytes and latency of NAMES, by default of all.

    A name may be a file of your own: ./my_net.py or ./my_net.py:build.
    """
    from fertools import folder
    from fertools.errors import FerError
    from fertools.models._count import count, latency
    from fertools.models._make import make, written

    shape = (int(channels), size, size)
    found: list[dict[str, Any]] = []
    for name in names or folder.names("models"):
        try:
            model = make(name, typed["classes"], int(channels), size)
        except FerError as error:
            if names:
                raise
            click.echo(f"{name}: {error}", err=True)
            continue
        facts = count(model, shape)
        record = {
            "name": name,
            "parameters": facts.parameters,
            "keras_total": facts.keras_total,
            "macs": facts.macs,
            "bytes": facts.bytes,
            "milliseconds": round(latency(model, shape), 3) if typed["latency"] else None,
            "what": folder.summary("models", written(name)[0]),
        }
        found.append(record)
    if as_json:
        _show.as_json(found)
        return
    rows = [
        [r["name"], r["parameters"], r["keras_total"], f"{r['macs'] / 1e6:,.2f}",
         f"{r['bytes'] / 1e6:,.2f}", r["milliseconds"], r["what"]] for r in found
    ]  # fmt: skip
    columns = ["network", "parameters", "Keras total", "M MACs", "MB", "ms", ""]
    _show.table(f"at {size}x{size}x{channels}, {typed['classes']} classes", columns, rows)
