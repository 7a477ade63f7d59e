"""How faces are dealt to parts: the options of a split, checked before any work begins."""

import dataclasses
import math
from dataclasses import dataclass, field

from fertools.errors import FerError, unknown
from fertools.given import is_number, kind_of, whole
from fertools.split.grouping import Grouping

MOST_FOLDS = 1000
TYPED = {"grouping": "--group, --or-else and --merge-twins", "stratify_on": "--stratify-on"}


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """How to deal. Exactly one of `ratios`, `folds`, `leave_one_out`, `official`, `protocol`.

    `leave_one_out` makes a fold of every group, in the order of their names: LOSO where these are
    subjects. A protocol decides all the rest; of one with several draws `draw` takes one, and of a
    list `allow_missing` rows may be missing or ambiguous in the data. With `verdicts` the word of
    reviewers is the label where there is one.
    """

    ratios: tuple[float, ...] | None = None
    folds: int | None = None
    official: bool = False
    protocol: str | None = None
    draw: int | None = None
    allow_missing: int = 0
    val_from: float | None = None
    stratify_on: tuple[str, ...] = ("label",)
    grouping: Grouping = field(default_factory=Grouping)
    label_rule: str = "uploader"
    labels: str | None = None
    seed: int = 0
    verdicts: bool | None = None
    leave_one_out: bool | None = None
    crop: str | None = None  # "box" or "context": how the faces of this split are to be read

    @property
    def rule(self) -> str:
        """How a refusal begins where a protocol decided what is refused; "" where a user did."""
        return f"protocol {self.protocol}: its rule says " if self.protocol else ""

    def check(self) -> None:
        """Raise `FerError` for values that are unknown, of another type, or exclude one another."""
        self._check_types()
        bare = self.official or None, self.leave_one_out or None
        if sum(way is not None for way in (self.ratios, self.folds, self.protocol, *bare)) != 1:
            raise FerError(
                "say one of --ratios 8:1:1, --folds 10, --leave-one-out, --official, --protocol "
                "NAME"
            )
        if self.crop not in (None, "box", "context"):
            raise unknown("crop", str(self.crop), ["box", "context"])
        self._check_protocol()
        self.grouping.check()
        if self.ratios is not None and (
            not 2 <= len(self.ratios) <= 3
            or min(self.ratios) < 0
            or not 0 < sum(self.ratios) < math.inf
        ):
            raise FerError(
                f"ratios {self.ratios}: three numbers, train:val:test, as in 8:1:1, not all 0; two "
                "are train:val, without a test part"
            )
        if self.folds is not None and not 2 <= self.folds <= MOST_FOLDS:
            raise FerError(f"folds {self.folds}: at least 2 and at most {MOST_FOLDS:,}")
        if self.val_from is not None and not (self.official and 0 < self.val_from < 1):
            raise FerError(
                "--val-from train:0.1 goes with --official, and its share is above 0 and below 1"
            )

    def _check_types(self) -> None:
        whole("seed", self.seed, 0)
        whole("allow_missing", self.allow_missing, 0)
        for name in ("folds", "draw"):
            if (value := getattr(self, name)) is not None:
                whole(name, value, 0)
        ratios = self.ratios if isinstance(self.ratios, list | tuple) else ()
        for value in (*ratios, *(() if self.val_from is None else (self.val_from,))):
            is_number("share of a part", value)
        if self.ratios is not None and not isinstance(self.ratios, list | tuple):
            raise FerError(f"ratios {self.ratios!r}: give numbers, as in (8, 1, 1)")
        if isinstance(self.stratify_on, str):
            raise FerError(f"stratify_on {self.stratify_on!r}: give a tuple of columns")
        kind_of("grouping", self.grouping, Grouping)

    def _check_protocol(self) -> None:
        if self.protocol is None:
            if self.draw is not None or self.allow_missing:
                raise FerError("--draw and --allow-missing go with --protocol")
            return
        own = {"protocol", "draw", "allow_missing", "verdicts", "crop"}
        for f in dataclasses.fields(self):
            if f.name not in own and getattr(self, f.name) != getattr(SplitOptions(), f.name):
                typed = TYPED.get(f.name, f"--{f.name.replace('_', '-')}")
                raise FerError(f"--protocol decides {typed} itself; leave that option out")
