"""Review: people look at doubtful faces in a browser, and say what they see.

In goes a data folder that `curate` has looked at; out come verdicts, in a journal per reviewer
below `DATA/review`, which `import_verdicts` brings into the next version of the manifest. A page is
served to this machine alone, or packed into a folder per person that needs no server.
"""

import errno
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fertools.errors import FerError, disk_faults
from fertools.review.asked import Asked as Asked
from fertools.review.imported import Imported as Imported
from fertools.review.imported import import_verdicts as import_verdicts
from fertools.review.session import Session, open_session, reviewer_name
from fertools.review.showcase import Showcase

PORT = 8765  # one that stays: a page that was open finds the server again


@dataclass(frozen=True, slots=True)
class Opened:
    """A review that is being served: where to open it, and where its verdicts go."""

    address: str
    journal: Path
    items: int
    judged: int
    notes: tuple[str, ...]


def review(
    data: str | Path,
    asked: Asked,
    reviewer: str,
    *,
    port: int | None = None,
    raw: Path | None = None,
    tell: Callable[[Opened], None],
) -> None:
    """Serve the page of one reviewer until interrupted; `tell` is called once it can be opened.

    `port` None is 8765, or any free one where that is taken; `raw` is what was ingested, to show
    the images that gave no face. Raises `FerError` for a port that is taken, and see
    `open_session`.
    """
    session, showcase, name = _prepared(data, asked, reviewer, raw)
    try:
        from fertools.review.guard import Guard
        from fertools.review.server import Review, progress, serving
    except ImportError as error:
        raise FerError("a review needs Werkzeug: pip install 'fertools[review]'") from error
    journal = session.journal(name)
    listener = _listener(port)
    guard = Guard(listener.getsockname()[1])
    app = Review(session, showcase, journal, guard)
    with listener, serving(app, listener) as server:
        judged = len(showcase) - progress(showcase, journal)["open"]
        tell(Opened(guard.address, journal.file, len(showcase), judged, _notes(session)))
        server.serve_forever()


def bundle(
    data: str | Path,
    asked: Asked,
    reviewers: Sequence[str],
    out: str | Path,
    *,
    raw: Path | None = None,
) -> tuple[list[Path], int, tuple[str, ...]]:
    """Write a folder for each reviewer below `out`; returns their pages, how many faces each shows,
    and what is worth knowing. Raises `FerError`, see `write_bundles` and `open_session`.
    """
    from fertools.review.offline import write_bundles

    session, showcase, _ = _prepared(data, asked, reviewers[0], raw)
    names = list(dict.fromkeys(reviewer_name(each) for each in reviewers))
    pages = write_bundles(Path(out), session, showcase, names)
    return pages, len(showcase), _notes(session)


def _prepared(
    data: str | Path, asked: Asked, reviewer: str, raw: Path | None
) -> tuple[Session, Showcase, str]:
    name = reviewer_name(reviewer)
    with disk_faults(data):
        session, manifest = open_session(data, asked)
    return session, Showcase(session, manifest, raw), name


def _notes(session: Session) -> tuple[str, ...]:
    asked = session.asked
    if asked.blind and not asked.controls:
        return ("without --controls no noise rate can be estimated",)
    return ()


def _listener(port: int | None) -> socket.socket:
    """A socket on this machine alone, listening."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", PORT if port is None else port))
    except OSError as error:
        if error.errno != errno.EADDRINUSE or port is not None:
            listener.close()
            raise FerError(f"--port {port}: {error.strerror}; give another") from error
        listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener
