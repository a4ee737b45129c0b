"""Delivery of alerts, tried with the tokens of alert bots alone.

The bot's own token is never tried here: used against another server than the bot's it would log
the bot out (see `config.telegram_endpoints`).
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
from collections.abc import Iterable

import httpx

from ..config import telegram_endpoints
from ..config.schema import ADMIN, Alerts, Channel, ChannelKind, Config, Telegram
from ..config.telegram_endpoints import allowed_ids, why_no_answers
from ..messages import text
from .base import CheckContext, CheckResult, critical, ok, warning

_SECONDS = 10.0


async def alerts(context: CheckContext) -> list[CheckResult]:
    """The channels: complete, used, their bots answering and allowed to write; and a way for «the server is down»."""
    config = context.config
    found = channels(config.telegram, config.alerts, config.channels, config.language)
    tried = await asyncio.gather(*(_tried(channel, config) for channel in telegram_endpoints.channels(config)))
    return [*(check for checks in tried for check in checks), *found, *_ways(config)]


async def _tried(channel: Channel, config: Config) -> list[CheckResult]:
    own = channel.name == ADMIN
    spare = [] if own or _is_named(channel.name, config) else [ok("channel_spare", channel=channel.name)]
    return [*spare, *await _looked_at(channel, config, own=own)]


async def _looked_at(channel: Channel, config: Config, *, own: bool) -> list[CheckResult]:
    if channel.kind is not ChannelKind.TELEGRAM:
        return [ok("channel", channel=channel.name, kind=channel.kind.value)]
    if not channel.token:  # of `admin` the configuration's gaps say it
        return [] if own else [critical("channel_no_token", "channels", channel=channel.name)]
    if channel.token == config.telegram.token:
        return [] if own else [ok("channel", channel=channel.name, kind=channel.kind.value)]
    return [await _bot(channel)]


async def _bot(channel: Channel) -> CheckResult:
    """The bot answers, and the recipient has begun a conversation with it."""
    server, fix = channel.api_url, "alert_token" if channel.name == ADMIN else "channels"
    status, answer = await _ask(server, channel.token, "getMe", {})
    if status is None:
        return warning("alerts_unreachable", "ask_server", channel=channel.name, server=server)
    if status in (401, 404):
        return critical("alerts_refused", fix, channel=channel.name, server=server)
    if status != 200:
        return warning("alerts_status", "ask_server", channel=channel.name, server=server, status=status)
    name = answer.get("username")
    if channel.chat:
        status, _ = await _ask(server, channel.token, "getChat", {"chat_id": channel.chat})
        if status in (400, 403):
            return critical("alerts_chat", channel=channel.name, bot=name, admin=channel.chat)
    return ok("alerts", channel=channel.name, bot=name)


def _ways(config: Config) -> list[CheckResult]:
    """The channels that do not need the watched server; having none is one of the gaps."""
    ready = telegram_endpoints.channels(config)
    names = [channel.name for channel in ready if channel.chat or channel.url]
    free = [
        channel.name for channel in ready if channel.name in names and telegram_endpoints.independent(channel, config)
    ]
    found = [ok("alert_ways", channels=", ".join(free))] if config.bot_api.local and free else []
    return [*found, *([ok("one_channel", channel=names[0])] if len(names) == 1 else [])]


def _is_named(name: str, config: Config) -> bool:
    """Whether anything is sent on the channel `name` while all others work."""
    alerts = config.alerts
    routed = (to for route in config.routes for to in route.to)
    return name in (*routed, *alerts.escalate_to, alerts.fallback)


async def _ask(server: str, token: str, method: str, values: dict[str, str]) -> tuple[int | None, dict[str, object]]:
    """(HTTP status, result); (None, {}) without an answer."""
    logging.getLogger("httpx").setLevel(logging.WARNING)  # its INFO lines hold the token
    try:
        async with (
            asyncio.timeout(_SECONDS),
            httpx.AsyncClient(trust_env=False, timeout=_SECONDS) as client,
        ):
            answer = await client.post(f"{server}/bot{token}/{method}", json=values)
    except (TimeoutError, httpx.HTTPError, OSError):
        return None, {}
    try:
        result = answer.json().get("result")
    except (ValueError, AttributeError):
        result = None
    return answer.status_code, result if isinstance(result, dict) else {}


def channels(telegram: Telegram, alerts: Alerts, known: Iterable[Channel], language: str) -> list[CheckResult]:
    """Results about `[channels.*]` and the alert bot's commands. A missing alert token is one of the configuration's
    gaps."""
    listed = tuple(known)
    return [*_answers(telegram, alerts, listed, language), *_apprise(listed)]


def _answers(telegram: Telegram, alerts: Alerts, listed: tuple[Channel, ...], language: str) -> list[CheckResult]:
    reason = why_no_answers(telegram, allowed_ids(telegram, listed)) if alerts.answers else ""
    if not reason or reason == "no_token":
        return []
    fix = "alert_token" if reason == "same_bot" else ""
    return [warning("answers_off", fix, texto=text(f"answers.off.{reason}", language))]


def _apprise(listed: tuple[Channel, ...]) -> list[CheckResult]:
    names = ", ".join(channel.name for channel in listed if channel.kind is ChannelKind.APPRISE)
    if not names:
        return []
    if importlib.util.find_spec("apprise") is None:
        return [critical("apprise_absent", "apprise", nombres=names)]
    return [ok("apprise", nombres=names)]
