"""The paragraph for a paper: what was scored, on how many independent groups, chosen how, looked at
how often.

In goes an evaluation; out comes a paragraph in English or Korean with every number that a reader
needs to judge the score.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fertools.errors import unknown
from fertools.evaluate._paragraph_words import WORDS
from fertools.evaluate.evaluation import Evaluation, name_of
from fertools.measures.intervals import FEW_GROUPS, Interval

Words = dict[str, str]
Said = tuple[str, dict[str, Any]]  # the name of a sentence, and what fills it in


def paragraph(found: Evaluation, language: str = "en") -> str:
    """The paragraph; raises `FerError` for a language that is not known."""
    if language not in WORDS:
        raise unknown("language", language, list(WORDS))
    words = WORDS[language]
    return " ".join(words[name].format(**facts) for name, facts in _said(found, words))


def _said(found: Evaluation, words: Words) -> Iterator[Said]:
    """The sentences in their order."""
    s = found.scores
    yield "accuracy", _accuracy(found, words)
    if found.left_out:
        gone = found.left_out
        yield "left_out", {"rows": sum(gone.values()), "names": ", ".join(gone)}
    yield from _doubt(s.accuracy)
    if found.averaged:
        yield "averaged", {"runs": found.averaged}
    yield from _marks(found)
    if found.members:
        values = [100 * member.accuracy for member in found.members]
        yield "members", {"runs": len(values), "low": min(values), "high": max(values)}
    if found.unfinished:
        ended = max(1, len(found.members))
        whole = ended + len(found.unfinished)
        yield "unfinished", {"ended": ended, "whole": whole, "names": ", ".join(found.unfinished)}
    if s.per_sequence is not None:
        yield "sequences", _told(s.per_sequence)
        yield from _doubt(s.per_sequence)
    yield from _leak_free(found)
    mirror = words["mirror"] if found.tta == "flip" else ""
    yield "checkpoint", {"chosen": _chosen(found, words), "mirror": mirror}
    if found.looks:
        yield "looks", {"names": ", ".join(found.looks)}
    if found.protocol:
        yield "protocol", {"names": found.protocol}
    yield "manifest", {"digest": found.digest}


def _accuracy(found: Evaluation, words: Words) -> dict[str, Any]:
    s = found.scores
    where = words[found.split]
    if found.trained_on:
        where = words["part_of"].format(part=where, of=name_of(found.manifest))
    facts: dict[str, Any] = {"where": where, "images": s.images, "groups": s.accuracy.groups}
    scores = {"accuracy": s.accuracy, "f1": s.macro_f1, "balanced": s.balanced_accuracy}
    for name, interval in scores.items():
        told = _told(interval)
        facts |= {name: told["value"], f"{name}_range": told["range"]}
    return facts


def _marks(found: Evaluation) -> Iterator[Said]:
    """What sets the score apart from one of a data set's own training rows alone."""
    if found.trained_on:
        yield "trained_on", {"names": Path(found.trained_on).name}
        if found.seen is None:
            yield "not_looked", {}
        else:
            person, face = found.seen.values()
            yield "seen", {"rows": found.scores.rows, "person": person, "face": face}
    if found.masked:
        yield "masked", {"names": ", ".join(found.masked)}
    if found.prior == "uniform":
        yield "prior", {}
    if found.extra_data:
        yield "extra_data", {"names": ", ".join(Path(path).name for path in found.extra_data)}
    if found.init_weights:
        yield "init_weights", {"names": Path(found.init_weights).name}


def _leak_free(found: Evaluation) -> Iterator[Said]:
    free = found.leak_free
    if free is None:
        return
    if free.rows == found.scores.rows:
        yield "all_free", {}
    elif free.accuracy is not None:
        facts = {"images": free.images, "thresholds": _thresholds(found)}
        yield "free", facts | _told(free.accuracy)
        yield from _doubt(free.accuracy)
    else:
        yield "few_free", {"images": free.images}
    if found.extra_data:
        yield "not_compared", {}


def _doubt(interval: Interval) -> Iterator[Said]:
    """Why an interval cannot be relied on."""
    if interval.groups < FEW_GROUPS:
        yield "unreliable", {"groups": interval.groups}
    elif interval.doubt:
        yield "one_sided", {"unlike": interval.unlike}


def _told(interval: Interval) -> dict[str, Any]:
    """An interval in per cent."""
    value, low, high = (100 * number for number in (interval.value, interval.low, interval.high))
    return {"value": f"{value:.2f}", "range": f"{low:.2f} .. {high:.2f}"}


def _chosen(found: Evaluation, words: Words) -> str:
    """How the epoch was chosen."""
    if not found.select:
        return words["of_file"]
    if found.select == "last":
        return words["last"]
    which = words["twin_free"] if found.select_rows == "twin-free" else ""
    return words["best"].format(select=found.select, which=which)


def _thresholds(found: Evaluation) -> str:
    named = ", ".join(f"{name} {value:.3g}" for name, value in sorted(found.thresholds.items()))
    return f"NCC >= {named}" if named else "NCC"
