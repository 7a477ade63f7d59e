"""Checkpoints: tensors by name and a JSON object in one safetensors file. No pickle anywhere.

In go tensors and facts; out comes one file, renamed into place, so that a kill leaves the file of
before or the file of after. The facts stand in the file's own header.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from fertools.errors import FerError

BEST, LAST = "best.safetensors", "last.safetensors"  # the weights that are kept, and to resume from
Tensors = dict[str, torch.Tensor]


def write_tensors(
    file: Path, tensors: Mapping[str, torch.Tensor], facts: Mapping[str, Any] | None = None
) -> None:
    """Write tensors with their facts; the same input gives the same bytes.

    Raises `FerError` where they cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    partial = file.with_name(f".{file.name}.partial")
    plain = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    try:
        save_file(plain, partial, {"facts": json.dumps(facts or {}, sort_keys=True)})
    except SafetensorError as error:  # on a full disk, too: it is no OSError
        raise FerError(f"{file}: cannot be written ({error}); make room and go on") from error
    partial.replace(file)


def read_tensors(file: Path) -> tuple[Tensors, dict[str, Any]]:
    """The tensors, on the CPU, and the facts of a file. Raises `FerError` where it is none."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(file), "pt") as found:
            tensors = {name: found.get_tensor(name) for name in found.keys()}  # noqa: SIM118
            facts = json.loads((found.metadata() or {}).get("facts", "{}"))
    except (OSError, SafetensorError) as error:
        raise FerError(
            f"{file}: these are no weights ({error}); give a safetensors file"
        ) from error
    return tensors, facts


def parse_tensors(data: bytes) -> tuple[Tensors, dict[str, Any]]:
    """As `read_tensors`, from the bytes of a file that `write_tensors` has written."""
    from safetensors.torch import load

    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return load(data), json.loads(header["__metadata__"]["facts"])


def under(prefix: str, tensors: Mapping[str, torch.Tensor]) -> Tensors:
    """The tensors with a prefix before their names."""
    return {f"{prefix}.{name}": value for name, value in tensors.items()}


def inside(prefix: str, tensors: Mapping[str, torch.Tensor]) -> Tensors:
    """The tensors whose names have the prefix, without it."""
    start = len(prefix) + 1
    return {n[start:]: value for n, value in tensors.items() if n.startswith(f"{prefix}.")}


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> Tensors:
    """What an optimiser remembers of each parameter, as `<number>.<name>`."""
    state = optimiser.state_dict()["state"]
    return {
        f"{number}.{name}": value
        for number, kept in state.items()
        for name, value in kept.items()
        if isinstance(value, torch.Tensor)
    }


def put_optimiser_tensors(optimiser: torch.optim.Optimizer, tensors: Tensors) -> None:
    """Bring back what `optimiser_tensors` gave, each in the memory layout of its parameter."""
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    state: dict[int, Tensors] = {}
    for key, value in tensors.items():
        number, _, name = key.partition(".")
        like = parameters[int(number)]
        if value.shape == like.shape:
            value = torch.empty_like(like, dtype=value.dtype).copy_(value)
        state.setdefault(int(number), {})[name] = value
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})
