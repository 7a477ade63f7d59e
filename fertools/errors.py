"""What a user can be told: every error that is not our bug.

A `FerError` is one sentence that names the file and the cure; the command line prints it without a
traceback and exits with `exit_code`. Anything else that is raised is a bug and keeps its traceback.
"""


class FerError(Exception):
    """A user's mistake or bad data; exit code 1."""

    exit_code = 1


class GateFailed(FerError):
    """A gate was checked and failed, such as leakage above the bound; exit code 3."""

    exit_code = 3


class GateUnchecked(FerError):
    """A gate could not be checked, such as subjects that nobody recorded; exit code 4."""

    exit_code = 4


def unknown(what: str, name: str, known: list[str]) -> FerError:
    """The error for a name that nobody knows, with the names that are known."""
    return FerError(f"{what} {name!r}: known are {', '.join(sorted(known)) or 'none'}")
