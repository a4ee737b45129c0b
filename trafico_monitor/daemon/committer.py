"""Commits each change set in one transaction, and only then starts its effects."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from ..errors import StoreError
from ..model.alert import Notification, NotificationCode
from ..model.changeset import ChangeSet
from ..model.finding import ErrorType
from ..store.repository import Store

CURSOR_SECONDS = 1.0  # how long a cursor alone may wait to be stored (design document, section 2)

Refused = Callable[[StoreError, float], Awaitable[None]]


class Committer:
    """`cursor` is the reader's position. `start_effects` is called after each commit; `refused` waits until a change
    set that was not stored, for the first time at the given time (monotonic), may be tried again."""

    def __init__(
        self,
        store: Store,
        cursor: str,
        refused: Refused,
        start_effects: Callable[[ChangeSet], None],
        clock: Callable[[], float],
    ) -> None:
        self.cursor = cursor
        self._store = store
        self._refused = refused
        self._start_effects = start_effects
        self._clock = clock
        self._cursor_stored_at = 0.0
        self._storing = asyncio.Lock()  # fair: steps are stored in the order in which they were taken

    async def commit(self, changes: ChangeSet) -> None:
        """Store `changes`, then start their effects. The cursor is part of every transaction;
        alone it waits up to a second."""
        if not _worth_storing(changes) and self._clock() - self._cursor_stored_at < CURSOR_SECONDS:
            return
        await self._store_until_done(replace(changes, cursor=self.cursor or None))
        self._cursor_stored_at = self._clock()
        self._start_effects(changes)

    async def _store_until_done(self, changes: ChangeSet) -> None:
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
    """True if `changes` send a low-space notification (so a usage report should follow)."""
    return any(_is_about_space(notification) for notification in changes.notices if not notification.only_edit)


def _is_about_space(notification: Notification) -> bool:
    if notification.code in (NotificationCode.SPACE_WARNING, NotificationCode.SPACE_CRITICAL):
        return True
    incident = notification.incident
    full = incident is not None and incident.error_type is ErrorType.DISCO_LLENO
    return full and notification.code is NotificationCode.CRITICAL


def waits_for_space_anew(changes: ChangeSet) -> bool:
    """True if a new incident waits for disk space."""
    waits = any(i.open and i.waiting_for is ErrorType.DISCO_LLENO for i in changes.incidents)
    return waits and any(record.event == "incident_detected" for record in changes.records)


def _worth_storing(changes: ChangeSet) -> bool:
    """True when there is anything beside the cursor."""
    return replace(changes, cursor=None) != ChangeSet()
