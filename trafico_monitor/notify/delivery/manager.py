"""The couriers of all channels: one each, with its own pace and troubles, under one roof.

A channel that takes nothing until somebody mends it (blocked, token refused) leaves what waits to
another, which tells it once. One that is merely out of reach keeps its messages: they come late.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from typing import Any, Protocol

from ...config.schema import ADMIN
from ...errors import StoreError
from ..channels.base import Channel, Outbox
from ..routing import RoutingConfig, fallbacks
from .worker import CourierStatus, DeliveryWorker

RETRY_SECONDS = 10.0


Start = Callable[[str, Callable[[], Coroutine[Any, Any, None]]], asyncio.Task[None]]


def _start(name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> asyncio.Task[None]:
    return asyncio.create_task(work(), name=name)


class Letters(Protocol):
    """The durable queue of all channels."""

    def mailbox(self, channel: str) -> Outbox: ...
    async def hand_over(self, channel: str, to: str) -> int: ...
    async def adopt(self, known: Collection[str], heir: str) -> None: ...


class DeliveryManager:
    """`run` is owned by the service; `wake` and `use` may be called at any time from its loop. `start` gives a
    courier's work a task."""

    def __init__(self, letters: Letters, clock: Callable[[], float], start: Start = _start) -> None:
        self._letters = letters
        self._clock = clock
        self._start = start
        self._plan = RoutingConfig()
        self._couriers: dict[str, DeliveryWorker] = {}
        self._tasks: dict[DeliveryWorker, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()

    def use(self, channels: Iterable[Channel], plan: RoutingConfig, language: str) -> None:
        """These channels from now on. What waits on one that is gone goes to `admin`."""
        self._plan = plan
        given = {channel.name: channel for channel in channels}
        for name, channel in given.items():
            known = self._couriers.get(name)
            if known is not None:
                known.use(channel, language)
            else:
                self._couriers[name] = self._courier(name, channel, language)
        self._couriers = {name: self._couriers[name] for name in given}
        self._changed.set()

    def wake(self) -> None:
        """There may be something new to send."""
        for courier in self._couriers.values():
            courier.wake()

    async def run(self) -> None:
        """Send on every channel until cancelled; messages under way are finished."""
        try:
            while True:
                self._changed.clear()
                await self._employ()
                adopted = await self._adopt()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(None if adopted else RETRY_SECONDS):
                        await self._changed.wait()
        except asyncio.CancelledError:  # whatever else ends it, the couriers go on
            await _end(self._tasks.values())
            raise

    async def settled(self, seconds: float) -> bool:
        """Wait until nothing is due on any channel that works, at most `seconds`."""
        return all(await asyncio.gather(*(one.settled(seconds) for one in self._couriers.values())))

    @property
    def status(self) -> Mapping[str, CourierStatus]:
        """How each channel does, `admin` first."""
        return {name: courier.status for name, courier in self._couriers.items()}

    @property
    def channels(self) -> tuple[Channel, ...]:
        return tuple(courier.channel for courier in self._couriers.values())

    async def _employ(self) -> None:
        """Let the couriers that there are work, and no others."""
        gone = [courier for courier in self._tasks if courier not in self._couriers.values()]
        await _end([self._tasks.pop(courier) for courier in gone])
        for name, courier in self._couriers.items():
            if courier not in self._tasks:
                self._tasks[courier] = self._start(f"courier {name}", courier.run)

    async def _adopt(self) -> bool:
        """Give what waits on channels that are gone to `admin`; False when the store cannot now."""
        try:
            await self._letters.adopt(tuple(self._couriers), ADMIN)
        except StoreError:
            return False
        self.wake()
        return True

    def _courier(self, name: str, channel: Channel, language: str) -> DeliveryWorker:
        async def hand_over() -> str:
            return await self._hand_over(name)

        return DeliveryWorker(self._letters.mailbox(name), channel, self._clock, language, hand_over)

    async def _hand_over(self, channel: str) -> str:
        """The first channel that works takes over what waits on `channel`; "" when none does."""
        for other in fallbacks(channel, self._plan):
            courier = self._couriers.get(other)
            if courier is not None and not courier.unusable:
                await self._letters.hand_over(channel, other)
                courier.wake()
                return other
        return ""


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    ending = list(tasks)
    for task in ending:
        if not task.cancelling():  # once: a second time would break off what it finishes
            task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)
