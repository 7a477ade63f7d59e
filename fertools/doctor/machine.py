"""The machine: cores, memory, room and write speed of a folder; all bytes.

In go a folder and what the operating system tells; out come numbers, None where nobody knows.
"""

import os
import tempfile
import time
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
WRITTEN = 64 << 20  # bytes of the test file


def quota(group: Path = CGROUP) -> float | None:
    """Cores that a container may use at a time (cgroup v2, `cpu.max`)."""
    words = _words(group / "cpu.max")
    if len(words) != 2 or words[0] == "max":
        return None
    return int(words[0]) / int(words[1])


def memory(group: Path = CGROUP, table: Path = Path("/proc/meminfo")) -> tuple[int, int] | None:
    """Memory of the machine or the container, and what of it is available."""
    words = _words(table)
    if not {"MemTotal:", "MemAvailable:"} <= {*words}:
        return None
    whole, free = (int(words[words.index(n) + 1]) << 10 for n in ("MemTotal:", "MemAvailable:"))
    limit, used = _words(group / "memory.max"), _words(group / "memory.current")
    if limit and used and limit[0] != "max":
        whole, free = min(whole, int(limit[0])), min(free, int(limit[0]) - int(used[0]))
    return whole, free


def write_speed(folder: Path) -> float:
    """Bytes per second of one file that is written and reaches the disk; raises `OSError`."""
    block = os.urandom(1 << 20)  # some file systems pack zeros
    with tempfile.TemporaryFile(dir=folder) as file:
        start = time.perf_counter()
        for _ in range(WRITTEN // len(block)):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
        return WRITTEN / (time.perf_counter() - start)


def _words(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError):
        return []
