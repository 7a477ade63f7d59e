"""What a user can be told: every error that is not our bug.

A `FerError` is one sentence that names the file and the cure; the command line prints it without a
traceback and exits with `exit_code`. Anything else that is raised is a bug and keeps its traceback.
"""

import contextlib
import re
from collections.abc import Iterator

# What the code imports of an extra, where it needs it; by the name of the extra.
EXTRAS = {"report": ("jinja2", "matplotlib"), "train": ("albumentations", "safetensors", "torch")}
# What json and tomllib raise for a stranger's text: not their format, no UTF-8, a number of 5,000
# digits, brackets within brackets without end.
UNPARSED = (ValueError, RecursionError)
# but tab and new line: what a terminal obeys, as of a file that a stranger has named
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


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


@contextlib.contextmanager
def disk_faults(out: object, then: str = "") -> Iterator[None]:
    """Turn a full disk, or a folder without permission, into a sentence: the user can mend that.

    `out` is named where the system names no file; `then` ends the sentence. For stages that may be
    run again wherever they were stopped.
    """
    try:
        yield
    except OSError as error:
        what = error.strerror or error
        raise FerError(
            f"{error.filename or out}: {what}; mend that and run the same command again{then}"
        ) from error


def printable(text: object) -> str:
    """A text as a terminal may be given it: what it would obey is told, as `\\x1b`."""
    return CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", str(text))
