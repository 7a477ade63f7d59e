"""The rows that are exported, and what becomes of each: its file name, part, label and picture.

In go a manifest and options; out comes `Chosen`, whose samples the formats write. Rows without a
face, dropped rows, rows without a label, of another class or in no part are left out and counted.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fertools.columns import Codes, encode, folds_of, usable
from fertools.errors import FerError, unknown
from fertools.export._columns import described, told
from fertools.export._names import distinct
from fertools.faces import Faces
from fertools.image import encode as encode_image
from fertools.manifest import Manifest
from fertools.measures.leakage import NONE, PARTS, round_of

CODECS = {"png": "png", "jpeg": "jpg"}  # codec: ending of its files
BATCH = 256
PUBLISHED = "nothing was dealt: the parts are those that were published (official_split)"


@dataclass(frozen=True, slots=True)
class Options:
    """What is exported and how. `labels_from` is a column; `codec` png (lossless) or jpeg."""

    data: str | Path | None = None
    crop: str | None = None
    size: int | None = None
    channels: int | None = None
    classes: tuple[str, ...] | None = None
    labels_from: str | None = None
    fold: int | None = None
    codec: str = "png"
    pixels: bool = True


@dataclass(frozen=True, slots=True)
class Sample:
    """A face as the formats take it.

    `name` is safe and unique without regard to case, `part` train, val, test or "" where nothing
    was dealt, `code` the position of `label` in the classes, `about` the other columns as plain
    values. `image` holds the bytes of a file, b"" where no pixels are exported.
    """

    name: str
    part: str
    label: str
    code: int
    about: dict[str, Any]
    image: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """The rows of a manifest that are exported.

    `table` holds what is told of them, `rows` their places in the manifest, `codes` their classes;
    `left_out` counts the others by reason, `facts` says where all of it comes from.
    """

    rows: npt.NDArray[np.int64]
    table: pa.Table
    names: list[str]
    parts: list[str]
    codes: Codes
    classes: list[str]
    left_out: dict[str, int]
    notes: list[str]
    faces: Faces | None
    codec: str
    facts: dict[str, Any]

    @property
    def ending(self) -> str:
        """Of an image file, without the dot."""
        return CODECS[self.codec]

    @property
    def dealt(self) -> list[str]:
        """The parts that have rows, in order; [""] where nothing was dealt."""
        seen = set(self.parts)
        return [part for part in (*PARTS, "") if part in seen]

    def at(self, part: str | None = None) -> npt.NDArray[np.int64]:
        """The places of the samples of one part, or of all."""
        wanted = [i for i, mine in enumerate(self.parts) if part is None or mine == part]
        return np.array(wanted, np.int64)

    def counts(self) -> dict[str, dict[str, int]]:
        """Samples by part ("all" where nothing was dealt) and class, 0 for one that it lacks."""
        seen = Counter(zip(self.parts, self.codes.tolist(), strict=True))
        return {
            part or "all": {word: seen[part, code] for code, word in enumerate(self.classes)}
            for part in self.dealt
        }

    def samples(self, part: str | None = None) -> Iterator[Sample]:
        """Every sample of a part, or all, in the order of the manifest."""
        places = self.at(part)
        for start in range(0, len(places), BATCH):
            here = places[start : start + BATCH]
            rows = described(self.table.take(pa.array(here)))
            faces = self.faces[self.rows[here]] if self.faces is not None else [None] * len(here)
            for place, row, face in zip(here.tolist(), rows, faces, strict=True):
                yield self._sample(place, row, face)

    def _sample(self, at: int, about: dict[str, Any], face: Any) -> Sample:
        code = int(self.codes[at])
        known = (self.names[at], self.parts[at], self.classes[code], code, about)
        if face is None:
            return Sample(*known, b"", 0, 0)
        height, width = face.shape[:2]
        return Sample(*known, encode_image(face, self.codec), width, height)


def choose(manifest: Manifest, options: Options, facts: dict[str, Any]) -> Chosen:
    """Choose what is exported. Raises `FerError` where nothing is left, or for unknown words."""
    if options.codec not in CODECS:
        raise unknown("codec", options.codec, list(CODECS))
    table = manifest.table
    column, notes = _label_column(manifest, options.labels_from)
    labels, words = encode(manifest.texts(column))
    classes = list(options.classes) if options.classes else words
    by, parts, dealt = _parts(manifest, options.fold)
    reasons = _reasons(table, labels, words, classes, parts if dealt else None, column)
    rows = np.flatnonzero(reasons == "")
    if not len(rows):
        raise FerError(f"no face to export: {_told(reasons)}; `fertools stats` shows the rows")
    if column in ("label", "native_label") and _raw_only(table, reasons, parts, dealt).any():
        notes.append("rows have a raw label only: --labels-from raw_label takes them as they are")
    if by == "official_split":
        notes.append(PUBLISHED)
    if not dealt and manifest.has("fold"):
        notes.append("the folds are no parts, so all faces are in one: --fold 0 tests the first")
    used = sorted({words[code] for code in labels[rows]}) if not options.classes else classes
    place = np.array([used.index(w) if w in used else -1 for w in words], np.int64)
    crop = options.crop or manifest.card.get("split", {}).get("crop") or "context"
    chosen = table.take(pa.array(rows))
    return Chosen(
        rows=rows,
        table=told(chosen.drop_columns([column]) if column == "label" else chosen),
        names=distinct(chosen["id"].to_pylist()),
        parts=[PARTS[p] if p >= 0 else "" for p in parts[rows]],
        codes=place[labels[rows]],
        classes=used,
        left_out=dict(Counter(sorted(reasons[reasons != ""].tolist()))),
        notes=notes,
        faces=_open(manifest, options, crop) if options.pixels else None,
        codec=options.codec,
        facts={**facts, "labels_from": column, "parts_from": by, "crop": crop},
    )


def _label_column(manifest: Manifest, wanted: str | None) -> tuple[str, list[str]]:
    """The column that holds the labels: `label` of a split, else the data set's own words."""
    if wanted:
        manifest.column(wanted)
        return wanted, []
    if manifest.has("label"):
        return "label", []
    if manifest.has("native_label"):
        emptied = manifest.has("split")  # a split writes `label`
        return "native_label", ["no row has a label: native_label is exported"] * emptied
    return "raw_label", ["no label is a known word: raw_label is exported as it is"]


def _parts(manifest: Manifest, fold: int | None) -> tuple[str, Codes, bool]:
    """The column that deals the rows ("" for none), and the part of each (-1: none).

    A manifest that was dealt to folds has parts in the round that tests `fold`: fold + 1 validates,
    the others train. Published parts count where no row would be lost by them.
    """
    none = np.full(len(manifest), NONE)
    if fold is not None:
        return "fold", _round(manifest, fold), True
    if manifest.has("split"):
        return "split", _words(manifest, "split"), True
    if not manifest.has("fold") and manifest.has("official_split"):
        official = manifest.table["official_split"].to_pylist()
        if {official[row] for row in np.flatnonzero(usable(manifest.table))} <= set(PARTS):
            return "official_split", _words(manifest, "official_split"), True
    return "", none, False


def _words(manifest: Manifest, column: str) -> Codes:
    codes, found = encode(manifest.column(column))
    if column == "split" and (strange := [word for word in found if word not in PARTS]):
        raise unknown("split", strange[0], list(PARTS))
    known = [PARTS.index(word) if word in PARTS else -1 for word in found]
    return np.array([*known, -1], np.int64)[codes]


def _round(manifest: Manifest, fold: int) -> Codes:
    if not manifest.has("fold"):
        raise FerError(
            "the manifest has no folds; give one of `fertools split DATA --folds 10 -o OUT`"
        )
    return round_of(folds_of(manifest.column("fold")), fold)


def _reasons(
    table: pa.Table,
    labels: Codes,
    words: Sequence[str],
    classes: Sequence[str],
    parts: Codes | None,
    column: str,
) -> npt.NDArray[Any]:
    """Why each row (n,) is left out, "" where it is not; the first reason counts."""
    if len(set(classes)) != len(classes):
        raise FerError(f"classes {', '.join(classes)}: a word stands there twice")
    if strange := [word for word in classes if word not in words]:
        raise unknown("class", strange[0], list(words))
    status = np.array(table["status"].to_pylist(), object)
    reasons = np.where(status != "ok", "no face: " + status, "")
    nothing = pa.nulls(len(table), pa.string())
    drop = (table["drop"] if "drop" in table.column_names else nothing).to_pylist()
    why = (table["label_status"] if "label_status" in table.column_names else nothing).to_pylist()
    for row in np.flatnonzero(reasons == ""):
        code = labels[row]
        if drop[row] is not None:
            reasons[row] = f"dropped: {drop[row]}"
        elif code < 0:
            known = why[row] if column == "label" and why[row] not in (None, "ok") else None
            reasons[row] = known or "unlabelled"
        elif words[code] not in classes:
            reasons[row] = f"another class: {words[code]}"
        elif parts is not None and parts[row] < 0:
            reasons[row] = "in no part"
    return reasons


def _raw_only(
    table: pa.Table, reasons: npt.NDArray[Any], parts: Codes, dealt: bool
) -> npt.NDArray[np.bool_]:
    """Rows (n,) left out without a known word that `--labels-from raw_label` would take."""
    left = np.isin(reasons.astype(str), ("unlabelled", "unknown_word"))
    raw = table["raw_label"].is_valid().to_numpy() & table["native_label"].is_null().to_numpy()
    return np.asarray(left & raw & ((parts >= 0) | (not dealt)))


def _told(reasons: npt.NDArray[Any]) -> str:
    found = Counter(reasons.tolist())
    return ", ".join(f"{n:,} {reason}" for reason, n in sorted(found.items())) or "no rows"


def _open(manifest: Manifest, options: Options, crop: str) -> Faces:
    return Faces(manifest, options.data, options.size, options.channels, crop)
