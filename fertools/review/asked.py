"""What a review is asked for: which queue, how much of it, blind or not."""

from dataclasses import dataclass

from fertools.errors import FerError, unknown
from fertools.review.queue import QUEUES

FOLDER = "review"  # in a data folder: the sessions


@dataclass(frozen=True, slots=True)
class Asked:
    """`sample` rows by lot out of the queue (None: all of it), `controls` by lot out of the faces
    that are not in it; `blind` hides label, suspicion and what others said.

    `seed` decides the lot: all reviewers of one session see the same faces.
    """

    queue: str = "all"
    sample: int | None = None
    controls: int = 0
    blind: bool = False
    seed: int = 0

    def check(self) -> None:
        """Raise `FerError` for values that are unknown or exclude one another."""
        if self.queue not in QUEUES:
            raise unknown("queue", self.queue, list(QUEUES))
        if self.sample is not None and self.sample < 1:
            raise FerError(f"--sample {self.sample}: at least 1")
        if self.controls < 0 or self.seed < 0:
            raise FerError("--controls and --seed: 0 or more")
        if self.queue in ("no_face", "disputed") and (self.controls or self.blind):
            raise FerError(
                f"--queue {self.queue}: has no controls and cannot be blind; "
                "take labels, quality or twins"
            )

    @property
    def name(self) -> str:
        """The name of the session's folder: the same question is the same session."""
        parts = [self.queue]
        if self.sample is not None or self.controls:
            parts.append(f"{self.sample or 'all'}+{self.controls}")
        parts += ["blind"] if self.blind else []
        parts += [f"s{self.seed}"] if self.seed else []
        return "-".join(parts)
