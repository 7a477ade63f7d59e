"""Another manifest than the run's own: its rows in the run's words, and what the run has seen.

In goes a run and the other manifest; out come the rows that it can be scored on, in what they
differ from its own, and how many of them it knows: an equal photograph or face, or the same person,
among the rows that it was fitted to or chosen on.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fertools.data import FaceDataset, in_part, merged
from fertools.errors import FerError
from fertools.evaluate.evaluation import Options
from fertools.manifest import Manifest, read_manifest
from fertools.runs import Run

Mask = npt.NDArray[np.bool_]
SEEN = {"person": ("subject",), "photograph or face": ("image_hash", "face_hash")}


def rows_of(run: Run, manifest: Manifest, options: Options) -> tuple[FaceDataset, list[str]]:
    """The rows of the other manifest that have words of the run's, and the words of one side only.

    Raises `FerError` where there are such words and `options.outside` does not say to mask them.
    """
    contract, data = run.contract, run.recipe.data
    merge, named = merged(manifest, data.merge)
    odd = sorted(named ^ set(contract.classes))
    if odd and options.outside == "error":
        raise FerError(
            f"{options.on}: only one side knows {', '.join(odd)}; say --outside mask to leave "
            "them out, or split it with a --labels mapping"
        )
    classes = [word for word in contract.classes if word in named]
    if len(classes) < 2:
        raise FerError(
            f"{options.on}: shares {', '.join(classes) or 'none'} of the run's classes, and a "
            "score needs two; split it with a --labels mapping"
        )
    rows = FaceDataset(
        manifest,
        options.split if is_dealt(manifest, options.fold) else None,
        fold=options.fold,
        classes=classes,
        merge=merge,
        labels="soft" if manifest.has("target") else "hard",
        size=contract.size,
        channels=contract.channels,
        crop=contract.crop,
        data=options.data,
    )
    return rows, odd


def is_dealt(manifest: Manifest, fold: int | None) -> bool:
    """Whether the manifest has the part that is asked for; else all of it is taken."""
    return manifest.has("split") or fold is not None


def strangeness(
    run: Run, manifest: Manifest, rows: npt.NDArray[np.int64]
) -> tuple[list[str], dict[str, int] | None]:
    """How these rows' faces were cut in another way than the run's own, and how many it has seen:
    in words, and as `shown` counts them (None where the run's own manifest is not there).
    """
    try:
        own = read_manifest(run.manifest)
    except FerError as error:
        return [f"what the run has seen of it was not looked for ({error})"], None
    fitted = in_part(own, "train", run.fold) | in_part(own, "val", run.fold)
    notes = _cuts(own, manifest) if run.contract.crop == "context" else []
    counted = shown(own, fitted, manifest, rows)
    return notes + told(counted, len(rows), "the run was fitted to or chosen on"), counted


def _cuts(own: Manifest, other: Manifest) -> list[str]:
    """Named where the faces of one side hold more context around the box than the other's."""
    margins = [
        sorted({float(store.get("margin", 0.0)) for store in side.card.get("stores", {}).values()})
        for side in (own, other)
    ]
    if margins[0] == margins[1]:
        return []
    ours, theirs = (", ".join(f"{m:.0%}" for m in each) or "unknown" for each in margins)
    return [f"faces with {theirs} of context around the box; the run's own have {ours}"]


def shown(
    own: Manifest, fitted: Mask, other: Manifest, rows: npt.NDArray[np.int64]
) -> dict[str, int]:
    """How many of the `rows` of `other` have a person, a photograph or a face of the `fitted`."""
    counted = {}
    for name, columns in SEEN.items():
        shared = np.zeros(len(rows), bool)
        for column in columns:
            known = own.table[column].filter(pa.array(fitted)).drop_null()
            found = pc.is_in(other.table[column].take(pa.array(rows)), known.combine_chunks())
            shared |= found.to_numpy()
        counted[name] = int(shared.sum())
    return counted


def told(counted: dict[str, int], rows: int, what: str) -> list[str]:
    """The counts of `shown` in words, without those of nothing."""
    return [f"{n:,} of {rows:,} rows show a {name} that {what}" for name, n in counted.items() if n]
