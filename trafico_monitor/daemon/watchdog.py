"""The monitor says that it is alive and how it stands: to systemd, and to who asks the store."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

from ..errors import StoreError
from ..host.systemd import Notifier, watchdog_interval
from ..store.repository import Store
from .ingest_loop import STUCK_SECONDS
from .status import StatusReporter

EVERY = 10.0  # seconds


class WatchdogTask:
    """`advancing` says whether the main line goes on: only then the watchdog is told so."""

    def __init__(
        self, notifier: Notifier, standing: StatusReporter, store: Store, advancing: Callable[[], bool]
    ) -> None:
        self._notifier = notifier
        self._standing = standing
        self._store = store
        self._advancing = advancing
        self._saving_since: float | None = None

    async def watch(self) -> None:
        """Tell systemd that all goes on while it does; for ever. Apart from `run`: what cannot be shown must
        not count as standing still."""
        interval = min(watchdog_interval() or EVERY, EVERY)
        while True:
            if self._advancing() and not self._store_hangs():
                self._notifier.watchdog()
            await asyncio.sleep(interval)

    async def run(self) -> None:
        """Show how things stand, at least every ten seconds; for ever."""
        while True:
            self.say()
            await self.save()
            await asyncio.sleep(EVERY)

    def ready(self) -> None:
        """A start, or a reload, is complete."""
        self._notifier.ready()
        self.say()

    def say(self) -> None:
        """The unit's status line."""
        self._notifier.status(self._standing.line())

    async def save(self) -> None:
        """What `trafico-monitor status` shows."""
        self._saving_since = time.monotonic()
        try:
            with contextlib.suppress(StoreError):
                await self._store.save_status(self._standing.snapshot())
        finally:
            self._saving_since = None

    def _store_hangs(self) -> bool:
        return self._saving_since is not None and time.monotonic() - self._saving_since > STUCK_SECONDS
