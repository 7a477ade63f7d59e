"""Show class balance per part, what leans on the split, and drop-outs."""

import dataclasses
import math
from pathlib import Path
from typing import Any

import click

from fertools.cli import _show
from fertools.measures.words import p_value


@click.command(epilog="Example: fertools stats manifests/ck48.parquet --plot balance.png")
@click.argument("manifest")
@click.option("--column", help="what to count: label (default), gender, age, .. or raters")
@click.option("--permutations", type=click.IntRange(1), help="of whole groups; default 199")
@click.option("--seed", type=click.IntRange(0), help="of the permutations; default 0")
@click.option("--plot", type=click.Path(path_type=Path), help="write the balance as a PNG")
@click.option("--json", "as_json", is_flag=True, help="print the result as JSON")
def command(manifest: str, plot: Path | None, as_json: bool, **typed: Any) -> None:
    """Show how MANIFEST (a file, or the folder of an ingest) is made up.

    Counts and shares per part, imbalance ratio, effective number of classes (exp of the entropy),
    Cramer's V of every metadata column against the split with a p-value from permutations of whole
    groups, and which class loses most faces to which reason.
    """
    if typed["column"] == "raters":
        for name, value in {"plot": plot, **typed}.items():
            if name != "column" and value is not None:
                raise click.UsageError(f"--{name} is nothing that --column raters takes")
        _raters(manifest, as_json)
        return
    from fertools.stats import stats

    result = stats(manifest, **{k: v for k, v in typed.items() if v is not None})
    if plot is not None:
        from fertools.charts import bars

        found = result.balance
        bars(plot, f"{found.column} per part", found.values, found.parts, found.counts)
    if as_json:
        _show.as_json(dataclasses.asdict(result))
        return
    _print(result)
    if plot is not None:
        click.echo(f"wrote {plot}")


def _print(result: Any) -> None:
    from fertools.charts import BESIDE
    from fertools.stats import as_table

    found = result.balance
    click.echo(_show.statuses(result.statuses))
    _show.table(f"{found.column} per part", *as_table(found))
    effective = ", ".join(
        f"{part} {n:.2f}" for part, n in zip(found.parts, found.effective_classes, strict=True)
    )
    if (many := len(found.parts)) > BESIDE:
        low, high = min(found.effective_classes), max(found.effective_classes)
        effective = f"{low:.2f} .. {high:.2f} in {many} parts"
    click.echo(f"imbalance ratio {found.imbalance:.2f}; effective classes: {effective}")
    if found.unknown:
        click.echo(f"{found.unknown:,} rows have no {found.column}")
    if found.unused:
        click.echo(f"{found.unused:,} faces are in no part, or were dropped: not counted above")
    if result.leans:
        rows = [[x.column, f"{x.v:.3f}", p_value(x.p, 3), x.rows, x.groups] for x in result.leans]
        title = f"does a column lean on the {found.by}? Cramer's V, p over whole groups"
        _show.table(title, ["column", "V", "p", "rows", "groups"], rows)
    _print_dropouts(result)


def _print_dropouts(result: Any) -> None:
    if not result.dropouts:
        return
    tests = {x.column: x for x in result.dropout_leans}
    rows, last = [], ""
    for x in result.dropouts:
        test = tests.get(x.column) if x.column != last else None
        rows.append([
            x.column if x.column != last else "", x.value, x.rows, x.without,
            _show.share(x.without / max(x.rows, 1)), p_value(test.p, 3) if test else "",
            _reasons(x.reasons),
        ])  # fmt: skip
        last = x.column
    title = "rows without a face; p: does the loss lean on the column, over whole groups"
    _show.table(title, ["column", "value", "rows", "without", "share", "p", "why"], rows)


def _reasons(reasons: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in reasons.items())


def _kappa(value: float) -> str:
    """A kappa, which is not defined where all raters say one word."""
    return "undefined" if math.isnan(value) else f"{value:.3f}"


def _raters(manifest: str, as_json: bool) -> None:
    from fertools.stats.raters import raters

    result = raters(manifest)
    if as_json:
        _show.as_json(dataclasses.asdict(result))
        return
    alone = f" ({result.alone:,} with one opinion, left out)" if result.alone else ""
    click.echo(
        f"{result.rows:,} rows with {result.kind}{alone}: "
        f"Fleiss' kappa {_kappa(result.fleiss_kappa)}, "
        f"pairwise agreement {_show.share(result.pairwise)}, "
        f"no majority {_show.share(result.no_majority)}, unanimous {_show.share(result.unanimous)}"
    )
    rows = [
        [x.word, x.rows, _show.share(x.same / max(x.rows, 1)),
         _show.share(x.none / max(x.rows, 1)), _reasons(dict(list(x.other.items())[:3]))]
        for x in result.words
    ]  # fmt: skip
    if rows:  # a data set may have no word but its raters'
        _show.table(
            "the data set's own word against the majority",
            ["word", "rows", "same", "no majority", "most often instead"],
            rows,
        )
