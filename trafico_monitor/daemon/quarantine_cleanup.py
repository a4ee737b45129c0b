"""Quarantine clean-up: deletes what has been in quarantine for long enough."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from ..errors import PathRefused
from ..model.incident import Event, Incident
from ..pipeline import events
from ..repair.quarantine_retention import Expired, expire
from ..store.repository import Store
from .context import DAY, AppContext
from .executor import tools_for

logger = logging.getLogger(__name__)

EVERY = 3600.0  # seconds


class QuarantineCleanup:
    def __init__(self, context: AppContext) -> None:
        self._context = context

    async def run(self) -> None:
        """Clean up, record, wait; for ever. What cannot be deleted now is deleted next time."""
        while True:
            try:
                await self.clean_up()
            except (OSError, PathRefused) as error:  # a file system that does not answer, a link in place of modelos
                logger.warning("upkeep: %s", error)
            await asyncio.sleep(EVERY)

    async def clean_up(self) -> None:
        """Delete once. Raises OSError or PathRefused when the models directory cannot be looked through."""
        context, site, rules = self._context, self._context.installation(), self._context.config().quarantine
        if site is None:
            return
        expired = await expire(
            site,
            replace(tools_for(site), now=context.clock),
            keep=rules.keep_days * DAY,
            keep_unsolved=rules.keep_unsolved,
            known=self._incident,
        )
        if expired:
            await context.record(*map(self._event, expired))

    async def _incident(self, name: str) -> Incident | None:
        return await stored_incident(self._context.store, name)

    def _event(self, expired: Expired) -> Event:
        context = self._context
        days = context.config().quarantine.keep_days
        return events.expired_event(
            str(expired.path), expired.incident, expired.size, expired.why, days, context.clock(), context.language()
        )


async def stored_incident(store: Store, name: str) -> Incident | None:
    """The incident of exactly that id. `name` comes from a note beside a file: it may be anything."""
    if not (name.isascii() and name.isalnum()):
        return None
    return next((incident for incident in await store.named(name) if incident.id == name), None)
