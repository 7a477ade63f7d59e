"""What no input may do: hang, take memory without bound, or write outside the output.

    with watched(sandbox):
        read(what_a_stranger_made)

Time is wall time. Memory is the peak of the process above what it held before (Linux only). Writes
are what Python opens, renames, makes and removes; pyarrow opens its files unseen, but always under
a name that Python renames afterwards.
"""

import contextlib
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

SECONDS = 20.0
MEMORY = 1 << 30
PEAK = re.compile(r"VmHWM:\s+(\d+) kB")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.truncate")

_sandbox: list[str] = []
_strays: list[str] = []


def _hook(event: str, details: tuple[object, ...]) -> None:
    if not _sandbox or (event != "open" and event not in CHANGES):
        return
    if event == "open" and not (isinstance(details[2], int) and details[2] & WRITES):
        return
    if event != "open" and details[-1] not in (-1, None):
        return  # relative to an open folder, as `shutil.rmtree` does
    paths = details[:2] if event in ("os.rename", "os.link", "os.symlink") else details[:1]
    for path in paths:
        if isinstance(path, (str, bytes, os.PathLike)):
            whole = os.path.realpath(os.fsdecode(path))
            if whole != os.devnull and not (whole + os.sep).startswith(_sandbox[-1] + os.sep):
                _strays.append(f"{event} {whole}")


sys.addaudithook(_hook)


@contextlib.contextmanager
def watched(sandbox: Path, seconds: float = SECONDS, memory: int = MEMORY) -> Iterator[None]:
    """Raise `AssertionError` where the block does one of the three things."""
    before, start = _reset_peak(), time.monotonic()
    _strays.clear()
    _sandbox.append(os.path.realpath(sandbox))
    try:
        yield
    finally:
        _sandbox.pop()
    spent, grown = time.monotonic() - start, _peak() - before
    assert not _strays, f"wrote outside of {sandbox}: {_strays[:3]}"
    assert spent < seconds, f"took {spent:.1f} s"
    assert grown < memory, f"took {grown / 1e6:.0f} MB more than before"


def _reset_peak() -> int:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # proc(5): the peak becomes what is held now
    return _peak()


def _peak() -> int:
    """Peak memory of this process in bytes; 0 where the system does not tell."""
    try:
        found = PEAK.search(Path("/proc/self/status").read_text())
    except OSError:
        return 0
    return int(found[1]) << 10 if found else 0
