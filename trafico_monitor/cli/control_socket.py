"""How a command speaks with the running monitor: HTTP over its unix socket."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Mapping
from pathlib import Path

from ..config.loader import load
from ..config.schema import Config
from ..config.telegram_endpoints import control_socket
from ..errors import ConfigError, MonitorError
from ..host.untrusted_json import parse
from ..messages import text

LONGEST = 4_000_000  # bytes of an answer
SECONDS = 40.0  # more than the monitor's own deadline for an answer


class NotAnswered(MonitorError):
    """The monitor cannot be reached, or has not answered."""

    exit_code = 69  # EX_UNAVAILABLE


class NotPermitted(MonitorError):
    """The monitor runs, and this user may not ask it."""

    exit_code = 77  # EX_NOPERM


class _Socket(http.client.HTTPConnection):
    """An HTTP connection to a path instead of a host."""

    def __init__(self, path: Path) -> None:
        super().__init__("monitor", timeout=SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def call(
    config: Path | None, method: str, path: str, body: Mapping[str, object] | None = None, *, spoken: str
) -> tuple[int, dict[str, object]]:
    """Ask the monitor of that configuration; the status and the JSON object of its answer.

    Raises NotAnswered when nobody answers there, NotPermitted when this user may not ask.
    """
    place = _place(config)
    sent = None if body is None else json.dumps(body).encode()
    headers = {"Accept-Language": spoken, **({"Content-Type": "application/json"} if sent is not None else {})}
    connection = _Socket(place)
    try:
        connection.request(method, path, sent, headers)
        answer = connection.getresponse()
        said = parse(answer.read(LONGEST))
    except PermissionError:
        raise NotPermitted(text("calling.forbidden", spoken, ruta=place)) from None
    except (FileNotFoundError, ConnectionRefusedError):
        raise NotAnswered(text("calling.stopped", spoken, ruta=place)) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "strerror", None) or error or type(error).__name__
        raise NotAnswered(text("calling.nobody", spoken, ruta=place, motivo=reason)) from None
    finally:
        connection.close()
    return answer.status, said if isinstance(said, dict) else {}


def _place(config: Path | None) -> Path:
    """An ordinary user may not read the configuration of an installed monitor: then the usual place."""
    try:
        return control_socket(load(config))
    except ConfigError:
        if config is not None:
            raise
        return control_socket(Config())
