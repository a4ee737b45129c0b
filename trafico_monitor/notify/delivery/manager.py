"""Runs one delivery worker per channel; each has its own rate limit and error handling.

The pending messages of a channel that accepts nothing until somebody mends it (blocked, token refused) are
reassigned to another, which sends them once. A channel that is merely out of reach keeps its messages: they come late.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from typing import Any, Protocol

from ...config.schema import ADMIN
from ...errors import DeliveryError, StoreError
from ...host.redact import redact
from ...host.tasks import end
from ...messages import text
from ...model.alert import Notification
from ..channels.base import Channel, Outbox
from ..messages.markup import Message
from ..messages.render import render
from ..routing import RoutingConfig, fallbacks
from .worker import CourierStatus, DeliveryWorker

RETRY_SECONDS = 10.0
TEST_SECONDS = 15.0  # for each channel; it has deadlines of its own, this is for one that lacks them

Start = Callable[[str, Callable[[], Coroutine[Any, Any, None]]], asyncio.Task[None]]


def _start(name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> asyncio.Task[None]:
    return asyncio.create_task(work(), name=name)


class Outboxes(Protocol):
    """The durable queue of all channels."""

    def mailbox(self, channel: str) -> Outbox: ...
    async def hand_over(self, channel: str, to: str) -> int: ...
    async def adopt(self, known: Collection[str], heir: str) -> None: ...


class DeliveryManager:
    """`run` is owned by the service; `wake` and `use` may be called at any time from its loop. `start` gives a
    worker a task."""

    def __init__(self, outboxes: Outboxes, clock: Callable[[], float], start: Start = _start) -> None:
        self._outboxes = outboxes
        self._clock = clock
        self._start = start
        self._routing = RoutingConfig()
        self._language = "es"
        self._workers: dict[str, DeliveryWorker] = {}
        self._tasks: dict[DeliveryWorker, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()

    def use(self, channels: Iterable[Channel], routing: RoutingConfig, language: str) -> None:
        """Use these channels from now on. Pending messages of a removed one are reassigned to `admin`."""
        self._routing, self._language = routing, language
        given = {channel.name: channel for channel in channels}
        for name, channel in given.items():
            known = self._workers.get(name)
            if known is not None:
                known.use(channel, language)
            else:
                self._workers[name] = self._worker(name, channel, language)
        self._workers = {name: self._workers[name] for name in given}
        self._changed.set()

    def wake(self) -> None:
        """Let the workers look for new messages."""
        for worker in self._workers.values():
            worker.wake()

    async def run(self) -> None:
        """Deliver on every channel until cancelled; messages under way are finished."""
        try:
            while True:
                self._changed.clear()
                await self._run_workers()
                adopted = await self._reassign_removed()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(None if adopted else RETRY_SECONDS):
                        await self._changed.wait()
        except asyncio.CancelledError:  # whatever else ends it, the workers go on
            await end(self._tasks.values())
            raise

    async def settled(self, seconds: float) -> bool:
        """Wait until nothing is due on any channel that works, at most `seconds`."""
        return all(await asyncio.gather(*(one.settled(seconds) for one in self._workers.values())))

    @property
    def status(self) -> Mapping[str, CourierStatus]:
        """The status of each channel, `admin` first."""
        return {name: worker.status for name, worker in self._workers.items()}

    @property
    def channels(self) -> tuple[Channel, ...]:
        return tuple(worker.channel for worker in self._workers.values())

    async def send_test(self, notification: Notification) -> tuple[tuple[str, float, str], ...]:
        """Send `notification` through every channel at once (`send_test_message`)."""
        message = render(notification, self._language, now=notification.at)
        return await send_test_message(self.channels, message, self._language)

    async def _run_workers(self) -> None:
        """Start the workers of new channels, and end those of removed ones."""
        gone = [worker for worker in self._tasks if worker not in self._workers.values()]
        await end([self._tasks.pop(worker) for worker in gone])
        for name, worker in self._workers.items():
            if worker not in self._tasks:
                self._tasks[worker] = self._start(f"courier {name}", worker.run)

    async def _reassign_removed(self) -> bool:
        """Reassign pending messages of removed channels to `admin`; False when the store cannot now."""
        try:
            await self._outboxes.adopt(tuple(self._workers), ADMIN)
        except StoreError:
            return False
        self.wake()
        return True

    def _worker(self, name: str, channel: Channel, language: str) -> DeliveryWorker:
        async def hand_over() -> str:
            return await self._reassign(name)

        return DeliveryWorker(self._outboxes.mailbox(name), channel, self._clock, language, hand_over)

    async def _reassign(self, channel: str) -> str:
        """Reassign the pending messages of `channel` to the first working channel; "" when there is none."""
        for other in fallbacks(channel, self._routing):
            worker = self._workers.get(other)
            if worker is not None and not worker.unusable:
                await self._outboxes.hand_over(channel, other)
                worker.wake()
                return other
        return ""


async def send_test_message(
    channels: Iterable[Channel], message: Message, language: str
) -> tuple[tuple[str, float, str], ...]:
    """Send `message` through every channel at once. Return the name of each, the seconds that it took, and its error
    ("" for none)."""
    return tuple(await asyncio.gather(*(_send_test(channel, message, language) for channel in channels)))


async def _send_test(channel: Channel, message: Message, language: str) -> tuple[str, float, str]:
    begun, trouble = time.monotonic(), ""
    try:
        async with asyncio.timeout(TEST_SECONDS):
            await channel.deliver(message, message_id=None)
    except TimeoutError:
        trouble = text("notice.trouble.deadline", language, servidor=channel.name, segundos=f"{TEST_SECONDS:.0f}")
    except DeliveryError as error:
        trouble = redact(str(error))
    except Exception as error:  # a fault in one client library says nothing of the other channels
        trouble = redact(f"{type(error).__name__}: {error}")
    return channel.name, time.monotonic() - begun, trouble
