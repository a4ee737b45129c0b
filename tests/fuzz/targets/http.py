"""Raw bytes and almost-requests at the unix socket: an answer of HTTP, never a 500, never a strange order."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable
from typing import Any

from tests.component.web.opened import SECONDS, Opened, opened
from trafico_monitor.model.control import ControlRequest, RequestKind
from trafico_monitor.model.control_schema import violations

from ..feed import Feed, scratch

LONGEST = 1024
WORDS = (
    "GET ", "POST ", "HEAD ", "/api/v1/status", "/api/v1/requests", "/api/v1/incidents", "/api/v1/events", "/metrics",
    "/", " HTTP/1.1\r\n", " HTTP/1.0\r\n", " HTTP/2.0\r\n", "Host: x\r\n", "\r\n", "\n", "Content-Length: 5\r\n",
    "Content-Length: -1\r\n", "Content-Length: 99999999999999999999\r\n", "Transfer-Encoding: chunked\r\n",
    "5\r\nhello\r\n", "0\r\n\r\n", "FFFFFFFF\r\n", "Connection: close\r\n", "Upgrade: websocket\r\n",
    "Expect: 100-continue\r\n", "Content-Type: application/json\r\n", "Accept-Language: en;q=0.1\r\n",
    "Cookie: a=b\r\n", "Origin: http://evil\r\n", "%00", "%ff", "?a=1&a=2", "?limit=", "\x16\x03\x01", "..",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", " ",
)  # fmt: skip
FIELDS = ("kind", "incident", "reason", "scope", "value", "seconds", "file", "modelo", "silence", "by", "at")
VALUES = (
    "retry", "ack", "acknowledge", "silence", "assign", "test", "all", "type", "modelo", "incident", "timeout",
    "T7F3K2AB", "#t7f3k2ab", "../../etc/passwd", 7, -1, 3600, 1e300, True, None, [], {}, ["retry"], "x" * 600, "a\nb",
    "\ud800", "",
)  # fmt: skip


class _Errors(logging.Handler):
    """What is logged as an error is an exception that nobody foresaw."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(self.format(record))


_loop = asyncio.new_event_loop()
_errors = _Errors()
_open: list[Opened] = []
_closing = contextlib.AsyncExitStack()


async def _window() -> Opened:
    if not _open:
        _open.append(await _closing.enter_async_context(opened(scratch())))
        logging.getLogger().addHandler(_errors)
    return _open[0]


def close() -> None:
    """For pytest, which wants no task left behind."""
    _loop.run_until_complete(_closing.aclose())
    logging.getLogger().removeHandler(_errors)
    _loop.close()


def fuzz(data: bytes) -> None:
    _errors.said.clear()
    unforeseen: list[dict[str, Any]] = []
    _loop.set_exception_handler(lambda _, context: unforeseen.append(context))
    _loop.run_until_complete(_talk(Feed(data)))
    assert not unforeseen and not _errors.said, (unforeseen, _errors.said)


async def _talk(feed: Feed) -> None:
    window = await _window()
    local = not feed.chance(4)
    asked = window.here.desk_now.asked  # type: ignore[union-attr]
    asked.clear()
    sent = _sent(feed)
    reader, writer = await window.connect(local=local)
    try:
        with contextlib.suppress(ConnectionError):
            for piece in (sent[: len(sent) // 2], sent[len(sent) // 2 :]) if feed.chance() else (sent,):
                writer.write(piece)
                await writer.drain()
            writer.write_eof()
            async with asyncio.timeout(SECONDS):
                answer = await reader.read()
            assert not answer or answer.startswith(b"HTTP/1.1 "), answer[:100]
            assert b"HTTP/1.1 500" not in answer, answer[:300]
    finally:
        writer.close()
    for request in asked:
        _check(request, local)


def _check(request: ControlRequest, local: bool) -> None:
    assert local and request.by.startswith("cli:"), request
    assert violations(request) == {}, request
    for word in (request.incident, request.value, request.reason):
        assert word.encode("utf-8") is not None and "\n" not in word and "\0" not in word


def _sent(feed: Feed) -> bytes:
    kind = feed.below(4)
    if kind == 0:
        return feed.rest()
    if kind == 1:
        return "".join(
            feed.pick(WORDS) if feed.chance(3) else feed.text(1, WORDS) for _ in range(feed.below(20))
        ).encode("utf-8", "replace")
    makers: tuple[Callable[[Feed], bytes], ...] = (
        _object,
        lambda f: f.take(120),
        lambda f: f.text(6).encode("utf-8", "replace"),
    )
    body = feed.pick(makers)(feed)
    path = feed.pick(("/api/v1/requests", "/api/v1/requests", "/api/v1/status", "/" + feed.text(2)))
    head = (
        f"{feed.pick(('POST', 'POST', 'GET', 'PUT'))} {path} HTTP/1.1\r\nHost: monitor\r\n"
        f"Content-Type: {feed.pick(('application/json', 'application/json;charset=utf-8', 'text/plain'))}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("utf-8", "replace") + body


def _object(feed: Feed) -> bytes:
    asked = {feed.pick(FIELDS): feed.text(2) if feed.chance(4) else feed.pick(VALUES) for _ in range(feed.below(7))}
    if feed.chance():
        asked["kind"] = feed.pick([kind.value for kind in RequestKind])
    return json.dumps(asked, allow_nan=True).encode()
