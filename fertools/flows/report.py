"""The report: one page on a data set or a split that holds everything and fetches nothing.

In goes a manifest; out comes one HTML file: balance, drop-outs, leakage, twins, quality, label
suspects, raters, how each figure was computed, what was not checked. It shows no face and can be
shared, unless faces are asked for: then its name ends in `.private.html` and its first line says
so. Every name and label is escaped; the same manifest gives the same bytes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from fertools import __version__
from fertools.audit.certificate import sentence
from fertools.audit.verdict import Leak
from fertools.errors import FerError
from fertools.flows import _report_method as small_print
from fertools.flows import _report_words as words
from fertools.flows._report_chart import Histogram, bars, histogram, leak_bars
from fertools.flows._report_facts import Facts, Tally, gather
from fertools.flows._sheet import Sheets, draw
from fertools.manifest import locate, write_page
from fertools.measures.words import per_cent
from fertools.stats import DropOut
from fertools.twins import Step

PRIVATE = ".private.html"
LONG = 44  # letters of an id below a face
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Written:
    """The page: where it lies, how large it is, how many faces it shows."""

    file: Path
    size: int
    faces: int


def report(
    path: str | Path,
    out: str | Path,
    *,
    data: str | None = None,
    with_faces: bool = False,
    title: str | None = None,
) -> Written:
    """Write the report of a manifest, or of the folder of an ingest, to `out`.

    `data` is the folder of the face store where the card does not lead to it. With faces the file's
    name is made to end in `.private.html`. Raises `FerError` where the file cannot be written, or
    Jinja2 is not there.
    """
    template = _template()
    file = named(Path(out), with_faces)
    facts = gather(path, data)
    sheets = draw(facts, data or facts.home) if with_faces else Sheets()
    page = template.render(
        audit=facts.audit,
        chart=bars(facts.stats.balance),
        dropouts=_dropouts(facts),
        digests=words.digests(facts, locate(path).name),
        facts=facts,
        file=locate(path).name,
        part_names=words.PARTS,
        who=words.WHO,
        glance=words.glance(facts),
        lede=words.lede(facts),
        method=small_print.method(facts),
        private=with_faces,
        quality=_histograms(facts),
        sheets=sheets,
        sentence=sentence(facts.audit) if facts.audit is not None else "",
        sums=_sums(facts.stats.statuses),
        title=title or facts.name,
        unchecked=small_print.unchecked(facts),
        version=__version__,
    )
    write_page(file, page)
    return Written(file, file.stat().st_size, sheets.faces)


def named(out: Path, with_faces: bool) -> Path:
    """The file's name; a page with faces says in it that it is private."""
    if not with_faces or out.name.endswith(PRIVATE):
        return out
    return out.with_name(out.name.removesuffix(".html") + PRIVATE)


def _template() -> Any:
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise FerError("a report needs Jinja2: pip install 'fertools[report]'") from error
    # a label is text, whatever it looks like: everything is escaped
    house = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    house.filters |= {
        "class_names": _class_names,
        "classes_of": _classes_of,
        "count": lambda n: f"{n:,}",
        "fixed": lambda value, digits: f"{value:.{digits}f}",
        "leak_chart": leak_bars,
        "middle": _middle,
        "ratio": _ratio,
        "share": lambda value: per_cent(value, words.SIGN),
        "short": lambda value: f"{value:.3g}",
        "sum_of": lambda rows, at: sum(row[at] for row in rows),
        "until": _until,
        "words_of": lambda kinds: sorted({word for words in kinds.values() for word in words}),
        "worst_leak": words.worst,
    }
    return house.get_template("report.html.j2")


def _ratio(value: float) -> str:
    if math.isnan(value):
        return "none, without a label"
    return f"{value:.2f}" if math.isfinite(value) else "without bound, since a class is empty"


def _middle(text: str) -> str:
    """A long id with its middle left out: the ends tell it apart."""
    return text if len(text) <= LONG else f"{text[: LONG - 20]}…{text[-19:]}"


def _class_names(leaks: Sequence[Leak]) -> list[str]:
    return sorted({name for leak in leaks for name in leak.classes})


def _classes_of(tallies: Sequence[Tally]) -> list[str]:
    return sorted({name for tally in tallies for name in tally.classes})


def _until(steps: Sequence[Step], threshold: float) -> list[Step]:
    """A curve up to two steps beyond its threshold."""
    end = next((i for i, step in enumerate(steps) if step.threshold >= threshold), 0)
    return list(steps[: end + 3])


def _sums(statuses: dict[str, int]) -> str:
    ok, pending = statuses.get("ok", 0), statuses.get("pending", 0)
    failed = sum(statuses.values()) - ok - pending
    text = f"{ok + failed:,} images in = {ok:,} with a face + {failed:,} with a reason"
    return text + (f"; {pending:,} records are pending, without an image yet" if pending else "")


def _dropouts(facts: Facts) -> dict[str, list[DropOut]]:
    """Drop-outs by the column that they are counted over."""
    found: dict[str, list[DropOut]] = {}
    for each in facts.stats.dropouts:
        name = "class" if each.column in ("label", "native_label") else each.column
        found.setdefault(name.replace("_", " "), []).append(each)
    return found


def _histograms(facts: Facts) -> list[Histogram]:
    """One for every column `quality_*` that holds numbers, over those that are finite."""
    found = []
    for name in facts.manifest.table.column_names:
        column = facts.manifest.table[name]
        is_number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
        if name.startswith("quality_") and is_number:
            values = column.drop_null().to_numpy().astype(np.float64)
            if len(values := values[np.isfinite(values)]):
                found.append(histogram(name.removeprefix("quality_").replace("_", " "), values))
    return found
