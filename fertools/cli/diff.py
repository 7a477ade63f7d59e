"""Compare two versions of a manifest: rows added, gone, relabelled, moved between parts."""

import dataclasses
from collections import Counter
from typing import Any

import click

from fertools.cli import _show

SHOWN = 3  # ids per kind of change


@click.command(epilog="Example: fertools diff manifests/ck48.parquet manifests/ck48-new.parquet")
@click.argument("first")
@click.argument("second")
@click.option("--json", "as_json", is_flag=True, help="print every row as JSON")
def command(first: str, second: str, as_json: bool) -> None:
    """Say what became of the rows of FIRST in SECOND. Rows are the same by their id."""
    from fertools.diff import diff

    found = diff(first, second)
    if as_json:
        _show.as_json(dataclasses.asdict(found))
        return
    for word in ("added", "gone"):
        ids = getattr(found, word)
        click.echo(f"{word}: {len(ids):,}" + (f" ({_first(ids)})" if ids else ""))
    for word, what in (("relabelled", "label"), ("moved", "part")):
        _changes(word, found.columns.get(what), getattr(found, word))
    click.echo(f"the same: {found.same:,}")
    _show.notes(found.notes)


def _first(ids: list[str]) -> str:
    return ", ".join(ids[:SHOWN]) + (", .." if len(ids) > SHOWN else "")


def _changes(word: str, column: str | None, changes: list[Any]) -> None:
    click.echo(f"{word}: {len(changes):,}" + (f", by {column}" if column else ""))
    if not changes:
        return
    counts = Counter((c.before, c.after) for c in changes)
    first: dict[tuple[str, str], list[str]] = {}
    for change in changes:
        first.setdefault((change.before, change.after), []).append(change.id)
    rows = [
        [before or "(none)", after or "(none)", count, _first(first[before, after])]
        for (before, after), count in counts.most_common()
    ]
    _show.table(word, ["before", "after", "rows", "ids"], rows)
