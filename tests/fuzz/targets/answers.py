"""What anybody may send to the alert bot: an order of exactly the known forms, or none."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

from telegram import Update
from telegram.ext import ApplicationBuilder, ExtBot

from trafico_monitor.model.control import RequestKind
from trafico_monitor.model.control_schema import LONGEST_SILENCE, SHORTEST_SILENCE
from trafico_monitor.notify.chatops.commands import Act, Command, Show, Unclear, handlers, request_of
from trafico_monitor.notify.chatops.updates import parse
from trafico_monitor.notify.choosing import Choice

from ..feed import Feed

LONGEST = 1024
KEYS = (
    "update_id", "message", "callback_query", "from", "chat", "id", "type", "text", "data", "date", "message_id",
    "is_bot", "via_bot", "sender_chat", "forward_origin", "edited_message",
)  # fmt: skip
WORDS = (
    "/reintentar ", "/retry@trafico_bot ", "/silenciar ", "/ack", "/estado", "/start", "T7F3K2AB", "#T7F3K2AB", "1h",
    "7d", "99999d", "30s", "60s", "r1:", "1:retry:T7F3K2AB", "1:silence:T7F3K2AB",
    "1:assign:T7F3K2AB:", "AAAAAAAAAAAAAAAA", "1:page:T7F3K2AB:", "7", "2:retry:T7F3K2AB", "private",
    "group", " ",
)  # fmt: skip


def fuzz(data: bytes) -> None:
    feed = Feed(data)
    kind = feed.below(4)
    if kind == 0:
        try:
            update = json.loads(feed.rest())
        except (ValueError, RecursionError):
            return
    elif kind == 1:
        update = {feed.pick(KEYS): _value(feed, 4) for _ in range(feed.below(5))}
    else:
        update = _likely(feed)
    _check(update)


class _NamedBot(ExtBot[None]):
    """The library's bot, as after getMe."""

    @property
    def username(self) -> str:
        return "trafico_bot"


_BOT = _NamedBot("1234567890:AAExampleExampleExampleExampleExampl")
_FOUND: list[Command | None] = []


async def _receive(update: Update, command: Command | None) -> None:
    _FOUND.append(command)


def _application() -> Any:
    application = ApplicationBuilder().bot(_BOT).updater(None).job_queue(None).build()
    application._initialized = True  # without asking a server
    application.add_handlers(handlers(_receive))
    return application


_APPLICATION = _application()


def _likely(feed: Feed) -> dict[str, object]:
    person, text = {"id": 4, "is_bot": False, "first_name": "x"}, feed.text(4, WORDS)
    command = {"type": "bot_command", "offset": 0, "length": max(1, len(text.split(" ")[0]))}
    message: dict[str, object] = {
        "message_id": 7,
        "chat": {"id": 4, "type": "private"},
        "from": person,
        "date": 1766700000,
        "text": text,
    }
    if text.startswith("/"):
        message["entities"] = [command]
    for _ in range(feed.below(3)):
        message[feed.pick(KEYS)] = _value(feed, 2)
    if feed.chance():
        return {"update_id": feed.below(1 << 20), "message": message}
    press = {"id": "9", "from": person, "chat_instance": "1", "message": message, "data": feed.text(4, WORDS)}
    if feed.chance(4):
        press[feed.pick(KEYS)] = _value(feed, 2)
    return {"update_id": feed.below(1 << 20), "callback_query": press}


def _value(feed: Feed, deep: int) -> object:
    kind = feed.below(8)
    if kind == 0 and deep:
        return {feed.pick(KEYS): _value(feed, deep - 1) for _ in range(feed.below(6))}
    if kind == 1 and deep:
        return [_value(feed, deep - 1) for _ in range(feed.below(3))]
    return feed.pick((None, True, False, 0, 4, -7, 2**53, 10**400, 1.5, float("nan"), "", feed.text(3, WORDS)))


def _check(raw: object) -> None:
    update = parse(raw, _BOT)
    if update is None:
        return
    assert isinstance(raw, dict) and raw["update_id"] == update.update_id >= 0
    asked = request_of(update)
    if asked is None:
        return
    assert all(type(each) is int for each in (asked.user, asked.chat, asked.message_id))
    press = asked.query != ""
    origin = raw["callback_query"] if press else raw["message"]
    assert origin["from"]["id"] == asked.user  # whoever sent it, and nobody that the text names
    assert not origin["from"].get("is_bot")
    _FOUND.clear()
    asyncio.run(_APPLICATION.process_update(update))
    assert len(_FOUND) <= 1
    for command in _FOUND:
        _check_command(command, press)


def _check_command(command: Command | None, press: bool) -> None:
    if isinstance(command, Choice):  # marks alone: no file and no modelo is named from outside
        assert press and re.fullmatch(r"[A-Z2-7]{8}", command.mark, re.ASCII)
        assert re.fullmatch(r"[A-Z2-7]{16}|", command.sign, re.ASCII) and 0 <= command.page < 10_000
        return
    if not isinstance(command, Act):
        assert command is None or isinstance(command, Show | Unclear)
        return
    assert command.kind in (RequestKind.RETRY, RequestKind.ACKNOWLEDGE, RequestKind.SILENCE)
    assert re.fullmatch(r"[A-Z2-7]{8}|[a-z_0-9-]*", command.incident, re.ASCII), command
    if command.kind is RequestKind.SILENCE:
        assert SHORTEST_SILENCE <= command.seconds <= LONGEST_SILENCE
    else:
        assert command.incident and not command.seconds
