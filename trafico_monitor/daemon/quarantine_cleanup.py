"""What has to be put in order now and then: files that have been in quarantine for long enough."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from ..config.schema import Config
from ..errors import PathRefused
from ..model.installation import Installation
from ..repair.quarantine_retention import Expired, Known, expire
from .executor import tools_for

logger = logging.getLogger(__name__)

EVERY = 3600.0  # seconds
DAY = 24 * 3600.0


class QuarantineCleanup:
    """Owns the pace. `known` gives an incident by its id, `report` is told what was deleted."""

    def __init__(
        self,
        config: Callable[[], Config],
        site: Callable[[], Installation | None],
        known: Known,
        report: Callable[[tuple[Expired, ...]], Awaitable[None]],
        clock: Callable[[], float],
    ) -> None:
        self._config = config
        self._site = site
        self._known = known
        self._report = report
        self._clock = clock

    async def run(self) -> None:
        """Put in order, report, wait; for ever. What cannot be done now is done next time."""
        while True:
            try:
                await self.tidy()
            except (OSError, PathRefused) as error:  # a file system that does not answer, a link in place of modelos
                logger.warning("upkeep: %s", error)
            await asyncio.sleep(EVERY)

    async def tidy(self) -> None:
        """One turn. Raises OSError or PathRefused when the models directory cannot be looked through."""
        site, rules = self._site(), self._config().quarantine
        if site is None:
            return
        gone = await expire(
            site,
            replace(tools_for(site), now=self._clock),
            keep=rules.keep_days * DAY,
            keep_unsolved=rules.keep_unsolved,
            known=self._known,
        )
        if gone:
            await self._report(gone)
