"""The options `--subject-regex` and `--sequence-regex` of the user's own data: names in a path.

In goes a regular expression and an image's path; out comes what its group finds.
"""

import re

from fertools.errors import FerError

SUBJECT_HELP = "finds the subject in the path; its group `subject`, or the first, is the id"
SEQUENCE_HELP = "finds the sequence in the path; its group `sequence`, or the first, is its name"


def check(subject: str | None, sequence: str | None) -> None:
    """Raise `FerError` for an expression that finds no name, before anything is read."""
    _pattern(subject, "subject")
    _pattern(sequence, "sequence")


def named(regex: str | None, path: str, what: str) -> str | None:
    """What the group named `what`, or the first, finds in a path; None for nothing."""
    compiled = _pattern(regex, what)
    found = compiled.search(path) if compiled else None
    if found is None:
        return None
    return (found[what] if what in found.re.groupindex else found[1]) or None


def _pattern(regex: str | None, what: str) -> re.Pattern[str] | None:
    """The expression for a `what` (subject, sequence). Raises `FerError` where it is none."""
    if regex is None:
        return None
    try:
        compiled = re.compile(regex)
    except re.error as error:
        raise FerError(f"{what} regex {regex!r}: {error}") from error
    if compiled.groups == 0:
        raise FerError(f"{what} regex {regex!r}: put the {what} into a group ( )")
    return compiled
