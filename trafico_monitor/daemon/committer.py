"""Each step is stored, and only then do its effects begin."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from ..errors import StoreError
from ..model.changeset import ChangeSet
from ..model.finding import ErrorType
from ..store.repository import Store

CURSOR_SECONDS = 1.0  # how long a cursor alone may wait to be stored (design document, section 2)

Refused = Callable[[StoreError, float], Awaitable[None]]


class Committer:
    """`cursor` is where the reader is; `refused` waits until a step that was not stored, for the first
    time at the given time (monotonic), may be tried again; `begin` starts the effects of a step."""

    def __init__(
        self,
        store: Store,
        cursor: str,
        refused: Refused,
        begin: Callable[[ChangeSet], None],
        clock: Callable[[], float],
    ) -> None:
        self.cursor = cursor
        self._store = store
        self._refused = refused
        self._begin = begin
        self._clock = clock
        self._cursor_stored_at = 0.0
        self._storing = asyncio.Lock()  # fair: steps are stored in the order in which they were taken

    async def keep(self, changes: ChangeSet) -> None:
        """Store one step, then let its effects begin. The cursor goes with every transaction;
        alone it waits up to a second."""
        if not _worth_storing(changes) and self._clock() - self._cursor_stored_at < CURSOR_SECONDS:
            return
        await self._store_surely(replace(changes, cursor=self.cursor or None))
        self._cursor_stored_at = self._clock()
        self._begin(changes)

    async def _store_surely(self, changes: ChangeSet) -> None:
        # Nothing may happen that is not stored: while the disk refuses, the pipeline waits here,
        # the reader behind it, and the journal keeps the lines; soon a stopgap takes them.
        async with self._storing:
            since = time.monotonic()
            while True:
                try:
                    await self._store.commit(changes)
                    return
                except StoreError as error:
                    await self._refused(error, since)


def space_is_short(changes: ChangeSet) -> bool:
    """True when somebody is told so with this step (and not yet what it is used by)."""
    told = (one for one in changes.notices if not one.only_edit)
    return any(
        one.code in ("space_warning", "space_critical")
        or (one.code == "critical" and one.incident is not None and one.incident.error_type is ErrorType.DISCO_LLENO)
        for one in told
    )


def waits_for_space_anew(changes: ChangeSet) -> bool:
    """True when a failure waits for space that did not before this step."""
    waits = any(i.open and i.waiting_for is ErrorType.DISCO_LLENO for i in changes.incidents)
    return waits and any(record.event == "incident_detected" for record in changes.records)


def _worth_storing(changes: ChangeSet) -> bool:
    """True when there is anything beside the cursor."""
    return replace(changes, cursor=None) != ChangeSet()
