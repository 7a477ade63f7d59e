"""Find twins, blanks, poor quality and doubtful labels; nothing is deleted."""

import dataclasses
from pathlib import Path
from typing import Any

import click

from fertools.cli import _show


@click.command(epilog="Example: fertools curate data/fer2013 --checks duplicates,quality")
@click.argument("data")
@click.option("--checks", metavar="A,B", help="duplicates, derived, quality, label_noise; all")
@click.option("--policy", help="what a flag leads to: a TOML file; recipes/curate_default.toml")
@click.option("--probs", help="out-of-fold predictions (id, p_<word>) for label_noise")
@click.option("--undo", is_flag=True, help="go back to the version before")
@click.option("--quiet", is_flag=True, help="print nothing but errors")
@click.option("--json", "as_json", is_flag=True, help="print the result as JSON")
def command(
    data: str, undo: bool, quiet: bool, as_json: bool, checks: str | None, **typed: Any
) -> None:
    """Look at every face of DATA, the folder of an ingest, and write what is found.

    Flags and reasons to drop a row go into a new version of the manifest, which the next run
    replaces; the one before is kept in DATA/versions, and no face is deleted. Pairs, suspects and
    what is to be reviewed lie in DATA/curation.
    """
    from fertools import curate

    if undo:
        if checks or any(typed.values()):
            raise click.UsageError("--undo goes back and takes no other option")
        _undone(data, curate.undo(data), quiet, as_json)
        return
    line = _show.line()
    tell = None if quiet or as_json else lambda name: click.echo(f"checking {name} ..", err=True)
    names = [name.strip() for name in checks.split(",")] if checks else None
    result = curate.curate(data, names, command=line, progress=tell, **typed)
    if as_json:
        _show.as_json({**dataclasses.asdict(result), "out": str(result.out)})
    elif not quiet:
        _print(result)


def _undone(data: str, number: int, quiet: bool, as_json: bool) -> None:
    if as_json:
        _show.as_json({"out": data, "version": number})
    elif not quiet:
        click.echo(f"{data}: version {number} of the manifest stands again")


def _print(result: Any) -> None:
    from fertools.versions import BY_VERDICT

    rows = [
        [name, flag, count, result.dropped.get(flag)]
        for name, check in result.checks.items()
        for flag, count in (check.flags or {"": 0}).items()
    ]
    _show.table("what was found", ["check", "flag", "rows", "of them dropped"], rows)
    for name, check in result.checks.items():
        for note in check.notes:
            click.echo(f"{name}: {note}")
    total = sum(result.dropped.values())
    click.echo(
        f"{result.rows:,} rows = {result.rows - result.faces:,} without a face + "
        f"{total:,} dropped + {result.faces - total:,} to use; {result.flagged:,} are flagged"
    )
    if judged := result.dropped.get(BY_VERDICT):
        click.echo(f"{judged:,} of the dropped are so by reviewers' verdicts")
    for flag, count in result.spared.items():
        click.echo(f"spared: {count:,} {flag} of a published part that the policy spares")
    for name in result.gone:
        click.echo(f"{name} was not asked for: what it had found is in the version before")
    if result.tables:
        click.echo(f"tables in {Path(result.out) / 'curation'}: {', '.join(result.tables)}")
    if result.version is None:
        click.echo("nothing changed")
    else:
        click.echo(f"the manifest before is version {result.version}; --undo goes back to it")
