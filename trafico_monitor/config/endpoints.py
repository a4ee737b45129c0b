"""Which token goes to which server. Pure.

One token used against a local Bot API server and api.telegram.org by turns logs itself out of
the one and into the other: the bot would stop receiving. So the bot's token only ever goes to the
server that the bot itself uses; nothing here falls back from one to the other.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from .schema import Config, Paths

PUBLIC = "https://api.telegram.org"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def file_server(config: Config) -> str:
    """Where the bot's token may be used (getFile): the server that the bot itself uses."""
    return config.bot_api.url if config.bot_api.local else PUBLIC


def alert_server(config: Config) -> str:
    """Where messages to the administrator go."""
    if config.telegram.api_url:
        return config.telegram.api_url
    return PUBLIC if _separate(config) else file_server(config)


def alert_token(config: Config) -> str:
    """The token that messages are sent with; "" when none may be used.

    Without an alert token it is the bot's own, but never against another server than the bot's.
    """
    if _separate(config):
        return config.telegram.alert_token
    return "" if alert_conflict(config) else config.telegram.token


def alert_conflict(config: Config) -> bool:
    """True when the bot's token would be used against the public server and a local one by turns.

    Two addresses that are both the operator's own are taken as meant: one server, two doors.
    """
    if _separate(config) or not config.telegram.token:
        return False
    return same_server(alert_server(config), PUBLIC) != same_server(file_server(config), PUBLIC)


def _separate(config: Config) -> bool:
    """True with an alert token that really is another one than the bot's."""
    telegram = config.telegram
    return bool(telegram.alert_token) and telegram.alert_token != telegram.token


def alert_independent(config: Config) -> bool:
    """True when an alert arrives also while the local Bot API server is down."""
    if not config.bot_api.local:
        return True  # there is no local server that could be down
    return bool(alert_token(config)) and not same_server(alert_server(config), config.bot_api.url)


def same_server(one: str, other: str) -> bool:
    """True when two addresses are the same host and port; the loopback's names are one host."""
    return _place(one) == _place(other)


def control_socket(config: Config) -> Path:
    """Where the running monitor answers commands: in its RuntimeDirectory, or, for a monitor with a
    state directory of its own (a trial, a test), in there."""
    installed = Path("/run/trafico-monitor") if config.paths.state == Paths().state else config.paths.state
    return installed / "api.sock"


def _place(address: str) -> tuple[str, int]:
    parts = urlsplit(address)
    host = (parts.hostname or "").lower()
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return ("localhost" if host in _LOOPBACK else host, port)
