"""Who may ask: this machine's own browser, with the token, from our own page.

In goes a request; out comes nothing, or a `Forbidden`. A page elsewhere on the web can make a
browser send requests to 127.0.0.1, by its address or by a name that it points there (DNS
rebinding): the token stops the first, the Host the second, Origin and Fetch Metadata both.
"""

import hmac
import secrets
from dataclasses import dataclass, field

from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Request, Response

HOST = "127.0.0.1"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True, slots=True)
class Guard:
    """The door of one server on one port."""

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    @property
    def address(self) -> str:
        """What to open in a browser."""
        return f"http://{HOST}:{self.port}/{self.token}/"

    def path(self, request: Request) -> str:
        """The path behind the token. Raises `Forbidden` for whoever may not ask."""
        hosts = {f"{name}:{self.port}" for name in (HOST, "localhost")}
        if request.environ.get("HTTP_HOST") not in hosts:
            raise Forbidden("this address is not ours")
        origin = request.headers.get("Origin")
        ours = {f"http://{host}" for host in hosts}
        if origin not in ours and (origin is not None or request.method == "POST"):
            raise Forbidden("another site asks")
        if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            raise Forbidden("another site asks")
        token, _, path = request.path.removeprefix("/").partition("/")
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            raise Forbidden("open the address that `fertools review` has printed")
        return path


def guarded(response: Response) -> Response:
    """The response with what tells the browser to keep it to itself."""
    response.headers.extend(HEADERS)
    return response
