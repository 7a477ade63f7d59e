"""Bring reviewers' verdicts home: agreement, majority, disputes, label noise."""

import dataclasses
import math
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from fertools.cli import _show

if TYPE_CHECKING:
    from fertools.measures.intervals import Interval
    from fertools.review import Imported
    from fertools.review.agree import Agreement


@click.command(epilog="Example: fertools import-verdicts kim.jsonl lee.jsonl --into data/fer2013")
@click.argument("files", nargs=-1, required=True)
@click.option("--into", metavar="DATA", help="write them into the next version of DATA's manifest")
@click.option("--json", "as_json", is_flag=True, help="print the result as JSON")
def command(files: tuple[str, ...], into: str | None, as_json: bool) -> None:
    """Compare the verdicts in FILES, one file per reviewer of one session.

    Prints Krippendorff's alpha with its interval, what most say of each face, and what is disputed.
    With --into the answer becomes `label_verdict` and `drop` in DATA, never the label itself;
    disputes are looked at with `fertools review DATA --queue disputed`, whose file then joins FILES
    and decides. Where controls were mixed in, the share of wrong labels is estimated.
    """
    from fertools.review import import_verdicts

    found = import_verdicts(files, into, command=_show.line())
    if as_json:
        _show.as_json(_plain(found))
    else:
        _print(found)


def _plain(found: "Imported") -> dict[str, Any]:
    data = dataclasses.asdict(found)
    data["out"] = None if found.out is None else str(found.out)
    return data


def _print(found: "Imported") -> None:
    agreement = found.agreement
    names = ", ".join(agreement.reviewers)
    rows = [[word, count] for word, count in found.faces.items()]
    _show.table(f"session {found.session}, by {names}", ["in the end", "faces"], rows)
    click.echo(_agreement(agreement))
    for line in _told(found):
        click.echo(line)
    if found.noise is None:
        click.echo(f"no noise rate: {found.why_no_noise}")
    else:
        _noise(found)
    if found.out is not None:
        _written(found)


def _agreement(found: "Agreement") -> str:
    """How far the reviewers agree, or why nothing can be said of it."""
    if len(found.reviewers) < 2:
        return "one reviewer: there is no agreement to measure"
    if math.isnan(found.pairwise):
        return "no face has words of two reviewers (unsure is none): no agreement to measure"
    pairs = f"pairs agree in {100 * found.pairwise:.1f} %"
    if math.isnan(found.alpha.value):
        return f"only one word was said, so Krippendorff's alpha has no value; {pairs}"
    faces = f"over {found.alpha.groups:,} faces"
    return f"Krippendorff's alpha {_range(found.alpha, 1, '')} {faces}; {pairs}"


def _told(found: "Imported") -> Iterator[str]:
    """What became of verdicts that count for no face."""
    agreement = found.agreement
    if found.taken_back:
        yield f"{found.taken_back:,} faces have no verdict any more: theirs were taken back"
    if agreement.undecided:
        yield (
            f"{agreement.undecided:,} disputes stay: those who decided differ; the queue disputed "
            "shows what they said"
        )
    if agreement.elsewhere:
        yield (
            f"{agreement.elsewhere:,} decisions are on faces that none of these reviewers judged: "
            "give all files of this session; those of another go with its own files"
        )
    if found.on_no_row:
        yield (
            f"{found.on_no_row:,} of {len(agreement.settled):,} verdicts are on no row here: "
            "those faces are gone, or were reviewed in another folder"
        )


def _noise(found: "Imported") -> None:
    noise = found.noise
    assert noise is not None
    shares = {
        "wrong labels": noise.wrong,
        "not even the second choice": noise.clearly_wrong,
        "not to be used": noise.unusable,
    }
    if math.isnan(noise.wrong.value):
        click.echo("no noise rate yet: of the queue or of the controls no face is judged")
    else:
        for name, share in shares.items():
            click.echo(f"{name}: {_range(share, 100, ' %')} of all faces")
    for name, counts in noise.strata.items():
        click.echo(
            f"{name}: {counts['faces']:,} faces, {counts['sampled']:,} sampled, "
            f"{counts['judged']:,} judged, {counts['wrong']:,} wrong, "
            f"{counts['unusable']:,} unusable"
        )
    if noise.open:
        click.echo(f"{noise.open:,} judged without a result or without a label are left out")


def _written(found: "Imported") -> None:
    out = shlex.quote(str(found.out))
    if disputed := len(found.agreement.disputed):
        click.echo(f"{disputed:,} disputed: fertools review {out} --queue disputed")
    if found.changed_test_rows:
        click.echo(
            f"{found.changed_test_rows:,} rows of the published test part are others by verdict: "
            "a score with them is none on the published test"
        )
    if found.version is None:
        click.echo("nothing changed")
    else:
        click.echo(f"the manifest before is version {found.version}; `fertools curate "
                   f"{out} --undo` goes back to it")  # fmt: skip


def _range(interval: "Interval", scale: float, unit: str) -> str:
    value, low, high = (scale * x for x in (interval.value, interval.low, interval.high))
    digits = 3 if scale == 1 else 2
    return f"{value:z.{digits}f}{unit} (95 % interval {low:z.{digits}f} .. {high:z.{digits}f})"
