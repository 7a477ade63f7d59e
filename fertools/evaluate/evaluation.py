"""What an evaluation is asked, and what it says."""

from dataclasses import dataclass, field
from pathlib import Path

from fertools.errors import FerError, unknown
from fertools.evaluate.scoring import Scores, Subset
from fertools.measures.intervals import Interval
from fertools.measures.leakage import PARTS

WHOLE = "all"  # the part of a manifest that is not split
OUTSIDE = ("error", "mask")
PRIORS = ("none", "uniform")


@dataclass(frozen=True, slots=True)
class Options:
    """How to evaluate.

    `tta` None is what the recipe says. `on` is another manifest than the run's own; of words that
    only one side knows `outside` says whether they are an error or masked (rows and outputs left
    out); `prior="uniform"` divides the outputs by the class shares of the training rows, as the
    loss weighed them.
    """

    split: str = "test"
    fold: int | None = None
    tta: str | None = None
    by: tuple[str, ...] = ()
    leak_free: bool = True
    on: str | Path | None = None
    outside: str = "error"
    prior: str = "none"
    device: str = "auto"
    data: str | Path | None = None

    def check(self) -> None:
        """Raise `FerError` for words that are not known."""
        if isinstance(self.by, str):
            raise FerError(f"by {self.by!r}: give a tuple of columns")
        known = {"split": PARTS, "outside": OUTSIDE, "prior": PRIORS}
        for name, words in known.items():
            if getattr(self, name) not in words:
                raise unknown(name, getattr(self, name), list(words))


def name_of(manifest: str) -> str:
    """What a manifest is called in words and file names: its own name, or its folder's."""
    file = Path(manifest)
    if file.suffix != ".parquet":
        return file.name
    return file.resolve().parent.name if file.name == "manifest.parquet" else file.stem


@dataclass(frozen=True, slots=True)
class Member:
    """One run of several, with its own score."""

    name: str
    rows: int
    accuracy: float
    macro_f1: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came out.

    `protocol` is the published one that the manifest follows ("" for none).
    `partners` counts the rows with a partner in another part, by relation; `thresholds` are those
    of the near-twins, per data set; `select` and `select_rows` say how the
    epoch was chosen, as a recipe does ("" where predictions came from a file). `trained_on` is the
    run's own manifest where it is another one, `masked` the words left out there, `seen`
    how many rows show a person, a photograph or a face that the run was fitted to or chosen on
    (None where that was not looked for). `left_out` counts the rows of words that the predictions
    do not know, each once; `unfinished` names the runs that belong here and have not ended.
    `averaged` is how many runs an ensemble holds (0: it is none).
    `extra_data` and `init_weights` mark what no score of the data set alone may have.
    """

    of: str
    manifest: str
    digest: str
    split: str
    scores: Scores
    protocol: str = ""
    leak_free: Subset | None = None
    partners: dict[str, int] = field(default_factory=dict)
    thresholds: dict[str, float] = field(default_factory=dict)
    by: dict[str, dict[str, Interval]] = field(default_factory=dict)
    members: list[Member] = field(default_factory=list)
    averaged: int = 0
    looks: list[str] = field(default_factory=list)
    tta: str = "none"
    select: str = ""
    select_rows: str = ""
    trained_on: str = ""
    masked: list[str] = field(default_factory=list)
    seen: dict[str, int] | None = None
    left_out: dict[str, int] = field(default_factory=dict)
    unfinished: list[str] = field(default_factory=list)
    prior: str = "none"
    extra_data: list[str] = field(default_factory=list)
    init_weights: str = ""
    notes: list[str] = field(default_factory=list)
