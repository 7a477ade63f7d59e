"""The page of a review over HTTP, for this machine alone.

    GET  /<token>/                     the page, with page.css and page.js beside it
    GET  /<token>/session              who reviews what: words, counts, what can be filtered by
    GET  /<token>/items?from=&count=   a window of the items that fit a filter
    GET  /<token>/face/<n>[/<k>]       the picture of item n, or of its k-th twin
    GET  /<token>/news?since=          verdicts since an entry of the journal: another tab's
    POST /<token>/verdicts             one verdict; answered when it is on the disk

In go a showcase and a journal; out comes a WSGI application. Nothing of a path reaches the file
system: pictures go by number, the page's files by a fixed list.
"""

import json
import re
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import BadRequest, HTTPException, NotFound, UnsupportedMediaType
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from fertools.errors import UNPARSED
from fertools.review.assets import asset, script
from fertools.review.guard import HOST, Guard, guarded
from fertools.review.journal import Given, Journal, Overtaken, parse
from fertools.review.session import Session
from fertools.review.showcase import Asking, Showcase, said

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PICTURE = re.compile(r"face/(\d{1,9})(?:/(\d{1,2}))?")
BODY = 4096  # bytes of a verdict
NEWS = 2000  # entries told at once


class Review:
    """The WSGI application of one reviewer in one session."""

    def __init__(
        self, session: Session, showcase: Showcase, journal: Journal, guard: Guard
    ) -> None:
        self.session = session
        self.showcase = showcase
        self.journal = journal
        self.guard = guard
        self._others: dict[Path, Journal] = {}
        self.reviewer = str(journal.opening.get("reviewer", ""))
        self._answers: dict[str, Callable[[Request], Response]] = {
            "": lambda _: _text(asset("page.html"), "text/html"),
            "page.css": lambda _: _text(asset("page.css"), "text/css"),
            "icon.svg": lambda _: _text(asset("icon.svg"), "image/svg+xml"),
            "page.js": lambda _: _text(script(), "text/javascript"),
            "session": lambda _: _json(self.about()),
            "items": self._items,
            "news": lambda request: _json(self._news(_number(request, "since"))),
        }

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        request = Request(environ)
        try:
            response = self._answer(request)
        except HTTPException as error:
            response = Response(f"{error.code} {error.description}\n", status=error.code)
        return guarded(response)(environ, start_response)

    def about(self) -> dict[str, Any]:
        """What a page must know before it shows anything."""
        self.journal.refresh()
        return {
            **self.session.about(self.reviewer),
            "items": len(self.showcase),
            "facets": self.showcase.facets(),
            "entries": len(self.journal.entries),
            "progress": self._progress(),
        }

    def _answer(self, request: Request) -> Response:
        path = self.guard.path(request)
        if request.method == "POST":
            if path != "verdicts":
                raise NotFound("there is nothing here")
            return self._verdict(request)
        if request.method not in ("GET", "HEAD"):
            raise NotFound("there is nothing here")
        if path in self._answers:
            return self._answers[path](request)
        found = PICTURE.fullmatch(path)
        if not found:
            raise NotFound("there is nothing here")
        return self._picture(int(found[1]), int(found[2] or 0))

    def _items(self, request: Request) -> Response:
        args = request.args
        asking = Asking(
            args.get("reason", ""), args.get("label", ""), args.get("state", ""),
            _number(request, "as_of"),
        )  # fmt: skip
        first, count = _number(request, "from"), _number(request, "count")
        self.journal.refresh()
        places = self.showcase.find(asking, self.journal)
        window = places[first : first + count].tolist()
        shown = self.showcase.window(window, self.journal, self._heard())
        return _json({"total": len(places), "entries": len(self.journal.entries),
                      "items": shown})  # fmt: skip

    def _heard(self) -> list[Journal]:
        """The journals of everybody else as they are now; none for who is blind."""
        if self.showcase.blind:
            return []
        for file in sorted(self.session.folder.glob("*.jsonl")):
            if file != self.journal.file and file not in self._others:
                self._others[file] = Journal(file)
        for each in self._others.values():
            each.refresh()
        return list(self._others.values())

    def _picture(self, place: int, beside: int) -> Response:
        found = None
        if place < len(self.showcase):
            found = self.showcase.picture(place, beside)
        if found is None:
            raise NotFound("there is no picture")
        data, kind = found
        return Response(data, content_type=f"image/{kind}")

    def _verdict(self, request: Request) -> Response:
        given = self._given(request)
        place = self.showcase.place[given.key]
        try:
            entry = self.journal.add(given, {"id": self.showcase.id(place)})
        except Overtaken as overtaken:
            return _json({"key": given.key, "mine": said(overtaken.entry)}, 409)
        return _json({"key": given.key, "mine": said(entry), "entries": len(self.journal.entries),
                      "progress": self._progress()})  # fmt: skip

    def _given(self, request: Request) -> Given:
        if request.mimetype != "application/json":
            raise UnsupportedMediaType("a verdict is JSON")
        if request.content_length is None or request.content_length > BODY:
            raise BadRequest("a verdict is short")
        try:
            body = json.loads(request.get_data())
        except UNPARSED as error:
            raise BadRequest("this is not JSON") from error
        words = self.session.words
        given = parse(body, words) if isinstance(body, dict) else None
        if given is None or given.key not in self.showcase.place or not given.uid:
            raise BadRequest("this is no verdict on an item of this session")
        if given.verdict != "keep":
            return given
        if self.showcase.blind:
            raise BadRequest("who does not see a label cannot keep it")
        label = self.showcase.label(self.showcase.place[given.key])
        return Given(given.key, "keep", label, None, given.uid, given.after)

    def _news(self, since: int) -> dict[str, Any]:
        self.journal.refresh()
        entries = self.journal.entries[since : since + NEWS]
        return {"entries": since + len(entries), "progress": self._progress(),
                "news": [{"key": e.key, "mine": said(e)} for e in entries]}  # fmt: skip

    def _progress(self) -> dict[str, int]:
        return progress(self.showcase, self.journal)


def progress(showcase: Showcase, journal: Journal) -> dict[str, int]:
    """How many items have which verdict; `open` are the others."""
    found = dict.fromkeys(("keep", "drop", "relabel", "unsure"), 0)
    for key, entry in journal.at().items():
        if entry.verdict in found and key in showcase.place:
            found[entry.verdict] += 1
    return {**found, "open": len(showcase) - sum(found.values())}


class _Quiet(WSGIRequestHandler):
    """Writes no line per request: it would hold the token."""

    def log(self, type: str, message: str, *args: Any) -> None:
        return


@contextmanager
def serving(review: Review, listener: socket.socket) -> Iterator[BaseWSGIServer]:
    """A server of the review behind a listening socket; a thread per connection."""
    server = make_server(
        HOST, review.guard.port, review, threaded=True, request_handler=_Quiet,
        fd=listener.fileno(),
    )  # fmt: skip
    try:
        yield server
    finally:
        server.server_close()


def _text(text: str, kind: str) -> Response:
    return Response(text, content_type=f"{kind}; charset=utf-8")


def _json(data: Any, status: int = 200) -> Response:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status=status, content_type="application/json; charset=utf-8")


def _number(request: Request, name: str) -> int:
    """A number of the query, 0 where it is missing. Raises `BadRequest` for what is none."""
    text = request.args.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadRequest(f"{name} is no number")
    return int(text)
