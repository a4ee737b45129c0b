"""Replies of the alert bot. A reply is not worth a queue: without one, a person asks again, and what was done is
recorded where it was done."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence

from telegram import Bot, BotCommand, BotCommandScopeChat, LinkPreviewOptions, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import BadRequest, Forbidden, TelegramError

from ...messages import text
from ..channels.telegram import markup
from ..messages.markup import Message
from .commands import ChatRequest
from .keyboard import Button

SEND_SECONDS = 20.0
LONGEST_TOAST = 200  # core.telegram.org/bots/api#answercallbackquery


class Sender:
    """`unsent` is called with the error of a reply that did not arrive."""

    def __init__(self, bot: Bot, unsent: Callable[[Exception], None]) -> None:
        self._bot, self._unsent = bot, unsent

    async def reply(self, request: ChatRequest, message: Message, *, ok: bool = True) -> None:
        """Replies on the button that was pressed, while the phone waits for it; else by a message."""
        if not (request.query and await self.toast(request, message.plain, alert=not ok)):
            await self.send(request, message)

    async def toast(self, request: ChatRequest, said: str, *, alert: bool) -> bool:
        """Shows `said` above the chat; `alert`: until it is read. False when that is not possible."""
        shown = said if len(said) <= LONGEST_TOAST else said[: LONGEST_TOAST - 1] + "…"
        try:
            async with asyncio.timeout(SEND_SECONDS):
                return await self._bot.answer_callback_query(request.query, shown, show_alert=alert)
        except (TelegramError, TimeoutError):
            return False  # pressed too long ago, most likely

    async def send(self, request: ChatRequest, message: Message) -> None:
        """A message in the chat where it was asked; in a group, to the one who request."""
        quoted = None if request.private else ReplyParameters(request.message_id, allow_sending_without_reply=True)
        try:
            async with asyncio.timeout(SEND_SECONDS):
                try:
                    await self._send_text(request.chat, message.html, ParseMode.HTML, quoted)
                except BadRequest:
                    await self._send_text(request.chat, message.plain, None, quoted)
        except (TelegramError, TimeoutError) as error:
            self._unsent(error)

    async def take_buttons(self, request: ChatRequest) -> None:
        """Removes the buttons below that message."""
        with contextlib.suppress(TelegramError, TimeoutError):
            async with asyncio.timeout(SEND_SECONDS):
                await self._bot.edit_message_reply_markup(request.chat, request.message_id)

    async def turn_page(self, request: ChatRequest, rows: Sequence[Sequence[Button]]) -> None:
        """Puts other buttons below that message, and ends the phone's waiting."""
        with contextlib.suppress(TelegramError, TimeoutError):
            async with asyncio.timeout(SEND_SECONDS):
                await self._bot.answer_callback_query(request.query)
        with contextlib.suppress(TelegramError, TimeoutError):
            async with asyncio.timeout(SEND_SECONDS):
                await self._bot.edit_message_reply_markup(request.chat, request.message_id, reply_markup=markup(rows))

    async def show_commands(self, chats: Iterable[int], language: str) -> None:
        """Makes phones list the commands in `chats` and nowhere else. Raises TelegramError; a chat that does not exist
        yet is no error."""
        listed = (one.split("\t") for one in text("answers.commands", language).split("\n"))
        commands = [BotCommand(name, what) for name, what in listed]
        for chat in chats:
            with contextlib.suppress(BadRequest, Forbidden):
                async with asyncio.timeout(SEND_SECONDS):
                    await self._bot.set_my_commands(commands, scope=BotCommandScopeChat(chat))

    async def _send_text(self, chat: int, body: str, mode: str | None, quoted: ReplyParameters | None) -> None:
        preview = LinkPreviewOptions(is_disabled=True)
        await self._bot.send_message(chat, body, mode, link_preview_options=preview, reply_parameters=quoted)
