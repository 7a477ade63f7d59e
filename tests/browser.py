"""A headless Chromium for tests, driven over HTTP by its own driver; no package is needed."""

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True, slots=True)
class Browser:
    """One window."""

    session: str

    def open(self, page: Path, width: int, height: int = 900, dark: bool = False) -> None:
        """Show a file in a window of that many CSS pixels, in light or dark mode."""
        mobile = width < 600
        self.cdp(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=mobile,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.cdp("Emulation.setEmulatedMedia", features=[scheme])
        _call(f"{self.session}/url", {"url": page.resolve().as_uri()})

    def ask(self, script: str) -> Any:
        """What a JavaScript expression gives in the page."""
        return _call(f"{self.session}/execute/sync", {"script": f"return {script}", "args": []})

    def photograph(self, whole: bool = False) -> bytes:
        """The window, or the whole page, as PNG."""
        if not whole:
            return base64.b64decode(_call(f"{self.session}/screenshot"))
        found = self.cdp("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(found["data"])

    def complaints(self) -> list[str]:
        """What the console has said since the last call."""
        entries = _call(f"{self.session}/se/log", {"type": "browser"})
        return [f"{entry['level']} {entry['message']}" for entry in entries]

    def cdp(self, command: str, **arguments: Any) -> Any:
        """A command of the DevTools protocol."""
        return _call(f"{self.session}/goog/cdp/execute", {"cmd": command, "params": arguments})


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """A browser with a profile in an empty folder of its own."""
    assert BROWSER and DRIVER
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    driver = subprocess.Popen(
        [DRIVER, f"--port={port}", "--silent"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        base = f"http://127.0.0.1:{port}/session"
        _wait(f"http://127.0.0.1:{port}/status")
        options = {"binary": BROWSER, "args": [*FLAGS, f"--user-data-dir={profile}"]}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        found = _call(base, {"capabilities": {"alwaysMatch": wanted}})
        session = f"{base}/{found['sessionId']}"
        try:
            yield Browser(session)
        finally:
            urllib.request.urlopen(urllib.request.Request(session, method="DELETE"), timeout=30)
    finally:
        driver.terminate()
        driver.wait(timeout=30)


def _wait(address: str) -> None:
    for _ in range(200):
        try:
            if _call(address)["ready"]:
                return
        except (urllib.error.URLError, ConnectionError):
            pass
        time.sleep(0.05)
    raise TimeoutError(address)


def _call(address: str, data: Any = None) -> Any:
    body = None if data is None else json.dumps(data).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as error:
        raise AssertionError(error.read().decode(errors="replace")[:500]) from error
