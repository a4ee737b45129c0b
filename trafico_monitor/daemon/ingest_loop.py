"""The main line: what the journal says and what time does go through the pipeline, and each step is kept."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable

from ..config.schema import Config
from ..errors import MonitorError
from ..health.download_files import LOOK_SECONDS, arrived_bytes
from ..health.unit import UnitState
from ..host.accounts import uid_of
from ..journal.follower import Batch, JournalThread
from ..model.finding import Finding, FindingKind
from ..pipeline.pipeline import Pipeline
from .committer import Committer
from .ingestion import IngestionMonitor

SETTLE_SECONDS = 0.06  # after the last line: longer than the detector's own settling time
MIND_SECONDS = 1.0  # silences and reminders are told in minutes: in a storm each look is a long one
STUCK_SECONDS = 15.0  # no turn of the reader or the pipeline for so long: no watchdog ping
READY_SECONDS = 20.0  # less than TimeoutStartSec: a reader that finds no place is an error of ours to name
READER_SECONDS = 5.0  # between two looks whether a reader that says nothing is still there
QUEUE_BATCHES = 4


class IngestLoop:
    """`take_batches` and `pass_time` are owned by the service, and so is the reader that `follow` starts."""

    def __init__(
        self,
        config: Callable[[], Config],
        pipeline: Pipeline,
        keeper: Committer,
        clock: Callable[[], float],
        heard: Callable[[frozenset[int]], None],
    ) -> None:
        """`heard` is told of each batch that was taken in: the processes that spoke for the bot."""
        self._config = config
        self._pipeline = pipeline
        self._keeper = keeper
        self._clock = clock
        self._heard = heard
        self._batches: asyncio.Queue[Batch] = asyncio.Queue(QUEUE_BATCHES)
        self._hearing = IngestionMonitor(config, pipeline, lambda: not self._batches.empty(), clock)
        self._progress = time.monotonic()
        self._watching = asyncio.Event()
        self._stirred = asyncio.Event()  # something has begun that time alone will end

    def follow(self) -> None:
        """Start the thread that reads the journal, from the stored cursor on."""
        loop = asyncio.get_running_loop()

        def deliver(batch: Batch) -> None:
            # Blocks the reading thread while the pipeline is behind: the queue is bounded.
            asyncio.run_coroutine_threadsafe(self._batches.put(batch), loop).result()

        config = self._config()
        self._passing = self._pipeline.detector.passing()
        self._journal = JournalThread(
            unit=config.bot.unit,
            process=config.bot.process,
            uid=uid_of(config.project.owner),
            namespace=config.journal.namespace,
            directory=config.journal.directory,
            cursor=self._keeper.cursor,
            deliver=deliver,
            skip=self._passing,
        )
        self._journal.start()

    async def stop(self, seconds: float) -> None:
        """End the reader."""
        await asyncio.to_thread(self._journal.stop, seconds)

    async def until_watching(self) -> None:
        """The reader's first batch says that it has its place: from then on nothing is missed."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                await self._watching.wait()
        except TimeoutError:
            raise MonitorError(f"the journal gave no place to read from within {READY_SECONDS:g} s") from None

    def rules_changed(self) -> None:
        """The detector has other rules: what the reader passes over is asked of them."""
        self._passing.use(self._pipeline.detector.new_dull())

    async def take_batches(self) -> None:
        """Lines, as they come. Raises MonitorError when the reader has ended."""
        detector = self._pipeline.detector
        while True:
            batch = await self._next_batch()
            self._watching.set()
            now = self._clock()
            was_unsettled = detector.unsettled
            self._hearing.begin(batch)
            if batch.gap:
                gap = Finding(FindingKind.BLIND, now, code=batch.gap)
                await self._keeper.keep(self._pipeline.observe((gap,), now))
            if batch.heard and (speaks := self._hearing.hear(batch.heard, now)):
                await self._keeper.keep(self._pipeline.observe(speaks, now))
            self._keeper.cursor = batch.cursor
            await self._keeper.keep(self._pipeline.take(batch.entries, batch.cursor, now))
            self._hearing.end()
            self.moved()
            self._journal.busy = detector.under_way
            self._heard(batch.speakers)
            if not was_unsettled and detector.unsettled:
                self._stirred.set()

    async def _next_batch(self) -> Batch:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(READER_SECONDS):
                    return await self._batches.get()
            if self._journal.failure is not None:
                raise MonitorError(f"the journal thread ended: {self._journal.failure}")

    async def pass_time(self) -> None:
        """What ends by time alone, while no line is waiting."""
        minded = looked = -math.inf
        while True:
            self._stirred.clear()
            with contextlib.suppress(TimeoutError):  # not wait_for: on Python 3.11 it swallows a cancellation
                async with asyncio.timeout(self._pace()):
                    await self._stirred.wait()
            if time.monotonic() - minded >= MIND_SECONDS:
                minded = time.monotonic()
                await self._keeper.keep(self._pipeline.mind_alerts(self._clock()))
            if time.monotonic() - looked >= LOOK_SECONDS and (copying := self._pipeline.detector.copying):
                looked = time.monotonic()
                self._pipeline.detector.arrived(await arrived_bytes(copying), self._clock())
            if self._hearing.sees_the_present(self._journal):
                await self._keeper.keep(self._pipeline.pass_time(self._clock()))

    async def look_around(self, unit: UnitState | None) -> tuple[Finding, ...]:
        """Whether we see the bot at all, and whether it speaks."""
        return await self._hearing.look_around(self._journal, unit)

    def lag(self) -> float:
        """How old the last line taken in is, in seconds, while others wait behind it; else 0."""
        return self._hearing.lag()

    def moved(self) -> None:
        """The line goes on, or waits for a reason that is known."""
        self._progress = time.monotonic()

    def advancing(self) -> bool:
        """Whether reader and pipeline both go on."""
        now = time.monotonic()
        reading = now - self._journal.last_turn < STUCK_SECONDS or self._batches.full()
        taking = self._batches.empty() or now - self._progress < STUCK_SECONDS
        return reading and taking

    def _pace(self) -> float:
        """How long nothing can be overdue: each look is a wake-up."""
        detector = self._pipeline.detector
        if detector.unsettled:
            return SETTLE_SECONDS
        return 0.25 if detector.under_way or self._pipeline.tracker.open_incidents() else 1.0
