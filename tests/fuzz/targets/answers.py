"""What anybody may send to the alert bot: an order of exactly the known forms, or none."""

from __future__ import annotations

import json
import re

from trafico_monitor.model.control import RequestKind
from trafico_monitor.notify.chatops.commands import (
    LONGEST_SILENCE,
    SHORTEST_SILENCE,
    Act,
    Asked,
    Show,
    Unclear,
    read,
    update_id,
    wish_of,
)
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
    number = update_id(update)
    assert number is None or number >= 0
    asked = read(update)
    if asked is not None:
        _check(asked, update)
    _check_wish(Asked(1, 1, feed.chance(), 1, words=feed.text(5, WORDS)))
    _check_wish(Asked(1, 1, True, 1, query="q", data=feed.text(5, WORDS)))


def _likely(feed: Feed) -> dict[str, object]:
    message: dict[str, object] = {
        "message_id": 7,
        "chat": {"id": 4, "type": "private"},
        "from": {"id": 4},
        "date": 1766700000,
        "text": feed.text(4, WORDS),
    }
    for _ in range(feed.below(3)):
        message[feed.pick(KEYS)] = _value(feed, 2)
    if feed.chance():
        return {"update_id": feed.below(1 << 20), "message": message}
    press = {"id": "9", "from": {"id": 4}, "message": message, "data": feed.text(4, WORDS)}
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


def _check(asked: Asked, update: object) -> None:
    assert isinstance(update, dict)
    assert all(type(each) is int for each in (asked.user, asked.chat, asked.message_id))
    origin = update["callback_query"] if isinstance(update.get("callback_query"), dict) else update["message"]
    assert origin["from"]["id"] == asked.user  # whoever sent it, and nobody that the text names
    assert not origin["from"].get("is_bot")
    assert len(asked.words) <= 200
    _check_wish(asked)


def _check_wish(asked: Asked) -> None:
    wish = wish_of(asked, "trafico_bot")
    if isinstance(wish, Choice):  # marks alone: no file and no modelo is named from outside
        assert asked.query and re.fullmatch(r"[A-Z2-7]{8}", wish.mark, re.ASCII)
        assert re.fullmatch(r"[A-Z2-7]{16}|", wish.sign, re.ASCII) and 0 <= wish.page < 10_000
        return
    if not isinstance(wish, Act):
        assert wish is None or isinstance(wish, Show | Unclear)
        return
    assert wish.kind in (RequestKind.RETRY, RequestKind.ACKNOWLEDGE, RequestKind.SILENCE)
    assert re.fullmatch(r"[A-Z2-7]{8}|", wish.incident, re.ASCII), wish
    if wish.kind is RequestKind.SILENCE:
        assert SHORTEST_SILENCE <= wish.seconds <= LONGEST_SILENCE
    else:
        assert wish.incident and not wish.seconds
