"""Telegram by python-telegram-bot. It only sends: a token has one consumer of getUpdates, which is the watched
bot, or `chatops` for an alert token of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar
from urllib.parse import urlsplit

import httpx

# The present form of RetryAfter.retry_after; without it each flood wait is a warning (PTB 22.2).
os.environ.setdefault("PTB_TIMEDELTA", "true")

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
from telegram import Message as SentMessage
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from ...errors import DeliveryError
from ...host.hardening import silence_libraries
from ...host.redact import TOKEN, redact
from ...host.telegram_request import AnswerRefused, BoundedRequest
from ...messages import catalogue, text
from ..chatops.keyboard import Button, buttons
from ..delivery.worker import RefusedByServer
from ..messages.markup import Message

AnyBot = TypeVar("AnyBot", bound=Bot)

CONNECT_SECONDS, ANSWER_SECONDS, POOL_SECONDS = 5.0, 10.0, 5.0
# Everything about one message, redirected, in plain text and to a moved chat included.
DEADLINE = 30.0
# What only the operator can fix is tried again this often, so that fixing it is enough.
SLOW_RETRY = 300.0
# A flood wait can be hours: the channel is tried again earlier all the same, and from UNBEARABLE on it counts as
# unusable, so that another channel sends what is critical.
LONGEST_WAIT, UNBEARABLE = 3600.0, 300.0
# Less than a delivery worker has at a stop: what was delivered must not look undelivered.
KEYBOARD_SECONDS = 1.5
_MOST_TRIES = 4
_ADMINS = frozenset({"telegram", "admin"})
_LONGEST_DETAIL = 200
# Incidents whose keyboards are remembered, to be removed at the end.
_MOST_KEYBOARDS = 200
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

# Descriptions of the Bot API (tdlib/telegram-bot-api, Client.cpp), lower case.
_UNCHANGED = "message is not modified"
_GONE = ("message to edit not found", "message can't be edited", "message_id_invalid")
_CHAT = (
    "chat not found",
    "chat_id is empty",
    "rights to send",
    "chat_write_forbidden",
    "peer_id_invalid",
    "deactivated",
    "logged out",
)


def connect(
    token: str, api_url: str, make: Callable[..., AnyBot], *, connections: int = 2
) -> tuple[AnyBot, BoundedRequest]:
    """A client for one bot at one server, made by `make`, and its connections, which the caller shuts down."""
    silence_libraries()
    # A proxy from the environment must not get between us and a server on this machine.
    direct = {"trust_env": False} if server_of(api_url) in _LOOPBACK else {}
    request = BoundedRequest(
        connection_pool_size=connections,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=ANSWER_SECONDS,
        write_timeout=ANSWER_SECONDS,
        pool_timeout=POOL_SECONDS,
        httpx_kwargs=direct,
    )
    base = api_url.rstrip("/")
    bot = make(token=token, base_url=lambda given: f"{base}/bot{given}", request=request, get_updates_request=request)
    return bot, request


def server_of(api_url: str) -> str:
    """The host of an address, as errors name it."""
    return urlsplit(api_url).hostname or api_url


def flood_wait(error: RetryAfter) -> float:
    """The seconds of a flood wait, at least 1; 1 where the answer holds no number."""
    wait: object = error.retry_after
    seconds = wait.total_seconds() if isinstance(wait, timedelta) else wait
    return float(min(max(1, seconds), 1e9)) if isinstance(seconds, int | float) else 1.0


def markup(rows: Sequence[Sequence[Button]]) -> InlineKeyboardMarkup | None:
    """The library's keyboard of `rows`; None for none."""
    shown = [[InlineKeyboardButton(one.label, callback_data=one.data) for one in row] for row in rows]
    return InlineKeyboardMarkup(shown) if shown else None


class TelegramChannel:
    """One chat. Errors differ by who can fix them:

    flood, network, server → time; blocked, token, chat → the operator (slow retry, never
    dropped, `unusable`); mark-up → plain text; the message itself → permanent.

    `answering` puts the buttons of `Message.actions` below a message: only for a bot whose updates `chatops` reads.
    They are removed when the incident is closed.
    """

    edits = True

    def __init__(
        self,
        token: str,
        chat_id: str,
        api_url: str,
        language: str = "es",
        *,
        name: str = "telegram",
        answering: bool = False,
    ) -> None:
        self.name = name
        self._token, self._language, self._answering = token, language, answering
        self._chat: int | str = int(chat_id) if chat_id.lstrip("-").isdigit() else chat_id
        self.migrated_to: int | None = None
        self._server = server_of(api_url)
        self._bot, self._request = connect(token, api_url, Bot)
        self._keyboards: dict[str, set[int]] = {}  # incident → messages that have buttons now

    @property
    def remark(self) -> str:
        if self.migrated_to is None:
            return ""
        return self._say("migrated", chat=str(self.migrated_to))

    async def close(self) -> None:
        """Closes the connections."""
        await self._request.shutdown()

    async def deliver(self, message: Message, *, message_id: str | None) -> str:
        """Sends the message, or edits `message_id`, and returns its id. Raises DeliveryError, redacted."""
        if message_id is not None and not message_id.isdecimal():
            message_id = None  # of another channel, before the configuration was changed
        try:
            async with asyncio.timeout(DEADLINE):
                taken = await self._deliver(message, message_id)
        except TimeoutError:
            raise self._trouble("deadline", segundos=f"{DEADLINE:g}") from None
        except RetryAfter as error:
            asked = flood_wait(error)
            wait = min(asked, LONGEST_WAIT)
            raise self._trouble(
                "flood", retry_after=wait, unusable=asked > UNBEARABLE, segundos=f"{asked:g}"
            ) from None
        except Forbidden as error:
            raise self._trouble("blocked", error, retry_after=SLOW_RETRY, unusable=True) from None
        except InvalidToken as error:
            raise self._trouble("token", error, retry_after=SLOW_RETRY, unusable=True) from None
        except NetworkError as error:
            silent = isinstance(error.__cause__, httpx.HTTPError) and not isinstance(error.__cause__, AnswerRefused)
            away = isinstance(error, TimedOut) or silent
            raise self._trouble("unreachable" if away else "answer", error, answered=not away) from None
        except TelegramError as error:
            raise self._trouble("answer", error, answered=True) from None
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
            # JSON of another shape than the Bot API's: the library trusts it and stumbles.
            raise self._trouble("answer", answered=True) from None

        await self._keep_keyboards(message, int(taken))
        return taken

    async def _deliver(self, message: Message, message_id: str | None) -> str:
        """Answers to a 400: unchanged is fine, a deleted message is sent anew, refused mark-up is left out."""
        plain = False
        for _ in range(_MOST_TRIES):
            try:
                return await self._once(message, message_id, plain)
            except ChatMigrated as moved:
                self._chat = self.migrated_to = moved.new_chat_id
                message_id = None
            except BadRequest as error:
                said = error.message.lower()
                if message_id and _UNCHANGED in said:
                    return message_id
                if any(sign in said for sign in _CHAT):
                    raise self._trouble("chat", error, retry_after=SLOW_RETRY, unusable=True) from None
                if message_id and any(sign in said for sign in _GONE):
                    message_id = None
                elif not plain:
                    plain = True
                else:
                    raise self._trouble("refused", error, permanent=True) from None
        raise self._trouble("answer", answered=True)

    async def _once(self, message: Message, message_id: str | None, plain: bool) -> str:
        body, mode = (message.plain, None) if plain else (message.html, ParseMode.HTML)
        # Where mark-up was refused, the buttons may have been: the text alone must arrive.
        markup = None if plain else self._keyboard(message)
        preview = LinkPreviewOptions(is_disabled=True)
        if message_id is None:
            sent = await self._bot.send_message(
                self._chat,
                body,
                parse_mode=mode,
                link_preview_options=preview,
                disable_notification=message.silent,
                reply_markup=markup,
            )
            return str(int(sent.message_id))
        edited = await self._bot.edit_message_text(
            body, self._chat, int(message_id), parse_mode=mode, link_preview_options=preview, reply_markup=markup
        )
        return str(int(edited.message_id)) if isinstance(edited, SentMessage) else message_id

    def _keyboard(self, message: Message) -> InlineKeyboardMarkup | None:
        """The buttons; None for none: an edit without any removes them."""
        return markup((*buttons(message.actions, self._language), *message.choices)) if self._answering else None

    async def _keep_keyboards(self, message: Message, message_id: int) -> None:
        """Remembers which messages have buttons. Once the incident is closed, only the message that says so may have
        some; a removal that fails is made up for at the next press."""
        incident = message.notice.incident if message.notice is not None else None
        if incident is None or not self._answering:
            return
        shown = self._keyboards.pop(incident.id, set()) - {message_id}
        if not incident.open:
            with contextlib.suppress(TelegramError, TimeoutError):
                async with asyncio.timeout(KEYBOARD_SECONDS):
                    while shown:
                        await self._bot.edit_message_reply_markup(self._chat, shown.pop())
        if self._keyboard(message) is not None:
            shown.add(message_id)
        if shown:
            self._keyboards[incident.id] = shown
        while len(self._keyboards) > _MOST_KEYBOARDS:
            del self._keyboards[next(iter(self._keyboards))]

    def _trouble(
        self,
        kind: str,
        error: TelegramError | None = None,
        *,
        retry_after: float = 0.0,
        permanent: bool = False,
        unusable: bool = False,
        answered: bool = False,
        **fields: str,
    ) -> DeliveryError:
        detail = redact(str(error or "").replace(self._token, TOKEN))[:_LONGEST_DETAIL]
        said = self._say(kind, detalle=detail, servidor=self._server, **fields)
        made = RefusedByServer if answered else DeliveryError
        return made(said, retry_after=retry_after, permanent=permanent, unusable=unusable)

    def _say(self, kind: str, **fields: str) -> str:
        # The administrator's own channel is made of [telegram], the others of [channels.NAME].
        own = self.name in _ADMINS or f"channels.telegram.{kind}" not in catalogue(self._language)
        code = f"notice.trouble.{kind}" if own else f"channels.telegram.{kind}"
        return text(code, self._language, canal=self.name, **fields)


class NoChannel:
    """A channel that lacks a setting: its remark names it, and messages are dropped with that reason."""

    absent = True
    edits = False

    def __init__(self, missing: str, language: str = "es", *, name: str = "none") -> None:
        self.name = name
        self.remark = text("notice.trouble.none", language, falta=missing)

    async def close(self) -> None:
        """Nothing to close."""

    async def deliver(self, message: Message, *, message_id: str | None) -> str:
        raise DeliveryError(self.remark, permanent=True, unusable=True)
