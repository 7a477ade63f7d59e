"""Images per second of a loader, by the clock and by the CPU time of all its processes."""

import os
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median

LONGEST = 6.0  # seconds of an epoch that are looked at
TICK = os.sysconf("SC_CLK_TCK")


def rates(batches: Iterable, epochs: int) -> tuple[float, float]:
    """Images per second of the clock and per second of CPU: medians, the first epoch untimed."""
    found = []
    for epoch in range(epochs + 1):
        start, cpu, seen = time.perf_counter(), cpu_seconds(), 0
        for batch in batches:
            images = batch["image"] if isinstance(batch, dict) else batch[0]
            seen += len(images)
            if time.perf_counter() - start > LONGEST:
                break
        if epoch:
            found.append((seen / (time.perf_counter() - start), seen / (cpu_seconds() - cpu)))
    by_clock, by_cpu = zip(*found, strict=True)
    return median(by_clock), median(by_cpu)


def cpu_seconds() -> float:
    """CPU seconds of this process and its living children, which are the loader's workers."""
    found = time.process_time()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        if int(fields[1]) == os.getpid():
            found += (int(fields[11]) + int(fields[12])) / TICK
    return found
