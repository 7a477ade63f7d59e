"""Write faces in the format of another tool: folders, CSV, Hugging Face, Label Studio and more."""

import ast
import dataclasses
from typing import Any

import click

from fertools import folder
from fertools.cli import _show

HELP = """Write the faces of MANIFEST in another tool's format: labels, parts, all columns.

Rows without a face, dropped rows, rows without a label or in no part are left out and counted.
Pictures of a data set whose terms forbid sharing are written only with --i-have-the-right; csv
goes without them. OUT/export.json says where everything comes from.

\b
Formats:
"""


def _formats() -> str:
    """What each format is read by, keeps and loses: from the files, without importing them."""
    lines = []
    for name in folder.names("export"):
        lines.append(f"  {name}")
        file = folder.HERE / "export" / f"{name}.py"
        tree = ast.parse(file.read_text(encoding="utf-8")) if file.is_file() else ast.Module([], [])
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                what = node.targets[0].id.lower().replace("_", " ")
                if what in ("read by", "keeps", "loses"):
                    lines.append(f"    {what:7} {ast.literal_eval(node.value)}")
    return "\n".join(lines)


@click.command(
    help=HELP + _formats(),
    epilog="Example: fertools export manifests/mine.parquet --to huggingface -o out/mine",
)
@click.argument("manifest")
@click.option("--to", required=True, metavar="FORMAT", help="one of the formats above")
@click.option("-o", "--out", required=True, help="the folder to write")
@click.option("--labels-from", metavar="COLUMN", help="default: label, else native_label")
@click.option("--classes", metavar="anger,fear", help="these alone, numbered in this order")
@click.option("--fold", type=int, help="with folds: the parts of the round that tests it")
@click.option("--codec", help="png (lossless; the default) or jpeg (quality 95)")
@click.option("--size", type=click.IntRange(1), help="scale every face to this side")
@click.option("--rgb/--gray", default=None, help="write every face in colour, or in gray")
@click.option("--crop", help="box or context; default: what the split says, else context")
@click.option("--data", metavar="FOLDER", help="the face store, where no card leads to it")
@click.option("--no-pixels", is_flag=True, help="with csv: the table alone")
@click.option("--i-have-the-right", is_flag=True, help="the terms of the data allow me to do this")
@click.option("--force", is_flag=True, help="write over an earlier export")
@click.option("--json", "as_json", is_flag=True, help="print the result as JSON")
def command(
    manifest: str, to: str, out: str, i_have_the_right: bool, force: bool, as_json: bool,
    **typed: Any,
) -> None:  # fmt: skip
    from fertools.export import export

    result = export(
        manifest, to, out, _options(typed), i_have_the_right=i_have_the_right, force=force
    )
    if as_json:
        _show.as_json(dataclasses.asdict(result))
        return
    _print(result)


def _options(typed: dict[str, Any]) -> Any:
    from fertools.export import Options

    rgb = typed.pop("rgb")
    given = {name: value for name, value in typed.items() if value is not None}
    given["pixels"] = not given.pop("no_pixels")
    if "classes" in given:
        given["classes"] = tuple(given["classes"].split(","))
    return Options(**given, channels=None if rgb is None else 3 if rgb else 1)


def _print(result: Any) -> None:
    parts = list(result.counts)
    words = list(next(iter(result.counts.values())))
    rows = [[word, *(result.counts[part][word] for part in parts)] for word in words]
    rows.append(["all", *(sum(result.counts[part].values()) for part in parts)])
    _show.table("faces by class and part", ["label", *parts], rows)
    click.echo(f"{result.samples:,} of {result.rows:,} rows exported")
    for reason, count in result.left_out.items():
        click.echo(f"{count:,} rows left out: {reason}")
    _show.notes(result.notes)
    click.echo(f"wrote {result.out}")
