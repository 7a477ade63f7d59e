"""Fingerprint: which published data set some raw data is, and what was done to it.

In goes a RAW argument; out comes its name, its variant in words, and the evidence. Pictures are
compared with shipped signatures (`signatures`), part by part, since mirrors exist whose training
pictures were changed and whose test pictures were not.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fertools.fingerprint.signatures import (
    BRIGHT,
    SIDE,
    Signature,
    look,
    nearest,
    numbers,
    signatures,
)
from fertools.fingerprint.specimen import Specimen, look_at, word_of
from fertools.measures.words import per_cent

UNKNOWN = "unknown"
MOST = 0.9  # of the pictures looked at
HALF = 0.5
SAMPLE = 3000  # looks that are compared
FEW = 12  # matches below which nothing is said of what was done to the pictures
FLAT = 0.1  # distance of the gray levels' distribution from an even one; 0.25 is usual
SOFT = 0.72  # sharpness against the original's; enlarging to 224 pixels leaves 0.81
CONTRAST = 0.06  # share by which contrast may differ

Mask = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The data set (`unknown` where there is none like it), its variant, and why.

    `matched` are shares of the pictures looked at: equal pixels, equal as Kaggle's JPEG, and alike.
    """

    data: str
    variant: list[str]
    evidence: list[str]
    rows: int
    looked_at: int
    matched: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Match:
    """A specimen beside a signature: which pictures are equal (m,), and which row each is like.

    `sample` (k,) are the pictures whose looks were compared, `like` (k,) the rows of the shipped
    table, -1 for none.
    """

    signature: Signature
    pixels: Mask
    jpeg: Mask
    sample: Integers
    like: Integers

    @property
    def shares(self) -> dict[str, float]:
        """How many of the pictures looked at are equal, or alike."""
        alike = float((self.like >= 0).mean()) / self.signature.share if len(self.like) else 0.0
        return {
            "pixels": round(float(self.pixels.mean()), 4) if len(self.pixels) else 0.0,
            "jpeg": round(float(self.jpeg.mean()), 4) if len(self.jpeg) else 0.0,
            "look": round(min(1.0, alike), 4),
        }


def fingerprint(raw: str | Path) -> Fingerprint:
    """Name the data set that `raw` holds. Raises `FerError` where there is nothing to look at."""
    seen = look_at(raw)
    sample = np.unique(np.linspace(0, max(0, len(seen) - 1), SAMPLE).astype(int))[: len(seen)]
    looks = look(seen.faces[sample])
    matches = [_match(seen, signature, sample, looks) for signature in signatures()]
    best = max(matches, key=lambda match: max(match.shares.values()))
    shares = best.shares
    evidence = [f"{seen.rows:,} {seen.noun}, {len(seen):,} of them looked at"]
    if max(shares.values()) < HALF:
        closest = ", ".join(
            f"{match.signature.data} {max(match.shares.values()):.0%}" for match in matches
        )
        evidence.append(f"like a known picture: {closest}")
        return Fingerprint(UNKNOWN, [], evidence, seen.rows, len(seen), shares)
    variant = []
    for word, reason in (*_form(seen, best), *_labels(seen, best), *_sizes(seen, best)):
        if word:
            variant.append(word)
        evidence.append(reason)
    return Fingerprint(best.signature.data, variant, evidence, seen.rows, len(seen), shares)


def _match(seen: Specimen, signature: Signature, sample: Integers, looks: Pixels) -> _Match:
    hashes = np.array(seen.hashes, str)
    known = [signature.rows[name].drop_null().to_pylist() for name in ("image_hash", "jpeg_hash")]
    pixels, jpeg = (np.isin(hashes, np.array(names, str)) for names in known)
    return _Match(signature, pixels, jpeg, sample, nearest(looks, signature.looks))


Said = tuple[str, str]  # a word for the variant, or "", and the evidence for it


def _form(seen: Specimen, match: _Match) -> Iterator[Said]:
    """Where the pixels come from: the data set itself, a JPEG of it, or a changed copy."""
    if seen.table and match.signature.guessed and match.shares["pixels"] >= MOST:
        yield from _csv(seen, match.signature)
        return
    said: dict[tuple[str, ...], list[str]] = {}
    reasons: dict[tuple[str, ...], list[str]] = {}
    for part in sorted({name or "" for name in seen.parts}):
        here = np.array([(name or "") == part for name in seen.parts])
        found = list(_part(seen, match, here))
        words = tuple(word for word, _ in found if word)
        said.setdefault(words, []).append(part or "elsewhere")
        reasons.setdefault(words, [reason for _, reason in found])
    for words, parts in said.items():
        where = f"{' and '.join(parts)}: " if len(said) > 1 else ""
        for word in words:
            yield where + word, where + reasons[words][0]
        yield from (("", where + reason) for reason in reasons[words][1:])


def _csv(seen: Specimen, signature: Signature) -> Iterator[Said]:
    """A table with the right pixels: official, or reconstructed where the original was lost."""
    rows = signature.rows.filter(signature.rows["image_hash"].is_valid())
    numbers = dict(zip(rows["image_hash"].to_pylist(), rows["source_row"].to_pylist(), strict=True))
    here = set(seen.hashes)
    guessed = sum(digest in here for digest in signature.guessed.values())
    rebuilt = guessed >= HALF * max(1, len(signature.guessed))
    yield (
        "reconstructed CSV" if rebuilt else "official CSV",
        f"{guessed:,} of {len(signature.guessed):,} rows whose official pixels are not known have "
        "those of the reconstruction",
    )
    present = sum(digest in here for digest in rows["image_hash"].to_pylist())
    yield "", f"{present:,} of the {len(rows):,} pictures whose pixels are known are there"
    order = np.array([numbers[digest] for digest in seen.hashes if digest in numbers])
    risen = float((np.diff(order) > 0).mean()) if len(order) > 1 else 1.0
    if risen < MOST:
        yield (
            "rows in another order",
            f"{per_cent(risen, '%', 0)} of the rows follow in the official order",
        )


def _part(seen: Specimen, match: _Match, here: Mask) -> Iterator[Said]:
    """Where the pixels of one part come from."""
    pixels, jpeg = float(match.pixels[here].mean()), float(match.jpeg[here].mean())
    if pixels >= MOST:
        yield "original pixels", f"{per_cent(pixels, '%', 0)} have the known pixels"
    elif jpeg >= MOST:
        yield (
            "Kaggle's JPEGs",
            f"{per_cent(jpeg, '%', 0)} are the known pixels saved by Pillow at quality 95",
        )
    else:
        done = list(_changes(seen, match, here))
        names = " and ".join(word for word, _ in done if word) or "pixels changed"
        yield names, f"{per_cent(max(pixels, jpeg), '%', 0)} have known pixels"
        yield from (("", reason) for _, reason in done)


def _changes(seen: Specimen, match: _Match, here: Mask) -> Iterator[Said]:
    """What was done to the pictures, by those that are like a row with known numbers."""
    places = np.flatnonzero((match.like >= 0) & here[match.sample])
    if len(places) < FEW:
        yield "", f"only {len(places)} pictures to compare with their originals"
        return
    at = match.sample[places]
    faces, before = seen.faces[at], match.signature.stats[match.like[places]]
    ratio = np.median(numbers(faces)[:, :3] / np.maximum(before[:, :3], 1e-6), axis=0)
    side = int(np.median(seen.sizes[at]))
    if side != SIDE:
        yield f"enlarged to {side} pixels", f"pictures have {side} pixels a side, not {SIDE}"
    flat = float(np.median(_unevenness(faces)))
    if ratio[0] < SOFT:
        yield "blurred", f"sharpness is {ratio[0]:.2f} times that of the original"
    if flat < FLAT:
        yield from _equalised(faces, before[:, 3], flat)
    elif abs(ratio[2] - 1) > CONTRAST and ratio[0] >= SOFT:  # a blur takes contrast with it
        yield f"contrast x {ratio[2]:.1f}", f"contrast is {ratio[2]:.2f} times that of the original"


def _equalised(faces: Pixels, bright: object, flat: float) -> Iterator[Said]:
    """Equalised histograms; what a gain had driven to white before lies at white together."""
    before = np.asarray(bright, np.float64)
    some = before > 0.04
    white = (faces[some] >= 254).reshape(int(some.sum()), SIDE * SIDE).mean(1)
    gained = len(white) >= FEW and float(np.median(white / before[some])) > HALF
    word = "contrast x 1.2 and equalised" if gained else "equalised"
    yield word, f"gray levels are spread evenly (distance {flat:.2f}, usual 0.25)"
    if gained:
        yield "", f"what was above {BRIGHT} is white: the contrast was raised before"


def _unevenness(faces: Pixels) -> npt.NDArray[np.float64]:
    """Largest distance of the distribution of gray levels from an even one (n,)."""
    flat = faces.reshape(len(faces), SIDE * SIDE).astype(np.int64)
    level = (np.arange(len(faces))[:, None] * 256 + flat).ravel()
    share = np.bincount(level, minlength=256 * len(faces)).reshape(-1, 256) / flat.shape[1]
    return np.asarray(np.abs(share.cumsum(1) - np.arange(1, 257) / 256).max(1))


def _labels(seen: Specimen, match: _Match) -> Iterator[Said]:
    """Whether the labels are those of the data set, others, or the same renumbered."""
    truth = _truth(seen, match)
    pairs = [(seen.labels[place], word) for place, word in truth if seen.labels[place] is not None]
    if not pairs:
        yield "without labels", "no label beside a known picture"
        return
    right = sum(word_of(label, seen.table) == word for label, word in pairs) / len(pairs)
    if right >= MOST:
        yield "", f"{per_cent(right, '%')} of {len(pairs):,} labels are those of the data set"
        return
    means = _renumbered(pairs)
    if means is None:
        yield "labels changed", f"only {per_cent(right, '%')} of {len(pairs):,} labels are right"
        return
    shown = ", ".join(f"{label} = {word}" for label, word in sorted(means.items()))
    ordered = [means[label] for label in sorted(means)]
    spelled = "labels in alphabetical order" if ordered == sorted(ordered) else "labels renumbered"
    yield spelled, f"{shown}: not the data set's own numbers"


def _truth(seen: Specimen, match: _Match) -> list[tuple[int, str]]:
    """Pictures that are a known row for certain, with the word for it."""
    rows = match.signature.rows
    words: dict[str, set[str]] = {}
    for name in ("image_hash", "jpeg_hash"):
        pairs = zip(rows[name].to_pylist(), rows["native_label"].to_pylist(), strict=True)
        for digest, word in pairs:
            words.setdefault(digest, set()).add(word)
    exact = [
        (place, next(iter(words[digest])))
        for place, digest in enumerate(seen.hashes)
        if digest in words and len(words[digest]) == 1
    ]
    if len(exact) >= HALF * len(seen):
        return exact
    labels = match.signature.known["native_label"].to_pylist()
    pairs = zip(match.sample.tolist(), match.like.tolist(), strict=True)
    return [(place, labels[row]) for place, row in pairs if row >= 0]


def _renumbered(pairs: list[tuple[str | None, str]]) -> dict[str, str] | None:
    """What each label stands for, where each stands for another word throughout."""
    told: dict[str, Counter[str]] = {}
    for label, word in pairs:
        told.setdefault(str(label), Counter())[word] += 1
    means = {label: words.most_common(1)[0][0] for label, words in told.items()}
    held = sum(words[means[label]] for label, words in told.items())
    one_to_one = len(set(means.values())) == len(means)
    return means if one_to_one and held >= MOST * len(pairs) else None


def _sizes(seen: Specimen, match: _Match) -> Iterator[Said]:
    """Rows more or fewer than published, and augmented copies among them."""
    if seen.extras:
        yield "augmented copies", f"{seen.extras:,} pictures are copies of others by their names"
    if seen.unread:
        yield "", f"{seen.unread:,} of those looked at could not be read"
    have, want = seen.rows - seen.extras, match.signature.rows.num_rows
    if have != want:
        less = have < want
        word = f"{abs(have - want):,} {seen.noun} {'missing' if less else 'more'}"
        yield word, f"{have:,} {seen.noun} instead of {want:,}{_where(seen, match)}"
    elif seen.table or (absent := _absent(seen, match)) == 0:
        yield "", f"all {want:,} {seen.noun} are there"
    elif absent is None:
        yield "", f"as many {seen.noun} as published: {want:,}"
    else:
        yield f"{absent:,} {seen.noun} replaced", f"{absent:,} of the published are not among them"


def _absent(seen: Specimen, match: _Match) -> int | None:
    """How many pictures are not among as many; None where not each is known for what it is."""
    kind = max(("pixels", "jpeg"), key=lambda name: match.shares[name])
    if match.shares[kind] < MOST or len(seen) < seen.rows - seen.extras:
        return None
    column = {"pixels": "image_hash", "jpeg": "jpeg_hash"}[kind]
    return len(set(match.signature.rows[column].drop_null().to_pylist()) - set(seen.hashes))


def _where(seen: Specimen, match: _Match) -> str:
    """Which words have more or fewer rows than published, where the labels can be read."""
    have = Counter[str | None]()
    for (_, label), count in seen.counts.items():
        have[word_of(label, seen.table)] += count
    want = Counter(match.signature.rows["native_label"].to_pylist())
    if set(have) != set(want):
        return ""
    off = {word: have[word] - want[word] for word in sorted(want) if have[word] != want[word]}
    return ": " + ", ".join(f"{word} {count:+,}" for word, count in off.items())
