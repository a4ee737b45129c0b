"""The fully configured service and its peers: Bot API server, Docker Engine, web, heartbeat."""

from __future__ import annotations

import contextlib
import json
import socketserver
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.component.service.running import RunningService
from tests.journal_fixtures import PrivateJournald
from tests.standin.bot_api import BotApiServer
from tests.standin.receiver import Receiver

ADMIN = 123456789
TOKEN, ALERT_TOKEN = f"1234567890:AA{'Example' * 5}"[:46], f"9876543210:AA{'Example' * 5}"[:46]
# Channels to the administrator and a webhook, chatops, the heartbeat.
_CONFIG = """
[telegram]
token = "{token}"
alert_token = "{alert_token}"
admin_id = {admin}
api_url = "{server}"
[channels.own]
kind = "webhook"
url = "{receiver}/hook"
[routes.all]
to = ["admin", "own"]
[alerts]
ping_url = "{receiver}/ping"
"""
# The engine's socket has one place only: a /run of the service's own has ours there, and links to all else.
_OWN_RUN = """
mkdir "$1/run"; mount --rbind /run "$1/run"; mount -t tmpfs tmpfs /run
for each in "$1"/run/*; do ln -s "$each" /run/; done
ln -sfn "$1/docker.sock" /run/docker.sock
shift; exec "$@"
"""


@contextlib.contextmanager
def running(journald: PrivateJournald) -> Iterator[RunningService]:
    """Runs the service on that journald, in a matching home."""
    with tempfile.TemporaryDirectory(prefix="bench-") as home, everything_on(Path(home), journald.name) as service:
        yield service


@contextlib.contextmanager
def everything_on(home: Path, namespace: str = "", directory: Path | None = None) -> Iterator[RunningService]:
    """Configures socket and web listener of the API, an outbox with two workers, chatops, heartbeat and the Docker
    probe."""
    home.chmod(0o755)  # the bot's user has to get to its project
    with (
        BotApiServer(home / "files", control_port=0) as server,
        Receiver() as receiver,
        _engine(home / "docker.sock"),
        tempfile.TemporaryDirectory(prefix="bench-run-") as place,
    ):
        server.api.add_chat({"id": ADMIN})
        (home / "conf.d").mkdir(exist_ok=True)
        (home / "conf.d/all.toml").write_text(
            _CONFIG.format(token=TOKEN, alert_token=ALERT_TOKEN, admin=ADMIN, server=server.url, receiver=receiver.url)
        )
        (Path(place) / "docker.sock").symlink_to(home / "docker.sock")
        prefix = ("unshare", "--mount", "--propagation", "private", "sh", "-ec", _OWN_RUN, "sh", place)
        with RunningService(
            home,
            namespace,
            directory=directory,
            checks="interval = 30",
            web='listen = "127.0.0.1:0"',
            url=server.url,
            prefix=prefix,
        ) as service:
            yield service


@contextlib.contextmanager
def _engine(path: Path) -> Iterator[None]:
    """A Docker Engine with one running container."""
    path.unlink(missing_ok=True)
    with _Engine(str(path), _Inspect) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield
        server.shutdown()


class _Engine(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignores the probe, which connects and disconnects."""


class _Inspect(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...

    def do_GET(self) -> None:
        body = json.dumps({"State": {"Running": True}, "Config": {"Env": ["TELEGRAM_LOCAL=1"]}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
