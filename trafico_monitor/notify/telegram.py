"""Telegram through python-telegram-bot. It only sends: a token has one getUpdates consumer,
and that is the bot being watched."""

from __future__ import annotations

import asyncio
import logging
import os
from datetime import timedelta
from urllib.parse import urlsplit

import httpx

# The present form of RetryAfter.retry_after; without it each flood wait is a warning (PTB 22.2).
os.environ.setdefault("PTB_TIMEDELTA", "true")

from telegram import Bot, LinkPreviewOptions
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
from telegram.request import HTTPXRequest

from ..config.schema import BotApi, Telegram
from ..errors import DeliveryError
from ..host.redact import TOKEN, redact
from ..messages import text
from .courier import RefusedByServer
from .message import Message

PUBLIC_SERVER = "https://api.telegram.org"
CONNECT_SECONDS, ANSWER_SECONDS, POOL_SECONDS = 5.0, 10.0, 5.0
# Everything about one message, redirected, in plain text and to a moved chat included.
DEADLINE = 30.0
# What only the operator can mend is tried again this often, so that mending it is enough.
SLOW_RETRY = 300.0
_MOST_TRIES = 4
_LONGEST_DETAIL = 200
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


class TelegramChannel:
    """One chat. Errors are told apart by who can mend them:

    flood, network, server → time; blocked, token, chat → the operator (slow retry, never
    dropped); mark-up → plain text; the message itself → permanent.
    """

    edits = True

    def __init__(
        self, token: str, chat_id: str, api_url: str, language: str = "es", *, name: str = "telegram"
    ) -> None:
        _silence_libraries()
        self.name = name
        self._token, self._language = token, language
        self._chat: int | str = int(chat_id) if chat_id.lstrip("-").isdigit() else chat_id
        self.migrated_to: int | None = None
        parts = urlsplit(api_url)
        self._server = parts.hostname or api_url
        # A proxy from the environment must not get between us and a server on this machine.
        direct = {"trust_env": False} if self._server in _LOOPBACK else {}
        self._request = HTTPXRequest(
            connection_pool_size=2,
            connect_timeout=CONNECT_SECONDS,
            read_timeout=ANSWER_SECONDS,
            write_timeout=ANSWER_SECONDS,
            pool_timeout=POOL_SECONDS,
            httpx_kwargs=direct,
        )
        base = api_url.rstrip("/")
        self._bot = Bot(
            token,
            base_url=lambda given: f"{base}/bot{given}",
            request=self._request,
            get_updates_request=self._request,
        )

    @property
    def remark(self) -> str:
        if self.migrated_to is None:
            return ""
        return text("notice.trouble.migrated", self._language, chat=self.migrated_to)

    async def close(self) -> None:
        """Give back the connections."""
        await self._request.shutdown()

    async def deliver(self, message: Message, *, message_id: str | None) -> str:
        """Send, or edit `message_id`; return the message's id. Raise DeliveryError, redacted."""
        if message_id is not None and not message_id.isdecimal():
            message_id = None  # of another channel, before the configuration was changed
        try:
            async with asyncio.timeout(DEADLINE):
                return await self._deliver(message, message_id)
        except TimeoutError:
            raise self._trouble("deadline", segundos=f"{DEADLINE:g}") from None
        except RetryAfter as error:
            wait = error.retry_after
            seconds = wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
            raise self._trouble("flood", retry_after=max(1.0, seconds), segundos=f"{seconds:g}") from None
        except Forbidden as error:
            raise self._trouble("blocked", error, retry_after=SLOW_RETRY, unusable=True) from None
        except InvalidToken as error:
            raise self._trouble("token", error, retry_after=SLOW_RETRY, unusable=True) from None
        except NetworkError as error:
            away = isinstance(error, TimedOut) or isinstance(error.__cause__, httpx.HTTPError)
            raise self._trouble("unreachable" if away else "answer", error, answered=not away) from None
        except TelegramError as error:
            raise self._trouble("answer", error, answered=True) from None

    async def _deliver(self, message: Message, message_id: str | None) -> str:
        """The ways round a 400: unchanged is fine, gone is sent anew, mark-up is left away."""
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
        preview = LinkPreviewOptions(is_disabled=True)
        if message_id is None:
            sent = await self._bot.send_message(
                self._chat,
                body,
                parse_mode=mode,
                link_preview_options=preview,
                disable_notification=message.silent,
            )
            return str(sent.message_id)
        edited = await self._bot.edit_message_text(
            body, self._chat, int(message_id), parse_mode=mode, link_preview_options=preview
        )
        return str(edited.message_id) if isinstance(edited, SentMessage) else message_id

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
        said = text(f"notice.trouble.{kind}", self._language, detalle=detail, servidor=self._server, **fields)
        made = RefusedByServer if answered else DeliveryError
        return made(said, retry_after=retry_after, permanent=permanent, unusable=unusable)


class NoChannel:
    """The null twin: says what is missing; what it is given is dropped with that reason."""

    edits = False

    def __init__(self, missing: str, language: str = "es", *, name: str = "none") -> None:
        self.name = name
        self.remark = text("notice.trouble.none", language, falta=missing)

    async def close(self) -> None:
        """Nothing to give back."""

    async def deliver(self, message: Message, *, message_id: str | None) -> str:
        raise DeliveryError(self.remark, permanent=True, unusable=True)


def open_channel(telegram: Telegram, bot_api: BotApi, language: str) -> TelegramChannel | NoChannel:
    """The channel that the configuration asks for.

    The alert token, where there is one, goes to the public server: it is another bot, and the
    alert «the local server is down» must not need that server. The bot's own token stays on the
    server that the bot uses: used on both by turns it logs itself out.
    """
    token = telegram.alert_token or telegram.token
    missing = [key for key, value in (("TELEGRAM_TOKEN", token), ("ADMIN_ID", telegram.admin_id)) if not value]
    if missing:
        return NoChannel(", ".join(missing), language)
    local = bot_api.local and not telegram.alert_token
    url = telegram.api_url or (bot_api.url if local else PUBLIC_SERVER)
    return TelegramChannel(token, telegram.admin_id, url, language)


def _silence_libraries() -> None:
    # httpx logs every URL, token included, at INFO; PTB dumps unreadable answers at ERROR.
    for logger, level in (("httpx", logging.WARNING), ("httpcore", logging.WARNING), ("telegram", logging.CRITICAL)):
        logging.getLogger(logger).setLevel(level)
