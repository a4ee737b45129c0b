"""Channels of a configuration. Client libraries are imported where a channel uses them."""

from __future__ import annotations

from ...config import telegram_endpoints
from ...config.schema import ADMIN, Channel, ChannelKind, Config
from .base import Channel as OpenChannel
from .telegram import NoChannel, TelegramChannel


def open_channels(config: Config) -> tuple[OpenChannel, ...]:
    """All channels, `admin` first."""
    return tuple(
        open_channel(channel, config.language, answering=telegram_endpoints.answering(channel, config))
        for channel in telegram_endpoints.channels(config)
    )


def open_channel(channel: Channel, language: str, *, answering: bool = False) -> OpenChannel:
    """The channel that `channel` (one of `telegram_endpoints.channels`) describes; a NoChannel where a setting is
    missing. `answering`: with buttons."""
    match channel.kind:
        case ChannelKind.APPRISE:
            from .apprise import AppriseChannel

            return AppriseChannel(channel.name, channel.url, language)
        case ChannelKind.WEBHOOK:
            from .webhook import WebhookChannel

            return WebhookChannel(channel.name, channel.url, language, channel.secret)
    missing = _missing(channel)
    if missing:
        return NoChannel(", ".join(missing), language, name=channel.name)
    address = (channel.token, channel.chat, channel.api_url)
    return TelegramChannel(*address, language, name=channel.name, answering=answering)


def _missing(channel: Channel) -> list[str]:
    """The missing settings, by the names that the operator knows."""
    own = channel.name != ADMIN
    token = f"channels.{channel.name}.token" if own else "TELEGRAM_TOKEN"
    chat = f"channels.{channel.name}.chat" if own else "ADMIN_ID"
    return [key for key, value in ((token, channel.token), (chat, channel.chat)) if not value]
