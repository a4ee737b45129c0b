"""Verifies each video that the bot reports as arrived.

A bot that copies its videos opens none of them: one that is damaged but has its announced size is a
success to it. A video that two judges call broken is a failed download like any other; one that nobody can
judge is left alone. Videos that still wait when the service ends are not verified any more.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ..host.blocking import run_blocking
from ..messages import text
from ..model.finding import ErrorType, Finding, FindingKind
from ..repair.path_policy import resolve_destination
from ..verification.verify import judge
from .context import AppContext

RULE: Final = "arrived_broken"
MOST_WAITING = 1000  # videos; a look reads an index, a few milliseconds for a whole one
_SECONDS = 20.0


class ArrivedVideos:
    """All methods are for the loop's own thread."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self._waiting: deque[Finding] = deque(maxlen=MOST_WAITING)
        self._submitted = asyncio.Event()

    def submit(self, arrived: Sequence[Finding]) -> None:
        """Queue findings of FINISHED, which are stored."""
        self._waiting.extend(arrived)
        if arrived:
            self._submitted.set()

    async def run(self) -> None:
        """Verify one after the other, for ever."""
        while True:
            await self._submitted.wait()
            self._submitted.clear()
            while self._waiting:
                arrived = self._waiting.popleft()
                if await self._broken(arrived):
                    context = self._context
                    await context.observe((failure(arrived, context.clock(), context.language()),))

    async def _broken(self, arrived: Finding) -> bool:
        site = self._context.installation()
        if site is None:
            return False
        place = await run_blocking(
            lambda: resolve_destination(arrived.download, site), seconds=_SECONDS, name="arrivals"
        )
        return place is not None and await judge(place, arrived.download.size, (site.models,)) is False


def failure(arrived: Finding, now: float, language: str) -> Finding:
    """The failure of `arrived`, whose file is broken."""
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
