"""A small data set of drawn photographs with boxes, and what it takes to disturb its ingest.

The source is a user's file; the photographs are PNG files below `raw`, one unit per folder. The
file `harm` beside the source, where there is one, names an image and the code that looking at it
runs. A disturbed run is a process of its own. `undisturbed` is what must come out in the end, byte
for byte.
"""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fertools.fakes._face import draw, person
from fertools.fakes._files import png, put
from fertools.ingest import Ingested, ingest
from fertools.ingest.verify import verify

UNITS, IMAGES = 4, 6
SOURCE = '''"""Folders of images; some of them do harm where a file beside the source says so."""

import time
from pathlib import Path

import numpy as np

from fertools.frame import Frame

DEFAULTS = {"faces": "as-is", "size": 16, "channels": 1}
HARM = Path(__file__).with_name("harm")


def matches(root):
    return bool(root.members)


def units(root):
    return root.units(root.members, key=lambda member: member.parts[0])


class Harmful(np.ndarray):
    """Pixels that do what `harm` says when they are looked at: in the middle of an extraction."""

    @property
    def shape(self):
        exec(harm()[1])


def harm():
    return HARM.read_text().split("\\n", 1) if HARM.exists() else (None, "")


def read(unit):
    for member in unit.members:
        time.sleep(0.002)
        harmful = member.path == harm()[0]
        image = np.zeros((16, 16), np.uint8).view(Harmful) if harmful else member
        yield Frame(key=member.path, path=member.path, image=image, raw_label="fear")
'''


class Lab:
    """The folder, its undisturbed result, and disturbed runs of the same ingest."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.out = folder, folder / "out"
        self.raw, self.harm = folder / "raw", folder / "harm"
        self.units, self.images = UNITS, IMAGES
        if not (folder / "whole").is_dir():
            self._make()
        self.undisturbed = tree(folder / "whole")

    def _make(self) -> None:
        put(self.folder, "mylab.py", SOURCE.encode())
        for unit in range(self.units):
            for image in range(self.images):
                face = draw(person(10 * unit + image), "fear", size=16)
                put(self.raw, f"{unit}/{image}.png", png(face))
        ingest(self.source, [self.raw], self.folder / "whole")

    def do_harm(self, code: str, image: str = "1/3.png") -> None:
        """Let the code run when the pixels of an image are looked at."""
        self.harm.write_text(f"{image}\n{code}")

    @property
    def source(self) -> str:
        return str(self.folder / "mylab.py")

    def start(self, workers: int = 2, before: str = "", **more: object) -> subprocess.Popen[str]:
        """The ingest in a process group of its own; `before` is code that runs first."""
        arguments = ["ingest", self.source, str(self.raw), "-o", str(self.out), "--quiet",
                     "--workers", str(workers)]  # fmt: skip
        code = f"{before}\nfrom fertools.cli import main\nmain({arguments!r})\n"
        script = put_script(self.folder, code)
        return subprocess.Popen([sys.executable, str(script)], text=True, start_new_session=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)  # type: ignore[call-overload,no-any-return]  # fmt: skip

    def run(self, workers: int = 2, before: str = "") -> tuple[int, str]:
        """Exit code and what was said of the whole run."""
        process = self.start(workers, before)
        _, said = process.communicate(timeout=120)
        assert "Traceback" not in said, said
        return process.returncode, said

    def again(self, **more: Any) -> Ingested:
        """The ingest in this process."""
        return ingest(self.source, [self.raw], self.out, **more)

    def check(self) -> None:
        """The same bytes as undisturbed, nothing left over, every digest as the card says."""
        assert tree(self.out) == self.undisturbed
        assert verify(self.out) == []


def put_script(folder: Path, code: str) -> Path:
    """A script that spawned processes may import again without running it."""
    body = "".join(f"    {line}\n" for line in code.splitlines())
    put(folder, "script.py", f"if __name__ == '__main__':\n{body}".encode())
    return folder / "script.py"


def tree(out: Path) -> dict[str, str]:
    """Digest of every file but the cards, which tell when they were made."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and not path.name.endswith("card.json")
    }


def children(pid: int) -> list[int]:
    """The processes that a process has started, by /proc."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rsplit(")", 1)[1].split()[:2]
        except OSError:  # it has just ended
            continue
        if int(parent) == pid and state not in "ZX":
            found.append(int(stat.parent.name))
    return found


def workers_of(pid: int) -> list[int]:
    """The worker processes of an ingest; its resource tracker is none."""
    return [child for child in children(pid) if b"spawn_main" in command_line(child)]


def command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def kill(pids: Sequence[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def gone(pids: Sequence[int], seconds: float = 20) -> bool:
    """Whether processes end within a while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not any(Path(f"/proc/{pid}").exists() and b"spawn_main" in command_line(pid)
                   for pid in pids):  # fmt: skip
            return True
        time.sleep(0.05)
    return False
