"""Deal faces to train, val and test, or to folds, with people kept apart."""

import dataclasses
from typing import Any

import click

from fertools.cli import _show
from fertools.cli._complete import from_resources


@click.command(epilog="Example: fertools split data/ck48 --ratios 8:1:1 -o manifests/ck48.parquet")
@click.argument("data", nargs=-1, required=True)
@click.option("-o", "--out", required=True, help="the split manifest to write")
@click.option("--ratios", metavar="8:1:1", help="train:val:test; two numbers: no test part")
@click.option("--folds", type=int, help="number of folds; each row is tested in one")
@click.option("--leave-one-out", is_flag=True, default=None,
              help="a fold for each group: LOSO, of people")  # fmt: skip
@click.option("--official", is_flag=True, help="the parts that the data set was published with")
@click.option("--val-from", metavar="train:0.1", help="with --official: validation from training")
@click.option("--protocol", metavar="NAME", type=from_resources("manifests", ".toml"),
              help="a published split: `fertools protocols`")  # fmt: skip
@click.option("--draw", type=int, help="with --protocol: which of its random draws")
@click.option("--allow-missing", type=int, help="with --protocol: rows that may be missing")
@click.option("--stratify/--no-stratify", default=True, help="keep class shares; the default")
@click.option("--stratify-on", metavar="label,gender", help="columns whose shares are kept")
@click.option("--group", help="subject (default), sequence or none")
@click.option("--subjects", metavar="FILE",
              help="who is shown, where the data do not say: id, subject")  # fmt: skip
@click.option("--or-else", help="for rows without it: twin or self")
@click.option("--merge-twins", is_flag=True, help="copies found by `curate` widen the groups")
@click.option("--label-rule", help="uploader (default), majority, unanimous, ferplus-majority, ..")
@click.option(
    "--verdicts",
    is_flag=True,
    default=None,
    help="reviewers' words instead of labels; a changed test part has another name",
)
@click.option("--labels", help="a label mapping: korean4, korean-fold, basic7 or a TOML file")
@click.option("--keep", metavar="OLD", help="a split manifest whose groups stay where they are")
@click.option("--crop", help="box or context: how these faces are to be read; default context")
@click.option("--seed", type=int, help="default 0")
@click.option("--force", is_flag=True, help="write over an existing manifest")
@click.option("--json", "as_json", is_flag=True, help="print the result as JSON")
def command(data: tuple[str, ...], as_json: bool, **typed: Any) -> None:
    """Deal the faces of one or more data sets to parts.

    Whole groups are dealt, classes keep their shares. Say how by one of --ratios, --folds,
    --leave-one-out, --official and --protocol. Rows without a face or label stay in the manifest,
    in no part.
    """
    from fertools.split import split

    line = _show.line()
    out, ways = typed.pop("out"), {name: typed.pop(name) for name in ("keep", "subjects", "force")}
    result = split(data, out, _options(typed), **ways, command=line)
    if as_json:
        _show.as_json({**dataclasses.asdict(result), "out": str(result.out)})
        return
    _print(result)


def _options(typed: dict[str, Any]) -> Any:
    from fertools.split import SplitOptions
    from fertools.split.grouping import Grouping

    if not typed.pop("stratify"):
        typed["stratify_on"] = ()
    elif typed["stratify_on"]:
        typed["stratify_on"] = tuple(typed["stratify_on"].split(","))
    if typed["ratios"]:
        typed["ratios"] = _ratios(typed["ratios"])
    if typed["val_from"]:
        typed["val_from"] = _val_from(typed["val_from"])
    given = {k: v for k, v in typed.items() if v is not None and v is not False}
    names = [f.name for f in dataclasses.fields(Grouping)]
    grouping = Grouping(**{name: given.pop(name) for name in names if name in given})
    return SplitOptions(grouping=grouping, **given)


def _ratios(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(":"))
    except ValueError:
        raise click.BadParameter(f"{text!r}: numbers with colons, as in 8:1:1") from None


def _val_from(text: str) -> float:
    part, _, share = text.partition(":")
    try:
        if part == "train":
            return float(share)
    except ValueError:
        pass
    raise click.BadParameter(f"{text!r}: a share of train, as in train:0.1")


def _print(result: Any) -> None:
    parts = list(dict.fromkeys(p.part for p in result.parts))
    labels = list(dict.fromkeys(p.label for p in result.parts))
    cells = {(p.part, p.label): p for p in result.parts}
    table = [[cells[part, name] for part in parts] for name in labels]
    _print_parts(parts, labels, table)
    kinds = ", ".join(f"{n:,} {kind}" for kind, n in result.kinds.items())
    click.echo(
        f"{result.dealt:,} of {result.rows:,} rows dealt in {result.groups:,} groups ({kinds})"
    )
    for reason, count in result.left_out.items():
        click.echo(f"{count:,} rows in no part: {reason}")
    _show.notes(result.notes)
    click.echo(f"wrote {result.out}")


def _print_parts(parts: list[str], labels: list[str], table: list[list[Any]]) -> None:
    """The rows of each class (lines of the table) in each part; many parts become lines."""
    from fertools.charts import BESIDE

    rows = [[cell.rows for cell in line] for line in table]
    totals = [sum(line) for line in rows]
    off = [
        [100 * (cell.rows - cell.target) / max(total, 1) for cell in line]
        for line, total in zip(table, totals, strict=True)
    ]
    worst = [max(map(abs, line), default=0) for line in off]
    if len(parts) > BESIDE:
        title = (
            f"rows per part and class; {max(worst, default=0):.1f} points off the target at most"
        )
        lines = [[part, *counts, sum(counts)] for part, *counts in zip(parts, *rows, strict=True)]
        _show.table(title, ["", *labels, "rows"], [*lines, ["all", *totals, sum(totals)]])
        return
    lines = []
    for name, total, counts, points, far in zip(labels, totals, rows, off, worst, strict=True):
        shown = [f"{n:,} ({o:+z.1f})" for n, o in zip(counts, points, strict=True)]
        lines.append([name, total, *(shown if len(parts) < 4 else counts), f"{far:.1f}"])
    lines.append(["all", sum(totals), *map(sum, zip(*rows, strict=True)), ""])
    title = "rows per class and part; off: points off the target share, the farthest part's last"
    _show.table(title, ["label", "rows", *parts, "off"], lines)
