"""Reading what is said to a bot: each update once, in order, and known to be fresh or not.

At most once: how far we got is kept before anything is done, so that after a crash a press is lost
rather than repeated, and the person presses again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from telegram import Bot
from telegram.error import TelegramError

from ..errors import MonitorError
from .chatops.commands import Asked, read, update_id

# How long the server holds a question open (it caps that at 50 s), and how long we wait for it.
POLL_SECONDS, POLL_GRACE = 45.0, 15.0
MOST_UPDATES = 100
# What may have waited longer is not fresh.
LATE_SECONDS = 600.0
# The server keeps updates for a day. And after a week without any it counts from anywhere anew: a
# number kept for longer would confirm, unread, whatever comes then.
KEPT_SECONDS = 2 * 86400.0
# Between two questions that were answered at once with nothing for us: somebody floods the bot.
BREATH = 1.0


class Kept(Protocol):
    """Small values by name that outlive the process; "" for what was never kept."""

    async def keep(self, name: str, value: str) -> None: ...
    async def kept(self, name: str) -> str: ...


class NotKept(MonitorError):
    """How far we got cannot be stored or read, so nothing may be carried out."""


class Listener:
    """`place` is the name under which it is kept how far we got. Of what comes, `answer(asked,
    fresh)` is given what `may` lets pass."""

    def __init__(
        self,
        bot: Bot,
        place: str,
        kept: Kept,
        clock: Callable[[], float],
        may: Callable[[Asked], bool],
        answer: Callable[[Asked, bool], Awaitable[None]],
    ) -> None:
        self._bot, self._place, self._kept, self._clock = bot, place, kept, clock
        self._may, self._answer = may, answer
        self._last = -1  # number of the last update that was looked at; -1 for none
        self._listened: tuple[float, float] | None = None  # when we last had everything: clock, loop

    async def begin(self) -> None:
        """Find out how far the last process got."""
        try:
            number, _, at = (await self._kept.kept(self._place)).partition(" ")
        except MonitorError as error:
            raise NotKept(str(error)) from error
        if number.isdecimal() and at.isdecimal() and abs(self._clock() - int(at)) < KEPT_SECONDS:
            self._last = int(number)

    async def step(self) -> float:
        """Wait for updates once and see to them; return the seconds to wait before the next time.
        Raises TelegramError, NotKept, and what `answer` raises."""
        began = asyncio.get_running_loop().time()
        updates = await self._listen()
        before, fresh, heard = self._last, self._is_fresh(), False
        for update in updates[:MOST_UPDATES]:
            number = update_id(update)
            if number is None or number <= self._last:
                continue
            asked = read(update)
            if asked is not None and self._may(asked):
                heard = True
                await self._keep(number)
                self._last = number
                await self._answer(asked, fresh)
            self._last = number
        if updates and self._last == before:
            raise TelegramError("nothing in the answer can be understood")
        if not updates:
            # All is confirmed now. Without a number, none that the server begins anew is too small.
            self._last = -1
        if len(updates) < MOST_UPDATES:
            self._listened = self._clock(), asyncio.get_running_loop().time()
        idle = not heard and asyncio.get_running_loop().time() - began < BREATH
        return BREATH if idle else 0.0

    async def _listen(self) -> list[object]:
        wanted = {
            "offset": self._last + 1,
            "limit": MOST_UPDATES,
            # What had piled up comes at once, and is not fresh.
            "timeout": 0 if self._listened is None else int(POLL_SECONDS),
            "allowed_updates": ["message", "callback_query"],
        }
        async with asyncio.timeout(POLL_SECONDS + 2 * POLL_GRACE):
            # As it comes: in the library's own getUpdates one unreadable update would keep all the
            # others back for ever. The server does not mind how a method's name is written; the
            # library warns of its own spelling.
            answer = await self._bot.do_api_request(
                "getupdates", api_kwargs=wanted, read_timeout=POLL_SECONDS + POLL_GRACE
            )
        if not isinstance(answer, list):
            raise TelegramError("the answer is no list")
        return answer

    def _is_fresh(self) -> bool:
        """True when nothing that comes now can have waited for LATE_SECONDS: it would have come
        before. By both clocks: one may be set, the other stands still in a suspended machine."""
        if self._listened is None:
            return False
        at, ticks = self._listened
        waited = asyncio.get_running_loop().time() - ticks
        return abs(self._clock() - at) < LATE_SECONDS and waited < LATE_SECONDS

    async def _keep(self, number: int) -> None:
        try:
            await self._kept.keep(self._place, f"{number} {int(self._clock())}")
        except MonitorError as error:
            raise NotKept(str(error)) from error
