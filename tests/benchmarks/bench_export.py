"""Time and memory of every export, on drawn gray faces of 48 x 48 pixels.

Run by hand: `python tests/benchmarks/bench_export.py [rows]`. Each format runs in a process of its
own; the floor is encoding every face as PNG and writing each to a file of its own.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fertools import folder
from fertools.image import encode
from tests.made import made, smooth

ROWS = 5_000
CHILD = """
import re, sys, time
from pathlib import Path
from fertools.export import Options, export
start = time.perf_counter()
export(sys.argv[1], sys.argv[2], sys.argv[3])
seconds = time.perf_counter() - start
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
print(seconds, int(peak) / 1024)
"""


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as temporary:
        data, out = Path(temporary) / "data", Path(temporary) / "out"
        faces = smooth(rows, 0)
        parts = ["train", "train", "val", "test"]
        made(
            data, faces, split=[parts[i % 4] for i in range(rows)],
            native_label=[("fear", "anger", "happiness")[i % 3] for i in range(rows)],
            votes=[{"fear": i % 10, "neutral": 1} for i in range(rows)],
            landmarks=[[float(i), 1.5] * 10 for i in range(rows)],
            subject=[f"x:p{i // 50}" for i in range(rows)],
        )  # fmt: skip
        card = data / "card.json"
        about = {"about": {"x": {"sharing": "free"}}}
        card.write_text(json.dumps(json.loads(card.read_text()) | about))
        floor = _floor(faces, Path(temporary) / "floor")
        print(f"{rows:,} faces; floor {floor:.1f} s")
        for to in folder.names("export"):
            words = [sys.executable, "-c", CHILD, str(data), to, str(out / to)]
            done = subprocess.run(words, capture_output=True, text=True, check=True)
            seconds, memory = map(float, done.stdout.split())
            print(f"{to:12} {seconds:6.1f} s {seconds / floor:5.1f} x the floor {memory:6.0f} MiB")


def _floor(faces: object, out: Path) -> float:
    out.mkdir()
    start = time.perf_counter()
    for number, face in enumerate(faces):  # type: ignore[arg-type, var-annotated]
        (out / f"{number}.png").write_bytes(encode(face, "png"))
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
