"""Any answer of a Bot API server through the real client library: a path beneath the directories, or a trouble."""

from __future__ import annotations

import asyncio
import functools
import json
import logging
from unittest.mock import patch

import httpx

from trafico_monitor.errors import DeliveryError, PathRefused
from trafico_monitor.model.installation import Installation
from trafico_monitor.notify.channels.telegram import TelegramChannel
from trafico_monitor.notify.messages.markup import Message
from trafico_monitor.repair.bot_api import ServerFile, Trouble, get_file
from trafico_monitor.repair.path_policy import resolve_source

from ..babbler import Babbler
from ..feed import SECRET, TOKEN, Feed
from .paths import SITE, WORDS, _inside

LONGEST = 1024
SECONDS = 20.0
STATUSES = (200, 200, 200, 201, 204, 301, 400, 401, 403, 404, 409, 413, 429, 500, 502, 599)
KEYS = (
    "ok", "result", "description", "error_code", "parameters", "retry_after", "migrate_to_chat_id", "file_path",
    "file_size", "file_id", "file_unique_id", "message_id", "chat", "id", "type", "date", "text",
)  # fmt: skip
SAID = (
    "Bad Request: file is too big", "Not Found", "Unauthorized", "Forbidden: bot was blocked",
    "Too Many Requests: retry after 9", "message is not modified", "can't parse entities",
    "Bad Request: file is temporarily unavailable", "Logged out", "chat not found", "message to edit not found",
    TOKEN, "private",
)  # fmt: skip


class _Heard(logging.Handler):
    """Everything that any library logs: the token must not be in it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.INFO:
            self.lines.append(record.getMessage())


_server = Babbler()
_site = Installation(
    SITE.models, SITE.bot_api, SITE.uid, SITE.gid, api_url=_server.url, token=TOKEN, project=SITE.project
)
_heard = _Heard()
_loop = asyncio.new_event_loop()
_context = functools.cache(lambda *_, **__: httpx.create_ssl_context())
_channels: list[TelegramChannel] = []


def close() -> None:
    """For pytest, which wants nothing left behind."""
    if _channels:
        _loop.run_until_complete(_channels.pop().close())
    _loop.close()
    _server.close()


def fuzz(data: bytes) -> None:
    feed = Feed(data)
    sends = feed.chance(3)
    _server.status, _server.announced = feed.pick(STATUSES), feed.pick((0, 0, 0, 9))
    _server.kind = feed.pick(("application/json", "text/html", "application/json; charset=utf-16", "x/\xff"))
    _server.body = b"" if _server.status == 204 else _body(feed, sends)
    _heard.lines.clear()
    _server.heard.clear()
    logging.getLogger().addHandler(_heard)
    try:
        # A context of TLS takes 20 ms to make, and none is used here.
        with patch("httpx._transports.default.create_ssl_context", _context):
            _loop.run_until_complete(asyncio.wait_for(_send(feed) if sends else _ask(), SECONDS))
    finally:
        logging.getLogger().removeHandler(_heard)
    assert not [line for line in _heard.lines if SECRET in line], _heard.lines


async def _ask() -> None:
    answer = await get_file(_site, "BAACAgFILE", 5.0)
    if isinstance(answer, Trouble):
        assert SECRET not in answer.detail and len(answer.detail) <= 300 and answer.reason and answer.retry_after >= 0
        return
    assert isinstance(answer, ServerFile) and isinstance(answer.path, str)
    assert answer.size is None or isinstance(answer.size, int)
    try:
        found = resolve_source(answer.path, _site)
    except PathRefused:
        return
    _inside(found, _site, answer.path)


async def _send(feed: Feed) -> None:
    if not _channels:
        _channels.append(TelegramChannel(TOKEN, "4242", _server.url))
    try:
        sent = await _channels[0].deliver(Message("<b>x</b>", "x"), message_id="7" if feed.chance() else None)
    except DeliveryError as error:
        assert SECRET not in str(error) and "\n" not in str(error) and error.retry_after >= 0
        return
    assert sent.lstrip("-").isdecimal(), sent


def _body(feed: Feed, sends: bool) -> bytes:
    kind = feed.below(4)
    if kind == 0:
        return feed.take(250)
    if kind == 1:
        return json.dumps(_value(feed, 4)).encode()
    if sends:
        result: object = {"message_id": 7, "date": 1, "chat": {"id": 4242, "type": "private"}}
    else:
        path = "".join(feed.pick(WORDS) if feed.chance() else feed.text(1) for _ in range(feed.below(7)))
        result = {
            "file_id": "x",
            "file_unique_id": "y",
            "file_path": path,
            "file_size": feed.pick((5, None, -1, 10**30, "7")),
        }
    answer = {"ok": feed.pick((True, True, False, None, 1)), "result": result}
    for _ in range(feed.below(4)):
        answer[feed.pick(KEYS)] = feed.pick(SAID) if feed.chance() else _value(feed, 2)
    return json.dumps(answer).encode()


def _value(feed: Feed, deep: int) -> object:
    kind = feed.below(8)
    if kind == 0 and deep:
        return {feed.pick(KEYS): _value(feed, deep - 1) for _ in range(feed.below(6))}
    if kind == 1 and deep:
        return [_value(feed, deep - 1) for _ in range(feed.below(4))]
    return feed.pick((None, True, False, 0, 4, -7, 2**53, 10**30, 1.5, 1e308, "", "/", feed.pick(SAID), feed.text(3)))
