"""Fuzz for minutes, by hand: the fault table of `README.md` beside this file.

    python -m tests.faults.fuzz --minutes 10 --target csv --target zip [--keep FOLDER]

Uses atheris (coverage-guided) where it is installed, else hypothesis. Without `--target` all
targets share the minutes. Every unlike fault is kept with its input and shown once; exit code 1
when there was any. Each target runs in a process of its own, so that a crash of a decoder is a
finding, too.
"""

import argparse
import hashlib
import importlib.util
import json
import random
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

HAS_ATHERIS = importlib.util.find_spec("atheris") is not None
LONGEST = 60  # seconds for one input, beyond which the process is ended
MEMORY = 3000  # MB of the process
ROUND = 200  # inputs that hypothesis draws at a time


class Finder:
    """Calls a check, counts, and keeps the first input of every unlike fault."""

    def __init__(self, name: str, folder: Path) -> None:
        from tests.faults.targets import TARGETS

        self.target, self.folder = TARGETS[name], folder
        self.inputs = 0
        self.seen: set[str] = set()

    def __call__(self, value: Any) -> None:
        self.inputs += 1
        if self.inputs % 50 == 0:
            (self.folder / "inputs").write_text(str(self.inputs))
        try:
            self.target.check(value)
        except Exception as error:
            self._keep(error, value)

    def _keep(self, error: Exception, value: Any) -> None:
        frames = traceback.extract_tb(error.__traceback__)
        ours = [f for f in frames if "/fertools/" in f.filename] or list(frames)
        where = f"{type(error).__name__} at {Path(ours[-1].filename).name}:{ours[-1].lineno}"
        if where in self.seen:
            return
        self.seen.add(where)
        name = hashlib.sha256(where.encode()).hexdigest()[:12]
        raw = value if isinstance(value, bytes) else repr(value).encode("utf-8", "replace")
        (self.folder / f"{name}.input").write_bytes(raw)
        found = {"where": where, "says": str(error)[:300], "input": f"{name}.input"}
        with (self.folder / "findings.jsonl").open("a") as file:
            file.write(json.dumps(found) + "\n")


def drawn(finder: Finder) -> Any:
    """The target as a hypothesis test that never fails."""
    quiet = list(HealthCheck)

    @settings(max_examples=ROUND, deadline=None, database=None, suppress_health_check=quiet,
              phases=[Phase.generate])  # fmt: skip
    @given(finder.target.inputs)
    def run(value: Any) -> None:
        finder(value)

    return run


def child(name: str, seconds: float, folder: Path) -> None:
    """Fuzz one target in this process."""
    if not HAS_ATHERIS:
        finder, end = Finder(name, folder), time.monotonic() + seconds
        while time.monotonic() < end:
            seed(random.getrandbits(64))(drawn(finder))()
        (folder / "inputs").write_text(str(finder.inputs))
        return
    import atheris

    with atheris.instrument_imports(include=["fertools", "zipfile", "tarfile", "tomllib", "csv"]):
        finder = Finder(name, folder)
    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    for number, data in enumerate(finder.target.seeds):
        (corpus / f"seed-{number}").write_bytes(data)
    once = finder if finder.target.seeds else drawn(finder).hypothesis.fuzz_one_input
    options = [f"-max_total_time={int(seconds)}", f"-timeout={LONGEST}", "-verbosity=0",
               f"-rss_limit_mb={MEMORY}", f"-artifact_prefix={folder}/crash-", "-len_control=0",
               "-max_len=20000"]  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(corpus)], once)
    atheris.Fuzz()


def fuzz(name: str, seconds: float, keep: Path) -> tuple[int, list[dict[str, str]]]:
    """Inputs and unlike faults of one target."""
    folder = keep / name
    folder.mkdir(parents=True, exist_ok=True)
    for old in ("inputs", "findings.jsonl"):
        (folder / old).unlink(missing_ok=True)
    command = [sys.executable, "-m", "tests.faults.fuzz", "--child", name, str(seconds),
               str(folder)]  # fmt: skip
    with (folder / "log.txt").open("w") as log:
        done = subprocess.run(command, stdout=log, stderr=log)
    file = folder / "findings.jsonl"
    found = [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []
    if done.returncode:
        where = f"the process ended with {done.returncode}"
        found.append({"where": where, "says": f"see {folder}/log.txt", "input": "crash-*"})
    count = folder / "inputs"
    return int(count.read_text()) if count.is_file() else 0, found


def main() -> int:
    from tests.faults.targets import TARGETS

    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--minutes", type=float, default=10, help="for all targets together")
    parser.add_argument("--target", action="append", choices=sorted(TARGETS))
    parser.add_argument("--keep", type=Path, help="folder for inputs that break a promise")
    options = parser.parse_args()
    names = options.target or sorted(TARGETS)
    keep = options.keep or Path(tempfile.mkdtemp(prefix="fuzz-"))
    share = 60 * options.minutes / len(names)
    print("atheris" if HAS_ATHERIS else "hypothesis", "\n\n| target | inputs | minutes | faults |")
    print("|---|---|---|---|")
    faults = 0
    for name in names:
        start = time.monotonic()
        inputs, found = fuzz(name, share, keep)
        minutes = (time.monotonic() - start) / 60
        print(f"| {name} | {inputs:,} | {minutes:.1f} | {len(found)} |", flush=True)
        for each in found:
            print(f"    {each['where']}: {each['says']}  ({keep}/{name}/{each['input']})")
        faults += len(found)
    return int(faults > 0)


if __name__ == "__main__":
    if len(sys.argv) == 5 and sys.argv[1] == "--child":
        child(sys.argv[2], float(sys.argv[3]), Path(sys.argv[4]))
        sys.exit(0)
    sys.exit(main())
