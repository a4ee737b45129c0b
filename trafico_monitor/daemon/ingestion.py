"""Whether the monitor hears the bot at all: how far behind it reads, whether the journal may be read,
and how long the bot has said nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from ..config.schema import Config
from ..errors import JournalError
from ..health.unit import UnitState
from ..health.visibility import Visibility, VisibilityCheck
from ..host.blocking import run_blocking
from ..journal.follower import Batch, JournalThread
from ..journal.reader import check_access
from ..model.finding import Finding, FindingKind
from ..pipeline import visibility
from ..pipeline.pipeline import Pipeline

ACCESS_SECONDS = 10.0  # for a look at the journal's directories
TROUBLE_SECONDS = 5.0  # the reader opens the journal again by itself; what lasts longer is told
ROTATION_SECONDS = 1.0  # a file that is renamed while we look is not a file that we may not read


class IngestionMonitor:
    """`waiting` says whether batches lie ready that nobody has taken yet."""

    def __init__(
        self, config: Callable[[], Config], pipeline: Pipeline, waiting: Callable[[], bool], clock: Callable[[], float]
    ) -> None:
        self._config = config
        self._pipeline = pipeline
        self._waiting = waiting
        self._clock = clock
        self._behind = True  # until the reader has said that it has come to the end
        self._taking = False
        self._taken_at = 0.0  # journal time of the last entry that was looked at
        self._heard = time.monotonic()  # when the bot last said something, or we began to listen
        self._sight = VisibilityCheck()

    def begin(self, batch: Batch) -> None:
        """`batch` is being taken in."""
        self._taking, self._behind, self._taken_at = True, batch.more, batch.at or self._taken_at

    def end(self) -> None:
        self._taking = False

    def hear(self, at: float, now: float) -> tuple[Finding, ...]:
        """The bot has said something at `at`."""
        self._heard = max(self._heard, time.monotonic() - max(0.0, now - at))
        if visibility.UNIT_SILENT not in self._pipeline.blindness.now:
            return ()
        return (Finding(FindingKind.BLIND, now, rule=self._config().bot.unit, code="unit_speaks"),)

    def lag(self) -> float:
        """How old the last line taken in is, in seconds, while others wait behind it; else 0."""
        return max(0.0, self._clock() - self._taken_at) if self._taken_at and self._lines_wait() else 0.0

    def sees_the_present(self, journal: JournalThread) -> bool:
        """Whether everything that was written until now has been taken in: only then does time
        that passes without a line mean anything."""
        blind = journal.trouble or visibility.NO_ACCESS in self._pipeline.blindness.now
        return not (self._lines_wait() or blind)

    async def look_around(self, journal: JournalThread, unit: UnitState | None) -> tuple[Finding, ...]:
        """Whether we see the bot at all, and whether it speaks."""
        checks, monotonic = self._config().checks, time.monotonic()
        # A download may keep the bot's only thread busy: its own silence has a limit of its own.
        quiet = None if self._pipeline.detector.under_way else monotonic - self._heard
        trouble = journal.trouble
        if not trouble or monotonic - journal.trouble_since < TROUBLE_SECONDS:
            trouble = await self._access() and await self._access(ROTATION_SECONDS)
        seen = Visibility(self.lag(), trouble, quiet, unit, monotonic)
        return self._sight.judge(seen, interval=checks.interval, unit_silence=checks.unit_silence, at=self._clock())

    def _lines_wait(self) -> bool:
        return self._behind or self._taking or self._waiting()

    async def _access(self, after: float = 0.0) -> str:
        """Why the journal may not be read any more; "" when it may. sd-journal says nothing."""
        await asyncio.sleep(after)
        place = self._config().journal
        try:
            await run_blocking(
                lambda: check_access(directory=place.directory, namespace=place.namespace),
                seconds=ACCESS_SECONDS,
                name="access",
            )
        except (JournalError, OSError) as error:  # a TimeoutError is an OSError
            return str(error) or type(error).__name__
        return ""
