"""Ingest loop: passes journal batches and clock ticks through the pipeline and commits each result."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import JournalError, MonitorError
from ..health.download_files import LOOK_SECONDS, arrived_bytes
from ..health.unit import UnitState
from ..health.visibility import Visibility, VisibilityCheck
from ..host.accounts import uid_of
from ..host.blocking import run_blocking
from ..journal.follower import Batch, JournalThread
from ..journal.reader import check_access
from ..model.finding import Finding, FindingKind
from ..pipeline.handlers import visibility
from .context import AppContext

SETTLE_SECONDS = 0.06  # after the last line: longer than the detector's own settling time
SAMPLED_LINES = 200  # an hour of those that the reader skips: whether a kind of them is new or more frequent
MIND_SECONDS = 1.0  # silences and reminders are told in minutes: in a storm each look is a long one
STUCK_SECONDS = 15.0  # no turn of the reader or the pipeline for so long: no watchdog ping
READY_SECONDS = 20.0  # less than TimeoutStartSec: a reader that finds no place is an error of ours to name
READER_SECONDS = 5.0  # between two looks whether a reader that says nothing is still there
QUEUE_BATCHES = 4
ACCESS_SECONDS = 10.0  # for a look at the journal's directories
TROUBLE_SECONDS = 5.0  # the reader opens the journal again by itself; what lasts longer is told
ROTATION_SECONDS = 1.0  # a file that is renamed while we look is not a file that we may not read


class IngestLoop:
    """`consume` and `tick` are owned by the service, and so is the reader that `follow` starts. `heard` is called
    after each batch with the processes that have logged for the bot."""

    def __init__(self, context: AppContext, heard: Callable[[frozenset[int]], None]) -> None:
        self._context = context
        self._pipeline = context.pipeline
        self._heard = heard
        self.unattributed = 0  # lines of the unit whose process journald did not know
        self.heard_at: float | None = None  # the bot's last line since the start
        self._batches: asyncio.Queue[Batch] = asyncio.Queue(QUEUE_BATCHES)
        self._ingestion = IngestionMonitor(context, lambda: not self._batches.empty())
        self._progress = time.monotonic()
        self._watching = asyncio.Event()
        self._following: Mapping[str, Any] = {}  # what the reader selects
        self._stirred = asyncio.Event()  # something has begun that time alone will end

    def follow(self) -> None:
        """Start the thread that reads the journal, from the stored cursor on."""
        loop = asyncio.get_running_loop()

        def deliver(batch: Batch) -> None:
            # Blocks the reading thread while the pipeline is behind: the queue is bounded.
            asyncio.run_coroutine_threadsafe(self._batches.put(batch), loop).result()

        self._deliver, self._passing = deliver, self._pipeline.detector.passing()
        self._read_from(self._context.committer.cursor)

    def _read_from(self, cursor: str) -> None:
        self._following = self._selection()
        self._journal = JournalThread(**self._following, cursor=cursor, deliver=self._deliver, skip=self._passing)
        self._journal.start()

    def _selection(self) -> Mapping[str, Any]:
        """The entries that the configuration selects."""
        config = self._context.config()
        return {
            "unit": config.bot.unit,
            "process": config.bot.process,
            "uid": uid_of(config.project.owner),
            "container": config.bot.container,
            "of_user": config.bot.user_unit,
            "namespace": config.journal.namespace,
            "directory": config.journal.directory,
        }

    async def follow_again(self) -> None:
        """Read by the present configuration, from the place that was reached; nothing where that selects the same."""
        if self._selection() == self._following:
            return
        while self._journal.alive:  # it delivers what it has read: `consume` takes that first
            await asyncio.to_thread(self._journal.stop, READER_SECONDS)
        self._read_from(self._journal.cursor or self._context.committer.cursor)

    async def stop(self, seconds: float) -> None:
        """Stop the reader."""
        await asyncio.to_thread(self._journal.stop, seconds)

    async def until_watching(self) -> None:
        """Wait for the reader's first batch: from then on no line is missed."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                await self._watching.wait()
        except TimeoutError:
            raise MonitorError(f"the journal gave no place to read from within {READY_SECONDS:g} s") from None

    def rules_changed(self) -> None:
        """The detector has other rules: let the reader skip lines by them."""
        self._passing.use(self._pipeline.detector.new_dull())

    async def consume(self) -> None:
        """Consume batches as they come, for ever. Raises MonitorError when the reader has ended."""
        detector = self._pipeline.detector
        while True:
            batch = await self._next_batch()
            self._watching.set()
            now = self._context.clock()
            was_unsettled = detector.unsettled
            self._ingestion.begin(batch)
            if batch.gap:
                gap = Finding(FindingKind.BLIND, now, code=batch.gap)
                await self._context.observe((gap,))
            if batch.heard:
                self.heard_at = max(self.heard_at or 0.0, batch.heard)
            if batch.heard and (speaks := self._ingestion.hear(batch.heard, now)):
                await self._context.observe(speaks)
            self._context.committer.cursor = batch.cursor
            self.unattributed = batch.unattributed
            await self._context.commit(self._pipeline.consume(batch.entries, batch.cursor, now))
            self._ingestion.end()
            self.made_progress()
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

    async def tick(self) -> None:
        """Evaluate what is due by time alone, for ever: alerts each second, deadlines while no line is waiting."""
        minded = looked = -math.inf
        sampled = -1
        while True:
            self._stirred.clear()
            with contextlib.suppress(TimeoutError):  # not wait_for: on Python 3.11 it swallows a cancellation
                async with asyncio.timeout(self._pace()):
                    await self._stirred.wait()
            if time.monotonic() - minded >= MIND_SECONDS:
                minded = time.monotonic()
                if (hour := int(self._context.clock() // 3600)) != sampled:
                    sampled = hour
                    self._passing.sample(SAMPLED_LINES)
                await self._context.commit(self._pipeline.evaluate_alerts(self._context.clock()))
            if time.monotonic() - looked >= LOOK_SECONDS and (copying := self._pipeline.detector.copying):
                looked = time.monotonic()
                sizes = await arrived_bytes(copying)
                await self._context.commit(self._pipeline.arrived(sizes, self._context.clock()))
            if self._ingestion.sees_the_present(self._journal):
                await self._context.commit(self._pipeline.tick(self._context.clock()))

    async def check_visibility(self, unit: UnitState | None) -> tuple[Finding, ...]:
        """The findings of the visibility checks: access, lag, silence."""
        return await self._ingestion.check_visibility(self._journal, unit)

    def lag(self) -> float:
        """The consumer lag: the age in seconds of the last line consumed while others wait behind it; else 0."""
        return self._ingestion.lag()

    def made_progress(self) -> None:
        """The loop makes progress, or waits for a known reason."""
        self._progress = time.monotonic()

    def advancing(self) -> bool:
        """True while reader and pipeline both make progress."""
        now = time.monotonic()
        reading = now - self._journal.last_turn < STUCK_SECONDS or self._batches.full()
        taking = self._batches.empty() or now - self._progress < STUCK_SECONDS
        return reading and taking

    def _pace(self) -> float:
        """Seconds in which nothing can become due: each check is a wake-up."""
        detector = self._pipeline.detector
        if detector.unsettled:
            return SETTLE_SECONDS
        return 0.25 if detector.under_way or self._pipeline.tracker.open_incidents() else 1.0


class IngestionMonitor:
    """Consumer lag, access to the journal, and the bot's silence. `waiting`: batches are ready and not consumed."""

    def __init__(self, context: AppContext, waiting: Callable[[], bool]) -> None:
        self._context = context
        self._waiting = waiting
        self._behind = True  # until the reader has said that it has come to the end
        self._taking = False
        self._taken_at = 0.0  # journal time of the last entry that was looked at
        self._heard = time.monotonic()  # when the bot last said something, or we began to listen
        self._visibility = VisibilityCheck()

    def begin(self, batch: Batch) -> None:
        """`batch` is being consumed."""
        self._taking, self._behind, self._taken_at = True, batch.more, batch.at or self._taken_at

    def end(self) -> None:
        self._taking = False

    def hear(self, at: float, now: float) -> tuple[Finding, ...]:
        """The bot has logged something at `at`."""
        self._heard = max(self._heard, time.monotonic() - max(0.0, now - at))
        if visibility.UNIT_SILENT not in self._context.pipeline.blindness.now:
            return ()
        return (Finding(FindingKind.BLIND, now, rule=self._context.unit(), code="unit_speaks"),)

    def lag(self) -> float:
        """How old the last line taken in is, in seconds, while others wait behind it; else 0."""
        return max(0.0, self._context.clock() - self._taken_at) if self._taken_at and self._lines_wait() else 0.0

    def sees_the_present(self, journal: JournalThread) -> bool:
        """Whether everything that was written until now has been taken in: only then does time
        that passes without a line mean anything."""
        blind = journal.trouble or visibility.NO_ACCESS in self._context.pipeline.blindness.now
        return not (self._lines_wait() or blind)

    async def check_visibility(self, journal: JournalThread, unit: UnitState | None) -> tuple[Finding, ...]:
        """The findings of the visibility checks: access, lag, silence."""
        checks, monotonic = self._context.config().checks, time.monotonic()
        # A download may keep the bot's only thread busy: its own silence has a limit of its own.
        quiet = None if self._context.pipeline.detector.under_way else monotonic - self._heard
        trouble = journal.trouble
        if not trouble or monotonic - journal.trouble_since < TROUBLE_SECONDS:
            trouble = await self._access() and await self._access(ROTATION_SECONDS)
        seen = Visibility(self.lag(), trouble, quiet, unit, monotonic)
        return self._visibility.judge(
            seen, interval=checks.interval, unit_silence=checks.unit_silence, at=self._context.clock()
        )

    def _lines_wait(self) -> bool:
        return self._behind or self._taking or self._waiting()

    async def _access(self, after: float = 0.0) -> str:
        """Why the journal may not be read any more; "" when it may. sd-journal says nothing."""
        await asyncio.sleep(after)
        place = self._context.config().journal
        try:
            await run_blocking(
                lambda: check_access(directory=place.directory, namespace=place.namespace),
                seconds=ACCESS_SECONDS,
                name="access",
            )
        except (JournalError, OSError) as error:  # a TimeoutError is an OSError
            return str(error) or type(error).__name__
        return ""
