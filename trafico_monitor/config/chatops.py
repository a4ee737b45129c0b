"""Whether the alert bot takes answers, and whose. Pure: asked before `notify.answers` is opened, and
by `check`."""

from __future__ import annotations

from collections.abc import Iterable

from .alerts import Channel, ChannelKind
from .schema import Telegram


def allowed_ids(telegram: Telegram, channels: Iterable[Channel]) -> frozenset[int]:
    """The administrator and the chats of the Telegram channels: persons (positive) are obeyed,
    groups (negative) are where they are. A name such as `@news` is no id."""
    chats = (channel.chat for channel in channels if channel.kind is ChannelKind.TELEGRAM)
    return frozenset(number for number in map(_number, (telegram.admin_id, *chats)) if number)


def why_not(telegram: Telegram, allowed: frozenset[int]) -> str:
    """Why nobody can answer: a code of `answers.off.*`; "" when answers can be taken.

    The bot that bot_central asks for updates must never be asked by us: its updates, videos
    included, would come to us instead. One bot has one number, whatever its token's other half.
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
