"""Latency: one face on one thread in onnxruntime, fp32 and int8, beside mini-XCEPTION.

Run: python tests/benchmarks/bench_latency.py [SIZE] [MODEL|RUN...]

The weights of a MODEL are not trained, which changes no time. The files of a network take turns
with those of mini-XCEPTION and with a graph that only divides by 255 and sums up (the floor: what a
call costs), so that a slow moment of the machine hits all alike; ratios are between medians of the
same turns. Times are processor time of the one thread.
"""

import sys
from pathlib import Path

import numpy as np
import torch

from fertools import folder, onnx_file, runs
from fertools.flows._int8 import quantised
from fertools.models._count import count
from fertools.models._make import make
from fertools.onnx_file import Facts, OnnxFile, latencies, load_onnx, with_facts
from fertools.runs import Contract
from fertools.runs.graph import to_onnx

CLASSES = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
BESIDE = "mini_xception"
COLUMNS = ("network", "parameters", "M MACs", "fp32 us", "int8 us", "int8 / fp32")


class Nothing(torch.nn.Module):
    """As many outputs as there are classes, without a weight."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean((2, 3)).expand(-1, len(CLASSES))


def network_of(name: str, size: int) -> torch.nn.Module:
    """A network by its name, or that of a run's folder."""
    if Path(name).is_dir():
        return runs.network(runs.open_one(name))
    return make(name, len(CLASSES), 1, size)


def graph_of(network: torch.nn.Module, size: int) -> bytes:
    return to_onnx(network.eval(), Contract(size, 1, "context", CLASSES), 1.0, False)


def opened(graph: bytes, size: int) -> OnnxFile:
    facts = Facts(CLASSES, size, 1, "context", "", False, 1.0, 0.0, "fp32", "", "")
    return load_onnx(with_facts(graph, facts), threads=1)


def files(network: torch.nn.Module, size: int, faces: np.ndarray) -> list[OnnxFile]:
    """The network in fp32 and in int8, on one thread."""
    graph = graph_of(network, size)
    return [opened(graph, size), opened(quantised(graph, faces), size)]


def main() -> None:
    torch.manual_seed(0)
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 48
    names = sys.argv[2:] or folder.names("models")
    onnx_file.SECONDS, onnx_file.MOST_CALLS = 15.0, 1000
    faces = np.random.default_rng(0).integers(0, 256, (64, size, size), np.uint8)
    made = {name: network_of(name, size) for name in {*names, BESIDE}}
    beside, floor = files(made[BESIDE], size, faces), opened(graph_of(Nothing(), size), size)
    ratios = (f"fp32 / {BESIDE}'s", f"int8 / {BESIDE}'s")
    print(f"{size}x{size}, batch 1, one thread")
    print("| " + " | ".join([*COLUMNS, *ratios, "floor us"]) + " |")
    print("|---" * (len(COLUMNS) + 3) + "|")
    for name in sorted(names, key=lambda n: count(made[n], (1, size, size)).parameters):
        cost = count(made[name], (1, size, size))
        timed = latencies([*files(made[name], size, faces), *beside, floor], faces[:1])
        plain, small, mini, mini_small, least = (1e6 * seconds for seconds in timed)
        print(
            f"| {name} | {cost.parameters:,} | {cost.macs / 1e6:,.2f} | {plain:,.0f} | "
            f"{small:,.0f} | {small / plain:.2f} | {plain / mini:.2f} | "
            f"{small / mini_small:.2f} | {least:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
