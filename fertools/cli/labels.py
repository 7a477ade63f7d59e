"""Test a label mapping: what a run calls the words of another data set."""

import dataclasses
from typing import Any

import click

from fertools.cli import _show


@click.command(epilog="Example: fertools labels runs/demo --on manifests/ck48.parquet")
@click.argument("run")
@click.option("--on", "manifest", required=True, help="the manifest whose words are asked about")
@click.option("--split", help="train, val or test; default all usable rows")
@click.option("--device", help="auto (default), cpu, cuda, mps")
@click.option("--data", help="folder of the face store, where the card does not lead to it")
@click.option("--json", "as_json", is_flag=True, help="print the result as JSON")
def command(run: str, manifest: str, as_json: bool, **typed: Any) -> None:
    """Show which of its classes RUN gives to the faces of each word of another manifest.

    A mapping between two label sets is an assumption: look here before it is used. On test rows
    that is a look at their labels, noted in looks.jsonl beside the manifest.
    """
    from fertools.evaluate.mapped import words_of

    found = words_of(run, manifest, **{k: v for k, v in typed.items() if v is not None})
    if as_json:
        _show.as_json(dataclasses.asdict(found))
        return
    rows = [
        [word, sum(row), *(_show.share(n / max(sum(row), 1)) for n in row)]
        for word, row in zip(found.words, found.table, strict=True)
    ]
    looked = f" ({found.look})" if found.look else ""
    _show.table(f"words (down) taken as (across){looked}", ["word", "rows", *found.classes], rows)
    _show.notes(found.notes)
