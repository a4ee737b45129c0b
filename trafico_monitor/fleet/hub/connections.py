"""A few connections to the fleet's database for questions that are asked side by side."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...errors import FleetError
from ..database import Endpoint, connect, transaction

if TYPE_CHECKING:
    import psycopg

MOST = 3
SECONDS = 5.0  # for one question
_GONE = frozenset({"lost", "shutting_down"})


class Connections:
    """At most MOST connections, each made when it is needed and kept for the next question."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._places = asyncio.Semaphore(MOST)
        self._idle: list[psycopg.AsyncConnection[Any]] = []

    async def rows(self, sql: str, values: Sequence[object] = (), *, seconds: float = SECONDS) -> list[Any]:
        """The rows of one statement. Raises FleetError, within the deadline of connection and statement."""
        async with self._places:
            while self._idle:
                kept = self._idle.pop()
                try:
                    return await self._asked(kept, sql, values, seconds)
                except FleetError as error:
                    if error.code not in _GONE:
                        raise
                    # The server has gone away meanwhile: one that is new tells whether it is back.
            return await self._asked(await connect(self._endpoint), sql, values, seconds)

    async def _asked(
        self, connection: psycopg.AsyncConnection[Any], sql: str, values: Sequence[object], seconds: float
    ) -> list[Any]:
        try:
            async with transaction(connection, self._endpoint, seconds=seconds) as cursor:
                await cursor.execute(sql.encode(), values)
                found = await cursor.fetchall()
        except BaseException:
            await connection.close()
            raise
        self._idle.append(connection)
        return found

    async def close(self) -> None:
        """Close all that are idle."""
        while self._idle:
            with contextlib.suppress(Exception):
                await self._idle.pop().close()
