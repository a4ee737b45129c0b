"""Client of the running monitor or hub: HTTP over its unix socket, and the reply to an operator request."""

from __future__ import annotations

import http.client
import json
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..config.loader import load, load_hub
from ..config.schema import HUB_STATE, Config, Paths
from ..config.telegram_endpoints import control_socket
from ..errors import ConfigError, MonitorError, NotPermitted
from ..host.untrusted_json import parse
from ..messages import text
from .output import language, print_json, say

LONGEST = 4_000_000  # bytes of an answer
SECONDS = 40.0  # more than the monitor's own deadline for an answer


class NotAnswered(MonitorError):
    """The monitor cannot be reached, or has not answered."""

    exit_code = 69  # EX_UNAVAILABLE


class UsageError(MonitorError):
    """The words of the command line do not make a request."""

    exit_code = 64  # EX_USAGE


_REFUSED = 1
_EXIT = {200: 0, 422: UsageError.exit_code, 503: NotAnswered.exit_code}


def send_command(config: Path | None, as_json: bool, kind: str, **fields: object) -> int:
    """Send the request `kind` (model/control.py), print the answer, and return the exit status: 0 done, 1
    refused with the reason, 64 not understood. Raises NotAnswered (69), NotPermitted (77)."""
    given = {name: value for name, value in fields.items() if value is not None}
    status, answer = call(config, "POST", "/api/v1/requests", {"kind": kind, **given}, spoken=language())
    if as_json:
        print_json(answer)
    else:
        say(_reason(answer), stream=sys.stdout if answer.get("ok") else sys.stderr)
    return _EXIT.get(status, _REFUSED)


def _reason(answer: Mapping[str, object]) -> str:
    """The text of an answer, with what is expected of each field."""
    expected = answer.get("fields") if answer.get("code") == "invalid" else None
    fields = [f"  {name}: {each}" for name, each in expected.items()] if isinstance(expected, Mapping) else []
    return "\n".join([str(answer.get("text", "")), *fields])


def call(
    config: Path | None, method: str, path: str, body: Mapping[str, object] | None = None, *, spoken: str
) -> tuple[int, dict[str, object]]:
    """Sends a request to the monitor of that configuration; returns status and JSON object of its answer.

    Raises NotAnswered if the monitor does not answer, NotPermitted if this user has no access.
    """
    return _ask(_socket_path(config), method, path, body, spoken, ("calling.stopped", "trafico-monitor"))


def call_hub(
    config: Path | None, method: str, path: str, body: Mapping[str, object] | None = None, *, spoken: str
) -> tuple[int, dict[str, object]]:
    """As `call`, of the hub of that configuration."""
    return _ask(_hub_socket_path(config), method, path, body, spoken, ("calling.no_hub", "trafico-monitor-hub"))


def ask_hub(config: Path | None, path: str, spoken: str) -> dict[str, Any]:
    """Returns the answer of the hub of that configuration to GET `path`.

    Raises NotAnswered without a running hub, NotPermitted if this user has no access, UsageError for a value that the
    hub does not understand."""
    status, said = call_hub(config, "GET", path, spoken=spoken)
    if status == 200:
        return said
    raise {422: UsageError, 503: NotAnswered}.get(status, MonitorError)(_reason(said))


def _ask(
    place: Path, method: str, path: str, body: Mapping[str, object] | None, spoken: str, who: tuple[str, str]
) -> tuple[int, dict[str, object]]:
    """`who`: the code of what to say while nobody listens, and the group that may ask."""
    sent = None if body is None else json.dumps(body).encode()
    headers = {"Accept-Language": spoken, **({"Content-Type": "application/json"} if sent is not None else {})}
    connection = _UnixConnection(place)
    try:
        connection.request(method, path, sent, headers)
        answer = connection.getresponse()
        said = parse(answer.read(LONGEST))
    except PermissionError:
        raise NotPermitted(text("calling.forbidden", spoken, ruta=place, grupo=who[1])) from None
    except (FileNotFoundError, ConnectionRefusedError):
        raise NotAnswered(text(who[0], spoken)) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "strerror", None) or error or type(error).__name__
        raise NotAnswered(text("calling.nobody", spoken, ruta=place, motivo=reason)) from None
    finally:
        connection.close()
    return answer.status, said if isinstance(said, dict) else {}


class _UnixConnection(http.client.HTTPConnection):
    """An HTTP connection to a path instead of a host."""

    def __init__(self, path: Path) -> None:
        super().__init__("monitor", timeout=SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _socket_path(config: Path | None) -> Path:
    """An ordinary user may not read the configuration of an installed monitor: then the usual place."""
    try:
        return control_socket(load(config))
    except ConfigError:
        if config is not None:
            raise
        return control_socket(Config())


def _hub_socket_path(config: Path | None) -> Path:
    """As that of a monitor; without a configuration there is no hub in the usual place either."""
    try:
        return control_socket(load_hub(config))
    except ConfigError:
        if config is not None:
            raise
        return control_socket(Config(paths=Paths(state=HUB_STATE)))
