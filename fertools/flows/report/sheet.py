"""Contact sheets: faces as images inside the page, for a report that may show them.

In go the facts of a report, the faces of its manifest and a language; out come sheets of captioned
faces and of pairs. Which faces are shown depends on scores and ids alone, so the page is the same
every time.
"""

import base64
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fertools.columns import encode, flagged
from fertools.errors import FerError
from fertools.faces import Faces, open_faces
from fertools.flows.report.facts import Facts, contradicting
from fertools.flows.report.say import Say
from fertools.image import encode as file_of
from fertools.image import fit
from fertools.manifest import Manifest

PAIRS = 24  # pairs of a sheet
SUSPECTS = 28
SINGLE = 18  # single faces of a sheet
LARGEST, CONTRADICTING, TOGETHER = 4, 12, 12  # groups of a sheet, faces of a group
# the measure that ranks the faces of a flag, and the end of it that is the worst
WORST = {
    "blurred": ("sharpness", 1),
    "underexposed": ("brightness", 1),
    "overexposed": ("brightness", -1),
    "low_contrast": ("contrast", 1),
    "low_detail": ("detail", 1),
}
SMALL = 64  # pixels: gray faces up to this side are kept as they are
SIDE = 96  # larger ones are shown at this side

Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Face:
    """A face as a data URI, with what its caption says."""

    source: str
    side: int
    id: str
    label: str
    part: str


@dataclass(frozen=True, slots=True)
class Tile:
    """Faces that are shown together, side by side, with a remark; `differs` where labels do."""

    faces: tuple[Face, ...]
    note: str
    differs: bool = False

    @property
    def labels(self) -> list[str]:
        """Each label once, in the order of the faces; of a pair that agrees, one."""
        return list(dict.fromkeys(face.label for face in self.faces))


@dataclass(frozen=True, slots=True)
class Sheet:
    """Tiles below a heading."""

    title: str
    why: str
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Sheets:
    """The sheets of each section, and how many faces they show; none, by default."""

    leaks: tuple[Sheet, ...] = ()
    twins: tuple[Sheet, ...] = ()
    quality: tuple[Sheet, ...] = ()
    suspects: tuple[Sheet, ...] = ()
    faces: int = 0


class Shower:
    """Turns rows of a manifest into faces of a page."""

    def __init__(self, manifest: Manifest, data: str | None, say: Say) -> None:
        self.table, self.say = manifest.table, say
        self.faces = _opened(manifest, data)
        self.label = manifest.label_column
        self.part = next((n for n in ("split", "fold") if manifest.has(n)), None)
        self.shown = 0

    def face(self, row: int) -> Face:
        """One face; 48 x 48 gray ones as PNG without loss, larger ones as JPEG."""
        pixels = self.faces[row]
        gray = pixels.ndim == 2
        if gray and pixels.shape[0] <= SMALL:
            kind, data = "png", file_of(pixels, "png")
        else:
            kind, data = (
                "jpeg",
                file_of(fit(pixels, min(SIDE, pixels.shape[0])), "jpeg", quality=85),
            )
        self.shown += 1
        part = self.table[self.part][row].as_py() if self.part else None
        word = f"fold {part}" if self.part == "fold" and part is not None else part or ""
        return Face(
            source=f"data:image/{kind};base64,{base64.b64encode(data).decode()}",
            side=min(SIDE, pixels.shape[0]) if kind == "jpeg" else pixels.shape[0],
            id=self.table["id"][row].as_py(),
            label=self.table[self.label][row].as_py() or self.say("no label"),
            part=self.say.part(word),
        )

    def tile(self, rows: tuple[int, ...], note: str) -> Tile:
        """Some faces together."""
        faces = tuple(self.face(row) for row in rows)
        return Tile(faces, note, len({face.label for face in faces}) > 1)

    def rows(self, ids: pa.ChunkedArray) -> Integers:
        """The rows (n,) of some ids; -1 where there is no face."""
        places = pc.index_in(ids, value_set=self.table["id"].combine_chunks())
        found = places.fill_null(-1).to_numpy().astype(np.int64)
        has = self.table["row"].is_valid().to_numpy()
        return np.where((found >= 0) & has[found], found, -1)


def _opened(manifest: Manifest, data: str | None) -> Faces:
    try:
        return open_faces(manifest, data)
    except FerError:  # faces of unlike shape are brought to one; anything else is said again
        return open_faces(manifest, data, size=SIDE, channels=3)


def _spread(values: npt.NDArray[np.float64], wanted: int) -> Integers:
    """`wanted` places among ascending values, at even distances of value where they allow it."""
    if not len(values):
        return np.empty(0, np.int64)
    aims = np.linspace(values[0], values[-1], wanted)
    chosen = np.unique(np.searchsorted(values, aims - 1e-12))
    others = np.setdiff1d(np.arange(len(values)), chosen)[: wanted - len(chosen)]
    return np.sort(np.concatenate([chosen, others]))


def draw(facts: Facts, data: str | None, say: Say) -> Sheets:
    """All contact sheets of a report."""
    shower = Shower(facts.shown, data, say)
    kinds = {"leaks": _leaks, "twins": _twins, "quality": _quality, "suspects": _suspects}
    found = {n: tuple(s for s in kind(facts, shower) if s.tiles) for n, kind in kinds.items()}
    return Sheets(
        leaks=found["leaks"],
        twins=found["twins"],
        quality=found["quality"],
        suspects=found["suspects"],
        faces=shower.shown,
    )


def _leaks(facts: Facts, shower: Shower) -> list[Sheet]:
    """Rows of a later part beside their partner in an earlier one."""
    if facts.pairs is None or not facts.pairs.num_rows:
        return []
    found, say = [], shower.say
    twins = _best(facts.pairs.filter(pc.is_in(facts.pairs["relation"], _words("near", "mirrored"))))
    found.append(
        _pairs(
            say("Twins across parts, from the threshold up"),
            say(
                "Every one of these stands in two parts. The first pair is the least alike that "
                "still counts, the last the most alike."
            ),
            twins.sort_by([("ncc", "ascending"), ("later_id", "ascending")]),
            shower,
            even=True,
        )
    )
    differ = pc.and_(
        pc.not_equal(twins["earlier_label"], twins["later_label"]),
        pa.array(~_one_person(twins, shower)),
    )
    found.append(
        _pairs(
            say("One picture, two labels, two parts"),
            say("Twins across parts whose labels contradict each other, the most alike first."),
            twins.filter(differ).sort_by([("ncc", "descending"), ("later_id", "ascending")]),
            shower,
        )
    )
    for relation, title, why in (
        ("sequence", say("One recording in two parts"), say("Frames of one sequence, parted.")),
        ("subject", say("One person in two parts"),
         say("The same subject, as the data set names people.")),
        ("derived", say("Altered copies across parts"),
         say("One is the other blurred, turned or the like.")),
        ("false twin", say("Alike, but different people"),
         say("The most alike pairs of two people: not called twins.")),
    ):  # fmt: skip
        rows = _best(facts.pairs.filter(pc.equal(facts.pairs["relation"], relation)))
        by = [("ncc", "descending"), ("later_id", "ascending")]
        found.append(_pairs(title, why, rows.sort_by(by), shower, PAIRS // 2))
    return found


def _one_person(pairs: pa.Table, shower: Shower) -> Mask:
    """Pairs (m,) of one person, whose pictures may be two and rightly bear two labels."""
    people = np.append(encode(shower.table["subject"])[0], -1)
    earlier, later = (people[shower.rows(pairs[name])] for name in ("earlier_id", "later_id"))
    return np.asarray((earlier == later) & (earlier >= 0))


def _words(*words: str) -> pa.Array:
    return pa.array(words, pa.string())


def _best(rows: pa.Table) -> pa.Table:
    """The most alike partner of every later row, once per later row."""
    ordered = rows.sort_by(
        [("later_id", "ascending"), ("ncc", "descending"), ("earlier_id", "ascending")]
    )
    ids = ordered["later_id"].to_numpy(zero_copy_only=False)
    first = np.unique(ids.astype(str), return_index=True)[1]
    return ordered.take(pa.array(np.sort(first), pa.int64()))


def _pairs(
    title: str, why: str, rows: pa.Table, shower: Shower, wanted: int = PAIRS, even: bool = False
) -> Sheet:
    earlier, later = (shower.rows(rows[name]) for name in ("earlier_id", "later_id"))
    there = np.flatnonzero((earlier >= 0) & (later >= 0))
    chosen = there[_spread(rows["ncc"].to_numpy()[there], wanted)] if even else there[:wanted]
    tiles = []
    for at in chosen:
        ncc, relation = rows["ncc"][at].as_py(), rows["relation"][at].as_py()
        note = "" if ncc is None else f"NCC {ncc:.3f}"
        note += shower.say(", mirrored") if relation == "mirrored" else ""
        tiles.append(shower.tile((int(earlier[at]), int(later[at])), note))
    return Sheet(title, why, tuple(tiles))


def _twins(facts: Facts, shower: Shower) -> list[Sheet]:
    """Groups that contradict themselves, then the largest ones."""
    if facts.groups is None:
        return []
    codes, names = encode(shower.table["twin_group"])
    wrong = np.unique(codes[contradicting(shower.table) & (codes >= 0)])
    sizes = np.bincount(codes[codes >= 0], minlength=len(names))
    largest = np.argsort(-sizes, kind="stable")[:LARGEST]
    ordered = wrong[np.argsort(-sizes[wrong], kind="stable")][:CONTRADICTING]
    say = shower.say
    return [
        _grouped(
            say("Twins that contradict each other"),
            say("If they are one picture, at least one of the labels is wrong."),
            [np.flatnonzero(codes == code) for code in ordered],
            shower,
        ),
        _grouped(
            say("The largest groups of twins"),
            say("Up to twelve faces of each. A twin of a twin is in the group, so look at them."),
            [np.flatnonzero(codes == code) for code in largest],
            shower,
        ),
    ]


def _grouped(title: str, why: str, groups: list[Integers], shower: Shower) -> Sheet:
    tiles = []
    for rows in groups:
        few = tuple(int(row) for row in rows[:TOGETHER])
        note = shower.say("{rows} faces", rows=len(rows))
        if len(few) < len(rows):
            note += shower.say(", {shown} of them shown", shown=len(few))
        tiles.append(shower.tile(few, note))
    return Sheet(title, why, tuple(tiles))


def _quality(facts: Facts, shower: Shower) -> list[Sheet]:
    """The worst faces of every flag that stands for quality."""
    table, say = facts.shown.table, shower.say
    found = []
    for flag, (measure, sign) in WORST.items():
        name = f"quality_{measure}"
        rows = np.flatnonzero(flagged(table, flag))
        if not len(rows) or name not in table.column_names:
            continue
        values = table[name].to_numpy().astype(np.float64)[rows]
        chosen = np.argsort(sign * values, kind="stable")[:SINGLE]
        tiles = [shower.tile((int(rows[at]),), f"{values[at]:.3f}") for at in chosen]
        why = say(
            "{rows} faces bear this flag; the worst are shown, by their {measure}.",
            rows=f"{len(rows):,}",
            measure=say.named(measure),
        )
        found.append(Sheet(flag.replace("_", " ").capitalize(), why, tuple(tiles)))
    return found


def _suspects(facts: Facts, shower: Shower) -> list[Sheet]:
    """The strongest suspects of each kind, with their label and what it should perhaps be."""
    if facts.suspects is None:
        return []
    found, say = [], shower.say
    for by in facts.suspects.kinds:
        chosen = [suspect for suspect in facts.suspects.listed if suspect.by == by][:SUSPECTS]
        rows = shower.rows(pa.chunked_array([pa.array([s.id for s in chosen], pa.string())]))
        tiles = [
            shower.tile((int(row),), say("perhaps {word}", word=suspect.suggested))
            for row, suspect in zip(rows, chosen, strict=True)
            if row >= 0
        ]
        why = say(
            "Below each face its label, then the word that is suggested; the strongest first."
        )
        found.append(Sheet(say("Suspected by {by}", by=by), why, tuple(tiles)))
    return found
