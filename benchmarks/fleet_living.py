"""Simulated machines of a fleet, which send a heartbeat a minute and a record each ten seconds."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from tests.component.fleet.hub.machines import BASE
from trafico_monitor.fleet.database import Endpoint, connect, transaction
from trafico_monitor.fleet.migrations import migrate
from trafico_monitor.model.fleet import Disk, Heartbeat
from trafico_monitor.model.incident import Event
from trafico_monitor.model.serialization import encode

TICK = 0.1  # seconds
HEARTBEAT_TICKS, RECORD_TICKS = 600, 100
_BEAT = (
    "INSERT INTO trafico.heartbeats (machine, base, instance, host, sent_at, body)"
    " VALUES (%s, %s, %s, 'h', clock_timestamp(), %s::jsonb) ON CONFLICT (machine) DO UPDATE SET"
    " sent_at = excluded.sent_at, body = excluded.body"
)
_RECORD = (
    "INSERT INTO trafico.records (machine, base, seq, at, prev, event, text, body)"
    " VALUES (%s, %s, %s, clock_timestamp(), %s, 'download_done', %s, %s::jsonb)"
)


async def invite(owner: Endpoint, names: list[str]) -> None:
    """Make the schema, and these machines in it."""
    connection = await connect(owner)
    async with transaction(connection, owner, seconds=120) as cursor:
        await migrate(cursor)
        for name in names:
            await cursor.execute("INSERT INTO trafico.machines (machine) VALUES (%s)", (name,))
    await connection.close()


class Machines:
    """All over one connection of the owner: what they cost themselves is not the hub's. `alive` is the number of
    those that send; `sent` has the moment of each record that no page has shown yet, `commits` what a commit took."""

    def __init__(self, owner: Endpoint, names: list[str]) -> None:
        self.names, self.alive = names, len(names)
        self.sent: dict[str, float] = {}
        self.heard: dict[str, float] = {}
        self.commits: list[float] = []
        self._owner = owner

    async def run(self) -> None:
        """Send for ever, each machine at its own moment."""
        connection = await connect(self._owner)
        begun, ticks = time.monotonic(), 0
        while True:
            for place, name in enumerate(self.names[: self.alive]):
                if ticks == 0 or (ticks - place * 6) % HEARTBEAT_TICKS == 0:
                    await self._beat(connection, name)
                if (ticks - place * 2) % RECORD_TICKS == 0:
                    await self._speak(connection, name, ticks + 1)
            ticks += 1
            await asyncio.sleep(max(0.0, begun + ticks * TICK - time.monotonic()))

    async def _beat(self, connection: Any, name: str) -> None:
        disks = (Disk("/home", 10**11, 10**12),)
        body = encode(Heartbeat(0.0, "2.0.0", 0.0, disks=disks, success_rate=0.97, last_seq=1))
        async with transaction(connection, self._owner) as cursor:
            await cursor.execute(_BEAT, (name, BASE, BASE, body))
        self.heard[name] = time.monotonic()

    async def _speak(self, connection: Any, name: str, seq: int) -> None:
        mark, began = f"{name}-{seq}", time.monotonic()
        self.sent[mark] = began
        async with transaction(connection, self._owner) as cursor:
            body = encode(Event(time.time(), "download_done", mark))
            await cursor.execute(_RECORD, (name, BASE, seq, 0, mark, body))
        self.commits.append(time.monotonic() - began)


async def keep_beating(owner: Endpoint, names: list[str]) -> None:
    """Repeat the heartbeats of `names`, each once a minute, for ever."""
    connection = await connect(owner)
    place = 0
    while True:
        share = names[place::60]
        async with transaction(connection, owner) as cursor:
            await cursor.execute(
                "UPDATE trafico.heartbeats SET sent_at = clock_timestamp() WHERE machine = ANY(%s)", (share,)
            )
        place = (place + 1) % 60
        await asyncio.sleep(1.0)


async def follow(socket: Path, machines: Machines, delays: list[float]) -> None:
    """Read the event stream of the hub as its page does, for ever; collect the delay of each record since before its
    commit."""
    reader, writer = await asyncio.open_unix_connection(str(socket), limit=2**22)
    writer.write(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
    await writer.drain()
    while line := await reader.readline():
        if line.startswith(b"data: ") and b"download_done" in line:
            now, said = time.monotonic(), line.decode()
            for mark in [mark for mark in machines.sent if f'"{mark}"' in said]:
                delays.append(now - machines.sent.pop(mark))
