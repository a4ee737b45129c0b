"""What the fleet's database says to this machine, and how long its certificate is valid, without its service."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ..config.schema import Fleet
from ..errors import FleetError
from . import authority
from .database import Endpoint, check_schema, connect, transaction


async def ask(endpoint: Endpoint) -> float | None:
    """The time of this machine's last heartbeat, None before the first. Raises FleetError where none can be sent."""
    connection = await connect(endpoint)
    try:
        async with transaction(connection, endpoint) as cursor:
            await check_schema(cursor)
            await cursor.execute("SELECT current_setting('transaction_read_only') = 'on'")
            if await cursor.fetchone() == (True,):
                raise FleetError("read_only", fields={"address": endpoint.shown})
            await cursor.execute("SELECT extract(epoch FROM received_at)::float8 FROM trafico.heartbeats")
            row = await cursor.fetchone()
            return float(row[0]) if row else None
    finally:
        await connection.close()


async def certificate_end(fleet: Fleet) -> float | None:
    """The end of this machine's certificate; None without one, or where it cannot be read."""
    if not fleet.certificate:
        return None
    try:
        content = await asyncio.to_thread(Path(fleet.certificate).read_text, "ascii", "replace")
        return (await authority.details(content)).until
    except (OSError, ValueError, FleetError):
        return None
