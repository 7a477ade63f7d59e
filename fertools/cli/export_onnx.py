"""Write the network of a run as one ONNX file, checked against the run."""

import dataclasses
from pathlib import Path
from typing import Any

import click

from fertools.cli import _show


@click.command(epilog="Example: fertools export-onnx runs/demo --int8 --calibrate train:500")
@click.argument("run")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="default RUN/model-<precision>.onnx"
)
@click.option("--int8", is_flag=True, help="8-bit whole numbers: a quarter of the size")
@click.option("--calibrate", metavar="PART:N", help="of --int8: faces to calibrate on (train:500)")
@click.option("--abstain", metavar="10%|0.6", help="no word for this share, or below this number")
@click.option("--color", is_flag=True, help="of a gray network: take RGB and turn it gray inside")
@click.option("--rows", type=click.IntRange(1), help="measure on at most so many rows (4000)")
@click.option("--probs", metavar="OUT.parquet", help="write what the file says of val and test")
@click.option("--json", "as_json", is_flag=True, help="print the result as JSON")
def command(run: str, out: Path | None, probs: str | None, as_json: bool, **typed: Any) -> None:
    """Write the network of RUN as one ONNX file: uint8 images in, probabilities and logits out.

    Classes, size, gray formula, crop, temperature and threshold stand in its metadata. It is run
    in onnxruntime on the run's validation rows, and not kept where it differs from the network.
    """
    from fertools.flows.export_onnx import Options, export_onnx

    given = {name: value for name, value in typed.items() if value is not None}
    found = export_onnx(run, out, Options(**given), probs=probs)
    if as_json:
        _show.as_json(dataclasses.asdict(found))
        return
    rows = [
        [form.precision, form.bytes, _show.share(form.accuracy), f"{form.difference:.1e}",
         f"{form.microseconds:,.0f}"] for form in found.forms
    ]  # fmt: skip
    columns = ["", "bytes", "accuracy", "differs by", "µs a face"]
    _show.table(f"{found.file}: {found.rows:,} rows of {found.part}", columns, rows)
    facts, (before, after) = found.facts, found.nll
    click.echo(f"temperature {facts.temperature:g}: NLL {before:.4f} -> {after:.4f}")
    if facts.abstain:
        rest = "none" if found.answered is None else _show.share(found.answered)
        click.echo(
            f"no word below {facts.abstain:g}: {_show.share(found.abstained)} of the rows; "
            f"accuracy of the others {rest}"
        )
    _show.notes(found.notes)
