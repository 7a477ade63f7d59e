"""Faces that are others mirrored, turned, blurred or changed in tone: augmented copies left behind.

In go a manifest and its faces; out come the flag `derived_copy`, the column `derived_from` (id of
the face it was made of) and the table `pairs` (`row`, `of`: positions; `id`, `of_id`, `kind`,
`score`).

Candidates come from the exact near-twin search: pairs that are like as they are, upright or
mirrored, after equalising both (which undoes any change of tone), after blurring both (which undoes
blur), and with one of the two turned by 90 or 180 degrees. Angles in between cost a search each and
are asked for by `angles`. A candidate is derived where `_explain` finds what was done to it. Kinds
are `mirrored`, `rotated 90` .., `rotated`, and `contrast`, `equalised`, `tone` (gamma and the like)
and `blurred`, also joined by `+`. A pair that is alike for no such reason is a near-twin and no
derived copy. File names are evidence as well (`X.jpg0.jpg` or `X_flip.jpg` beside `X.jpg`): kind
`name`. Which of two is the copy is told by what got lost (sharpness, gray levels), else the later.

Missed, where no name tells: shifts, crops and zooms (a pixel of 48 lowers the NCC to 0.9), local
contrast (CLAHE), negatives, noise, angles beyond 5 degrees that were not asked for, one of the two
mirrored quarter turns, and several of these at once.
`tests/benchmarks/bench_derived.py` has the recall of each kind.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fertools.checks._copy_names import by_name
from fertools.checks._explain import correlation, explain
from fertools.checks._ncc import Twins, near_twins
from fertools.checks._pairs import MIXED, Integers, Mask, Pairs, alike, compare, to_copies
from fertools.checks._small import Small, small
from fertools.checks._turned import Both, Each, Turn, blurred, equalised, quarters, rotated
from fertools.columns import encode, words
from fertools.faces import Faces
from fertools.finding import Finding
from fertools.manifest import Manifest

FLAGS = ("derived_copy",)
SIGMA = 2.0  # pixels: the blur given to both
LEVEL = 0.93  # NCC from which equalised faces are candidates: copies reach 0.97
SOFT = 0.935  # and blurred ones: a blur of 3 pixels on one of them reaches 0.95
TURNED = 0.90

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Options:
    """`turns`: look for quarter turns; `angles`: degrees to look for besides, either way round."""

    turns: bool = True
    angles: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Places (m,) of faces; `first` after `turn` is like `second`, or like its mirror image."""

    first: Integers
    second: Integers
    mirrored: Mask
    turn: Turn | None = None
    names: tuple[str, str] = ("", "")  # of the turn, and of the way back


@dataclass(frozen=True, slots=True)
class _Derived:
    """Rows (m,) of a manifest, what they were made of, how, and how sure that is (0 .. 1)."""

    row: Integers
    of: Integers
    kind: npt.NDArray[np.object_]
    score: Doubles


def find(manifest: Manifest, faces: Faces, options: Options) -> Finding:
    """Look for augmented copies; the score is that of the best explanation, 1 for a name."""
    twins = compare(manifest, faces, MIXED)
    every = small(manifest, faces)
    _, first = np.unique(twins.copies[every.rows], return_index=True)
    chosen = every.take(np.sort(first))
    sequence = encode(manifest.table["sequence"])[0][chosen.rows]
    found = [_explained(chosen, some, sequence) for some in _candidates(chosen, twins, options)]
    pairs = _spread(_best(_joined(found)), twins.copies)
    row, of = by_name(manifest.table["path"].to_pylist(), manifest.ok().to_numpy())
    named = _Derived(row, of, np.full(len(row), "name", object), np.ones(len(row)))
    pairs = _best(_joined([pairs, named]))
    return _finding(manifest, pairs)


def _finding(manifest: Manifest, pairs: _Derived) -> Finding:
    names = manifest.table["id"].to_pylist()
    source = np.full(len(manifest), -1)
    order = np.lexsort((-pairs.of, pairs.score))  # the surest last, of equals the earliest
    source[pairs.row[order]] = pairs.of[order]
    rows = np.unique(pairs.row)
    kinds, counts = np.unique(pairs.kind.astype(str), return_counts=True)
    table = {
        "row": pa.array(pairs.row),
        "of": pa.array(pairs.of),
        "id": words(pairs.row, names),
        "of_id": words(pairs.of, names),
        "kind": pa.array(pairs.kind.tolist(), pa.string()),
        "score": pa.array(pairs.score, pa.float64()),
    }
    return Finding(
        rows=rows,
        flags=["derived_copy"] * len(rows),
        columns={"derived_from": words(source, names)},
        tables={"pairs": pa.table(table)},
        facts={
            "pairs": dict(zip(kinds.tolist(), counts.tolist(), strict=True)),
            "rejected_by_name": int(
                (manifest.table["status"].to_numpy() == "augmented_copy").sum()
            ),
        },
    )


def _candidates(chosen: Small, twins: Pairs, options: Options) -> list[_Candidates]:
    """Pairs worth an explanation, by what was done to the first."""
    plain = np.searchsorted(chosen.rows, twins.pairs)
    after = [
        near_twins(Each(chosen, equalised), LEVEL),
        near_twins(Each(chosen, blurred(SIGMA)), SOFT),
    ]
    pairs = np.concatenate([plain, *(found.pairs for found in after)])
    mirrored = np.concatenate([twins.mirrored, *(found.mirrored for found in after)])
    both = np.unique(np.column_stack([pairs, mirrored]), axis=0)
    out = [_Candidates(both[:, 0], both[:, 1], both[:, 2] == 1)]
    height, width = chosen[0:1].shape[1:]
    if options.turns and height == width:
        out.append(_turned(chosen, quarters(1), ("rotated 90", "rotated 270")))
        out.append(_turned(chosen, quarters(2), ("rotated 180", "rotated 180")))
    for angle in options.angles:
        out.append(_turned(chosen, rotated(angle), ("rotated", "rotated")))
    return out


def _turned(chosen: Small, turn: Turn, names: tuple[str, str]) -> _Candidates:
    """Pairs of a turned face with another as it is."""
    count = len(chosen)
    found: Twins = near_twins(Both(chosen, turn), TURNED, touching=np.arange(2 * count) >= count)
    second, first = found.pairs.T
    cross = (second < count) & (first - count != second)
    return _Candidates(first[cross] - count, second[cross], found.mirrored[cross], turn, names)


def _explained(chosen: Small, some: _Candidates, sequence: Integers) -> _Derived:
    """The candidates for which there is an explanation, which way round it goes, and its kind.

    Frames of one sequence need none.
    """
    apart = ~alike(sequence, np.stack([some.first, some.second], axis=1))
    some = replace(
        some, first=some.first[apart], second=some.second[apart], mirrored=some.mirrored[apart]
    )
    first, second = _gather(chosen, some.first), _gather(chosen, some.second)
    upright = correlation(first, second)
    if some.turn is not None:
        first = some.turn(first)
    second = np.where(some.mirrored[:, None, None], second[:, :, ::-1], second)
    moved = some.mirrored | (some.turn is not None)
    why = explain(first, second, moved & (correlation(first, second) > upright))
    place = np.stack([some.first, some.second], axis=1)
    # without a loss on either side the later row is the copy
    forward = np.where(why.lost == 0, place[:, 1] > place[:, 0], why.lost > 0)
    kind = np.array(
        [
            "+".join(filter(None, (some.names[not ahead], "mirrored" * bool(flip), effect)))
            for ahead, flip, effect in zip(forward, some.mirrored, why.effect, strict=True)
        ],
        object,
    )
    rows = chosen.rows[np.where(forward[:, None], place[:, ::-1], place)]
    return _some(_Derived(rows[:, 0], rows[:, 1], kind, why.score), why.score > 0)


def _gather(chosen: Small, places: Integers) -> npt.NDArray[np.uint8]:
    """Faces in any order, read in ascending order."""
    which, back = np.unique(places, return_inverse=True)
    return chosen[which][back]


def _spread(pairs: _Derived, copies: Integers) -> _Derived:
    """What holds for the first of equal faces holds for all of them."""
    both, which = to_copies(copies, np.stack([pairs.row, pairs.of], axis=1))
    return _Derived(both[:, 0], both[:, 1], pairs.kind[which], pairs.score[which])


def _best(pairs: _Derived) -> _Derived:
    """Of several explanations of one pair the surest, in the order of the rows."""
    ends = np.sort(np.stack([pairs.row, pairs.of], axis=1), axis=1)
    order = np.lexsort((pairs.kind.astype(str), -pairs.score, ends[:, 1], ends[:, 0]))
    first = np.ones(len(order), np.bool_)
    first[1:] = (ends[order[1:]] != ends[order[:-1]]).any(axis=1)
    return _some(pairs, order[first])


def _joined(several: list[_Derived]) -> _Derived:
    return _Derived(
        np.concatenate([some.row for some in several]),
        np.concatenate([some.of for some in several]),
        np.concatenate([some.kind for some in several]),
        np.concatenate([some.score for some in several]),
    )


def _some(pairs: _Derived, which: Mask | Integers) -> _Derived:
    return _Derived(pairs.row[which], pairs.of[which], pairs.kind[which], pairs.score[which])
