"""Looks at each video of which the bot's own process says that it has arrived.

A bot that copies its videos opens none of them: one that is damaged but has its announced size is a
success to it. What two judges call broken is a failed download like any other; what nobody can tell
is left alone. What is still waiting when the service ends is not looked at any more.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from ..host.blocking import run_blocking
from ..messages import text
from ..model.finding import ErrorType, Finding, FindingKind
from ..model.installation import Installation
from ..repair.path_policy import resolve_destination
from ..verification.verify import judge

RULE: Final = "arrived_broken"
MOST_WAITING = 1000  # videos; a look reads an index, a few milliseconds for a whole one
_SECONDS = 20.0


class Arrivals:
    """`found` takes the failure in, whose text is in the records' `language`. All methods are for the
    loop's own thread."""

    def __init__(
        self,
        site: Callable[[], Installation | None],
        found: Callable[[Finding], Awaitable[None]],
        language: Callable[[], str],
        clock: Callable[[], float],
    ) -> None:
        self._site = site
        self._found = found
        self._language = language
        self._clock = clock
        self._waiting: deque[Finding] = deque(maxlen=MOST_WAITING)
        self._come = asyncio.Event()

    def give(self, arrived: Sequence[Finding]) -> None:
        """Findings of FINISHED; they are on record."""
        self._waiting.extend(arrived)
        if arrived:
            self._come.set()

    async def run(self) -> None:
        """Look at one after the other, as they come."""
        while True:
            await self._come.wait()
            self._come.clear()
            while self._waiting:
                arrived = self._waiting.popleft()
                if await self._broken(arrived):
                    await self._found(failure(arrived, self._clock(), self._language()))

    async def _broken(self, arrived: Finding) -> bool:
        site = self._site()
        if site is None:
            return False
        place = await run_blocking(
            lambda: resolve_destination(arrived.download, site), seconds=_SECONDS, name="arrivals"
        )
        return place is not None and await judge(place, arrived.download.size, (site.models,)) is False


def failure(arrived: Finding, now: float, language: str) -> Finding:
    """`arrived`, of which a look at the file says that it is broken."""
    return replace(
        arrived,
        kind=FindingKind.FAILED,
        at=now,
        error_type=ErrorType.CORRUPTO,
        rule=RULE,
        origin=f"{RULE} {arrived.download.destination}",
        repaired=False,
        message=text("arrived_broken", language, linea=arrived.message),
        lines=(arrived.message,),
    )
