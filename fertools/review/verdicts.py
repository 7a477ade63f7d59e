"""Verdicts in a manifest: what each session says of a row, and what stands in the end.

In go a manifest and the answers of one session; out comes its table with `session_verdicts` (the
answer of every session, in the order of the imports) and what follows from them: `verdict`,
`label_verdict`, `label_verdict_second` and, for faces that are not to be used, `drop`. An import
replaces the answers of its own session and no other's.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from fertools import versions
from fertools.columns import put
from fertools.manifest import TYPES, Manifest
from fertools.review.agree import DISPUTED, DROP, KEEP, UNSURE, Settled

COLUMNS = ("verdict", "label_verdict", "label_verdict_second")
SAID = "session_verdicts"
WORDLESS = (DISPUTED, KEEP, UNSURE)  # say nothing of the label, nor that a face is to go


def judged(manifest: Manifest, answers: Mapping[int, Settled | None], session: str) -> pa.Table:
    """The table with what `session` says of some rows, None where it takes back what it said; other
    rows keep what they had."""
    table = manifest.table
    labels, ok = table["native_label"].to_pylist(), manifest.ok().to_pylist()
    columns = {name: _values(table, name) for name in (*COLUMNS, SAID, "drop")}
    for row, answer in answers.items():
        said = _answers(columns[SAID][row])
        if said.pop(session, answer) is None:
            continue  # it never said anything
        if answer is not None:
            said[session] = answer  # at the end: of two words the one that came last counts
        columns[SAID][row] = _record(said)
        stands = standing(said.values(), labels[row])
        for name, value in zip(COLUMNS, stands, strict=True):
            columns[name][row] = value
        if stands[0] == DROP and ok[row]:  # a reason of its own stays, and outlives the verdict
            columns["drop"][row] = columns["drop"][row] or versions.BY_VERDICT
        elif columns["drop"][row] == versions.BY_VERDICT:
            columns["drop"][row] = None
    for name, values in columns.items():
        table = put(table, name, pa.chunked_array([pa.array(values, TYPES[name])]))
    return table.combine_chunks()


def standing(
    said: Iterable[Settled], label: str | None
) -> tuple[str | None, str | None, str | None]:
    """Verdict, word and second choice that follow for a face of that `label` from what sessions
    said, the last one last.

    Who drops a face is not overruled by another session, and a word only by a later word: whoever
    was not asked about the label, or did not settle it, says nothing of it.
    """
    given = list(said)
    words = [each.word for each in given]
    about = [each for each in given if each.word not in (DROP, *WORDLESS)]
    word, second = (about[-1].word, about[-1].second) if about else (None, None)
    if DROP in words:
        return DROP, word, second
    if word is not None:
        return KEEP if word == label else "relabel", word, second
    return next((each for each in (KEEP, DISPUTED, UNSURE) if each in words), None), None, None


def digest(table: pa.Table) -> str:
    """32 hex characters that name all verdicts of a table: they determine its content."""
    state = hashlib.sha256()
    for row in zip(table["id"].to_pylist(), *(table[n].to_pylist() for n in COLUMNS), strict=True):
        if row[1] is not None:
            state.update("\t".join(text or "" for text in row).encode() + b"\n")
    return state.hexdigest()[:32]


def changed_tests(table: pa.Table) -> int:
    """Rows of a published test part that are dropped or have another word by a verdict."""
    verdicts, parts = table["verdict"].to_pylist(), table["official_split"].to_pylist()
    pairs = zip(verdicts, parts, strict=True)
    return sum(verdict in (DROP, "relabel") and part == "test" for verdict, part in pairs)


def _answers(record: list[dict[str, Any]] | None) -> dict[str, Settled]:
    """What each session says of a row, in the order of the imports."""
    return {each["session"]: Settled(each["word"], each["second"]) for each in record or []}


def _record(said: Mapping[str, Settled]) -> list[dict[str, Any]] | None:
    found = [{"session": s, "word": each.word, "second": each.second} for s, each in said.items()]
    return found or None


def _values(table: pa.Table, name: str) -> list[Any]:
    return table[name].to_pylist() if name in table.column_names else [None] * table.num_rows
