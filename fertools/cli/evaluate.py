"""Score a run or a file of predictions, with intervals and the leak-free subset."""

import dataclasses
from pathlib import Path
from typing import Any

import click

from fertools.cli import _show
from fertools.errors import disk_faults


@click.command(epilog="Example: fertools evaluate runs/demo --split test --by gender")
@click.argument("path", metavar="RUN|MANIFEST")
@click.option("--from", "probs", metavar="PROBS", help="predictions of another framework: id, p_*")
@click.option("--split", help="test (default), val or train")
@click.option("--fold", type=int, help="with --from or --on: of a manifest of folds")
@click.option("--tta", type=click.Choice(["none", "flip"]), help="default: as the recipe says")
@click.option("--probs", "write", metavar="OUT.parquet", help="write the probabilities")
@click.option(
    "--out-of-fold", is_flag=True, help="pool the folds of one manifest, of RUN's or --from's"
)
@click.option("--by", metavar="gender,age,race", help="scores for each value of these columns")
@click.option("--on", metavar="OTHER", help="another manifest than the run's own")
@click.option("--outside", help="of --on: words that one side lacks: error (default) or mask")
@click.option("--prior", help="of the classes: none (default) or uniform")
@click.option("--no-leak-free", is_flag=True, help="do not look for near-twins of the test rows")
@click.option("--data", help="folder of the face store, where the card does not lead to it")
@click.option("--device", help="auto (default), cpu, cuda, mps")
@click.option("--language", type=click.Choice(["en", "ko"]), default="en",
              help="of the paragraph for a paper")  # fmt: skip
@click.option("--plot", type=click.Path(path_type=Path), help="write the confusion matrix as PNG")
@click.option("--brief", is_flag=True, help="print the paragraph for a paper alone")
@click.option("--json", "as_json", is_flag=True, help="print the result as JSON")
def command(path: str, no_leak_free: bool, language: str, brief: bool, **typed: Any) -> None:
    """Score the runs of RUN, or predictions on MANIFEST.

    Intervals are of 95 %, by bootstrap over people or groups. A run keeps metrics-<part>.json, and
    a file of its own for each other manifest.
    Every score on a test part is noted in looks.jsonl beside the manifest.
    """
    from fertools.evaluate import evaluate
    from fertools.evaluate.evaluation import Options
    from fertools.evaluate.paragraph import paragraph
    from fertools.manifest import write_json

    as_json, plot = typed.pop("as_json"), typed.pop("plot")
    files = {name: typed.pop(name) for name in ("probs", "write", "out_of_fold")}
    given = {name: value for name, value in typed.items() if value is not None}
    if "by" in given:
        given["by"] = tuple(word.strip() for word in given["by"].split(","))
    found = evaluate(path, Options(**given, leak_free=not no_leak_free), **files)
    record = {**dataclasses.asdict(found), "paragraph": paragraph(found, language)}
    # first of all what a look at the test set was spent on
    if as_json:
        _show.as_json(record)
    else:
        if not brief:
            _print(found)
        click.echo(f"{'' if brief else chr(10)}{record['paragraph']}")
    if Path(path).is_dir() and files["probs"] is None:
        with disk_faults(path):
            write_json(Path(path) / f"metrics-{found.split}{_other(typed)}.json", record)
    if plot is not None:
        from fertools.charts import confusion

        words = [each.label for each in found.scores.classes]
        title = f"{Path(path).name}: {100 * found.scores.accuracy.value:.2f} %"
        confusion(plot, title, words, found.scores.confusion)


def _print(found: Any) -> None:
    s = found.scores
    looks = f" ({', '.join(found.looks)})" if found.looks else ""
    measures = (("accuracy", s.accuracy), ("macro-F1", s.macro_f1),
                ("balanced accuracy", s.balanced_accuracy))  # fmt: skip
    rows = [[name, *_interval(value)] for name, value in measures]
    if s.per_sequence is not None:
        rows.append(["accuracy per recording", *_interval(s.per_sequence)])
    if found.leak_free is not None:
        rows += _free_rows(found.leak_free)
    columns = ["score", "%", "95 % interval", "groups", ""]
    many = f"{s.images:,} images" + (f", {s.rows:,} rows of all runs" if s.rows > s.images else "")
    _show.table(f"{found.of} on {found.split}: {many}{looks}", columns, rows)
    words = [each.label for each in s.classes]
    columns = ["class", "rows", "precision", "recall", "F1"]
    table = [[c.label, c.rows, *map(_percent, (c.precision, c.recall, c.f1))] for c in s.classes]
    _show.table("per class, %", columns, table)
    table = [[word, *row] for word, row in zip(words, s.confusion, strict=True)]
    _show.table("rows of each class (down) taken as (across)", ["", *words], table)
    click.echo(f"negative log-likelihood {s.nll:.4f}, Brier {s.brier:.4f}, ECE {s.ece:.4f}")
    if s.soft_accuracy is not None:
        click.echo(f"soft accuracy (share of the votes) {100 * s.soft_accuracy:.2f} %")
    if found.partners:
        told = ", ".join(f"{name} {count:,}" for name, count in found.partners.items())
        click.echo(f"rows with a partner in the other parts: {told}")
    for name, values in found.by.items():
        _show.table(f"by {name}", [name, "%", "95 % interval", "groups", ""],
                    [[value, *_interval(each)] for value, each in values.items()])  # fmt: skip
    if found.members:
        each = [[m.name, m.rows, _percent(m.accuracy), _percent(m.macro_f1)] for m in found.members]
        _show.table("each run", ["run", "rows", "accuracy", "macro-F1"], each)
    _show.notes(found.notes)


def _other(typed: dict[str, Any]) -> str:
    """What the name of a metrics file says of another manifest or another prior."""
    from fertools.evaluate.evaluation import name_of

    name = f"-on-{name_of(typed['on'])}" if typed["on"] else ""
    return name + (f"-{typed['prior']}" if typed["prior"] not in (None, "none") else "")


def _free_rows(free: Any) -> list[list[Any]]:
    name = f"leak-free, {free.images:,} images"
    if free.accuracy is None:
        return [[name, "", "under 100 images: no score", None, ""]]
    rows = [[name, *_interval(free.accuracy)]]
    if free.reweighted is not None:
        rows.append([f"{name}, classes as in the part", *_interval(free.reweighted)])
    return rows


def _interval(value: Any) -> list[Any]:
    unreliable = "" if value.is_reliable else f"unreliable: {value.doubt}"
    bounds = f"{100 * value.low:.2f} .. {100 * value.high:.2f}"
    return [f"{100 * value.value:.2f}", bounds, value.groups, unreliable]


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.2f}"
