"""Devices: which one to compute on, and what the card of a run says of it."""

import atexit
import contextlib
import ctypes
import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from fertools.engine import available_cores
from fertools.errors import FerError, unknown

KNOWN = ("auto", "cpu", "cuda", "mps")
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of glibc's malloc.h


@dataclass(frozen=True, slots=True)
class Process:
    """Which of the processes that train together this is, and its device."""

    device: torch.device
    number: int = 0
    of: int = 1


@contextlib.contextmanager
def joined(device: str) -> Iterator[Process]:
    """This process among those that `torchrun` started, or alone."""
    of, number = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    if of > 1 and device.startswith("cuda:"):
        raise FerError(
            f"device {device}: torchrun gives each of its {of} processes a GPU of its own; say "
            "--device cuda, and choose among them with CUDA_VISIBLE_DEVICES"
        )
    chosen = choose(device, int(os.environ.get("LOCAL_RANK", 0)))
    if of == 1:
        yield Process(chosen)
        return
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group("nccl" if chosen.type == "cuda" else "gloo")
        # once for all runs of a command: a second group at the same address waits for ever
        atexit.register(torch.distributed.destroy_process_group)
    yield Process(chosen, number, of)


def hold_memory(device: torch.device) -> None:
    """Keep what tensors free for the next ones, on a CPU under glibc, for the rest of the process.

    By default every tensor over 32 MiB is mapped anew, and the kernel clears its pages: 40 % of a
    training step of system B at batch 128 on two cores. The process then keeps its peak memory.
    """
    if device.type == "cpu" and platform.libc_ver()[0] == "glibc":
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def ordered(images: torch.Tensor, channels_last: bool) -> torch.Tensor:
    """Images (n, channels, height, width), with channels last by their strides where asked.

    Of one channel they lie in memory alike in both orders, torch takes them for channels first, and
    a network that concatenates then copies between the two: 20 % of a step of system B.
    """
    if not channels_last:
        return images
    n, channels, height, width = images.shape
    dense = images.contiguous(memory_format=torch.channels_last)
    strides = (height * width * channels, 1, width * channels, channels)
    return dense.as_strided((n, channels, height, width), strides)


def shared(process: Process, data: bytes) -> bytes:
    """What the first process gives, in all of them: they may stand on machines with other disks."""
    if process.of == 1:
        return data
    size = torch.tensor([len(data)], device=process.device)
    torch.distributed.broadcast(size, 0)
    if not int(size):
        return b""
    mine = process.number == 0
    box = torch.frombuffer(bytearray(data if mine else bytes(int(size))), dtype=torch.uint8)
    box = box.to(process.device)
    torch.distributed.broadcast(box, 0)
    return box.cpu().numpy().tobytes()


def choose(name: str, number: int = 0) -> torch.device:
    """The device of a name; `auto` is a GPU where there is one. `number` is for several GPUs.

    A GPU becomes the current one of torch. Raises `FerError` for a name that is not known, for a
    number of another device than a GPU, such as `cpu:7`, and for a device that is not there.
    """
    kind, _, given = name.partition(":")
    if kind not in KNOWN or (given and not (kind == "cuda" and given.isdecimal())):
        raise unknown("device", name, list(KNOWN))
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.mps.is_available()}
    if kind == "auto":
        kind = next(k for k in ("cuda", "mps", "cpu") if there[k])
    if not there[kind]:
        raise FerError(
            f"device {name}: torch {torch.__version__} sees none here; say --device cpu, or "
            "install the torch that fits the GPU's driver"
        )
    if kind != "cuda":
        return torch.device(kind)
    torch.backends.cudnn.deterministic = True  # the same seed gives the same weights
    ordinal = _ordinal(name, given, number)
    torch.cuda.set_device(ordinal)  # whose stream a capture takes
    return torch.device("cuda", ordinal)


def _ordinal(name: str, given: str, number: int) -> int:
    """Which GPU, the one that is named or that of process `number`, among those that are there."""
    ordinal, count = int(given or number), torch.cuda.device_count()
    if ordinal < count:
        return ordinal
    sees = f"torch sees {count} GPU{'s' * (count != 1)} here"
    if given:
        raise FerError(f"device {name}: {sees}; say cuda:{count - 1} or lower, or --device cpu")
    raise FerError(
        f"process {number + 1} of torchrun finds no GPU for itself: {sees}; give "
        f"--nproc-per-node {count}, or say --device cpu"
    )


def hardware(device: torch.device) -> dict[str, Any]:
    """What a result depends on: processor, cores, threads, GPU."""
    found = {"cpu": _cpu(), "cores": available_cores(), "threads": torch.get_num_threads()}
    if device.type == "cuda":
        found["gpu"] = torch.cuda.get_device_name(device)
    return {**found, "device": device.type, "torch": torch.__version__}


def lacks_bf16(device: torch.device) -> bool:
    """Whether a processor is known to have no instructions for bf16: fp32 is faster on it.

    Newer versions of PyTorch tell it of x86; nothing is known of others.
    """
    if device.type != "cpu":
        return False
    told = dict(getattr(torch.cpu, "get_capabilities", dict)())
    has = told.get("avx512_bf16") or told.get("amx_bf16")
    return told.get("architecture") == "x86_64" and not has


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(errors="replace").splitlines() if info.is_file() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or os.uname().machine
