"""What somebody said to the alert bot: from an update of Telegram to what is wished. Pure.

Two steps, because a stranger's words are not even looked at: `read` tells who, where and when,
`wish_of` what. Both take whatever the server sends; nothing here raises.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TypeGuard

from ...model.alert import ALARM_KEYS
from ...model.control import RequestKind
from ..choosing import Choice, chosen
from .keyboard import ID_FORM, Action, pressed

HOUR = 3600.0
SHORTEST_SILENCE, LONGEST_SILENCE = 60.0, 7 * 86400.0
_LONGEST_TEXT = 200  # of what is looked at; an order is short
_COMMAND = re.compile(r"/([A-Za-z]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+(.*))?", re.DOTALL)
_ID = re.compile(ID_FORM)
_DURATION = re.compile(r"([0-9]{1,5})(s|min|m|h|d)")
_SECONDS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": HOUR, "d": 86400.0}
_LARGEST = 2**53  # of an identifier (core.telegram.org/bots/api#user: at most 52 significant bits)


@dataclass(frozen=True, slots=True)
class Asked:
    """One message or press. `user` is who said it, `chat` where; `private` when nobody else is in
    that chat. `at` is when a message was written; of a press nobody tells. A press has `query`,
    its id, and `message_id` of the message beneath which the button is."""

    user: int
    chat: int
    private: bool
    message_id: int
    words: str = ""
    at: float | None = None
    query: str = ""
    data: str = ""


class Show(Enum):
    """Something to be read."""

    STATUS = "status"
    INCIDENTS = "incidents"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Act:
    """Something to be done. `incident` is its id, or what an alarm is called; "" means all of them, for `seconds`."""

    kind: RequestKind
    incident: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Unclear:
    """An order that lacks something: `answers.unclear.<code>`."""

    code: str


Wish = Show | Act | Unclear | Choice

_SHOWN = {
    "estado": Show.STATUS,
    "status": Show.STATUS,
    "incidentes": Show.INCIDENTS,
    "incidents": Show.INCIDENTS,
    "ayuda": Show.HELP,
    "help": Show.HELP,
    "start": Show.HELP,
}
_DONE = {
    "reintentar": RequestKind.RETRY,
    "retry": RequestKind.RETRY,
    "entendido": RequestKind.ACKNOWLEDGE,
    "ack": RequestKind.ACKNOWLEDGE,
}
_SILENCED = frozenset({"silenciar", "silence"})
_PRESSED = {Action.RETRY: RequestKind.RETRY, Action.ACKNOWLEDGE: RequestKind.ACKNOWLEDGE}


def update_id(update: object) -> int | None:
    """The number of an update; None for what is none."""
    number = update.get("update_id") if isinstance(update, dict) else None
    return number if _is_number(number) and number >= 0 else None


def read(update: object) -> Asked | None:
    """Who said something, and where; None for every update that is neither a message nor a press.

    A forwarded message and one by way of another bot are not the sender's own words, and one that
    a group or channel wrote (`sender_chat`) is nobody's: they are left alone.
    """
    if not isinstance(update, dict):
        return None
    query = update.get("callback_query")
    if isinstance(query, dict):
        return _read_press(query)
    message = update.get("message")
    if not isinstance(message, dict) or _not_own_words(message):
        return None
    words, at = message.get("text"), message.get("date")
    place = _place(message.get("from"), message)
    if place is None or not isinstance(words, str):
        return None
    when = float(at) if _is_number(at) and at > 0 else None
    return Asked(*place, words=words[:_LONGEST_TEXT], at=when)


def wish_of(asked: Asked, bot: str) -> Wish | None:
    """What is wished; None for what is not meant for us. `bot` is our name in Telegram."""
    if asked.query:
        return _wish_of_press(asked.data)
    command = _COMMAND.fullmatch(asked.words.strip())
    if command is None:
        return Show.HELP if asked.private else None
    name, addressee, rest = command[1].lower(), command[2], (command[3] or "").strip()
    if addressee and addressee.lower() != bot.lower():
        return None  # an order to another bot of the group
    if name in _SHOWN:
        return _SHOWN[name]
    if name in _DONE:
        kind = _DONE[name]
        incident = _incident(rest) or (_alarm(rest) if kind is RequestKind.ACKNOWLEDGE else "")
        return Act(kind, incident) if incident else Unclear("incident")
    if name in _SILENCED:
        return _silence(rest)
    return Show.HELP if asked.private or addressee else None


def _wish_of_press(data: str) -> Wish:
    choice = chosen(data)
    if choice is not None:
        return choice
    press = pressed(data)
    if press is None:
        return Unclear("button")
    if press.action is Action.SILENCE:
        return Act(RequestKind.SILENCE, press.incident, HOUR)
    return Act(_PRESSED[press.action], press.incident)


def _silence(words: str) -> Wish:
    """`ID`, `1h`, or both in either order; an hour where no time is said."""
    incident, seconds = "", 0.0
    for word in words.split():
        if (time := _DURATION.fullmatch(word.lower())) and not seconds:
            seconds = int(time[1]) * _SECONDS[time[2]]
            if not SHORTEST_SILENCE <= seconds <= LONGEST_SILENCE:
                return Unclear("duration")
        elif (found := _incident(word)) and not incident:
            incident = found
        else:
            return Unclear("silence")
    if not incident and not seconds:
        return Unclear("silence")
    return Act(RequestKind.SILENCE, incident, seconds or HOUR)


def _incident(word: str) -> str:
    candidate = word.removeprefix("#").upper()
    return candidate if word.isascii() and _ID.fullmatch(candidate) else ""


def _alarm(word: str) -> str:
    candidate = word.removeprefix("#").lower()
    return candidate if candidate in ALARM_KEYS else ""


def _read_press(query: dict[str, object]) -> Asked | None:
    message, number, data = query.get("message"), query.get("id"), query.get("data")
    place = _place(query.get("from"), message) if isinstance(message, dict) else None
    if place is None or not isinstance(number, str) or not number or len(number) > 128:
        return None
    return Asked(*place, query=number, data=data if isinstance(data, str) else "")


def _place(user: object, message: dict[str, object]) -> tuple[int, int, bool, int] | None:
    """(user, chat, private, message_id), when all of them are told."""
    chat = message.get("chat")
    if not isinstance(user, dict) or not isinstance(chat, dict):
        return None
    who, where, which = user.get("id"), chat.get("id"), message.get("message_id")
    if not (_is_number(who) and _is_number(where) and _is_number(which)) or user.get("is_bot"):
        return None
    return who, where, chat.get("type") == "private", which


def _not_own_words(message: dict[str, object]) -> bool:
    return any(key in message for key in ("forward_origin", "forward_date", "via_bot", "sender_chat"))


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST
