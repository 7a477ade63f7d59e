"""Prove that a split is clean: nobody and no copy stands in two parts."""

import dataclasses
from typing import Any

import click

from fertools.cli import _show

SHOWN = 3  # steps of a curve beyond its threshold


@click.command(epilog="Example: fertools audit manifests/ck48.parquet --max-leakage 0")
@click.argument("manifest")
@click.option("--by", metavar="subject,exact,..", help="relations to check; default all")
@click.option("--max-leakage", type=float, help="share of a part; default 0")
@click.option("--near-threshold", type=float, help="NCC of near-twins, for every data set")
@click.option("--data", help="folder of the face store, where the card does not lead to it")
@click.option("--certificate", metavar="OUT.md", help="write one page with digests")
@click.option("--rows", metavar="OUT.parquet", help="write the rows with their partners")
@click.option("--json", "as_json", is_flag=True, help="print the result as JSON")
def command(manifest: str, certificate: str | None, as_json: bool, **typed: Any) -> None:
    """Look for rows of one part of MANIFEST that have a partner in another.

    Relations are subject, sequence, exact, near (with mirror images) and derived. Exit code 3 when
    more than --max-leakage of a part has a partner in an earlier one, 4 when a relation that was
    asked for with --by cannot be checked.
    """
    from fertools.audit import audit
    from fertools.audit.certificate import sentence, write
    from fertools.audit.verdict import gate

    given = {name: value for name, value in typed.items() if value is not None}
    if "by" in given:
        given["by"] = tuple(word.strip() for word in given["by"].split(","))
    found = audit(manifest, **given)
    if certificate:
        write(found, certificate)
    if as_json:
        _show.as_json({**dataclasses.asdict(found), "sentence": sentence(found)})
    else:
        _print(found)
    gate(found)


def _print(found: Any) -> None:
    rows: list[list[Any]] = []
    for verdict in found.verdicts:
        for number, leak in enumerate(verdict.leaks):
            first = (verdict.relation, verdict.verdict) if number == 0 else ("", "")
            worst = leak.worst or (None, leak.rows, leak.of)
            cells = [f"{leak.later} in {leak.earlier}", worst[1], worst[2], _show.share(leak.share)]
            if found.folds:
                cells += [worst[0], _show.share(leak.rows / max(leak.of, 1)), leak.rounds]
            rows.append([first[0], *cells, first[1]])
        if not verdict.leaks:
            blanks = [None] * (6 if found.folds else 3)
            rows.append([verdict.relation, "", *blanks, verdict.verdict])
    folded = ["worst fold", "mean share", "folds with any"] if found.folds else []
    title = f"{found.manifest}: rows of the later part with a partner in the earlier one"
    columns = ["relation", "parts", "rows", "of", "share", *folded, "verdict"]
    _show.table(title, columns, rows)
    _classes(found)
    _curves(found)
    for verdict in found.verdicts:
        if verdict.why:
            click.echo(f"not checked by {verdict.relation}: {verdict.why}")
    _show.notes(found.notes)


def _classes(found: Any) -> None:
    for verdict in found.verdicts:
        if not any(leak.rows for leak in verdict.leaks):
            continue
        names = list(dict.fromkeys(name for leak in verdict.leaks for name in leak.classes))
        cells = [[leak.classes.get(name, (0, 0)) for leak in verdict.leaks] for name in names]
        rows = [
            [
                name or "(none)",
                *(f"{n:,} of {of:,} ({_show.share(n / max(of, 1))})" for n, of in row),
            ]
            for name, row in zip(names, cells, strict=True)
        ]
        parts = [f"{leak.later} in {leak.earlier}" for leak in verdict.leaks]
        sums = ", all rounds" if found.folds else ""
        _show.table(f"{verdict.relation}: per class{sums}", ["class", *parts], rows)


def _curves(found: Any) -> None:
    for name, steps in found.curves.items():
        end = next((i for i, s in enumerate(steps) if s.threshold >= found.thresholds[name]), 0)
        rows = [[f"{s.threshold:.3f}", s.same, s.different, s.unknown]
                for s in steps[: end + SHOWN]]  # fmt: skip
        title = f"{name}: pairs that remain at a threshold; twins from {found.thresholds[name]:g}"
        _show.table(title, ["NCC", "one person", "false twins", "unknown"], rows)
    if found.false_twins:
        click.echo(f"{found.false_twins:,} pairs from 0.90 are of different people: false twins")
