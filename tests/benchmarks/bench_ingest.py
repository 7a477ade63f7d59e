"""Ingest of FER2013 beside the way that notebooks go: whole commands, one after the other.

    python tests/benchmarks/bench_ingest.py [ROUNDS]

`fertools ingest fer2013` against pandas: `read_csv`, then for each row its pixels by `split` and
`np.array`, or by `np.fromstring`, and `cv2.imwrite` of a PNG into class folders. Each is a process
of its own; the floor is the time to read and decompress the file. Prints seconds of the clock and
of the processor, and the ratios; the goal is a third of the time of `split`.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REAL = Path(os.environ.get("FERTOOLS_DATA", Path(__file__).parents[3] / "shared" / "data"))
NAMES = ("floor", "split", "fromstring", "fertools")
FILE = REAL / "fer2013" / "fer2013.csv.zst"

FLOOR = """
import sys
import pyarrow as pa
with pa.input_stream(sys.argv[1], compression="zstd") as stream:
    while stream.read(4 << 20):
        pass
"""
PANDAS = """
import sys, warnings
from pathlib import Path
import cv2, numpy as np, pandas as pd, pyarrow as pa
warnings.simplefilter("ignore", DeprecationWarning)
with pa.input_stream(sys.argv[1], compression="zstd") as stream:
    frame = pd.read_csv(stream)
out = Path(sys.argv[2])
for usage in frame["Usage"].unique():
    for label in frame["emotion"].unique():
        (out / usage / str(label)).mkdir(parents=True)
for row in frame.itertuples():
    face = PIXELS.reshape(48, 48)
    cv2.imwrite(str(out / row.Usage / str(row.emotion) / f"{row.Index:05d}.png"), face)
"""
SPLIT = 'np.array(row.pixels.split(" "), np.uint8)'
FROMSTRING = 'np.fromstring(row.pixels, np.uint8, sep=" ")'
OURS = "import sys; from fertools.cli import main; main(['ingest', 'fer2013', *sys.argv[1:]])"


def seconds(code: str, *arguments: str) -> tuple[float, float]:
    """Seconds of the clock and of the processor that a Python program takes, start included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, stdout=subprocess.DEVNULL)
    clock = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Run the three in turn, as often as the command line says, and print the best of each."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    best = {name: (float("inf"), float("inf")) for name in NAMES}
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as place:
            runs = {
                "floor": (FLOOR, str(FILE)),
                "split": (PANDAS.replace("PIXELS", SPLIT), str(FILE), f"{place}/split"),
                "fromstring": (PANDAS.replace("PIXELS", FROMSTRING), str(FILE), f"{place}/from"),
                "fertools": (OURS, str(FILE), "-o", f"{place}/out", "--quiet"),
            }
            for name, run in runs.items():
                clock, work = seconds(*run)
                best[name] = min(best[name][0], clock), min(best[name][1], work)
                print(f"round {number}: {name:10} {clock:6.2f} s, {work:6.2f} s of processor")
    for kind, at in (("clock", 0), ("processor", 1)):
        print(f"{kind:9}", ", ".join(f"{name} {best[name][at]:.2f} s" for name in NAMES))
        ours = best["fertools"][at]
        for peer in ("split", "fromstring"):
            print(f"{'':9} {best[peer][at] / ours:.1f} times as fast as {peer}")
        print(f"{'':9} {ours / best['floor'][at]:.1f} times the floor")


if __name__ == "__main__":
    main()
