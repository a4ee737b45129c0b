"""python-telegram-bot's HTTP requests with bounded answers: the Bot API server, or an impostor, controls the length
and depth of an answer.

Import it lazily if messages are rare: the library takes 20 MiB.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from .untrusted_json import MOST_BYTES, parse


class AnswerRefused(httpx.HTTPError):
    """The server's answer is longer than any valid one, or compressed without being asked for."""


class BoundedRequest(HTTPXRequest):
    """Raises NetworkError, caused by AnswerRefused, for an answer that is too long; TelegramError for one that is
    not JSON of bounded depth."""

    def __init__(self, *, httpx_kwargs: dict[str, Any] | None = None, **options: Any) -> None:
        hooks = {"event_hooks": {"response": [_bound]}, "headers": {"Accept-Encoding": "identity"}}
        super().__init__(httpx_kwargs={**(httpx_kwargs or {}), **hooks}, **options)

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Returns the answer, after checking that it is an object: the library fails on any other type."""
        try:
            return parse(payload.decode("utf-8", "replace"))  # type: ignore[return-value]
        except ValueError:
            raise TelegramError("Invalid server response") from None


async def _bound(response: httpx.Response) -> None:
    """Hook for the head of an answer, before its body is read."""
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise AnswerRefused("packed")
    assert isinstance(response.stream, httpx.AsyncByteStream)
    response.stream = _Bounded(response.stream)


class _Bounded(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for piece in self._stream:
            read += len(piece)
            if read > MOST_BYTES:
                raise AnswerRefused("too long")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
