"""Opens a channel as it is configured. Client libraries are imported when one is really used."""

from __future__ import annotations

from ..config.alerts import ADMIN, Channel, ChannelKind
from . import channel as ways
from .telegram import NoChannel, TelegramChannel


def open_channel(channel: Channel, language: str) -> ways.Channel:
    """The way to a person that `channel` (one of `endpoints.channels`) describes; one that lacks
    what it needs says so, and is passed over."""
    match channel.kind:
        case ChannelKind.APPRISE:
            from .apprise_channel import AppriseChannel

            return AppriseChannel(channel.name, channel.url, language)
        case ChannelKind.WEBHOOK:
            from .webhook import WebhookChannel

            return WebhookChannel(channel.name, channel.url, language)
    missing = _missing(channel)
    if missing:
        return NoChannel(", ".join(missing), language, name=channel.name)
    return TelegramChannel(channel.token, channel.chat, channel.api_url, language, name=channel.name)


def _missing(channel: Channel) -> list[str]:
    """What nobody has said, by the names that the operator knows."""
    own = channel.name != ADMIN
    token = f"channels.{channel.name}.token" if own else "TELEGRAM_TOKEN"
    chat = f"channels.{channel.name}.chat" if own else "ADMIN_ID"
    return [key for key, value in ((token, channel.token), (chat, channel.chat)) if not value]
