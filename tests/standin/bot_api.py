"""A Telegram Bot API server on loopback that can be told to fail.

The standard library only: it also runs inside a container image that holds nothing but python3
and this directory. It speaks what python-telegram-bot speaks, keeps files like the real server in
local mode (`<directory>/<token>/videos/file_N.mp4`), checks messages as Telegram does, and breaks
on order. Orders come through `/control/...` (see control.py), never through a token's URL.

    python3 tests/standin/bot_api.py --port 8081 --directory ~/.telegram-bot-api --control same
"""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
import threading
from pathlib import Path
from typing import Any

if __name__ == "__main__" and not __package__:
    # Started as a file: the modules beside it become a package all the same (PEP 366).
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    __package__ = Path(__file__).resolve().parent.name
    importlib.import_module(__package__)

from .bot_methods import BotApi
from .http_side import Listener
from .telegram_rules import bad_request


class BotApiServer:
    """The server as tests use it: `with BotApiServer(directory) as server: … server.url`.

    `control_port` None puts /control/ on the same port; then `listen` cannot be ordered.
    """

    def __init__(
        self,
        directory: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        control_port: int | None = None,
        container_dir: str = "/var/lib/telegram-bot-api",
        local: bool = True,
    ) -> None:
        self.host, self.port, self.control_port = host, port, control_port
        self.api = BotApi(directory, container_dir, local=local)
        self._speaking: Listener | None = None
        self._controlling: Listener | None = None

    def start(self) -> None:
        same = self.control_port is None
        self._speaking = Listener(self, self.port, speaks=True, controls=same)
        self.port = self._speaking.server_port
        if self.control_port is not None:
            self._controlling = Listener(self, self.control_port, speaks=False, controls=True)
            self.control_port = self._controlling.server_port

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def control_url(self) -> str:
        return f"http://{self.host}:{self.control_port or self.port}"

    def listen(self, order: dict[str, Any]) -> bool:
        """{open: false} refuses connections, as a stopped container does; {open: true} takes them again."""
        if self._controlling is None:
            raise bad_request("listen needs a control port of its own")
        if order["open"] and self._speaking is None:
            self._speaking = Listener(self, self.port, speaks=True, controls=False)
        elif not order["open"] and self._speaking is not None:
            self._speaking.cut()
            self._speaking = None
        return bool(order["open"])

    def stop(self) -> None:
        self.api.close()
        for listener in (self._speaking, self._controlling):
            if listener is not None:
                listener.cut()
        self._speaking = self._controlling = None

    def __enter__(self) -> BotApiServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description="a Bot API server on loopback that can be told to fail")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--directory", type=Path, required=True, help="where files are stored")
    parser.add_argument(
        "--container-dir",
        default="/var/lib/telegram-bot-api",
        help="the same directory as the server says it; empty: as it is",
    )
    parser.add_argument("--control", default="same", help="port of the control interface, or «same»")
    parser.add_argument("--no-local", action="store_true", help="as without --local: files over HTTP, 20 MB")
    parser.add_argument("--chat", type=int, action="append", default=[], help="a chat that exists")
    given = parser.parse_args()
    server = BotApiServer(
        given.directory,
        host=given.host,
        port=given.port,
        control_port=None if given.control == "same" else int(given.control),
        container_dir=given.container_dir,
        local=not given.no_local,
    )
    for chat in given.chat:
        server.api.add_chat({"id": chat})
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with server:
        print(f"bot api on {server.url}, control on {server.control_url}/control/", flush=True)
        stopped.wait()


if __name__ == "__main__":
    main()
