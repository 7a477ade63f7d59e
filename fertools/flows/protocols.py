"""Make the lists of the published protocols anew from the data in hand.

In go the data sets as `ingest` wrote them, and the votes of FER+; out come the TOML and Parquet
files of `manifests/`: the same data gives the same bytes. They hold ids, hashes and parts, no
pixels.
"""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from fertools import strict
from fertools.errors import FerError
from fertools.flows import _lists_ck48, _lists_fer2013
from fertools.flows._lists import content_digest
from fertools.locations import sha256
from fertools.manifest import counts, read_manifest, write_page
from fertools.measures.leakage import PARTS
from fertools.protocol import Protocol, write_list

BASIC7 = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
WITH_CONTEMPT = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear",
                 "contempt")  # fmt: skip
CK7 = ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise")
MADE = (
    "fertools protocols --make manifests --fer2013 data/fer2013 --ferplus fer2013new.csv "
    "--ck48 data/ck48"
)
HIDDEN = (
    "The 174 rows without a face by FER+ and without a name of their own there have no hash: their "
    "pixels are not known for certain, so they are found by their number in a CSV only."
)


def _fer2013(title: str, note: str, **more: Any) -> Protocol:
    common = {
        "data": "fer2013",
        "task": "seven expressions",
        "label_rule": "uploader",
        "classes": BASIC7,
        "selection": "val",
        "metric": "accuracy",
        "tta": "flip",
    }
    return Protocol(title=title, note=f"{note} {HIDDEN}", **{**common, **more})


def _ck48(title: str, note: str, draws: int = 0) -> Protocol:
    return Protocol(
        title=title, note=note, draws=draws, data="ck48", task="seven expressions with contempt",
        label_rule="uploader", classes=CK7, selection="val", metric="accuracy", tta="none",
    )  # fmt: skip


TEXTS = {
    "fer2013-official": _fer2013(
        "FER2013 as published: Training, PublicTest, PrivateTest",
        "The official parts leak: 8.0 % of the test rows are exact copies of a training row, "
        "14.3 % have a near-twin there.",
    ),
    "fer2013-noleak": _fer2013(
        "FER2013 without twins across parts; the test part untouched",
        "No training row has a twin in the official validation or test part, no validation row one "
        "in test. A twin is an equal face, or one with an NCC of 0.90 or more with it or with its "
        "mirror image; direct twins, not chained.",
    ),
    "fer2013-control": _fer2013(
        "FER2013 with as many training rows fewer as in fer2013-noleak, at random",
        "What less data alone costs: of every class as many training rows are left out as "
        "fer2013-noleak leaves out, drawn at random, three times. The other parts are official.",
        draws=_lists_fer2013.DRAWS,
    ),
    "fer2013-clean": _fer2013(
        "FER2013 without twins across parts, blanks, non-faces and contradictions",
        "fer2013-noleak, and out of every part: faces of one gray level, rows that all voters of "
        "FER+ call no face, and every face of a group of twins that bears two labels.",
    ),
    "ferplus-majority": _fer2013(
        "FER+ by majority of the votes",
        "Single votes are zeroed, then the word with over half of the votes; rows without one, and "
        "those led by unknown or no face, are in no part.",
        task="eight expressions", label_rule="ferplus-majority", classes=WITH_CONTEMPT,
    ),
    "ferplus-argmax": _fer2013(
        "FER+ by most votes",
        "The word with most votes; ties, unknown and no face are in no part.",
        task="eight expressions", label_rule="ferplus-argmax", classes=WITH_CONTEMPT,
    ),
    "ck48-paper": _ck48(
        "CK+48 at random, as published: 589 / 196 / 196, twenty draws",
        "Leaks by sequence and person, as the published split must: the three frames of a "
        "sequence are dealt apart. Test rows per class are the published ones. Report the mean of "
        "the draws.",
        draws=_lists_ck48.DRAWS,
    ),
    "ck48-subject10": _ck48(
        "CK+48 in ten folds of people",
        "Subjects in ascending order, the i-th in fold i mod 10. Fold k tests, k + 1 validates, "
        "the rest trains; report the mean of the folds.",
    ),
}  # fmt: skip


def make(
    out: Path,
    fer2013: str | Path | None = None,
    ferplus: str | Path | None = None,
    ck48: str | Path | None = None,
) -> list[str]:
    """Write the lists whose data is given to the folder `out`; returns their names.

    Raises `FerError` where the data is not the whole of the published one.
    """
    made = []
    if (fer2013 is None) != (ferplus is None):
        raise FerError("--fer2013 and --ferplus go together: the lists rest on both")
    if ferplus is not None and not Path(ferplus).is_file():
        raise FerError(f"{ferplus}: there is no such file; give FER+'s fer2013new.csv")
    if out.exists() and not out.is_dir():
        raise FerError(f"{out}: is a file; give a folder")
    for name, rows, sources in _all(fer2013, ferplus, ck48):
        out.mkdir(parents=True, exist_ok=True)
        text = dataclasses.replace(TEXTS[name], made=MADE, sources=sources, parts=_parts(rows))
        write_list(out / f"{name}.parquet", rows)
        write_page(out / f"{name}.toml", toml(text))
        made.append(name)
    return made


def _all(
    fer2013: str | Path | None, ferplus: str | Path | None, ck48: str | Path | None
) -> Iterator[tuple[str, pa.Table, dict[str, str]]]:
    if fer2013 is not None and ferplus is not None:
        manifest = read_manifest(fer2013)
        sources = {
            "fer2013": content_digest(manifest),
            "fer2013new.csv": sha256(Path(ferplus)),
        }
        for name, rows in _lists_fer2013.lists(manifest, Path(ferplus)):
            yield name, rows, sources
    if ck48 is not None:
        manifest = read_manifest(ck48)
        for name, rows in _lists_ck48.lists(manifest):
            yield name, rows, {"ck48": content_digest(manifest)}


def _parts(rows: pa.Table) -> dict[str, int]:
    """Rows per part of the first draw (all have as many), or per fold."""
    if rows["draw"].null_count == 0:
        rows = rows.filter(pc.equal(rows["draw"], 0))
    if rows["fold"].null_count < len(rows):
        found = counts(rows["fold"].cast(pa.string()))
        return {f"fold {k}": found[str(k)] for k in range(len(found))}
    found = counts(rows["split"])
    return {part: found.get(part, 0) for part in PARTS}


def toml(protocol: Protocol) -> str:
    """A protocol as the TOML that `read_protocol` reads."""
    table = strict.table(protocol)
    plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in plain.items()]
    for key, inner in table.items():
        if isinstance(inner, dict) and inner:
            lines += ["", f"[{key}]"]
            lines += [f"{json.dumps(k)} = {json.dumps(v)}" for k, v in inner.items()]
    return "\n".join([*lines, ""])
