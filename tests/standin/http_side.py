"""The HTTP side of the stand-in server: requests in, answers (or none) out."""

from __future__ import annotations

import email.parser
import email.policy
import json
import re
import socket
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from .bot_methods import BotApi, Json, Params
from .faults import LONGEST_WAIT, SPOILING, Fault
from .telegram_rules import ApiError, bad_request

TOKEN_URL = re.compile(r"^/bot(?P<token>\d+:[\w-]{20,})/(?P<method>\w+)$")
FILE_URL = re.compile(r"^/file/bot(?P<token>\d+:[\w-]{20,})/(?P<path>.+)$")
NGINX_PAGE = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx/1.18.0</center>\r\n</body>\r\n</html>\r\n"
)


class Owner(Protocol):
    """Who runs the listener."""

    host: str
    api: BotApi

    def listen(self, order: Json) -> bool: ...


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: 40 ms a call otherwise
    server: Listener

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        with suppress(OSError):  # the client may have gone, or the listener was cut
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a request line carries the token."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        path = urllib.parse.unquote(url.path)  # httpx percent-encodes the token's colon
        with suppress(ConnectionError):
            try:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.server.controls and path.startswith("/control/"):
                    self._control(path.removeprefix("/control/"), body)
                elif self.server.speaks and (called := TOKEN_URL.match(path)):
                    self._method(called["token"], called["method"], self._params(url.query, body))
                elif self.server.speaks and (asked := FILE_URL.match(path)):
                    self._download(asked["token"], asked["path"])
                else:
                    self.server.api.strays += 1
                    raise ApiError(404, "Not Found")
            except ApiError as error:
                self._answer(error.status, error.body())

    def _params(self, query: str, body: bytes) -> Params:
        params = dict(urllib.parse.parse_qsl(query))
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("application/json"):
            given = json.loads(body or b"{}")
            params |= {k: v if isinstance(v, str) else json.dumps(v) for k, v in given.items()}
        elif kind.startswith("multipart/form-data"):
            params |= dict(_multipart(kind, body))
        else:
            params |= dict(urllib.parse.parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
        return params

    def _method(self, token: str, method: str, params: Params) -> None:
        api = self.server.api
        fault = api.take_fault(method, params, token)
        call: Json = {"time": time.time(), "token": token, "method": method, "params": params}
        call |= {"fault": fault.kind if fault else None, "status": None, "description": None}
        api.calls.append(call)
        if fault is not None and self._broken_by(fault, call):
            return
        try:
            spoiling = fault if fault and fault.kind in SPOILING else None
            result = api.call(token, method, params, spoiling)
            status, answer = 200, json.dumps({"ok": True, "result": result}).encode()
        except (ApiError, ValueError, OSError) as raised:
            error = raised if isinstance(raised, ApiError) else ApiError(500, f"Internal Server Error: {raised}")
            status, answer = error.status, error.body()
            call["description"] = str(error)
        call["status"] = status
        self._answer(status, answer)

    def _broken_by(self, fault: Fault, call: Json) -> bool:
        """Misbehave as told; True when the call has had all the answer it will get."""
        if fault.kind in ("slow", "stall", "hang"):
            fault.wait(LONGEST_WAIT if fault.kind == "hang" else fault.seconds)
        if fault.kind in ("stall", "hang", "refuse"):
            self.close_connection = True
            return True
        if fault.kind == "garbage":
            call["status"] = 200
            self._answer(200, fault.body.encode() or b"\x00\xff{not json")
            return True
        if fault.kind == "status":
            error = fault.error()
            call["status"], call["description"] = error.status, str(error)
            page = NGINX_PAGE.format("502 Bad Gateway").encode()
            self._answer(error.status, *((page, "text/html") if error.status == 502 else (error.body(),)))
            return True
        return False

    def _download(self, token: str, path: str) -> None:
        api = self.server.api
        fault = api.take_fault("file", {"path": path}, token)
        call: Json = {"time": time.time(), "token": token, "method": "file", "params": {"path": path}}
        call |= {"fault": fault.kind if fault else None, "status": None, "description": None}
        api.calls.append(call)
        if fault is not None and self._broken_by(fault, call):
            return
        root = (api.files.directory / token).resolve()
        wanted = (root / path.lstrip("/")).resolve()
        if api.files.local or not wanted.is_relative_to(root) or not wanted.is_file():
            call["status"] = 404  # the real server, too, serves no files in local mode
            raise ApiError(404, "Not Found")
        content = wanted.read_bytes()
        call["status"] = 200
        kept = content[: fault.keep] if fault and fault.kind == "truncate" else content
        self._answer(200, kept, "application/octet-stream", announced=len(content))

    def _control(self, order: str, body: bytes) -> None:
        api = self.server.api
        orders: dict[str, Callable[[Json], Any]] = {
            "ready": lambda _: True,
            "messages": lambda _: list(api.messages),
            "calls": lambda _: list(api.calls),
            "fault": api.add_fault,
            "faults": lambda _: [fault.as_json() for fault in api.faults],
            "clear": api.clear_faults,
            "file": api.files.register,
            "video": api.queue_video,
            "text": api.queue_text,
            "callback": api.queue_callback,
            "chat": api.add_chat,
            "raw": api.queue_raw,
            "answers": lambda _: list(api.standing.answers),
            "commands": lambda _: list(api.standing.commands),
            "webhook": lambda given: api.standing.set_webhook(given["token"], given["url"]),
            "listen": self.server.owner.listen,
            "local": lambda given: setattr(api.files, "local", bool(given["local"])),
        }
        if order not in orders:
            raise ApiError(404, f"Not Found: no such order, known: {', '.join(orders)}")
        try:
            result = orders[order](json.loads(body or b"{}"))
        except (KeyError, TypeError, ValueError, OSError, StopIteration) as error:
            raise bad_request(f"{order}: {error!r}") from error
        self._answer(200, json.dumps({"ok": True, "result": result}).encode())

    def _answer(self, status: int, body: bytes, kind: str = "application/json", announced: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if announced is None else announced))
        self.end_headers()
        self.wfile.write(body)
        if announced not in (None, len(body)):
            self.close_connection = True


def _multipart(kind: str, body: bytes) -> Iterator[tuple[str, str]]:
    parser = email.parser.BytesParser(policy=email.policy.HTTP)
    message = parser.parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str):
            content = part.get_payload(decode=True)
            yield name, content.decode(errors="replace") if isinstance(content, bytes) else ""


class Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, owner: Owner, port: int, *, speaks: bool, controls: bool) -> None:
        self.owner, self.api, self.speaks, self.controls = owner, owner.api, speaks, controls
        self.connections: set[socket.socket] = set()
        super().__init__((owner.host, port), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in the middle is part of the play."""

    def cut(self) -> None:
        """Close the listening socket and every connection: from now on «connection refused»."""
        self.shutdown()
        self.server_close()
        self._thread.join(5)
        for connection in list(self.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
