"""Keeps the overview fresh: one connection that is made again whenever it is lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from ...errors import FleetError
from ...model.incident import Event
from ..database import Endpoint, check_schema, connect, transaction
from .overview import Overview

EVERY = 1.0  # seconds between two refreshes
RETRY = 3.0
SECONDS = 15.0  # for one refresh


class Poller:
    """`run` is owned by the service. `heard` gets the new records of each refresh. `trouble` is why the database
    cannot be read now, None when it can; `trouble_since` (monotonic) since when."""

    def __init__(self, overview: Overview, endpoint: Endpoint, heard: Callable[[Sequence[Event]], None]) -> None:
        self._overview = overview
        self._endpoint = endpoint
        self._heard = heard
        self.trouble: FleetError | None = None
        self.trouble_since = 0.0

    async def run(self) -> None:
        """Refresh the overview, for ever."""
        while True:
            try:
                await self._follow(self._endpoint)
            except FleetError as error:
                if self.trouble is None:
                    self.trouble_since = time.monotonic()
                self.trouble = error
            await asyncio.sleep(RETRY)

    async def _follow(self, endpoint: Endpoint) -> None:
        """Refresh by one connection until it is lost. Raises FleetError."""
        connection = await connect(endpoint)
        try:
            async with transaction(connection, endpoint) as cursor:
                await check_schema(cursor)
            if self.trouble is not None:
                self._overview.returned()
            while True:
                async with transaction(connection, endpoint, seconds=SECONDS) as cursor:
                    new = await self._overview.refresh(cursor)
                self.trouble = None
                if new:
                    self._heard(new)
                await asyncio.sleep(EVERY)
        finally:
            await connection.close()
