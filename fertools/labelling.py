"""A label rule applied to a manifest: the columns `label`, `label_status` and `target`.

In goes a manifest's table, the name of a rule and of a mapping; out comes the table with labels.
The rules themselves are in `measures.rules`; here is which column each of them reads.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fertools.columns import Codes, encode, put, words
from fertools.errors import FerError, unknown
from fertools.labels import Mapping, canonical
from fertools.manifest import TYPES, VOTE_WORDS
from fertools.measures import rules
from fertools.measures.rules import Labelled

RATERS = ("rater_a_label", "rater_b_label", "rater_c_label")
VOTE_RULES: dict[str, Callable[..., Labelled]] = {
    "ferplus-majority": rules.majority,
    "ferplus-argmax": rules.argmax,
    "soft": rules.soft,
    "multi": rules.multi,
}
RULES = ("uploader", "majority", "unanimous", "shares", *VOTE_RULES)


def label(table: pa.Table, rule: str, mapping: Mapping | None = None) -> pa.Table:
    """The table with `label`, `label_status` and, where the rule gives several words, `target`.

    `uploader` takes the data set's own word; `majority`, `unanimous` and `shares` its votes as they
    are, or else its raters'; the others its votes. The mapping is applied to the result;
    probabilities of words that become one are added, and a row whose word is mapped away has none.
    Raises `FerError` for an unknown rule and for one whose columns are empty.
    """
    if rule not in RULES:
        raise unknown("label rule", rule, list(RULES))
    found = _by_rule(table, rule)
    if mapping is not None:
        found = _mapped(found, mapping)
    table = put(table, "label", words(found.codes, list(found.names)))
    table = put(table, "label_status", pa.array(found.status.tolist(), pa.string()))
    if found.target is not None:
        table = put(table, "target", _targets(found))
    return table


def _by_rule(table: pa.Table, rule: str) -> Labelled:
    if rule == "uploader":
        if _silent(table, ("raw_label", "native_label")) and not _silent(table, ("votes", *RATERS)):
            raise FerError(
                f"label rule {rule!r}: the data has no word of its own; {_instead(table)}"
            )
        codes, names = encode(table["native_label"])
        return rules.single(codes, names, table["raw_label"].is_valid().to_numpy())
    voted = not _silent(table, ("votes",))
    if rule in VOTE_RULES:
        if not voted:
            raise FerError(f"label rule {rule!r}: the data has no votes; {_instead(table)}")
        return VOTE_RULES[rule](votes_of(table["votes"]), VOTE_WORDS)
    if voted:
        return _of_votes(votes_of(table["votes"]), rule)
    if _silent(table, RATERS):
        raise FerError(f"label rule {rule!r}: the data has no raters; {_instead(table)}")
    labels, names, known = rater_codes(table)
    if rule == "shares":
        return _shares_of_raters(labels, names[:known])
    return rules.raters(labels, names[:known], unanimous=rule == "unanimous")


def _of_votes(votes: rules.Votes, rule: str) -> Labelled:
    """A rule for raters over the number of those who chose each word."""
    if rule == "shares":
        return rules.shares(votes, VOTE_WORDS)
    expressions = [word for word in VOTE_WORDS if word not in rules.NOT_EXPRESSIONS]
    return rules.agreed(votes, expressions, unanimous=rule == "unanimous")


def _shares_of_raters(labels: Codes, names: list[str]) -> Labelled:
    """The share of each word among the raters who spoke; words that nobody knows count as one."""
    votes = rules.opinions(np.minimum(labels, len(names)), len(names) + 1)
    found = rules.shares(votes.astype(np.float64), [*names, "unknown"])
    status = np.where(found.status == rules.NO_MAJORITY, rules.UNKNOWN_WORD, found.status)
    return replace(found, status=status)


def _silent(table: pa.Table, names: Sequence[str]) -> bool:
    """Whether none of these columns says anything."""
    return all(table[name].null_count == len(table) for name in names)


def _instead(table: pa.Table) -> str:
    """The rule that the data can follow, or where the words for one come from."""
    if table["votes"].null_count < len(table):
        return "say --label-rule ferplus-majority, or majority for votes as they are"
    if not _silent(table, RATERS):
        return "say --label-rule majority, or shares for soft labels, as it has raters"
    if table["native_label"].null_count < len(table):
        return "say --label-rule uploader; FER2013 gets votes by `fertools ingest ferplus`"
    return "nor has it a known word; ingest it with --labels, or FER2013 as `ferplus`"


def votes_of(column: pa.ChunkedArray) -> rules.Votes:
    """Votes (n, len(VOTE_WORDS)) as numbers; rows without any are 0."""
    flat = column.combine_chunks()
    return np.stack(
        [pc.struct_field(flat, word).fill_null(0).to_numpy(zero_copy_only=False)
         for word in VOTE_WORDS],
        axis=1,
    ).astype(np.float64)  # fmt: skip


def rater_codes(table: pa.Table) -> tuple[rules.Codes, list[str], int]:
    """What each rater said (n, 3) as codes into words, -1 for nothing; the words; how many we know.

    Those come first; behind them stand those that nobody knows, for a rater who
    said one of these did not keep silent. Both are sorted.
    """
    columns = [encode(table[name]) for name in RATERS]
    heard = [[canonical(word) or word.strip().lower() for word in said] for _, said in columns]
    every = {word for said in heard for word in said if word}
    known = sorted(word for word in every if canonical(word))
    names = [*known, *sorted(every.difference(known))]
    place = {word: number for number, word in enumerate(names)}
    out = np.full((table.num_rows, len(RATERS)), -1, np.int64)
    for rater, ((codes, _), said) in enumerate(zip(columns, heard, strict=True)):
        lookup = np.array([*(place.get(word, -1) for word in said), -1])
        out[:, rater] = lookup[codes]
    return out, names, len(known)


def _mapped(found: Labelled, mapping: Mapping) -> Labelled:
    targets = [mapping(name) for name in found.names]
    names = tuple(sorted({word for word in targets if word}))
    lookup = np.array([*(names.index(w) if w else -1 for w in targets), -1])
    codes = lookup[found.codes]
    lost = (codes < 0) & (found.codes >= 0)
    status = np.where(lost, "mapped_away", found.status)
    if found.target is None:
        return Labelled(codes, names, status)
    target = np.zeros((len(codes), len(names)))
    for old, new in enumerate(targets):
        if new:
            target[:, names.index(new)] += found.target[:, old]
    target[codes < 0] = 0
    codes = _leading(target, codes)
    total = target.sum(axis=1, keepdims=True)
    return Labelled(codes, names, status, target / np.where(total > 0, total, 1))


def _leading(target: npt.NDArray[np.float64], codes: Codes) -> Codes:
    """The likeliest word of each row, the one it has where several are; -1 stays.

    Words that became one may outweigh the word that led before.
    """
    rows = np.flatnonzero(codes >= 0)
    best = target[rows].max(axis=1, initial=0)
    fits = target[rows, codes[rows]] >= best - 1e-9
    codes = codes.copy()
    codes[rows[~fits]] = target[rows[~fits]].argmax(axis=1)
    return codes


def _targets(found: Labelled) -> pa.Array:
    assert found.target is not None
    rows, places = np.nonzero(found.target > 0)
    counts = np.bincount(rows, minlength=len(found.codes))
    offsets = np.concatenate([[0], np.cumsum(counts)])
    keys = pa.array(found.names, pa.string()).take(pa.array(places))
    values = pa.array(found.target[rows, places].astype(np.float32))
    return pa.MapArray.from_arrays(pa.array(offsets, pa.int32()), keys, values).cast(
        TYPES["target"]
    )
