"""What a reviewer is shown of a session: items by place, a window at a time, and their pictures.

In go a session, its manifest and faces; out come dictionaries for a page and PNG or JPEG bytes.
A blind showcase holds nothing back from the page that a page could give away: no id, no label, no
reason, no twin, nothing of what others said.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fertools.columns import encode
from fertools.faces import open_faces
from fertools.image import encode as file_of
from fertools.manifest import Manifest
from fertools.review.journal import OPEN, Entry, Journal
from fertools.review.originals import Originals
from fertools.review.queue import TWINS
from fertools.review.session import Session

TWINS_SHOWN = 6
LOSSLESS = 128  # pixels: faces up to this side are sent as PNG
WINDOW = 200  # items that may be asked for at once

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Asking:
    """Which items: those with a reason, a label, a verdict of the reviewer's (`open`, `decided`, or
    one of the verdicts) as it stood after `as_of` entries; "" is any.
    """

    reason: str = ""
    label: str = ""
    state: str = ""
    as_of: int = 0


class Showcase:
    """The items of a session for one reviewer."""

    def __init__(self, session: Session, manifest: Manifest, raw: Path | None = None) -> None:
        self.session = session
        self.blind = session.asked.blind
        self._table = manifest.table
        self._keys = session.items["key"].to_pylist()
        self.place = {key: at for at, key in enumerate(self._keys)}
        self._reasons = session.items["reasons"]
        self._labels = encode(session.items["label"])
        self._flags = _flags(session.items["reasons"])
        self._rows = _rows(manifest, session.items["id"])
        self._ok = manifest.ok().to_numpy()
        self._faces = open_faces(manifest)
        self._twins = None if self.blind else _Twins(manifest, session.data / TWINS)
        self._originals = Originals(raw) if raw is not None else None

    def __len__(self) -> int:
        return len(self._keys)

    def key(self, place: int) -> str:
        """The key of an item."""
        return str(self._keys[place])

    def id(self, place: int) -> str:
        """The id of an item, for the journal and never for a blind page."""
        return str(self.session.items["id"][place].as_py())

    def label(self, place: int) -> str | None:
        """The label of an item in the data."""
        code = self._labels[0][place]
        return self._labels[1][code] if code >= 0 else None

    def facets(self) -> dict[str, dict[str, int]]:
        """What can be filtered by, with counts; nothing where the reviewer is blind."""
        if self.blind:
            return {"reason": {}, "label": {}}
        reasons = {name: int(mask.sum()) for name, mask in self._flags.items()}
        codes, names = self._labels
        counts = np.bincount(codes[codes >= 0], minlength=len(names)).tolist()
        return {"reason": reasons, "label": dict(zip(names, counts, strict=True))}

    def find(self, asking: Asking, journal: Journal) -> Integers:
        """The places (m,) of the items asked for, in order."""
        wanted = np.ones(len(self), np.bool_)
        if asking.reason and not self.blind:
            wanted &= self._flags.get(asking.reason, np.zeros(len(self), np.bool_))
        if asking.label and not self.blind:
            codes, names = self._labels
            wanted &= codes == (names.index(asking.label) if asking.label in names else -2)
        if asking.state:
            wanted &= self._in_state(asking, journal)
        return np.flatnonzero(wanted)

    def _in_state(self, asking: Asking, journal: Journal) -> npt.NDArray[np.bool_]:
        found = np.zeros(len(self), np.bool_)
        for key, entry in journal.at(asking.as_of).items():
            any_will_do = asking.state in (OPEN, "decided")
            fits = entry.verdict != OPEN if any_will_do else entry.verdict == asking.state
            if key in self.place and fits:
                found[self.place[key]] = True
        return ~found if asking.state == OPEN else found

    def window(
        self, places: Sequence[int], journal: Journal, others: Sequence[Journal]
    ) -> list[dict[str, Any]]:
        """The items at some places, `WINDOW` at most."""
        heard = {str(o.opening.get("reviewer", o.file.stem)): o.latest for o in others}
        return [self.item(at, journal.latest, heard) for at in list(places)[:WINDOW]]

    def item(
        self, place: int, mine: Mapping[str, Entry], others: Mapping[str, Mapping[str, Entry]]
    ) -> dict[str, Any]:
        """One item, with the reviewer's last verdict on it and those of others."""
        key, row = self._keys[place], int(self._rows[place])
        item: dict[str, Any] = {
            "n": place,
            "key": key,
            "mine": said(mine.get(key)),
            "picture": self._has_picture(row),
        }
        if self.blind:
            return item
        item["others"] = [
            {"who": who, **said(latest[key])}
            for who, latest in others.items()
            if key in latest and latest[key].verdict != OPEN
        ]
        item |= {"reasons": json.loads(self._reasons[place].as_py()), "id": self.id(place)}
        item |= {"label": self.label(place), "twins": list(self._beside(row))}
        return item | (self._about(row) if row >= 0 else {})

    def _about(self, row: int) -> dict[str, Any]:
        names = ("raw_label", "official_split", "subject", "status")
        return {name: self._table[name][row].as_py() for name in names}

    def _beside(self, row: int) -> Iterator[dict[str, Any]]:
        """The twins of a row, as they are shown beside it."""
        for other, ncc in self._twins.of(row) if self._twins else ():
            yield {"id": self._table["id"][other].as_py(), "ncc": ncc,
                   "label": self._table["native_label"][other].as_py(),
                   "official_split": self._table["official_split"][other].as_py()}  # fmt: skip

    def _has_picture(self, row: int) -> bool:
        return row >= 0 and (bool(self._ok[row]) or self._originals is not None)

    def picture(self, place: int, beside: int = 0) -> tuple[bytes, str] | None:
        """Bytes and kind (`png` or `jpeg`) of an item's picture, or of its twin `beside`, from 1.

        None where there is none.
        """
        row = int(self._rows[place])
        if beside:
            twins = self._twins.of(row) if self._twins else []
            if beside > len(twins):
                return None
            row = twins[beside - 1][0]
        if row < 0:
            return None
        if not self._ok[row]:
            path = self._table["path"][row].as_py()
            pixels = self._originals.read(path) if self._originals else None
        else:
            pixels = self._faces[row]
        if pixels is None:
            return None
        kind = "png" if max(pixels.shape[:2]) <= LOSSLESS else "jpeg"
        return file_of(pixels, kind), kind


class _Twins:
    """The twins of a row: its group, and how alike they are where the curation says so."""

    def __init__(self, manifest: Manifest, listed: Path) -> None:
        table = manifest.table
        self._codes = np.full(len(manifest), -1)
        if "twin_group" in table.column_names:
            self._codes = encode(table["twin_group"])[0]
        self._order = np.argsort(self._codes, kind="stable")
        self._sorted = self._codes[self._order]
        self._origin = np.full(len(manifest), -1)
        if "derived_from" in table.column_names:
            self._origin = _rows(manifest, table["derived_from"])
        self._ncc = _likeness(manifest, listed)

    def of(self, row: int) -> list[tuple[int, float | None]]:
        """Rows and NCC (None where unknown) of the closest `TWINS_SHOWN` twins, closest first."""
        if row < 0:
            return []
        code, found = self._codes[row], [int(self._origin[row])]
        if code >= 0:
            low, high = np.searchsorted(self._sorted, [code, code + 1])
            found += self._order[low:high].tolist()
        rows = dict.fromkeys(other for other in found if other >= 0 and other != row)
        pairs = [(other, self._ncc.get((min(row, other), max(row, other)))) for other in rows]
        return sorted(pairs, key=lambda p: (-(p[1] or 0.0), p[0]))[:TWINS_SHOWN]


def _likeness(manifest: Manifest, file: Path) -> dict[tuple[int, int], float]:
    """NCC of the pairs that the curation listed."""
    if not file.is_file():
        return {}
    pairs = pq.read_table(file, columns=["id_a", "id_b", "ncc"])
    rows = np.sort(np.stack([_rows(manifest, pairs[n]) for n in ("id_a", "id_b")], axis=1), axis=1)
    ncc = np.round(pairs["ncc"].to_numpy(), 3).tolist()
    return {(a, b): c for (a, b), c in zip(rows.tolist(), ncc, strict=True)}


def _rows(manifest: Manifest, names: pa.ChunkedArray) -> Integers:
    """The row of each id, -1 for one that is not in the manifest."""
    found = pc.index_in(names, value_set=manifest.table["id"].combine_chunks())
    rows: Integers = found.fill_null(-1).to_numpy().astype(np.int64)
    return rows


def _flags(reasons: pa.ChunkedArray) -> dict[str, npt.NDArray[np.bool_]]:
    """For each flag whether an item bears it, the most frequent first."""
    found: dict[str, npt.NDArray[np.bool_]] = {}
    for place, text in enumerate(reasons.to_pylist()):
        for reason in json.loads(text):
            mask = found.setdefault(reason["flag"], np.zeros(len(reasons), np.bool_))
            mask[place] = True
    return dict(sorted(found.items(), key=lambda e: (-int(e[1].sum()), e[0])))


def said(entry: Entry | None) -> dict[str, Any]:
    """A verdict as a page knows it; without an entry the item is open."""
    if entry is None:
        return {"verdict": OPEN, "label": None, "second": None, "number": 0}
    return {"verdict": entry.verdict, "label": entry.label, "second": entry.second,
            "number": entry.number}  # fmt: skip
