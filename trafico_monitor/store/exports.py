"""Carries records from the database to the logs: in order, nothing lost, nothing held up.

Each log has its own place in the story, so that one that cannot be written (disk full, folder
gone, journald frozen) keeps neither the others nor the detection waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import StoreError
from ..host.journal_writer import JournalWriter
from .json_log import JsonLog
from .monitor_log import MonitorLog
from .store import NumberedRecord, Store

logger = logging.getLogger(__name__)

BATCH = 500
PAUSE_SECONDS = 0.05  # a reader of the JSON has at least this long before its file is written
RETRY_SECONDS = 2.0
LOG_SIZE = 8_000_000

Write = Callable[[Sequence[NumberedRecord]], None]


class Exports:
    """`run` works until cancelled; `wake` tells it of new records."""

    def __init__(
        self, store: Store, logs: Path, journal: JournalWriter | None = None, *, size: int = LOG_SIZE, keep: int = 5
    ) -> None:
        """Each log is rotated before it is longer than `size` bytes, and `keep` older ones stay."""
        self._store = store
        self._json = JsonLog(logs, rotate_bytes=size, keep=keep)
        self._log = MonitorLog(logs, rotate_bytes=size, keep=keep)
        self._journal = journal or JournalWriter()
        self._places: dict[str, int] = {}
        self._awake = asyncio.Event()
        self._draining = asyncio.Lock()
        self._first_lines = True
        self._failing: dict[str, str] = {}

    def wake(self) -> None:
        self._awake.set()

    async def run(self) -> None:
        """Drain whenever woken; after a failure also by itself."""
        while True:
            await self.drain()
            await asyncio.sleep(PAUSE_SECONDS)
            with contextlib.suppress(TimeoutError):
                # Not wait_for: on Python 3.11 it swallows a cancellation that comes with the event.
                async with asyncio.timeout(RETRY_SECONDS if self._failing else None):
                    await self._awake.wait()

    async def drain(self) -> bool:
        """Write what is not written yet; True when every log has everything. Never raises for a
        log that cannot be written: the rest stays for later."""
        async with self._draining:
            self._awake.clear()
            done = True
            for name, write in self._sinks().items():
                done = await self._drain_one(name, write) and done
            return done

    @property
    def failing(self) -> dict[str, str]:
        """Logs that cannot be written at the moment, each with the reason."""
        return dict(self._failing)

    def _sinks(self) -> dict[str, Write]:
        return {"json": self._json.append, "log": self._append_lines, "journal": self._journal_batch}

    async def _drain_one(self, name: str, write: Write) -> bool:
        try:
            place = await self._place(name)
            while records := await self._store.records_after(place, BATCH):
                await asyncio.to_thread(write, records)
                place = self._places[name] = records[-1].seq
                await self._store.keep(f"exported.{name}", str(place))
                if len(records) == BATCH and name == "json":
                    await asyncio.sleep(PAUSE_SECONDS)
        except (OSError, StoreError) as error:
            self._failed(name, str(error))
            return False
        self._failing.pop(name, None)
        return True

    async def _place(self, name: str) -> int:
        """The number of the last record that this log has."""
        if name not in self._places:
            kept = int(await self._store.kept(f"exported.{name}") or 0)
            if name == "json":  # what the file holds counts: it may have lost, or have got, more
                kept = await self._place_of_json(kept)
            self._places[name] = kept
        return self._places[name]

    async def _place_of_json(self, kept: int) -> int:
        last = await asyncio.to_thread(self._json.open)
        if last is None:
            return kept
        # A number beyond the database's own: it is new, or a power cut took its last transactions.
        # Then what it has is not in the file, whatever the numbers say.
        known = last <= await self._store.last_number()
        await self._store.number_above(last)
        return last if known else kept

    def _append_lines(self, records: Sequence[NumberedRecord]) -> None:
        if self._first_lines:
            records = self._log.without_written(records)
        if records:
            self._log.append(records)
        self._first_lines = False

    def _journal_batch(self, records: Sequence[NumberedRecord]) -> None:
        for item in records:
            self._journal.write(item.record, item.seq)

    def _failed(self, name: str, reason: str) -> None:
        if self._failing.get(name) != reason:  # said once, not with every record
            logger.warning("%s log not written, kept for later: %s", name, reason)
        self._failing[name] = reason
