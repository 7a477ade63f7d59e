"""The options `--subject-regex`, `--sequence-regex` and `--name-regex` of the user's own data.

In goes a regular expression and an image's path; out comes what its groups find there.
"""

import re

from fertools.errors import FerError, unknown

TOLD = ("label", "subject", "sequence", "gender", "age", "race")  # what `--name-regex` may find
NAME_HELP = f"finds all of it in the path, by groups: {', '.join(TOLD)}"
SUBJECT_HELP = "finds the subject in the path; its group `subject`, or the first, is the id"
SEQUENCE_HELP = "finds the sequence in the path; its group `sequence`, or the first, is its name"


def check(subject: str | None, sequence: str | None, name: str | None = None) -> None:
    """Raise `FerError` for an expression that finds no name, before anything is read."""
    groups = groups_of(name)
    if strange := sorted({*groups} - {*TOLD}):
        raise unknown("group of the name regex", strange[0], list(TOLD))
    if name is not None and not groups:
        raise FerError(f"name regex {name!r}: call its groups by what they find, as in (?P<label>)")
    for what, regex in (("subject", subject), ("sequence", sequence)):
        compiled = _pattern(regex, what)
        if compiled and not compiled.groups:
            raise FerError(f"{what} regex {regex!r}: put the {what} into a group ( )")
        if compiled and what in groups:
            raise FerError(f"--{what}-regex and --name-regex both find the {what}; leave one out")


def groups_of(name: str | None) -> tuple[str, ...]:
    """What a name regex finds."""
    compiled = _pattern(name, "name")
    return tuple(compiled.groupindex) if compiled else ()


def told(name: str | None, path: str) -> dict[str, str | None]:
    """All that a name regex may find, None for what it does not find in a path."""
    compiled = _pattern(name, "name")
    found = compiled.search(path) if compiled else None
    groups = found.groupdict() if found else {}
    return {what: groups.get(what) or None for what in TOLD}


def named(regex: str | None, path: str, what: str) -> str | None:
    """What the group named `what`, or the first, finds in a path; None for nothing."""
    compiled = _pattern(regex, what)
    found = compiled.search(path) if compiled else None
    if found is None:
        return None
    return (found[what] if what in found.re.groupindex else found[1]) or None


def _pattern(regex: str | None, what: str) -> re.Pattern[str] | None:
    """The expression for a `what` (subject, sequence, name); raises `FerError` where it is none."""
    try:
        return None if regex is None else re.compile(regex)
    except re.error as error:
        raise FerError(f"{what} regex {regex!r}: {error}") from error
