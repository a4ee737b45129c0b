"""One channel's part of the outbox, as its courier sees it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from ..model.changeset import OutboxItem
from .database import Database
from .tables import outbox


class ChannelOutbox:
    """All methods raise StoreError when nothing could be written; then nothing was."""

    def __init__(self, database: Database, channel: str) -> None:
        self._database = database
        self._channel = channel

    async def due(self, now: float, limit: int) -> Sequence[OutboxItem]:
        return await self._database.read(lambda connection: outbox.due(connection, self._channel, now, limit))

    async def sent(self, item_id: int, version: int, message_id: str, now: float) -> None:
        def write(connection: sqlite3.Connection) -> None:
            outbox.sent(connection, item_id, version, message_id, now)
            outbox.took(connection, self._channel, now)

        await self._database.transaction(write)

    async def last_success(self) -> float | None:
        """When the channel last took a message, also before a restart."""
        return await self._database.read(lambda connection: outbox.last_success(connection, self._channel))

    async def postponed(self, item_id: int, error: str, next_at: float) -> None:
        await self._database.transaction(lambda c: outbox.postponed(c, item_id, error, next_at))

    async def dropped(self, item_id: int, version: int, error: str, now: float) -> None:
        await self._database.transaction(lambda c: outbox.dropped(c, item_id, version, error, now))

    async def waiting(self) -> int:
        return await self._database.read(lambda connection: outbox.waiting(connection, self._channel))
