"""Near-duplicates as imagededup and cleanvision find them; run by the interpreter that has them.

    python _twins_by_hash.py imagededup|cleanvision FOLDER OUT.npz

FOLDER holds `<row>.png`; OUT gets the pairs `(m, 2)` and the seconds from the files to the pairs,
without the import. Both run with the settings that they have when nothing is set.
"""

import sys
import time
from itertools import combinations
from pathlib import Path

import numpy as np


def imagededup(folder: str) -> tuple[list[tuple[int, int]], float]:
    """Perceptual hash, Hamming distance of at most 10."""
    from imagededup.methods import PHash

    began = time.perf_counter()
    found = PHash(verbose=False).find_duplicates(image_dir=folder)
    pairs = [(row(a), row(b)) for a, others in found.items() for b in others]
    return pairs, time.perf_counter() - began


def cleanvision(folder: str) -> tuple[list[tuple[int, int]], float]:
    """Images of equal perceptual hash; those of equal pixels are listed apart and added here."""
    from cleanvision import Imagelab

    began = time.perf_counter()
    lab = Imagelab(data_path=folder, verbose=False)
    lab.find_issues({"near_duplicates": {}, "exact_duplicates": {}}, verbose=False)
    sets = [s for kind in ("near", "exact") for s in lab.info[f"{kind}_duplicates"]["sets"]]
    pairs = [(row(a), row(b)) for names in sets for a, b in combinations(names, 2)]
    return pairs, time.perf_counter() - began


def row(name: str) -> int:
    return int(Path(name).stem)


def main() -> None:
    tool, folder, out = sys.argv[1:]
    found, seconds = {"imagededup": imagededup, "cleanvision": cleanvision}[tool](folder)
    pairs = np.unique(np.sort(np.array(found, np.int64).reshape(-1, 2), axis=1), axis=0)
    np.savez(out, pairs=pairs, seconds=seconds)


if __name__ == "__main__":
    main()
