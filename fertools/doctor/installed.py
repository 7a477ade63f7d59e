"""What is installed beside fertools: distributions, what they must be, and whether they load.

In go the metadata of the installed packages; out come requirements as the package declares them,
versions, and the answers of probes. A probe is Python code in a process of its own, since an import
may crash, hang or take seconds.
"""

import json
import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

from fertools.engine import available_cores

PATIENCE = 120  # seconds for one probe; a cold disk takes long over torch
NOT_FOR_USERS = ("all", "dev", "docs")
REQUIREMENT = re.compile(
    r"^(?P<name>[\w.-]+?)(?:\[[^\]]*\])?\s*(?P<bounds>[<>=!~][^;]*)?"
    r"(?:;.*extra\s*==\s*['\"](?P<extra>[\w-]+)['\"].*)?$"
)
BOUND = re.compile(r"(==|>=|<=|<|>|!=)\s*([\d.]+)")
QUIET = {"NO_ALBUMENTATIONS_UPDATE": "1", "RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1"}
TELL = "import json\ndef tell(**facts): print('\\n' + json.dumps(facts))\n"


@dataclass(frozen=True, slots=True)
class Requirement:
    """A package that fertools or one of its extras needs; `extra` is "" for the core."""

    name: str
    bounds: str
    extra: str = ""

    def __str__(self) -> str:
        return self.name + self.bounds

    def allows(self, version: str) -> bool:
        """Whether a version lies within the bounds; only its numbers count."""
        have = _numbers(version)
        return all(
            _holds(have, sign, _numbers(bound)) for sign, bound in BOUND.findall(self.bounds)
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a probe told, or the one line that says why it told nothing."""

    facts: dict[str, Any] = field(default_factory=dict)
    error: str = ""


def _numbers(version: str) -> tuple[int, ...]:
    found = [int(number) for number in re.findall(r"\d+", version.split("+")[0])[:3]]
    return tuple(found + [0] * (3 - len(found)))


def _holds(have: tuple[int, ...], sign: str, bound: tuple[int, ...]) -> bool:
    return {"==": have == bound, ">=": have >= bound, "<=": have <= bound, "<": have < bound,
            ">": have > bound, "!=": have != bound}[sign]  # fmt: skip


def requirements() -> list[Requirement]:
    """What the installed fertools declares, the core first; empty where it is not installed."""
    try:
        lines = metadata.requires("fertools") or []
    except metadata.PackageNotFoundError:
        return []
    found = [
        Requirement(made["name"].lower(), (made["bounds"] or "").strip(), made["extra"] or "")
        for line in lines
        if (made := REQUIREMENT.match(line))
    ]
    return sorted((r for r in found if r.extra not in NOT_FOR_USERS), key=lambda r: r.extra)


def versions() -> dict[str, str]:
    """Version of every installed distribution, by its name in lower case with `-`."""
    return {
        name.lower().replace("_", "-"): distribution.version
        for distribution in metadata.distributions()
        if (name := distribution.metadata["Name"])
    }


def providers(module: str) -> list[str]:
    """The distributions that hold files of an importable module."""
    found = metadata.packages_distributions().get(module, [])
    return sorted({name.lower().replace("_", "-") for name in found})


def ask(probes: dict[str, str]) -> dict[str, Answer]:
    """Run every probe, a few at a time; the code calls `tell(name=value, ..)` once."""
    with ThreadPoolExecutor(min(4, available_cores())) as pool:
        return dict(zip(probes, pool.map(_ask, probes.values()), strict=True))


def _ask(code: str) -> Answer:
    # -P: a file torch.py in the current folder is not what fertools would import
    command = [sys.executable, "-P", "-c", TELL + code]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=PATIENCE, env={**os.environ, **QUIET}
        )
    except subprocess.TimeoutExpired:
        return Answer(error=f"does not answer within {PATIENCE} s")
    if done.returncode < 0:
        return Answer(error=f"dies with {signal.Signals(-done.returncode).name}")
    lines = (done.stderr if done.returncode else done.stdout).decode("utf-8", "replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "nothing said")
    if done.returncode:
        return Answer(error=last[:300])
    return Answer(json.loads(last))
