"""The updates of one bot for `telegram.ext`'s Updater: each once, in order, and known to be fresh or not.

At most once: the number of an update is stored before anything is done about it, and the server is told of it only
after that, so a crash loses a press rather than repeats it, and the person presses again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

from telegram import Bot, Update
from telegram.error import TelegramError
from telegram.ext import ExtBot

from ...model.control import KeyValueStore
from .commands import is_number, request_of

# How long the server holds a question open (it caps that at 50 s), and how long we wait for it.
POLL_SECONDS, POLL_GRACE = 45.0, 15.0
MOST_UPDATES = 100
ALLOWED = ("message", "callback_query")
# What may have waited longer is not fresh.
LATE_SECONDS = 600.0
# The server keeps updates for a day. And after a week without any it counts from anywhere anew: a
# number stored for longer would confirm, unread, whatever comes then.
STORED_SECONDS = 2 * 86400.0
# Between two questions that were answered at once with nothing for us: somebody floods the bot.
BREATH = 1.0


class UpdateQueue(asyncio.Queue[object]):
    """`put` returns when the update was handled: the Updater's next question confirms it to the server."""

    async def put(self, item: object) -> None:
        await super().put(item)
        await self.join()


class UpdateSource:
    """Where `getUpdates` goes on, and whether what it brings is new.

    `name` is that of the stored number. `failed` is told of every error and returns the seconds to wait; `succeeded`
    of every answer. `heard` is set by whoever finds an update of somebody allowed."""

    def __init__(
        self,
        name: str,
        store: KeyValueStore,
        clock: Callable[[], float],
        failed: Callable[[Exception], float],
        succeeded: Callable[[], None],
    ) -> None:
        self._name, self._store, self._clock = name, store, clock
        self._failed, self._succeeded = failed, succeeded
        self._last = -1  # number of the last update that was handled; -1 for none
        self._handed_out: int | None = None  # number of the last one since; None after a failure
        self._complete = False  # the last answer held everything
        self._asked_at = float("-inf")
        self._emptied: tuple[float, float] | None = None  # when we last had everything: clock, loop
        self._closed = False
        self.fresh, self.heard = False, False

    async def load(self) -> None:
        """Goes on where the last process stopped. Raises StoreError."""
        number, _, at = (await self._store.kept(self._name)).partition(" ")
        if number.isdecimal() and at.isdecimal() and abs(self._clock() - int(at)) < STORED_SECONDS:
            self._last = int(number)

    async def store(self, number: int) -> None:
        """Takes note that the update `number` is about to be handled. Raises StoreError."""
        await self._store.keep(self._name, f"{number} {int(self._clock())}")

    def close(self) -> None:
        """Asks the server nothing any more: what is being handled is not to be confirmed."""
        self._closed = True

    async def fetch(self, bot: Bot) -> tuple[Update, ...]:
        """The next updates; those handed out before have been handled. Never raises: an error is reported and waited
        for, and brings none."""
        if self._closed:
            return ()
        self._confirm()
        loop = asyncio.get_running_loop()
        if not self.heard and loop.time() - self._asked_at < BREATH:
            await asyncio.sleep(BREATH)
        self.heard, self._asked_at = False, loop.time()
        try:
            updates = self._received(await self._ask(bot), bot)
        except Exception as error:  # the network, or an answer that is none
            self._asked_at = float("-inf")
            await asyncio.sleep(self._failed(error))
            return ()
        self._succeeded()
        return updates

    def _confirm(self) -> None:
        if self._handed_out is None:
            return
        self._last, self._handed_out = self._handed_out, None
        if self._complete:
            self._emptied = self._clock(), asyncio.get_running_loop().time()

    def _received(self, answer: list[object], bot: Bot) -> tuple[Update, ...]:
        updates = tuple(self._new(answer[:MOST_UPDATES], bot))
        if answer and not updates:
            raise TelegramError("nothing in the answer can be understood")
        self.fresh, self._complete = self._is_fresh(), len(answer) < MOST_UPDATES
        # Without any, all is confirmed; and without a number, none that the server begins anew is too small.
        self._handed_out = updates[-1].update_id if updates else -1
        return updates

    def _new(self, answer: list[object], bot: Bot) -> Iterator[Update]:
        last = self._last
        for raw in answer:
            update = parse(raw, bot)
            if update is not None and update.update_id > last:
                last = update.update_id
                yield update

    async def _ask(self, bot: Bot) -> list[object]:
        wanted = {
            "offset": self._last + 1,
            "limit": MOST_UPDATES,
            # What had piled up comes at once, and is not fresh.
            "timeout": 0 if self._emptied is None else int(POLL_SECONDS),
            "allowed_updates": ALLOWED,
        }
        async with asyncio.timeout(POLL_SECONDS + 2 * POLL_GRACE):
            # The server does not mind how a method's name is written; the library warns of its own spelling.
            answer = await bot.do_api_request("getupdates", api_kwargs=wanted, read_timeout=POLL_SECONDS + POLL_GRACE)
        if not isinstance(answer, list):
            raise TelegramError("the answer is no list")
        return answer

    def _is_fresh(self) -> bool:
        """True when nothing that comes now can have waited for LATE_SECONDS: it would have come
        before. By both clocks: one may be set, the other stands still in a suspended machine."""
        if self._emptied is None:
            return False
        at, ticks = self._emptied
        waited = asyncio.get_running_loop().time() - ticks
        return abs(self._clock() - at) < LATE_SECONDS and waited < LATE_SECONDS


class PollingBot(ExtBot[None]):
    """The library's bot with `getUpdates` of an UpdateSource: in its own, one unreadable update keeps all others
    back for ever. And a webhook is another program's: the Updater would delete it."""

    def __init__(self, source: UpdateSource, **connection: Any) -> None:
        super().__init__(**connection)
        self._source = source

    async def get_updates(self, *args: Any, **kwargs: Any) -> tuple[Update, ...]:
        """What the source has next, whatever place the Updater asks for."""
        return await self._source.fetch(self)

    async def delete_webhook(self, *args: Any, **kwargs: Any) -> bool:
        """Leaves it; getUpdates then answers 409, which is told."""
        return True


def parse(raw: object, bot: Bot) -> Update | None:
    """An update of the server's JSON; without content where it is no message or press in the form that the Bot API
    promises. None for what has no number. Never raises."""
    number = raw.get("update_id") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or not is_number(number) or number < 0:
        return None
    try:
        update = Update.de_json(raw, bot)
        if request_of(update) is not None:
            return update
    except Exception:  # the library trusts the server and stumbles in many ways
        pass
    return Update(number)
