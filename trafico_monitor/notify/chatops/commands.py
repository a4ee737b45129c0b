"""What somebody asks of the alert bot: from an update of Telegram to a command. Pure.

Two steps, because a stranger's text is not even looked at: `request_of` says who asks and where, the handlers what.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeGuard

from telegram import MaybeInaccessibleMessage, Message, Update, User
from telegram.ext import BaseHandler, CallbackContext, CallbackQueryHandler, CommandHandler, MessageHandler, filters

from ...model.alert import ALARM_KEYS
from ...model.control import RequestKind
from ...model.control_schema import LONGEST_SILENCE, SHORTEST_SILENCE
from ..choosing import Choice, chosen
from .keyboard import ID_FORM, Action, pressed

HOUR = 3600.0
_LONGEST_ARGUMENTS = 200  # of what is looked at; an order is short
_ADDRESSEE = re.compile(r"/[A-Za-z0-9_]{1,32}@([A-Za-z0-9_]{1,64})")
_ID = re.compile(ID_FORM)
_DURATION = re.compile(r"([0-9]{1,5})(s|min|m|h|d)")
_SECONDS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": HOUR, "d": 86400.0}
_LARGEST = 2**53  # of an identifier (core.telegram.org/bots/api#user: at most 52 significant bits)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One message or press. `user` is who said it, `chat` where; `private` when nobody else is in
    that chat. `at` is when a message was written; for a press that is unknown. A press has `query`,
    its id, and `message_id` of the message beneath which the button is."""

    user: int
    chat: int
    private: bool
    message_id: int
    at: float | None = None
    query: str = ""


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


Command = Show | Act | Unclear | Choice
# Called with the update and its command; None for what is not meant for us.
Receive = Callable[[Update, Command | None], Coroutine[Any, Any, None]]
Context = CallbackContext[Any, Any, Any, Any]
_Read = Callable[[Update, Sequence[str]], Command | None]

_SHOWN = (
    (("estado", "status"), Show.STATUS),
    (("incidentes", "incidents"), Show.INCIDENTS),
    (("ayuda", "help", "start"), Show.HELP),
)
_PRESSED = {Action.RETRY: RequestKind.RETRY, Action.ACKNOWLEDGE: RequestKind.ACKNOWLEDGE}


def handlers(receive: Receive) -> list[BaseHandler[Any, Any, Any]]:
    """A handler for every message and press, which gives `receive` the command in it. They decide nothing about who
    may: `receive` does, first of all."""

    def on(read: _Read) -> Callable[[Update, Context], Coroutine[Any, Any, None]]:
        async def callback(update: Update, context: Context) -> None:
            await receive(update, read(update, context.args or ()))

        return callback

    return [
        CallbackQueryHandler(on(lambda update, _: _press(update))),
        *(CommandHandler[Context, None](names, on(_shows(show))) for names, show in _SHOWN),
        CommandHandler(("reintentar", "retry"), on(lambda _, arguments: _retry(arguments))),
        CommandHandler(("entendido", "ack"), on(lambda _, arguments: _acknowledge(arguments))),
        CommandHandler(("silenciar", "silence"), on(lambda _, arguments: _silence(arguments))),
        MessageHandler(filters.TEXT, on(lambda update, _: _other(update))),
    ]


def request_of(update: Update) -> ChatRequest | None:
    """Who asks, and where; None for every update that is neither a message nor a press.

    A forwarded message and one by way of another bot are not the sender's own words, and one that
    a group or channel wrote (`sender_chat`) is nobody's: they are left alone.
    """
    query, message = update.callback_query, update.message
    if query is not None:
        place = _place(query.from_user, query.message)
        if place is None or not isinstance(query.id, str) or not 0 < len(query.id) <= 128:
            return None
        return ChatRequest(*place, query=query.id) if isinstance(query.data, str | None) else None
    if message is None or _not_own_words(message) or not isinstance(message.text, str):
        return None
    place = _place(message.from_user, message)
    return ChatRequest(*place, at=message.date.timestamp()) if place is not None else None


def _place(user: User | None, message: MaybeInaccessibleMessage | None) -> tuple[int, int, bool, int] | None:
    """(user, chat, private, message_id), when all of them are given, and numbers."""
    if user is None or message is None or user.is_bot:
        return None
    numbers = (user.id, message.chat.id, message.message_id)
    return (
        (user.id, message.chat.id, message.chat.type == "private", message.message_id)
        if all(map(is_number, numbers))
        else None
    )


def _not_own_words(message: Message) -> bool:
    others = (message.forward_origin, message.via_bot, message.sender_chat)
    return any(one is not None for one in others) or "forward_date" in message.api_kwargs


def _shows(show: Show) -> _Read:
    return lambda *_: show


def _press(update: Update) -> Command:
    data = update.callback_query.data if update.callback_query else None
    choice = chosen(data or "")
    if choice is not None:
        return choice
    press = pressed(data)
    if press is None:
        return Unclear("button")
    if press.action is Action.SILENCE:
        return Act(RequestKind.SILENCE, press.incident, HOUR)
    return Act(_PRESSED[press.action], press.incident)


def _other(update: Update) -> Command | None:
    """Any other text: help where it is meant for us."""
    message = update.message
    if message is None or message.text is None:
        return None
    named = _ADDRESSEE.match(message.text)
    if named is not None:
        return Show.HELP if named[1].lower() == message.get_bot().username.lower() else None
    return Show.HELP if message.chat.type == "private" else None


def _retry(arguments: Sequence[str]) -> Command:
    incident = _incident(_text(arguments))
    return Act(RequestKind.RETRY, incident) if incident else Unclear("incident")


def _acknowledge(arguments: Sequence[str]) -> Command:
    incident = _incident(_text(arguments)) or _alarm(_text(arguments))
    return Act(RequestKind.ACKNOWLEDGE, incident) if incident else Unclear("incident")


def _silence(arguments: Sequence[str]) -> Command:
    """`ID`, `1h`, or both in either order; an hour where no time is given."""
    incident, seconds = "", 0.0
    for word in _text(arguments).split():
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


def _text(arguments: Sequence[str]) -> str:
    return " ".join(arguments)[:_LONGEST_ARGUMENTS]


def _incident(word: str) -> str:
    candidate = word.removeprefix("#").upper()
    return candidate if word.isascii() and _ID.fullmatch(candidate) else ""


def _alarm(word: str) -> str:
    candidate = word.removeprefix("#").lower()
    return candidate if candidate in ALARM_KEYS else ""


def is_number(value: object) -> TypeGuard[int]:
    """True for an identifier as the Bot API has them."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST
