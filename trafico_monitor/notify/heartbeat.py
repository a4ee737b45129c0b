"""Heartbeat: an address that is called regularly and raises an alarm when the calls stop.

It covers failures that take the monitor down together with its alerts (power, network, kernel). As in Healthchecks,
the address itself means «alive», `/start` «starting», `/fail` «unhealthy», with the reason as its body. An error here
never disturbs the monitor.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit, urlunsplit

import httpx

from ..host.redact import redact
from ..messages import text
from .channels.http_client import ask, cause_of, is_address, open_client

Note = Callable[[str, Mapping[str, str]], None]

DEADLINE = 15.0
LONGEST_REASON = 2000


class Heartbeat:
    """`run` is owned by the service. `healthy` returns "" or the reason why not. `note(code,
    fields)` is told once when pings begin to fail, and once when they arrive again: the text is
    `channels.ping.<code>`. `url` is a secret (whoever knows it can keep the alarm quiet)."""

    def __init__(
        self, url: str, every: float, healthy: Callable[[], str], *, note: Note | None = None, language: str = "es"
    ) -> None:
        self._url, self._every, self._healthy = url, max(1.0, every), healthy
        self._note, self._language = note, language
        self._failing = False

    @property
    def remark(self) -> str:
        """What the operator should mend, "" when nothing."""
        return "" if is_address(self._url) else text("channels.ping.address", self._language)

    async def run(self) -> None:
        """Ping until cancelled; at once with a wrong address, which `remark` tells."""
        if not is_address(self._url):
            return
        client = open_client(self._url)
        try:
            await self._send(client, "start", "")
            while True:
                reason = self._reason()
                await self._send(client, "fail" if reason else "", reason)
                await asyncio.sleep(self._every)
        finally:
            with contextlib.suppress(Exception):
                await client.aclose()

    def _reason(self) -> str:
        try:
            return redact(self._healthy())[:LONGEST_REASON]
        except Exception as error:  # a fault in the judgement is no sign of health
            return type(error).__name__

    async def _send(self, client: httpx.AsyncClient, what: str, reason: str) -> None:
        try:
            async with asyncio.timeout(DEADLINE):
                request = client.build_request(
                    "POST" if reason else "GET", address(self._url, what), content=reason.encode() or None
                )
                answer = await ask(client, request)
        except TimeoutError:
            self._failed(text("channels.cause.silent", self._language))
        except Exception as error:
            self._failed(text(f"channels.cause.{cause_of(error)}", self._language))
        else:
            if answer.is_success:
                self._arrived()
            else:
                self._failed(text("channels.ping.status", self._language, estado=answer.status_code))

    def _failed(self, detail: str) -> None:
        if not self._failing and self._note is not None:
            self._note("failed", {"detalle": detail})
        self._failing = True

    def _arrived(self) -> None:
        if self._failing and self._note is not None:
            self._note("back", {})
        self._failing = False


def address(url: str, what: str) -> str:
    """`url`, or its `/start` or `/fail`, which stand before a query."""
    if not what:
        return url
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{what}"))
