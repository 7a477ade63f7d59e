"""Recall of the check for derived copies on copies planted in FER2013, kind by kind.

    python tests/benchmarks/bench_derived.py
    python tests/benchmarks/bench_derived.py --angles     with a search for rotations, too

200 faces of FER2013 are transformed in each way, saved as a JPEG of quality 90 and added to the
35,887; a copy counts as found where the pair with its original is listed. What is listed of the
rest is FER2013's own. Reads FER2013 from `$FERTOOLS_DATA` or `../shared/data`.
"""

import argparse
import os
import tempfile
import time
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
from bench_twins import Faces, fer2013

from fertools.checks import derived
from fertools.faces import open_faces
from fertools.image import decode, digest, encode
from fertools.manifest import Manifest, conform
from fertools.shards import ShardWriter

EACH = 200
ANGLES = (4.0, 8.0, 12.0, 16.0, 20.0)


def each(change):
    return lambda faces: np.stack([change(face) for face in faces])


def warped(angle=0.0, zoom=1.0, shift=0.0):
    def change(face):
        matrix = cv2.getRotationMatrix2D((23.5, 23.5), angle, zoom)
        matrix[0, 2] += shift
        return cv2.warpAffine(face, matrix, (48, 48), borderMode=cv2.BORDER_REPLICATE)

    return each(change)


def gained(gain, shift=0.0):
    return lambda faces: np.clip(faces * float(gain) + shift, 0, 255).astype(np.uint8)


def noisy(faces: Faces) -> Faces:
    noise = np.random.default_rng(0).normal(scale=10, size=faces.shape)
    return np.clip(faces + noise, 0, 255).astype(np.uint8)


PLANTED = {
    "mirrored": lambda faces: faces[:, :, ::-1],
    "turned by 90": lambda faces: np.rot90(faces, 1, (1, 2)),
    "turned by 180": lambda faces: np.rot90(faces, 2, (1, 2)),
    "turned by 270, mirrored": lambda faces: np.rot90(faces, 3, (1, 2))[:, :, ::-1],
    "equalised": each(cv2.equalizeHist),
    "contrast x 1.2, equalised": lambda faces: each(cv2.equalizeHist)(gained(1.2)(faces)),
    "contrast x 1.3": gained(1.3),
    "contrast x 0.6, 30 brighter": gained(0.6, 30),
    "gamma 0.5": lambda faces: (255 * (faces / 255) ** 0.5).astype(np.uint8),
    "gamma 2": lambda faces: (255 * (faces / 255) ** 2).astype(np.uint8),
    "negative": lambda faces: 255 - faces,
    "blurred, sigma 1": each(lambda face: cv2.GaussianBlur(face, (0, 0), 1)),
    "blurred, sigma 2": each(lambda face: cv2.GaussianBlur(face, (0, 0), 2)),
    "blurred, sigma 3": each(lambda face: cv2.GaussianBlur(face, (0, 0), 3)),
    "blurred, box of 5": each(lambda face: cv2.blur(face, (5, 5))),
    "mirrored, blurred, sigma 1.5": lambda faces: each(
        lambda face: cv2.GaussianBlur(face, (0, 0), 1.5)
    )(faces)[:, :, ::-1],
    "mirrored, contrast x 1.3": lambda faces: gained(1.3)(faces)[:, :, ::-1],
    "rotated 2 degrees": warped(2),
    "rotated 5 degrees": warped(-5),
    "rotated 10 degrees": warped(10),
    "rotated 17 degrees": warped(-17),
    "noise of 10 levels": noisy,
    "CLAHE": each(cv2.createCLAHE(2.0, (8, 8)).apply),
    "shifted 1 pixel": warped(shift=1),
    "zoomed 1.1": warped(zoom=1.1),
}


def planted() -> tuple[Faces, dict[str, set[tuple[int, int]]]]:
    """FER2013 and after it the copies; the pairs (copy, original) of each kind."""
    faces, _, _ = fer2013()
    visible = np.flatnonzero(faces.std((1, 2)) > 3)
    victims = np.random.default_rng(0).permutation(visible)[: EACH * len(PLANTED)]
    out, pairs = [faces], {}
    for number, (name, change) in enumerate(PLANTED.items()):
        rows = victims[EACH * number : EACH * (number + 1)]
        first = len(faces) + EACH * number
        copies = [
            decode(encode(c, "jpeg", quality=90), gray=True).pixels for c in change(faces[rows])
        ]
        out.append(np.stack(copies))
        pairs[name] = {(first + i, int(row)) for i, row in enumerate(rows)}
    return np.concatenate(out), pairs


def stored(folder: Path, faces: Faces) -> Manifest:
    count, name = len(faces), "faces-x-0.npy"
    writer = ShardWriter(folder / name)
    writer.append(faces)
    columns = {
        "id": [f"x/{i:05d}" for i in range(count)],
        "source": ["x"] * count,
        "path": [f"x.csv#{i}" for i in range(count)],
        "status": ["ok"] * count,
        "face_hash": [digest(face) for face in faces],
        "store": ["x"] * count,
        "shard": [name] * count,
        "row": range(count),
    }
    card = {"stores": {"x": {"path": ".", "shards": {name: writer.close()}}}}
    return Manifest(conform(pa.table(columns)), card, folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--angles", action="store_true", help=f"look for {ANGLES} degrees")
    angles = ANGLES if parser.parse_args().angles else ()
    faces, pairs = planted()
    with tempfile.TemporaryDirectory() as folder:
        manifest = stored(Path(folder), faces)
        opened = open_faces(manifest)
        began = time.perf_counter()
        table = derived.find(manifest, opened, derived.Options(angles=angles)).tables["pairs"]
        seconds, load = time.perf_counter() - began, os.getloadavg()[0]
    print(f"{len(faces):,} faces, {seconds:.0f} s at load {load:.1f}, {len(table)} pairs")
    found = {frozenset((p["row"], p["of"])): p for p in table.to_pylist()}
    print(f"{'planted':32}{'recall':>8}{'way round':>11}  kinds")
    for name, truth in pairs.items():
        hits = [p for pair in truth if (p := found.get(frozenset(pair)))]
        right = sum((p["row"], p["of"]) in truth for p in hits) / max(1, len(hits))
        kinds = ", ".join(f"{k} {n}" for k, n in Counter(p["kind"] for p in hits).most_common(3))
        print(f"{name:32}{len(hits) / EACH:8.3f}{right:11.3f}  {kinds}")
    truth = set().union(*({frozenset(pair) for pair in some} for some in pairs.values()))
    first = len(faces) - EACH * len(PLANTED)
    own = [p for pair, p in found.items() if pair not in truth and max(pair) < first]
    print(f"among FER2013's own faces: {len(own)} {dict(Counter(p['kind'] for p in own))}")


if __name__ == "__main__":
    main()
