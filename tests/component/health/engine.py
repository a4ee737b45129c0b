"""A stand-in for the Docker Engine where none can run: its API for version, list and inspect, on a unix socket.

The real engine is met in the booted machines.
"""

from __future__ import annotations

import json
import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

API_VERSION = "1.41"  # Docker 20.10, that of Debian 12


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    containers: dict[str, Any]
    frozen: threading.Event | None = None

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone away is no error."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.server.frozen is not None:
            self.server.frozen.wait(30)  # released at the end of the test
            return
        path = re.sub(r"^/v[0-9.]+", "", self.path)
        name = path.removeprefix("/containers/").removesuffix("/json")
        if path == "/version":
            self._answer(200, {"ApiVersion": API_VERSION, "MinAPIVersion": "1.24", "Version": "test"})
        elif path.startswith("/containers/json?"):
            rows = [{"Names": [f"/{one}"], "Image": "aiogram/telegram-bot-api"} for one in self.server.containers]
            self._answer(200, rows)
        elif name in self.server.containers:
            self._answer(200, self.server.containers[name])
        else:
            self._answer(404, {"message": f"No such container: {name}"})

    def _answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def engine(socket: Path, containers: dict[str, Any], *, frozen: bool = False) -> Iterator[None]:
    """An engine with these containers (inspect answers by name); a frozen one takes and keeps silent."""
    release = threading.Event()
    server = _Server(str(socket), _Handler)
    server.containers = containers
    server.frozen = release if frozen else None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        release.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


def container(**state: Any) -> dict[str, Any]:
    """What the engine says about a container of the image aiogram/telegram-bot-api."""
    return {
        "Id": "0" * 64,
        "Name": "/telegram-bot-api",
        "RestartCount": 2,
        "State": {"Status": "running", "Running": True, "ExitCode": 0, **state},
        "Mounts": [{"Type": "bind", "Source": "/srv/data", "Destination": "/var/lib/telegram-bot-api", "RW": True}],
        "Args": [],
        "Config": {"Cmd": None, "Env": ["TELEGRAM_LOCAL=1", "TELEGRAM_API_HASH=0123456789abcdef"]},
    }
