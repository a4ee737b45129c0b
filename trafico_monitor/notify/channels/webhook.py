"""JSON by POST to an address of the operator's, such as his own panel (docs/webhook.md)."""

from __future__ import annotations

import asyncio
import email.utils
import json
import time
from base64 import b64decode

import httpx

from ...errors import DeliveryError
from ...messages import text
from ..delivery.worker import RefusedByServer
from ..messages.markup import Message
from .http_client import ask, cause_of, is_address, open_client
from .webhook_payload import body_of, idempotency_key, message_name, signature

# Connecting, sending, the whole answer.
DEADLINE = 20.0
SLOW_RETRY = 300.0
# A longer Retry-After is cut to this: an alert is of no use the day after.
LONGEST_WAIT = 3600.0
_RIGHTS = frozenset({401, 403, 404})
_FOR_LATER = frozenset({408, 425, 429})


class WebhookChannel:
    """One address. A later message with the same `id` replaces the earlier one at the receiver, so the channel edits.
    The address is a secret: errors name the channel instead. With a signing `secret` (`whsec_…`) each request is
    signed as Standard Webhooks 1.0.0 says."""

    edits = True

    def __init__(self, name: str, url: str, language: str = "es", secret: str = "") -> None:
        self._name, self._url, self._language = name, url, language
        self._key = b64decode(secret.removeprefix("whsec_"))
        self._usable = is_address(url)
        self._client = open_client(url)

    @property
    def name(self) -> str:
        return self._name

    @property
    def remark(self) -> str:
        return "" if self._usable else self._say("address")

    async def close(self) -> None:
        """Closes the connection."""
        await self._client.aclose()

    async def deliver(self, message: Message, *, message_id: str | None) -> str:
        """Posts the message and returns the `id` by which the receiver knows it. Raises DeliveryError."""
        if not self._usable:
            raise DeliveryError(self._say("address"), retry_after=SLOW_RETRY, unusable=True)
        content = json.dumps(body_of(message, self._language), ensure_ascii=False).encode()
        name = idempotency_key(message)
        headers = {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": name}
        if self._key:
            headers |= signature(self._key, name, int(time.time()), content)
        try:
            async with asyncio.timeout(DEADLINE):
                request = self._client.build_request("POST", self._url, content=content, headers=headers)
                answer = await ask(self._client, request)
        except TimeoutError:
            told = text("channels.deadline", self._language, canal=self._name, segundos=f"{DEADLINE:g}")
            raise DeliveryError(told) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            cause = text(f"channels.cause.{cause_of(error)}", self._language)
            raise DeliveryError(self._say("unreachable", detalle=cause)) from None
        if (trouble := self._trouble(answer)) is not None:
            raise trouble
        return message_name(message)

    def _trouble(self, answer: httpx.Response) -> DeliveryError | None:
        """The error that an answer other than 2xx stands for: who can fix it, and when to try again."""
        status = answer.status_code
        if 200 <= status < 300:
            return None
        if status in _FOR_LATER or status == 503:
            wait = retry_after(answer.headers.get("Retry-After", ""), time.time())
            said = self._say("wait", segundos=f"{wait:g}") if wait else self._say("status", status)
            return RefusedByServer(said, retry_after=wait or (SLOW_RETRY if status < 500 else 0.0))
        if status in _RIGHTS:
            return DeliveryError(self._say("rights", status), retry_after=SLOW_RETRY, unusable=True)
        if 300 <= status < 400:
            return DeliveryError(self._say("redirect", status), retry_after=SLOW_RETRY, unusable=True)
        if 400 <= status < 500:
            return RefusedByServer(self._say("refused", status), permanent=True)
        return RefusedByServer(self._say("status", status))

    def _say(self, kind: str, status: int = 0, **fields: str) -> str:
        return text(f"channels.webhook.{kind}", self._language, canal=self._name, estado=status, **fields)


def retry_after(value: str, now: float) -> float:
    """Seconds to wait by a Retry-After header, a number or a date (RFC 9110, 10.2.3); at most
    LONGEST_WAIT, and 0 for what is neither."""
    try:
        seconds = float(value) if value.strip().isdecimal() else _until(value, now)
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _until(date: str, now: float) -> float:
    return email.utils.parsedate_to_datetime(date).timestamp() - now
