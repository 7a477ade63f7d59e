"""FER+ votes on the folder version, in full: how many of 35,887 files get the votes of their row.

Run by hand: `python tests/benchmarks/bench_ferplus_join.py`; needs the research data and Pillow.
The floor is reading and decoding the files once, which `fer2013` does as well.
"""

import os
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from fertools.fakes.fer2013 import FOLDERS
from fertools.ingest import ingest
from fertools.labelling import votes_of
from fertools.manifest import read_manifest
from fertools.roots import Root
from fertools.sources import fer2013

HERE = Path(__file__).resolve().parent
REAL = Path(os.environ.get("FERTOOLS_DATA", HERE.parents[2] / "shared" / "data"))
USAGES = {part: usage for usage, part in fer2013.USAGES.items()}


def draw(folder: Path) -> dict[str, int]:
    """Write the folder version as Pillow saves it; returns the row of every file."""
    numbers = 1206 + np.random.default_rng(0).permutation(10**6)
    rows = {}
    (unit,) = fer2013.units(Root(REAL / "fer2013" / "fer2013.csv.zst"))
    for batch in fer2013.read(unit):
        said = zip(batch.columns["raw_label"], batch.columns["official_split"], strict=True)
        for (code, part), face in zip(said, batch.faces, strict=True):
            above = "train" if part == "train" else "test"
            name = f"{above}/{FOLDERS[int(code)]}/{USAGES[part]}_{numbers[len(rows)]}.jpg"
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(face).save(folder / name, "JPEG", quality=95)
            rows[name] = len(rows)
    return rows


def main() -> None:
    table, votes = REAL / "fer2013" / "fer2013.csv.zst", REAL / "ferplus" / "fer2013new.csv"
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        rows = draw(folder / "raw")
        seconds = {}
        for name, source, raws in [
            ("table", "ferplus", [table, votes]),
            ("folders", "fer2013", [folder / "raw"]),
            ("joined", "ferplus", [folder / "raw", table, votes]),
        ]:
            start = time.process_time()
            ingest(source, raws, folder / name)
            seconds[name] = time.process_time() - start
        plain, joined = (read_manifest(folder / name).table for name in ("table", "joined"))
    right = np.array([rows[path] for path in joined["path"].to_pylist()])
    same = (votes_of(joined["votes"]) == votes_of(plain["votes"])[right]).all(axis=1)
    exact = joined["source_row"].fill_null(-1).to_numpy() == right
    print(f"{same.sum():,} of {len(right):,} files get the votes of their row")
    print(f"{exact.sum():,} get that very row; the others a copy of it in the same part and class")
    print({name: f"{s:.1f} s" for name, s in seconds.items()}, "CPU")
    print(f"joined against fer2013 alone: {seconds['joined'] / seconds['folders']:.2f}")


if __name__ == "__main__":
    main()
