"""The same data set by every engine, on a disk and through an S3 server: are the bytes the same?

Korean photographs are drawn into split zips and zips. A two-node Ray cluster on loopback loses one
node after its first unit and gets another. Run by hand: minutes. Each run's seconds stand beside
it; here all nodes share the cores of one machine, so they say nothing of a cluster's speed.
"""

import argparse
import hashlib
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from fertools.audit import audit
from fertools.data import FaceDataset
from fertools.fakes import aihub
from fertools.ingest import ingest
from fertools.split import split
from fertools.split.grouping import Grouping
from fertools.split.options import SplitOptions
from fertools.stats import stats
from tests.faults.lab import tree
from tests.s3_server import digests, serve
from tests.test_cluster import SETTINGS, Nodes

DEAL = SplitOptions(ratios=(8, 1, 1), grouping=Grouping(or_else="self"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=6)
    parser.add_argument("--variant", default="parts")
    given = parser.parse_args()
    os.environ.update(SETTINGS)
    with tempfile.TemporaryDirectory() as name, serve() as server:
        folder = Path(name)
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        aihub.write(folder / "raw", people=given.people, variant=given.variant)
        raw = folder / "raw" / "aihub"
        server.fill(raw, "raw")
        far = server.address("raw")
        nodes = Nodes()
        on_ray = {"engine": "ray", "ray_address": nodes.address}
        runs: dict[str, tuple[Any, Any, dict[str, Any]]] = {
            "serial": (raw, folder / "serial", {}),
            "processes, 2": (raw, folder / "processes", {"engine": "processes", "workers": 2}),
            "ray, a node killed": (raw, folder / "ray", on_ray),
            "serial, from and to S3": (far, server.address("serial"), {}),
            "ray, a node killed, S3": (far, server.address("ray"), on_ray),
        }
        whole = {}
        for what, (source, out, how) in runs.items():
            start = time.perf_counter()
            done = ingest("aihub", [source], out, face={"faces": "annotation", "size": 64},
                          progress=_killer(nodes) if how is on_ray else None, **how)  # fmt: skip
            seconds = time.perf_counter() - start
            files = tree(out) if isinstance(out, Path) else digests(server, done.out.name)
            whole = whole or files
            same = "the same bytes" if files == whole else "OTHER BYTES"
            text = "".join(f"{name} {digest}\n" for name, digest in sorted(files.items()))
            digest = hashlib.sha256(text.encode()).hexdigest()[:16]
            print(f"{what:24} {done.units} units, {done.rows} rows, {len(files)} files {digest}: "
                  f"{same}; {seconds:.1f} s", flush=True)  # fmt: skip
        nodes.close()
        _read(server)


def _killer(nodes: Nodes) -> Any:
    """Kill the first node once a unit is done, and start another."""

    def progress(_: str, state: dict[str, int]) -> None:
        if state["units"] == 1:
            nodes.ray.remove_node(nodes.nodes.pop(0), allow_graceful=False)
            nodes.replace()

    return progress


def _read(server: Any) -> None:
    """What works on a data set where it lies in the store, with its seconds."""
    data, out = server.address("serial"), server.address("splits/x.parquet")
    for what, step in {
        "split": lambda: split([data], out, DEAL).dealt,
        "audit": lambda: len(audit(out).verdicts),
        "stats": lambda: stats(out).rows,
        "FaceDataset, first": lambda: FaceDataset(out, "train"),
        "FaceDataset, again": lambda: FaceDataset(out, "train"),
    }.items():
        server.told()
        start = time.perf_counter()
        found = step()
        seconds = time.perf_counter() - start
        print(f"{what:24} {found}; {server.told()} requests, {seconds:.2f} s", flush=True)


if __name__ == "__main__":
    main()
