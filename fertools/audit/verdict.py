"""What an audit hands over: a verdict per relation, with the numbers behind it, and the gate.

`audit` looks and counts; the command line, the certificate and the report show what stands here.
"""

from dataclasses import dataclass, field

from fertools.errors import GateFailed, GateUnchecked
from fertools.measures.words import per_cent
from fertools.relations import Lack
from fertools.twins import Step

CLEAN, LEAKS, UNCHECKED = "clean", "leaks", "not checkable"


@dataclass(frozen=True, slots=True)
class Leak:
    """Rows of the later part with a partner in the earlier one, of all rows of the later part.

    `classes` says the same per class. With folds all of it is the sum over the rounds, and `worst`
    the round with the highest share: its fold, rows, of.
    """

    earlier: str
    later: str
    rows: int
    of: int
    classes: dict[str, tuple[int, int]]
    worst: tuple[int, int, int] | None = None
    rounds: int = 0  # in how many something leaks

    @property
    def share(self) -> float:
        """The share of the later part, 0 .. 1; with folds in the worst round."""
        rows, of = self.most
        return rows / of if of else 0.0

    @property
    def most(self) -> tuple[int, int]:
        """Rows with a partner, of all; with folds in the worst round."""
        return self.worst[1:] if self.worst else (self.rows, self.of)

    @property
    def told(self) -> str:
        """The share with its counts."""
        rows, of = self.most
        return f"{rows:,} of {of:,} ({per_cent(self.share, '%')})"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of one relation; `why` says what could not be looked at, and `lack` of how
    many rows, where that is the reason.
    """

    relation: str
    verdict: str
    why: str = ""
    leaks: tuple[Leak, ...] = ()
    lack: Lack | None = None


@dataclass(frozen=True, slots=True)
class Audit:
    """All verdicts, with what names the manifest and its faces."""

    manifest: str
    digest: str
    faces: str
    folds: int
    parts: dict[str, int]
    max_leakage: float
    asked: bool
    verdicts: tuple[Verdict, ...]
    thresholds: dict[str, float] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    curves: dict[str, list[Step]] = field(default_factory=dict)
    false_twins: int = 0
    notes: tuple[str, ...] = ()
    protocol: str = ""


def gate(found: Audit) -> None:
    """Raise `GateFailed` where something leaks; `GateUnchecked` where a relation that was asked for
    by name could not be checked.
    """
    leaking = [v for v in found.verdicts if v.verdict == LEAKS]
    if leaking:
        worst = max((leak for v in leaking for leak in v.leaks), key=lambda leak: leak.share)
        raise GateFailed(
            f"{found.manifest}: leaks by {', '.join(v.relation for v in leaking)}; up to "
            f"{worst.told} rows of {worst.later} have a partner in {worst.earlier}"
        )
    unchecked = [v for v in found.verdicts if v.verdict == UNCHECKED]
    if unchecked and found.asked:
        reasons = "; ".join(f"{v.relation}: {v.why}" for v in unchecked)
        raise GateUnchecked(f"{found.manifest}: not checkable ({reasons})")
