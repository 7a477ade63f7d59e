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
from fertools.audit.verdict import Leak, Verdict
from fertools.errors import FerError
from fertools.flows.report import method as small_print
from fertools.flows.report import words
from fertools.flows.report.chart import SIDE_BY_SIDE, Histogram, bars, histogram, leak_bars, pair
from fertools.flows.report.facts import Facts, Tally, gather
from fertools.flows.report.say import Say
from fertools.flows.report.sheet import Sheets, draw
from fertools.manifest import locate, write_page
from fertools.measures.words import per_cent
from fertools.stats import Balance, DropOut
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
    language: str = "en",
) -> Written:
    """Write the report of a manifest, or of the folder of an ingest, to `out`.

    `data` is the folder of the face store where the card does not lead to it. With faces the file's
    name is made to end in `.private.html`. `language` is en or ko; words of the data set itself,
    and the sentence for the paper, stay as they are. Raises `FerError` where the file cannot be
    written, for a language that is not there, and where Jinja2 is not.
    """
    say = Say(language)
    template = _template(say)
    file = named(Path(out), with_faces)
    facts = gather(path, data)
    sheets = draw(facts, data or facts.home, say) if with_faces else Sheets()
    page = template.render(
        audit=facts.audit,
        chart=bars(facts.stats.balance, say),
        dropouts=_dropouts(facts),
        digests=words.digests(facts, locate(path).name, say),
        facts=facts,
        file=locate(path).name,
        glance=words.glance(facts, say),
        lede=words.lede(facts, say),
        method=small_print.method(facts, say),
        private=with_faces,
        quality=_histograms(facts, say),
        sheets=sheets,
        sentence=sentence(facts.audit) if facts.audit is not None else "",
        sums=_sums(facts.stats.statuses, say),
        title=title or facts.name,
        unchecked=small_print.unchecked(facts, say),
        version=__version__,
    )
    write_page(file, page)
    return Written(file, file.stat().st_size, sheets.faces)


def named(out: Path, with_faces: bool) -> Path:
    """The file's name; a page with faces says in it that it is private."""
    if not with_faces or out.name.endswith(PRIVATE):
        return out
    return out.with_name(out.name.removesuffix(".html") + PRIVATE)


def _template(say: Say) -> Any:
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
        "effective": lambda found: _effective(found, say),
        "count": lambda n: f"{n:,}",
        "fixed": lambda value, digits: f"{value:.{digits}f}",
        "leak_chart": lambda verdict: leak_bars(verdict, say),
        "middle": _middle,
        "pair": lambda leak: pair(leak, say),
        "ratio": lambda value: _ratio(value, say),
        "share": lambda value: per_cent(value, words.SIGN),
        "reason": lambda verdict: words.reason(verdict, say),
        "relations_of": lambda verdicts: _relations(verdicts, say),
        "short": lambda value: f"{value:.3g}",
        "sum_of": lambda rows, at: sum(row[at] for row in rows),
        "until": _until,
        "words_of": lambda kinds: sorted({word for words in kinds.values() for word in words}),
        "worst_leak": words.worst,
    }
    house.globals |= {"relations": words.RELATIONS, "say": say, "who": words.WHO}
    return house.get_template("page.html.j2")


def _ratio(value: float, say: Say) -> str:
    if math.isnan(value):
        return say("none, without a label")
    return f"{value:.2f}" if math.isfinite(value) else say("without bound, since a class is empty")


def _effective(found: Balance, say: Say) -> str:
    """The effective number of classes of each part; of many parts the range."""
    numbers = found.effective_classes
    if len(numbers) > SIDE_BY_SIDE:
        return say("{low} to {high}", low=f"{min(numbers):.2f}", high=f"{max(numbers):.2f}")
    parts = zip(map(say.part, found.parts), numbers, strict=True)
    return ", ".join(f"{name} {number:.2f}" for name, number in parts)


def _relations(verdicts: Sequence[Verdict], say: Say) -> str:
    return ", ".join(say(words.RELATIONS[each.relation]).lower() for each in verdicts)


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


def _sums(statuses: dict[str, int], say: Say) -> str:
    ok, pending = statuses.get("ok", 0), statuses.get("pending", 0)
    failed = sum(statuses.values()) - ok - pending
    text = say(
        "{into} images in = {ok} with a face + {failed} with a reason",
        into=f"{ok + failed:,}",
        ok=f"{ok:,}",
        failed=f"{failed:,}",
    )
    if pending:
        text += say("; {rows} records are pending, without an image yet", rows=f"{pending:,}")
    return text


def _dropouts(facts: Facts) -> dict[str, list[DropOut]]:
    """Drop-outs by the column that they are counted over."""
    found: dict[str, list[DropOut]] = {}
    for each in facts.stats.dropouts:
        name = "class" if each.column in ("label", "native_label") else each.column
        found.setdefault(name, []).append(each)
    return found


def _histograms(facts: Facts, say: Say) -> list[Histogram]:
    """One for every column `quality_*` that holds numbers, over those that are finite."""
    found = []
    for name in facts.manifest.table.column_names:
        column = facts.manifest.table[name]
        is_number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
        if name.startswith("quality_") and is_number:
            values = column.drop_null().to_numpy().astype(np.float64)
            if len(values := values[np.isfinite(values)]):
                found.append(histogram(say.named(name.removeprefix("quality_")), values))
    return found
