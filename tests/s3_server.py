"""A real S3 server in a process of its own, by moto, that can be told to fail.

`python tests/s3_server.py PORT` serves; `Server` starts it, fills it and counts what it was asked.
A request to `/told?fail=3&slow=0.5` lets the next three requests fail with 503, and every one wait.
"""

import contextlib
import hashlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

KEYS = {"AWS_ACCESS_KEY_ID": "somebody", "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_EC2_METADATA_DISABLED": "true"}  # fmt: skip
BUCKET = "lab"


class Told:
    """The server's application with faults before it."""

    def __init__(self, app: Any) -> None:
        self.app, self.asked, self.fail, self.slow = app, 0, 0, 0.0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"] == "/told":
            said = dict(urllib.parse.parse_qsl(environ["QUERY_STRING"]))
            self.fail, self.slow = int(said.get("fail", 0)), float(said.get("slow", 0))
            answer = json.dumps({"asked": self.asked}).encode()
            self.asked = 0
            start_response("200 OK", [("Content-Length", str(len(answer)))])
            return [answer]
        self.asked += 1
        time.sleep(self.slow)
        if self.fail > 0:
            self.fail -= 1
            start_response("503 Service Unavailable", [("Content-Length", "0")])
            return [b""]
        return self.app(environ, start_response)


class Server:
    """The process, and addresses in it."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.host = f"127.0.0.1:{free.getsockname()[1]}"
        environ = {**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "1000000"}
        self.process = subprocess.Popen([sys.executable, __file__, self.host.split(":")[1]],
                                        stderr=subprocess.DEVNULL, env=environ)  # fmt: skip
        for _ in range(600):
            try:
                self.told()
                break
            except OSError:
                time.sleep(0.1)
        self._filesystem().create_dir(BUCKET)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()

    def address(self, path: str, bucket: str = BUCKET) -> str:
        """Where something lies in this server."""
        return f"s3://{bucket}/{path}?endpoint_override={self.host}&scheme=http"

    def told(self, **what: float) -> int:
        """Tell it how to fail from now on; returns how often it was asked since the last time."""
        query = urllib.parse.urlencode(what)
        with urllib.request.urlopen(f"http://{self.host}/told?{query}") as answer:
            return int(json.load(answer)["asked"])

    def refuse(self, others: bool) -> None:
        """Look at keys from now on, or at none; it knows nobody."""
        request = urllib.request.Request(
            f"http://{self.host}/moto-api/reset-auth", method="POST",
            data=b"0" if others else b"1000000", headers={"Content-Type": "text/plain"},
        )  # fmt: skip
        urllib.request.urlopen(request).close()

    def fill(self, folder: Path, path: str) -> None:
        """Copy the files of a folder there."""
        store = self._filesystem()
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                name = f"{BUCKET}/{path}/{file.relative_to(folder).as_posix()}"
                with store.open_output_stream(name) as stream:
                    stream.write(file.read_bytes())

    def files(self, path: str) -> Iterator[tuple[str, bytes]]:
        """Every object below a path, by its name seen from there."""
        from pyarrow.fs import FileSelector

        store = self._filesystem()
        for info in store.get_file_info(FileSelector(f"{BUCKET}/{path}", recursive=True)):
            if info.is_file:
                with store.open_input_stream(info.path) as stream:
                    yield info.path.removeprefix(f"{BUCKET}/{path}/"), stream.read()

    def _filesystem(self) -> Any:
        from pyarrow.fs import S3FileSystem

        return S3FileSystem(access_key="somebody", secret_key="secret", scheme="http",
                            endpoint_override=self.host, region="us-east-1",
                            allow_bucket_creation=True)  # fmt: skip


@contextlib.contextmanager
def serve() -> Iterator[Server]:
    """A server, and the environment of somebody who may use it; skips where there is no moto."""
    for name in ("moto", "flask", "flask_cors"):
        pytest.importorskip(name, reason=f"{name} is not installed: pip install 'fertools[dev]'")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in KEYS.items():
            patch.setenv(name, value)
        server = Server()
        yield server
        server.close()


def digests(server: Server, path: str) -> dict[str, str]:
    """What `tests.faults.lab.tree` says of a folder, of what lies below a path."""
    return {
        name: hashlib.sha256(data).hexdigest()
        for name, data in server.files(path)
        if not name.endswith("card.json")
    }


if __name__ == "__main__":
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import run_simple

    application = Told(DomainDispatcherApplication(create_backend_app))
    run_simple("127.0.0.1", int(sys.argv[1]), application, threaded=True)
