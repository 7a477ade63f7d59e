"""RAF-ML: 4,908 faces from the web that show more than one of six expressions.

Layout on disk: `Image/original/0001.jpg`, `Image/aligned/0001_aligned.jpg` (100x100) and, in
`EmoLabel/`, `distribution.txt` (a name and six shares: surprise, fear, disgust, happiness, sadness,
anger), `multilabel.txt` (a name and six times 0 or 1), `partition_label.txt` (a name and a code).
Folders or archives, in one RAW argument or in several. Lists and names as public readers have them;
where they err, say so.

Traps: there is no neutral. A face has no single label: `raw_label` is the word with the largest
share, none where two are equal, and most of the largest are little over a half. `votes` are the
shares in thousandths, not counts of people (about 40 looked at each face): `split --label-rule
soft`, `multi` and the like make labels of them; `share_surprise` and so on hold them as they are.
The code that most lines of the partition have is training, the next one test. The pictures of
RAF-AU and RAF-CE are these under the same names, and some are RAF-DB's. People are not recorded.
Licence: for research, on request.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from fertools.errors import FerError
from fertools.frame import Frame
from fertools.roots import Member, Root, Unit
from fertools.sources._aligned import Options as Options
from fertools.sources._aligned import face_defaults, wanted
from fertools.sources._numbered import Shot, bare, is_aligned, is_picture, listed, shots
from fertools.sources._together import complaint, sliced, together

LICENCE = "non-commercial research, on request to the authors; not to be passed on"
CITATION = (
    "Li, Deng: Blended Emotion in-the-Wild: Multi-label Facial Expression Recognition Using "
    "Crowdsourced Annotations and Deep Locality Feature Learning, International Journal of "
    "Computer Vision 127, 2019"
)
HOMEPAGE = "the RAF-ML page of Weihong Deng, Beijing University of Posts and Telecommunications"
POPULATION = "rafml"
WORDS = ("surprise", "fear", "disgust", "happiness", "sadness", "anger")  # the lists' order
LABELS = {word: word for word in WORDS}
SLICE = 2000
LISTS = {
    "distribution": re.compile(r"^distribution\w*\.txt$", re.IGNORECASE),
    "multilabel": re.compile(r"^multilabel\w*\.txt$", re.IGNORECASE),
    "partition": re.compile(r"^partition_label\.txt$", re.IGNORECASE),
}
OTHERS = re.compile(r"^RAF(CE|AU)_\w+\.txt$", re.IGNORECASE)  # of sets with the same pictures


def matches(root: Root) -> bool:
    """Whether the root holds one of the lists, or pictures that no list of RAF-CE goes with."""
    if _lists(root.members):
        return True
    others = any(OTHERS.match(member.name) for member in root.members)
    return not others and bare(root.members, "ml")


def defaults(roots: Sequence[Root]) -> dict[str, Any]:
    """Aligned pictures are faces; in originals a detector looks for the face."""
    return face_defaults(roots, is_aligned, 100)


def units(root: Root) -> list[Unit]:
    """Slices by name."""
    members = together(root, is_picture)
    lists = _lists(members)
    broken = [m for m in members if not m.fault and LISTS["distribution"].match(m.name)]
    if members and not lists and broken:
        raise FerError(complaint(broken[0], " "))
    if members and not lists:
        raise FerError(f"{root}: pictures without distribution.txt; give its folder, too")
    parts = _parts(lists)
    aligned = wanted(members, root.options, is_aligned)
    found = [
        replace(shot, words=_with_part(shot, parts))
        for shot in shots(members, lists, aligned=aligned)
    ]
    return sliced("faces", found, SLICE)


def read(unit: Unit) -> Iterator[Frame]:
    """The faces of a slice in the order of their names."""
    for shot in unit.options:
        words = dict(shot.words)
        shares = _shares(words.get("distribution", ()))
        several = [
            w for w, on in zip(WORDS, words.get("multilabel", ()), strict=False) if on != "0"
        ]
        yield shot.frame(
            raw_label=_largest(shares),
            official_split=next(iter(words.get("part", ())), None),
            votes={word: round(1000 * share) for word, share in shares.items()} or None,
            extra={f"share_{word}": share for word, share in shares.items()}
            | ({"multilabel": " ".join(several)} if "multilabel" in words else {}),
        )


def report(table: pa.Table, index: pa.Table | None) -> list[str]:
    """What the votes are."""
    if table.num_rows == table["votes"].null_count:
        return []
    return ["votes are shares in thousandths, not counts of people"]


def _lists(members: Sequence[Member]) -> dict[str, list[Member]]:
    """The lists by their kind, those whose lines name pictures."""
    found: dict[str, list[Member]] = {}
    for kind, name in LISTS.items():
        for member in members:
            if name.match(member.name) and not member.fault and listed([member]):
                found.setdefault(kind, []).append(member)
    return found


def _parts(lists: Mapping[str, Sequence[Member]]) -> dict[str, str]:
    """What the codes of the partition stand for: training is larger than test."""
    lines = listed(lists.get("partition", ())).values()
    codes = Counter(line.words[0] for line in lines if line.words)
    order = sorted(codes, key=lambda code: (-codes[code], code))
    return dict(zip(order, ("train", "test"), strict=False))


def _with_part(shot: Shot, parts: Mapping[str, str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The words of a shot with what its code stands for."""
    code = next(iter(dict(shot.words).get("partition", ())), "")
    return (*shot.words, ("part", (parts[code],))) if code in parts else shot.words


def _shares(words: Sequence[str]) -> dict[str, float]:
    """The six shares; none where they are no numbers from 0 to 1 or lack a sum."""
    try:
        shares = [float(word) for word in words]
    except ValueError:
        return {}
    if len(shares) != len(WORDS) or not all(0 <= share <= 1 for share in shares) or not sum(shares):
        return {}
    return dict(zip(WORDS, shares, strict=True))


def _largest(shares: Mapping[str, float]) -> str | None:
    """The word with the largest share, None where two have it."""
    best = [word for word, share in shares.items() if share == max(shares.values())]
    return best[0] if len(best) == 1 else None
