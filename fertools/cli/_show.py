"""What commands share in printing: JSON, tables, progress."""

import json
import math
import shlex
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from fertools.errors import printable
from fertools.measures.words import per_cent

WIDE = 120  # letters of a line where no terminal says


def line() -> str:
    """The command line as it was typed, for the card."""
    return shlex.join(["fertools", *click.get_current_context().meta["fertools.typed"]])


def alone() -> bool:
    """Whether this process runs the command and nothing else."""
    return bool(click.get_current_context().find_root().obj)


def as_json(data: Any) -> None:
    """Print one JSON document; numbers that are not finite, which JSON does not know, are null."""
    text = json.dumps(_finite(data), indent=1, ensure_ascii=False, default=str, allow_nan=False)
    click.echo(text)


def _finite(data: Any) -> Any:
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    if isinstance(data, Mapping):
        return {name: _finite(value) for name, value in data.items()}
    return [_finite(value) for value in data] if isinstance(data, list | tuple) else data


def hours(title: str, wanted: Sequence[tuple[str, int, int, float]], *, data: bool = False) -> None:
    """What is left of trials: name, runs, those that have ended, minutes; `data` prints JSON."""
    if data:
        as_json([{"trial": name, "runs": runs, "ended": ended, "hours_left": minutes / 60}
                 for name, runs, ended, minutes in wanted])  # fmt: skip
        return
    rows = [[name, runs, ended, f"{minutes / 60:.2f}"] for name, runs, ended, minutes in wanted]
    table(title, ["trial", "runs", "ended", "hours left"], rows)
    click.echo(f"{sum(minutes for *_, minutes in wanted) / 60:.1f} hours left in all")


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table; numbers stand at the right."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=SIMPLE_HEAD, pad_edge=False)
    for number, name in enumerate(columns):
        right = all(_is_number(row[number]) for row in rows) and bool(rows)
        head, first = Text(printable(name)), number == 0
        grid.add_column(head, justify="right" if right else "left", no_wrap=first)
    for row in rows:
        grid.add_row(*(Text(cell(value)) for value in row))
    console = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)
    if not sys.stdout.isatty():  # a file is read by programs, too: no word of it is cut
        free = console.options.update(width=100 * WIDE)
        console.width = max(WIDE, console.measure(grid, options=free).minimum)
    console.print(Text(printable(title), "bold"), soft_wrap=True)
    console.print(grid)


def cell(value: Any) -> str:
    """A value as a table shows it: thousands separated, four digits of a fraction."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return f"{value:,}" if is_count else printable(value)


def notes(found: Iterable[str]) -> None:
    """What is worth knowing of a result, a line each."""
    for note in found:
        click.echo(f"note: {printable(note)}")


def share(value: float) -> str:
    """A share as per cent."""
    return per_cent(value)


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return value.endswith(" %") or value.lstrip("-").replace(".", "", 1).isdigit()
    return value is None or isinstance(value, (int, float))


def statuses(counts: Mapping[str, int]) -> str:
    """The sum of an ingest: `images in 981 = ok 981 + 0 with a reason`."""
    ok, pending = counts.get("ok", 0), counts.get("pending", 0)
    faults = {k: n for k, n in counts.items() if k not in ("ok", "pending")}
    failed = sum(faults.values())
    text = f"images in {ok + failed:,} = ok {ok:,} + {failed:,} with a reason"
    if faults:
        text += " (" + ", ".join(f"{k} {n:,}" for k, n in faults.items()) + ")"
    return text + (f"; {pending:,} records pending, without an image yet" if pending else "")


class Progress:
    """Shows units as they are done: a bar with rate and time left on a terminal, lines
    elsewhere."""

    EVERY = 5.0  # seconds between plain lines

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self._start = self._last = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> "Progress":
        if not self.quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
                       TextColumn("{task.fields[rate]}"), TimeRemainingColumn())  # fmt: skip
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task("units", total=None, rate="")
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, name: str, state: dict[str, int]) -> None:
        now = time.monotonic()
        rate = state["rows"] / max(now - self._start, 1e-9)
        if self._bar is not None:
            shown = f"{rate:,.0f} images/s"
            done, total = state["units"], state["of"]
            self._bar.update(self._task, total=total, completed=done, description=name, rate=shown)
        elif not self.quiet and now - self._last > self.EVERY and state["units"] < state["of"]:
            self._last = now
            left = (state["of"] - state["units"]) * (now - self._start) / state["units"]
            click.echo(
                f"{state['units']}/{state['of']} units, {state['rows']:,} images, "
                f"{rate:,.0f} images/s, about {left:,.0f} s left",
                err=True,
            )
