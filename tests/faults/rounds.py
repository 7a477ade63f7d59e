"""Disturb runs at random moments, run them again, and compare: the fault table of `README.md`.

    python -m tests.faults.rounds [--rounds 50] [--seed 0] [--only kill] [--folder FOLDER]

Prints a Markdown table. A run counts as recovered where the same command ends well afterwards and
`verify` finds nothing; rows lost are those of an undisturbed run that are missing; bytes are equal
where every file but the cards, which hold the time, is that of an undisturbed run; an orphan is a
file that an undisturbed run does not leave. Exit code 1 where a round was not recovered.
"""

import argparse
import functools
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fertools.ingest.verify import verify
from fertools.manifest import read_manifest
from tests.faults import disturb
from tests.faults.disturb import Round, Step, curate_it, ingest_alone, ingest_by_two, split_it
from tests.faults.lab import Lab, tree


@dataclass(frozen=True, slots=True)
class Fault:
    """A row of the table: what is disturbed, and how."""

    name: str
    step: Step
    round: Round


@dataclass(slots=True)
class Tally:
    """What came of the rounds of a fault."""

    rounds: int = 0
    hit: int = 0
    recovered: int = 0
    lost: int = 0
    equal: int = 0
    orphans: int = 0
    seconds: float = 0.0

    @property
    def fine(self) -> bool:
        """Whether nothing was lost in any round."""
        return self.rounds == self.recovered == self.equal and not self.lost and not self.orphans


def _killed(step: Step) -> Round:
    return functools.partial(disturb.parent_killed, step)


def _before_a_write(step: Step) -> Round:
    return functools.partial(disturb.killed_before_a_write, step)


def _quota(step: Step) -> Round:
    return functools.partial(disturb.file_too_large, step)


FAULTS = (
    Fault("kill -9 of ingest", ingest_alone, _killed(ingest_alone)),
    Fault("kill -9 of the parent of 2 workers", ingest_by_two, _killed(ingest_by_two)),
    Fault("kill -9 of a worker", ingest_by_two, disturb.worker_killed),
    Fault("kill -9 of parent and workers", ingest_by_two, disturb.all_killed),
    Fault("kill -9 before a write of ingest", ingest_alone, _before_a_write(ingest_alone)),
    Fault("kill -9 before a write of curate", curate_it, _before_a_write(curate_it)),
    Fault("kill -9 before a write of split", split_it, _before_a_write(split_it)),
    Fault("full disk (tmpfs)", ingest_alone, disturb.disk_full),
    Fault("file size limit, ingest", ingest_alone, _quota(ingest_alone)),
    Fault("file size limit, curate", curate_it, _quota(curate_it)),
    Fault("file size limit, split", split_it, _quota(split_it)),
    Fault("read errors", ingest_alone, disturb.read_errors),
    Fault("a worker segfaults, exits or hangs", ingest_by_two, disturb.harmful_image),
    Fault("shard, unit, manifest or card cut", ingest_alone, disturb.file_cut),
    Fault("a bit of shard, unit or manifest", ingest_alone, disturb.bit_flipped),
    Fault("clock backwards", ingest_alone, disturb.clock_backwards),
)


def undisturbed(step: Step, lab: Lab) -> dict[str, str]:
    """What a step leaves behind."""
    if step in (ingest_alone, ingest_by_two):
        return lab.undisturbed
    disturb.prepare(step, lab)
    step(lab)
    return tree(lab.out)


def rounds(lab: Lab, fault: Fault, count: int, seed: int, tell: Callable[[str], object]) -> Tally:
    """Disturb a step `count` times."""
    rng, tally, start = random.Random(f"{seed} {fault.name}"), Tally(), time.monotonic()
    wanted = undisturbed(fault.step, lab)
    for number in range(count):
        tally.rounds += 1
        try:
            tally.hit += fault.round(lab, rng, number)
            tally.recovered += fault.step is split_it or verify(lab.out) == []
        except Exception:  # whatever it is, it is a finding
            tell(f"{fault.name}, round {number}:\n{traceback.format_exc()}")
            continue
        found = tree(lab.out)
        tally.equal += found == wanted
        tally.orphans += len(found.keys() - wanted.keys())
        tally.lost += _rows(lab, lab.folder / "whole") - _rows(lab, lab.out)
        if found != wanted:
            unlike = {name for name, _ in found.items() ^ wanted.items()}
            tell(f"{fault.name}, round {number}: {sorted(unlike)} are others\n")
    tally.seconds = time.monotonic() - start
    return tally


def _rows(lab: Lab, folder: Path) -> int:
    """Rows with a face, of the split manifest where there is one."""
    split = folder / "split.parquet"
    return int(read_manifest(split if split.is_file() else folder).ok().to_numpy().sum())


def line(fault: Fault, tally: Tally) -> str:
    cells = (fault.name, tally.rounds, tally.hit, tally.recovered, tally.lost, tally.equal,
             tally.orphans)  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


HEAD = """\
| fault | rounds | hit before the end | recovered | rows lost | bytes equal | orphans |
|---|---|---|---|---|---|---|"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="faults with this in their name")
    parser.add_argument("--folder", type=Path, help="made anew, and left there")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    lab, fine = Lab(folder.resolve()), True
    sys.stdout.write(HEAD + "\n")
    for fault in FAULTS:
        if options.only not in fault.name:
            continue
        if fault.round is disturb.disk_full and not disturb.may_mount():
            sys.stderr.write(f"{fault.name}: may not mount here\n")
            continue
        tally = rounds(lab, fault, options.rounds, options.seed, sys.stderr.write)
        fine &= tally.fine
        sys.stdout.write(line(fault, tally) + "\n")
        sys.stdout.flush()
        sys.stderr.write(f"{fault.name}: {tally.seconds:.0f} s\n")
    if not options.folder:
        shutil.rmtree(folder)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
