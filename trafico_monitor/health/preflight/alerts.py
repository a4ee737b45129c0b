"""Will a message arrive? Asked with the alert token alone.

The bot's own token is never tried here: used against another server than the bot's it would log
the bot out (see `config.endpoints`).
"""

from __future__ import annotations

import asyncio
import logging

import httpx

from ...config import endpoints
from .check import Check, Scene, critical, ok, warning

_SECONDS = 10.0


async def alerts(scene: Scene) -> list[Check]:
    """The alert bot answers, and the administrator has begun a conversation with it."""
    telegram = scene.config.telegram
    token = endpoints.alert_token(scene.config)
    if not telegram.alert_token or token != telegram.alert_token or token == telegram.token:
        return []  # what is missing then is said by the configuration's gaps
    server = endpoints.alert_server(scene.config)
    status, answer = await _ask(server, token, "getMe", {})
    if status is None:
        return [warning("alerts_unreachable", "ask_server", server=server)]
    if status in (401, 404):
        return [critical("alerts_refused", "alert_token", server=server)]
    if status != 200:
        return [warning("alerts_status", "ask_server", server=server, status=status)]
    name = answer.get("username")
    if telegram.admin_id:
        status, _ = await _ask(server, token, "getChat", {"chat_id": telegram.admin_id})
        if status == 400:
            return [critical("alerts_chat", bot=name, admin=telegram.admin_id)]
    return [ok("alerts", bot=name)]


async def _ask(server: str, token: str, method: str, values: dict[str, str]) -> tuple[int | None, dict[str, object]]:
    """(HTTP status, result); (None, {}) when nobody answered."""
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
