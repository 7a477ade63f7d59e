"""Labels in doubt: by twins, by raters and votes, and by a model that has not seen them.

In go a manifest, its faces and, where there is one, a file of out-of-fold probabilities (`probs`,
see `fertools.probs`; folds by group). Out come the flag `label_suspect` and the tables `suspects`
(`id`, `by`, `label`, `suggested`, `score`, the most doubtful of each kind first) and `agreement`
(twin pairs by band of NCC and by their two labels).

Twins are one photograph labelled twice: how often the two labels differ is a measurement of the
noise that needs no model. Where they differ one of them is wrong: unlike pairs without a common row
tell of that many wrong labels, a lower bound, since copies may well share a mistake. Pairs of one
person or of one sequence are left out: they are not one photograph, and may rightly differ.

A row is suspected where two or more twins agree on another word, where all raters (two or more) do
or 80 % of the votes, or where confident learning says so. No verdict: the label stays.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fertools import strict
from fertools.checks import _doubts
from fertools.checks._doubts import Doubts, Integers
from fertools.checks._pairs import MIXED, alike, compare, exact_pairs, floor_of, settle, to_copies
from fertools.columns import encode, words
from fertools.faces import Faces
from fertools.finding import Finding
from fertools.labelling import RATERS, rater_codes, votes_of
from fertools.manifest import VOTE_WORDS, Manifest
from fertools.measures.words import per_cent
from fertools.probs import Probs, read_probs

FLAGS = ("label_suspect",)
BANDS = (
    0.0,
    0.9,
    0.92,
    0.95,
    0.97,
    0.99,
)  # from which NCC on; exact copies are a band of their own
EXACT = "exact"
SILENT = (
    "nothing here could contradict a label: no twins to compare, no raters, no votes; --probs "
    "takes the out-of-fold predictions of a model"
)
WEAK = 0.2  # share of the rows that a model doubts, from which on the list says more of the model


@dataclass(frozen=True, slots=True)
class Options:
    """`threshold` as in `duplicates`; `votes`: share of the votes that outweighs a label; `probs`:
    path of a probability file."""

    threshold: float | None = strict.setting(None, low=0, high=1)
    votes: float = strict.setting(0.8, low=0, high=1)
    probs: str | None = None


@dataclass(frozen=True, slots=True)
class _Said:
    """Labels as codes (n,) into `names`, sorted; -1 where a row has none."""

    labels: Integers
    names: list[str]


def find(manifest: Manifest, faces: Faces, options: Options) -> Finding:
    """Collect doubts of every kind."""
    said = _labels(manifest)
    pairs, ncc, exact, threshold = _pairs(manifest, faces, options)
    used, left_out = _comparable(manifest, pairs, said)
    doubts = {"twins": _doubts.by_twins(pairs[used], said.labels, len(said.names))}
    doubts |= _by_people(manifest, said, options)
    facts: dict[str, Any] = {"threshold": threshold, "left_out": left_out}
    notes: list[str] = []
    if options.probs:
        probs = read_probs(options.probs)
        doubts["probs"], facts["probs"] = _by_model(manifest, said, probs)
        facts["probs"] |= _seen(manifest, probs, options.probs, pairs)
        notes += _told(facts["probs"], len(doubts["probs"].rows))
    table, facts["bands"] = _agreement(said, pairs[used], ncc[used], exact[used])
    facts["suspects"] = {by: len(found.rows) for by, found in doubts.items()}
    facts["twins"], more = _rate(said, pairs[used])
    if not used.any() and list(doubts) == ["twins"]:
        more = [SILENT]
    rows = np.unique(np.concatenate([found.rows for found in doubts.values()]))
    return Finding(
        rows=rows,
        flags=["label_suspect"] * len(rows),
        tables={"suspects": _suspects(manifest, said, doubts), "agreement": table},
        facts=facts,
        notes=[*more, *notes],
    )


def _labels(manifest: Manifest) -> _Said:
    """What the data set says, as codes into all words that anybody uses of its rows."""
    labels, names = encode(manifest.table["native_label"])
    known = sorted({*names, *VOTE_WORDS, *rater_codes(manifest.table)[1]})
    place = np.append(_doubts.codes_in(names, known), -1)
    return _Said(place[labels], known)


def _pairs(manifest: Manifest, faces: Faces, options: Options) -> tuple[Any, Any, Any, float]:
    """All twins as pairs of rows with their NCC, whether they are exact, and the threshold."""
    found = compare(manifest, faces, floor_of(options.threshold, MIXED))
    threshold = settle(manifest, found, options.threshold).value
    kept = found.ncc >= threshold
    copies = np.where(found.constant, -1, found.copies)
    near, which = to_copies(copies, found.pairs[kept])
    exact = exact_pairs(copies)
    return (
        np.concatenate([near, exact]),
        np.concatenate([found.ncc[kept][which], np.ones(len(exact))]),
        np.arange(len(near) + len(exact)) >= len(near),
        threshold,
    )


def _comparable(manifest: Manifest, pairs: Integers, said: _Said) -> tuple[Any, dict[str, int]]:
    """Which pairs are one photograph with two labels, and why the others are not."""
    person, sequence = (
        alike(encode(manifest.table[name])[0], pairs) for name in ("subject", "sequence")
    )
    unlabelled = (said.labels[pairs] < 0).any(axis=1)
    left_out = {
        "one_sequence": int(sequence.sum()),
        "one_subject": int((person & ~sequence).sum()),
        "unlabelled": int((unlabelled & ~person & ~sequence).sum()),
    }
    return ~(person | sequence | unlabelled), left_out


def _by_people(manifest: Manifest, said: _Said, options: Options) -> dict[str, Doubts]:
    """Doubts by raters and by votes, where there are such."""
    table, out = manifest.table, {}
    if any(manifest.has(name) for name in RATERS):
        codes, names, _ = rater_codes(table)
        place = np.append(_doubts.codes_in(names, said.names), -1)
        out["raters"] = _doubts.by_raters(place[codes], said.labels, len(said.names))
    if manifest.has("votes"):
        votes = np.zeros((len(manifest), len(said.names)))
        votes[:, _doubts.codes_in(VOTE_WORDS, said.names)] = votes_of(table["votes"])
        out["votes"] = _doubts.by_votes(votes, said.labels, options.votes)
    return out


def _by_model(manifest: Manifest, said: _Said, probs: Probs) -> tuple[Doubts, dict[str, Any]]:
    """Doubts by a model, about the rows whose label is one of its classes."""
    place = probs.at(manifest.table["id"].to_pylist())
    classes = _doubts.codes_in(probs.classes, said.names)
    known = np.full(len(said.names) + 1, -1)
    known[classes[classes >= 0]] = np.flatnonzero(classes >= 0)
    labels = known[said.labels]
    rows = np.flatnonzero((place >= 0) & (labels >= 0))
    found = _doubts.by_probabilities(probs.values[place[rows]], labels[rows])
    named = Doubts(found.rows, classes[found.suggested], found.score)
    right = probs.values[place[rows]].argmax(1) == labels[rows]
    counts = {
        "rows": len(rows),
        "agreement": round(float(right.mean()), 4) if len(rows) else None,
        "without_probabilities": int(((place < 0) & (labels >= 0)).sum()),
        "other_labels": int(((said.labels >= 0) & (labels < 0)).sum()),
        "unknown_ids": len(probs.ids) - int((place >= 0).sum()),
    }
    return _doubts.at(rows, named), counts


def _seen(manifest: Manifest, probs: Probs, file: str, pairs: Integers) -> dict[str, int]:
    """How many rows have a twin or their own person in another fold, so that the model knew them.

    Only where the file says in a column `fold` in which fold a row was held out.
    """
    if "fold" not in pq.read_schema(Path(file)).names:
        return {}
    fold, _ = encode(pq.read_table(file, columns=["fold"])["fold"])
    place = probs.at(manifest.table["id"].to_pylist())
    of_row = np.where(place >= 0, np.append(fold, -1)[place], -1)
    known = np.zeros(len(of_row), np.bool_)
    left, right = pairs.T
    across = (of_row[left] >= 0) & (of_row[right] >= 0) & (of_row[left] != of_row[right])
    known[pairs[across]] = True
    people, _ = encode(manifest.table["subject"])
    rows = np.flatnonzero((people >= 0) & (of_row >= 0))
    lowest, highest = (np.full(people.max(initial=-1) + 1, start) for start in (1 << 62, -1))
    np.minimum.at(lowest, people[rows], of_row[rows])
    np.maximum.at(highest, people[rows], of_row[rows])
    known[rows[lowest[people[rows]] < highest[people[rows]]]] = True
    return {"seen_in_training": int(known.sum())}


def _told(facts: dict[str, Any], suspects: int) -> list[str]:
    notes = []
    if suspects > WEAK * facts["rows"]:
        notes.append(
            f"the model agrees with {100 * facts['agreement']:.0f} % of the labels and doubts "
            f"{suspects:,}: a weak model doubts too many, so begin with the first of the list"
        )
    if facts["unknown_ids"]:
        notes.append(f"{facts['unknown_ids']:,} ids of the probabilities are not in the manifest")
    if facts["without_probabilities"]:
        notes.append(f"{facts['without_probabilities']:,} labelled rows have no probabilities")
    if facts.get("seen_in_training"):
        notes.append(
            f"{facts['seen_in_training']:,} rows have a twin or their own person in another fold: "
            "the model knew them, and doubts too little; split by group"
        )
    return notes


def _agreement(
    said: _Said, pairs: Integers, ncc: Any, exact: Any
) -> tuple[pa.Table, list[dict[str, Any]]]:
    """Pairs by band and by their two labels, and the share that differs in each band."""
    names = [*(f"{low:g}" for low in BANDS), EXACT]
    band = np.where(exact, len(BANDS), np.searchsorted(BANDS, ncc, side="right") - 1)
    labels = np.sort(said.labels[pairs], axis=1)
    cells, counts = np.unique(np.column_stack([band, labels]), axis=0, return_counts=True)
    table = pa.table(
        {
            "band": words(cells[:, 0], names),
            "label_a": words(cells[:, 1], said.names),
            "label_b": words(cells[:, 2], said.names),
            "pairs": pa.array(counts, pa.int64()),
        }
    )
    differs = labels[:, 0] != labels[:, 1]
    rates = [
        {"band": names[code], "pairs": int((band == code).sum()),
         "differ": int(differs[band == code].sum())}
        for code in np.unique(band)
    ]  # fmt: skip
    return table, rates


def _rate(said: _Said, pairs: Integers) -> tuple[dict[str, Any], list[str]]:
    """The share of the pairs that differs, and what follows from it.

    Of two twins with two labels one is wrong. Pairs without a common row so tell of that many wrong
    labels, at least; they are taken greedily, the rows with the fewest doubtful partners first.
    """
    rows = len(np.unique(pairs))
    if not rows:
        none = {"rate": None, "lower_bound": None}
        return dict.fromkeys(("pairs", "differ", "rows", "wrong"), 0) | none, []
    labels = said.labels[pairs]
    apart = pairs[labels[:, 0] != labels[:, 1]]
    rate, wrong = len(apart) / len(pairs), _disjoint(apart)
    facts = {"pairs": len(pairs), "differ": len(apart), "rate": rate}
    return facts | {"rows": rows, "wrong": wrong, "lower_bound": wrong / rows}, [
        f"twins differ in their label in {per_cent(rate)} of {len(pairs):,} pairs: at least "
        f"{wrong:,} of their {rows:,} labels are wrong, {per_cent(wrong / rows)} (a lower bound: "
        "copies share mistakes)"
    ]


def _disjoint(pairs: Integers) -> int:
    """How many pairs (m, 2) of rows a greedy choice finds of which no two have a common row."""
    rows, codes = np.unique(pairs, return_inverse=True)
    codes = codes.reshape(pairs.shape)
    many = np.bincount(codes.ravel(), minlength=len(rows))
    order = np.lexsort((codes[:, 1], codes[:, 0], many[codes].sum(axis=1)))
    taken, found = np.zeros(len(rows), np.bool_), 0
    for left, right in codes[order].tolist():
        if not (taken[left] or taken[right]):
            taken[left] = taken[right] = True
            found += 1
    return found


def _suspects(manifest: Manifest, said: _Said, doubts: dict[str, Doubts]) -> pa.Table:
    """Every doubt, by kind, the strongest of each first."""
    names = manifest.table["id"].to_pylist()
    parts = []
    for by, found in doubts.items():
        order = np.lexsort((found.rows, -found.score))
        rows = found.rows[order]
        parts.append(
            pa.table(
                {
                    "id": words(rows, names),
                    "by": pa.array([by] * len(rows), pa.string()),
                    "label": words(said.labels[rows], said.names),
                    "suggested": words(found.suggested[order], said.names),
                    "score": pa.array(found.score[order], pa.float64()),
                }
            )
        )
    return pa.concat_tables(parts)
