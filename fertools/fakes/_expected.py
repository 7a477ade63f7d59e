"""What a correct ingest of a fake must report."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The truth about a fake that was written to a folder.

    `labels`, `words`, `splits`, `subjects` and `sequences` speak of the rows whose status is ok;
    rows that have no label or split are not counted there. Nothing in it is an absolute path.
    """

    roots: tuple[str, ...]  # what to give to ingest, below the folder, in this order
    statuses: Mapping[str, int] = field(default_factory=dict)  # rows per status, `ok` among them
    labels: Mapping[str, int] = field(default_factory=dict)  # rows per `raw_label`
    words: Mapping[str, int] = field(default_factory=dict)  # rows per `native_label`
    splits: Mapping[str, int] = field(default_factory=dict)  # rows per `official_split`
    subjects: frozenset[str] = frozenset()  # without the population before the colon
    sequences: frozenset[str] = frozenset()
    options: Mapping[str, str] = field(default_factory=dict)  # of the source
    files: Mapping[str, str] = field(default_factory=dict)  # options that name a file of the fake
    face: Mapping[str, str] = field(default_factory=dict)  # options of the face that hold for this
    counts: Mapping[str, int] = field(default_factory=dict)  # further facts, by name
    refused: str | None = None  # the root is no data at all; the error holds these words
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Rows in all, with a face or with a reason."""
        return sum(self.statuses.values())

    @property
    def ok(self) -> int:
        """Rows with a face."""
        return self.statuses.get("ok", 0)

    def raws(self, folder: Path) -> list[Path]:
        """The roots of a fake that was written to `folder`."""
        return [folder / root for root in self.roots]

    def source_options(self, folder: Path) -> dict[str, str]:
        """The options of the source, files among them placed below `folder`."""
        placed = {name: str(folder / path) for name, path in self.files.items()}
        return {**self.options, **placed}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One image, record or line of a fake, as a correct ingest sees it."""

    status: str = "ok"
    label: str | None = None
    word: str | None = None
    split: str | None = None
    subject: str | None = None
    sequence: str | None = None


def expected(
    rows: Iterable[Row],
    roots: Iterable[str],
    *,
    options: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
    face: Mapping[str, str] | None = None,
    counts: Mapping[str, int] | None = None,
    notes: Iterable[str] = (),
) -> Expected:
    """Count rows into an `Expected`."""
    rows = list(rows)
    good = [row for row in rows if row.status == "ok"]
    return Expected(
        roots=tuple(roots),
        statuses=dict(sorted(Counter(row.status for row in rows).items())),
        labels=_counts(row.label for row in good),
        words=_counts(row.word for row in good),
        splits=_counts(row.split for row in good),
        subjects=frozenset(row.subject for row in good if row.subject),
        sequences=frozenset(row.sequence for row in good if row.sequence),
        options=options or {},
        files=files or {},
        face=face or {},
        counts=counts or {},
        notes=tuple(notes),
    )


def _counts(words: Iterable[str | None]) -> dict[str, int]:
    return dict(sorted(Counter(word for word in words if word is not None).items()))
