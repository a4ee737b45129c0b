"""The monitor says that it is alive and how it stands: to systemd, and to who asks the store."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from .errors import StoreError
from .host.sdnotify import Notifier, watchdog_interval
from .standing import Standing
from .store.store import Store


class Alive:
    """`advancing` says whether the main line goes on: only then the watchdog is told so."""

    def __init__(self, notifier: Notifier, standing: Standing, store: Store, advancing: Callable[[], bool]) -> None:
        self._notifier = notifier
        self._standing = standing
        self._store = store
        self._advancing = advancing

    async def run(self) -> None:
        """At least every ten seconds; for ever."""
        interval = watchdog_interval() or 10.0
        while True:
            if self._advancing():
                self._notifier.watchdog()
            self.say()
            await self.save()
            await asyncio.sleep(min(interval, 10.0))

    def ready(self) -> None:
        """A start, or a reload, is complete."""
        self._notifier.ready()
        self.say()

    def say(self) -> None:
        """The unit's status line."""
        self._notifier.status(self._standing.line())

    async def save(self) -> None:
        """What `trafico-monitor status` shows."""
        with contextlib.suppress(StoreError):
            await self._store.save_status(self._standing.snapshot())
