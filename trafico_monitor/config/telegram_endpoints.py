"""Assignment of tokens to servers, and the senders whose replies the alert bot accepts. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from .schema import ADMIN, HUB_STATE, Channel, ChannelKind, Config, Paths, Telegram

# One token used against a local Bot API server and api.telegram.org by turns logs itself out of
# the one and into the other: the bot would stop receiving. So the bot's token only ever goes to the
# server that the bot itself uses; nothing here falls back from one to the other.

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
    """True if the bot's token would be used on the public server and a local one alternately.

    Two addresses of the operator count as intended: one server with two addresses.
    """
    if _separate(config) or not config.telegram.token:
        return False
    return _torn(alert_server(config), config)


def _separate(config: Config) -> bool:
    """True with an alert token that really is another one than the bot's."""
    telegram = config.telegram
    return bool(telegram.alert_token) and telegram.alert_token != telegram.token


def channels(config: Config) -> tuple[Channel, ...]:
    """Returns every channel with its token and server filled in, `admin` first.

    A Telegram channel whose token may not be used on its server has none.
    """
    telegram = config.telegram
    admin = Channel(ADMIN, chat=telegram.admin_id, token=alert_token(config), api_url=alert_server(config))
    return (admin, *(_ready(channel, config) for channel in config.channels))


def delivering(config: Config) -> bool:
    """True if a channel of the configuration, other than `admin`, has all that it needs to deliver."""
    own = channels(config)[1:]
    return any(one.kind is not ChannelKind.TELEGRAM or bool(one.token and one.chat) for one in own)


def _ready(channel: Channel, config: Config) -> Channel:
    if channel.kind is not ChannelKind.TELEGRAM:
        return channel
    token = channel.token or alert_token(config)
    if token and token == alert_token(config):
        server = channel.api_url or alert_server(config)
    else:
        server = channel.api_url or (file_server(config) if token == config.telegram.token else PUBLIC)
    # The bot's own token stays on the bot's server, whatever the channel says.
    torn = token == config.telegram.token and _torn(server, config)
    return replace(channel, token="" if torn else token, api_url=server)


def _torn(server: str, config: Config) -> bool:
    """True where the bot's own token would be used on two servers by turns."""
    return same_server(server, PUBLIC) != same_server(file_server(config), PUBLIC)


def answering(channel: Channel, config: Config) -> bool:
    """True if users may reply with buttons: on the alert bot, if no other program polls it. Never with the bot's
    own token."""
    nobody = why_no_answers(config.telegram, allowed_ids(config.telegram, config.channels))
    return config.alerts.answers and not nobody and channel.token == config.telegram.alert_token


def independent(channel: Channel, config: Config) -> bool:
    """True when a message on `channel` (one of `channels`) arrives also while the local Bot API
    server is down."""
    if channel.kind is not ChannelKind.TELEGRAM:
        return True
    if not channel.token:
        return False
    return not config.bot_api.local or not same_server(channel.api_url, config.bot_api.url)


def alert_independent(config: Config) -> bool:
    """True when some alert arrives also while the local Bot API server is down."""
    if not config.bot_api.local:
        return True  # there is no local server that could be down
    return any(independent(channel, config) for channel in channels(config))


def same_server(one: str, other: str) -> bool:
    """True when two addresses are the same host and port; the loopback's names are one host."""
    return _place(one) == _place(other)


def control_socket(config: Config) -> Path:
    """Where the running service answers commands: in its RuntimeDirectory, or, for one with a state directory of its
    own (a trial, a test), in there."""
    installed = {Paths().state: Path("/run/trafico-monitor"), HUB_STATE: Path("/run/trafico-monitor-hub")}
    return installed.get(config.paths.state, config.paths.state) / "api.sock"


def _place(address: str) -> tuple[str, int]:
    parts = urlsplit(address)
    host = (parts.hostname or "").lower()
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return ("localhost" if host in _LOOPBACK else host, port)


def allowed_ids(telegram: Telegram, channels: Iterable[Channel]) -> frozenset[int]:
    """The administrator and the chats of the Telegram channels: persons (positive) are obeyed,
    groups (negative) are where they are. A name such as `@news` is no id."""
    chats = (channel.chat for channel in channels if channel.kind is ChannelKind.TELEGRAM)
    return frozenset(number for number in map(_number, (telegram.admin_id, *chats)) if number)


def why_no_answers(telegram: Telegram, allowed: frozenset[int]) -> str:
    """Returns the reason why nobody can reply: a code of `answers.off.*`; "" if replies are enabled.

    The monitor must never poll the bot that bot_central polls: it would take that bot's updates, including videos. A
    bot has one number, whatever the other half of its token.
    """
    if not telegram.alert_token:
        return "no_token"
    if telegram.alert_token.partition(":")[0].strip() == telegram.token.partition(":")[0].strip():
        return "same_bot"
    if not any(number > 0 for number in allowed):
        return "nobody"
    return ""


def _number(value: str) -> int:
    written = value.strip()
    digits = written.removeprefix("-")
    return int(written) if digits.isascii() and digits.isdecimal() and len(digits) < 17 else 0
