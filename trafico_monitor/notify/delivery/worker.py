"""Drains the outbox of one channel: one message at a time, in order, within its rate limit.

A message is a row before it is sent, and its row is closed after the channel accepted it: only a power cut in between
can send it twice, and nothing loses it. A missing answer (a timeout) counts as not accepted: an alert sent twice is
better than one lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ...errors import DeliveryError
from ...host.redact import redact
from ...messages import text
from ...model.changeset import OutboxItem
from ..channels.base import Channel, Outbox, RefusedByServer
from ..messages.markup import Message
from ..messages.render import render, render_digest
from .batching import DIGESTED, Batch, edits, next_batch

__all__ = ["Channel", "CourierStatus", "DeliveryWorker", "Outbox", "RefusedByServer"]

logger = logging.getLogger(__name__)

# Gives what waits to another channel; its name, "" when there is none.
HandOver = Callable[[], Awaitable[str]]

BATCH = 500
# Telegram: about one message a second in one chat (core.telegram.org/bots/faq).
SPACING = 1.05
SLOWEST_RETRY = 60.0
GATHERING_SECONDS = 60.0
# An item that the channel answered with a refusal this often lets another one try before it;
# where that one arrives, the item itself is the trouble.
PATIENCE = 8
LAST_TRIES = 3
# Nothing is due: look again this often while something waits (rows put off before a restart).
LOOK_AGAIN = 10.0
IDLE = 300.0
# A message under way when the service stops may finish, so that it is not sent again.
GRACE = 2.0


@dataclass(frozen=True, slots=True)
class CourierStatus:
    """For `status`: times in seconds since the epoch; `last_error` is "" once a message arrives;
    `waiting` is as of the last step."""

    channel: str
    remark: str
    waiting: int
    unusable: bool  # it takes nothing until somebody mends it
    stand_in: str  # the channel that tells its messages meanwhile, "" when none does
    last_success: float | None
    last_error: str
    last_error_at: float | None
    resumes_at: float | None


@dataclass(slots=True)
class _Pause:
    since: float = 0.0
    until: float = 0.0

    def rest(self, now: float) -> float:
        """Seconds left; 0 when the clock was set back, which must not silence the alerts."""
        return max(0.0, self.until - now) if now >= self.since else 0.0


class DeliveryWorker:
    """`run` is owned by the service; `wake` may be called at any time from the same loop."""

    def __init__(
        self,
        outbox: Outbox,
        channel: Channel,
        clock: Callable[[], float],
        language: str,
        hand_over: HandOver | None = None,
    ) -> None:
        self._outbox = outbox
        self._hand_over = hand_over
        self._unusable = False
        self._stand_in = ""
        self._channel = channel
        self._clock = clock
        self._language = language
        self._woken = asyncio.Event()
        self._settled = asyncio.Event()
        self._hold = _Pause()
        self._gathering = _Pause()
        self._failures = 0
        self._last: set[int] = set()
        self._marks: list[tuple[int, int, str]] = []
        self._last_success: float | None = None
        self._remembers = False  # that of before a restart has been looked up
        self._error = self._logged = ""
        self._error_at: float | None = None
        self._waiting = 0
        self._retired: list[Channel] = []

    def wake(self) -> None:
        """There may be something new to send."""
        self._settled.clear()
        self._woken.set()

    @property
    def channel(self) -> Channel:
        return self._channel

    @property
    def unusable(self) -> bool:
        """True from a refusal that only a person can mend until a message is taken again; of a
        channel that is not configured (`absent`) always."""
        return self._unusable or bool(getattr(self._channel, "absent", False))

    def use(self, channel: Channel, language: str) -> None:
        """Another channel from now on (the configuration was read again): its predecessor is
        closed when nothing is under way on it, and its troubles are forgotten."""
        self._retired.append(self._channel)
        self._channel, self._language = channel, language
        self._hold, self._failures, self._error, self._unusable = _Pause(), 0, "", False
        self.wake()

    async def run(self) -> None:
        """Send until cancelled; a message under way is then finished within GRACE seconds, and
        the channel closed."""
        try:
            await self._run()
        except asyncio.CancelledError:  # after anything else it may run again, on the same channel
            self._retired.append(self._channel)
            await self._close_retired()
            raise

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            stepping = asyncio.ensure_future(self.step())
            try:
                pause = await asyncio.shield(stepping)
            except asyncio.CancelledError:
                await _finish(stepping)
                raise
            except Exception as error:  # the store, most likely: alerting goes on when it is back
                self._fail(redact(f"{type(error).__name__}: {error}"))
                pause = self._hold.rest(self._clock())
            await _within(max(pause, 0.001), self._woken)

    async def settled(self, seconds: float) -> bool:
        """Wait until nothing is due, at most `seconds`, while `run` goes on; True when that is so.
        A channel that fails is not waited for."""
        if not self._failures:
            await _within(seconds, self._settled)
        return self._settled.is_set() and not self._failures

    @property
    def status(self) -> CourierStatus:
        """How the channel does, and how many messages wait."""
        held = self._failures > 0 and self._hold.rest(self._clock()) > 0
        return CourierStatus(
            channel=self._channel.name,
            remark=self._channel.remark,
            waiting=self._waiting,
            unusable=self._unusable,
            stand_in=self._stand_in if self._unusable else "",
            last_success=self._last_success,
            last_error=self._error,
            last_error_at=self._error_at,
            resumes_at=self._hold.until if held else None,
        )

    async def step(self) -> float:
        """Do the next thing that may be done now; return the seconds until there may be more.

        `run` calls it for ever; a test calls it with a clock of its own. Raises what the outbox
        raises, and nothing else."""
        await self._close_retired()
        if not self._remembers:
            self._last_success, self._remembers = await self._outbox.last_success(), True
        await self._mark_taken()
        now = self._clock()
        if rest := self._hold.rest(now):
            # What comes while it is known to take nothing need not wait for the next try of it.
            await self._give_to_another()
            return rest
        turn = await self._choose(now)
        if turn.items and (error := await self._send(turn)) is not None:
            await self._not_taken(turn, error)
        self._waiting = await self._outbox.waiting()
        gathering = self._gathering.rest(now)
        if not self._waiting or not (turn.items or gathering):
            self._settled.set()
        if turn.items:
            return self._hold.rest(self._clock())
        return gathering or (LOOK_AGAIN if self._waiting else IDLE)

    async def _choose(self, now: float, without: int | None = None) -> Batch:
        items = [item for item in await self._outbox.due(now, BATCH) if item.id != without]
        gathering, can_edit = self._gathering.rest(now) > 0, self._channel.edits
        turn = next_batch(items, now, gathering=gathering, last=self._last, can_edit=can_edit)
        for item in turn.superseded:
            await self._outbox.dropped(item.id, item.version, "superseded", now)
        return turn

    async def _send(self, turn: Batch) -> DeliveryError | None:
        """Send one message and close its rows, or say why it was not taken."""
        try:
            message = self._compose(turn)
            known = edits(turn.items[0]) if self._channel.edits else None
            taken = await self._channel.deliver(message, message_id=known)
        except DeliveryError as error:
            return error
        except Exception as error:  # a fault in a client library must not end the alerts
            return RefusedByServer(redact(f"{type(error).__name__}: {error}"))
        now = self._clock()
        self._log("")
        kept = f"{DIGESTED}{taken}" if turn.digest else taken
        self._marks += [(item.id, item.version, kept) for item in turn.items]
        self._last_success, self._failures, self._error, self._unusable = now, 0, "", False
        self._hold = _Pause(now, now + SPACING)
        if turn.digest:
            self._gathering = _Pause(now, now + GATHERING_SECONDS)
        await self._mark_taken()
        return None

    async def _mark_taken(self) -> None:
        # Before anything else is sent: what the store could not note yet would be sent again.
        while self._marks:
            await self._outbox.sent(*self._marks[0], self._clock())
            del self._marks[0]

    def _compose(self, turn: Batch) -> Message:
        if turn.digest:
            return render_digest([item.notice for item in turn.items], self._language)
        item = turn.items[0]
        return render(item.notice, self._language, now=self._clock(), instead_of=item.instead_of)

    async def _not_taken(self, turn: Batch, error: DeliveryError) -> None:
        item, reason, now = turn.items[0], redact(str(error)), self._clock()
        self._unusable = error.unusable
        if await self._give_to_another():
            self._fail(reason, error.retry_after)
            return
        if error.permanent:
            await self._drop(turn, reason)
            return
        stubborn = isinstance(error, RefusedByServer) and item.attempts + 1 >= PATIENCE
        if stubborn and item.id in self._last and item.attempts + 1 >= PATIENCE + LAST_TRIES:
            await self._drop(
                turn, text("notice.trouble.passed_over", self._language, n=item.attempts + 1, detalle=reason)
            )
            return
        self._fail(reason, error.retry_after)
        # The wait is the channel's and is kept here; the row itself stays due. Put off on its own
        # it would be overtaken by younger ones after a restart.
        await self._outbox.postponed(item.id, reason, now)
        if stubborn and not error.retry_after:
            await self._let_another_try(item)

    async def _give_to_another(self) -> bool:
        """Whether another channel has what waits here, because this one takes nothing."""
        if not self._unusable or self._hand_over is None or not await self._outbox.waiting():
            return False
        self._stand_in = await self._hand_over()
        self._waiting = await self._outbox.waiting()
        return bool(self._stand_in)

    async def _let_another_try(self, item: OutboxItem) -> None:
        other = await self._choose(self._clock(), without=item.id)
        if other.items and await self._send(other) is None:
            self._last.add(item.id)

    async def _drop(self, turn: Batch, reason: str) -> None:
        now = self._clock()
        self._error, self._error_at = reason, now
        self._log(reason)
        for item in turn.items:
            await self._outbox.dropped(item.id, item.version, reason, now)
            self._last.discard(item.id)

    async def _close_retired(self) -> None:
        while self._retired:
            with contextlib.suppress(Exception):
                await self._retired.pop().close()

    def _fail(self, reason: str, retry_after: float = 0.0) -> None:
        now = self._clock()
        self._failures += 1
        self._error, self._error_at = reason, now
        self._log(reason)
        self._settled.set()
        backoff = min(SLOWEST_RETRY, 2.0 ** min(self._failures, 10))
        self._hold = _Pause(now, now + (retry_after or backoff))

    def _log(self, reason: str) -> None:
        """Log a failure of the channel once, and its end."""
        if reason != self._logged:
            code = "notice.channel.failing" if reason else "notice.channel.back"
            logger.warning("%s", text(code, self._language, canal=self._channel.name, detalle=reason))
        self._logged = reason


async def _within(seconds: float, event: asyncio.Event) -> None:
    # Not wait_for: in Python 3.11 it loses a cancellation that meets the event, and the service
    # would never stop.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


async def _finish(stepping: asyncio.Future[float]) -> None:
    await asyncio.wait({stepping}, timeout=GRACE)
    stepping.cancel()
    await asyncio.gather(stepping, return_exceptions=True)
