"""How many labels of a data set are wrong, from a sample of the suspected and of the rest.

In go a session's items and the words that its faces have in the end; out comes `Noise`. Without
controls there is none: a queue of suspects says nothing of the faces that nobody suspected.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from fertools.measures.intervals import Interval
from fertools.measures.strata import Stratum, weighted_share
from fertools.review.agree import DISPUTED, DROP, KEEP, UNSURE, Settled
from fertools.review.queue import asks_label

OPEN = (UNSURE, DISPUTED)


@dataclass(frozen=True, slots=True)
class Noise:
    """Shares of all faces: with a wrong label; with one that is not even the second choice; not to
    be used at all. `strata` counts each stratum: faces, sampled, judged, wrong, clearly_wrong,
    unusable; `open` faces were judged without a result, and are left out.
    """

    wrong: Interval
    clearly_wrong: Interval
    unusable: Interval
    strata: dict[str, dict[str, int]]
    open: int


def estimate(
    items: pa.Table, facts: Mapping[str, Any], settled: Mapping[str, Settled]
) -> Noise | None:
    """The shares with their intervals; None where no controls were mixed in, or where nobody was
    asked about the label.
    """
    if not facts.get("controls") or not asks_label(facts["queue"], facts["blind"]):
        return None
    strata = {
        name: {"faces": size, "sampled": 0, "judged": 0, "wrong": 0, "clearly_wrong": 0,
               "unusable": 0}
        for name, size in facts["strata"].items()
    }  # fmt: skip
    open_ = 0
    columns = [items[name].to_pylist() for name in ("key", "stratum", "label")]
    for key, stratum, label in zip(*columns, strict=True):
        counts = strata[stratum]
        counts["sampled"] += 1
        found = settled.get(key)
        if found is None:
            continue
        if found.word in OPEN or label is None:
            open_ += 1
            continue
        counts["judged"] += 1
        differs = found.word not in (KEEP, DROP, label)
        counts["wrong"] += differs
        counts["clearly_wrong"] += differs and found.second != label
        counts["unusable"] += found.word == DROP
    wrong, clearly_wrong, unusable = (
        weighted_share([Stratum(c[what], c["judged"], c["faces"]) for c in strata.values()])
        for what in ("wrong", "clearly_wrong", "unusable")
    )
    return Noise(wrong, clearly_wrong, unusable, strata, open_)
