"""A machine of a fleet without its monitor: the real store and the real sender."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from trafico_monitor.fleet.database import Endpoint, connect, transaction
from trafico_monitor.fleet.progress import Progress
from trafico_monitor.fleet.sender import Sender
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.fleet import Heartbeat, Identity
from trafico_monitor.model.incident import Event, Incident
from trafico_monitor.store.repository import Store

SECONDS = 60.0


async def until(holds: Callable[[], Any], what: str, seconds: float = SECONDS) -> None:
    """Wait until `holds()`, which may be a coroutine."""
    end = time.monotonic() + seconds
    while True:
        value = holds()
        if value if not asyncio.iscoroutine(value) else await value:
            return
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.05)


async def ask(endpoint: Endpoint, sql: str, *values: object) -> list[Any]:
    """The rows of one statement."""
    connection = await connect(endpoint)
    try:
        async with transaction(connection, endpoint) as cursor:
            await cursor.execute(sql, values)
            return await cursor.fetchall() if cursor.description else []
    finally:
        await connection.close()


def record(number: int, text: str = "") -> Event:
    """A record of one of seven incidents."""
    incident = Incident(
        f"T{number % 7}", ErrorType.TIMEOUT, 1.7e9, 1.7e9 + number, download=Download("modelo_a", "video_1.mp4")
    )
    return Event(1.7e9 + number, "incident_detected", text or f"record {number}", 4, "", incident)


class Machine:
    """`folder` holds the database; everything that is told of goes into `notes`."""

    def __init__(self, folder: Path, endpoint: Endpoint, host: str = "host-1", **more: Any) -> None:
        self.folder, self.endpoint, self.host, self.more = folder, endpoint, host, {"every": 0.3, **more}
        self.notes: list[tuple[str, Mapping[str, str]]] = []
        self.written = 0
        self.instance = str(uuid4())
        self.spare: Path | None = None

    @asynccontextmanager
    async def on(self) -> AsyncIterator[Machine]:
        """Running, as one process of a monitor."""
        self.store = await Store.open(self.folder, self.spare)
        identity = Identity("", self.instance, self.host)
        self.sender = Sender(self.endpoint, self.store, identity, self._beat, self._note, **self.more)
        task = asyncio.create_task(self.sender.run())
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await self.store.close()

    async def write(self, number: int, text: str = "") -> None:
        """Store so many further records."""
        for _ in range(number):
            self.written += 1
            await self.store.commit(ChangeSet(records=(record(self.written, text),)))
        self.sender.wake()

    async def write_at_once(self, number: int) -> None:
        records = tuple(record(self.written + one + 1) for one in range(number))
        self.written += number
        await self.store.commit(ChangeSet(records=records))
        self.sender.wake()

    def copied(self, folder: Path, host: str = "host-1", endpoint: Endpoint | None = None) -> Machine:
        """A machine with a copy of the database, which nobody writes meanwhile."""
        shutil.copytree(self.folder, folder)
        made = Machine(folder, endpoint or self.endpoint, host, **self.more)
        made.written = self.written
        return made

    async def sent(self) -> None:
        """Wait until the fleet has all records."""
        await until(self._is_sent, f"all are sent: {self.sender.progress} {self.sender.state}")

    async def _is_sent(self) -> bool:
        progress = self.sender.progress
        return progress is not None and await self.store.number_after(progress.seq) == 0

    async def _beat(self, progress: Progress, pending: int) -> Heartbeat:
        return Heartbeat(time.time(), "2.0.0", 0.0, last_seq=progress.sent, pending=pending, refused=progress.refused)

    def _note(self, code: str, fields: Mapping[str, str]) -> None:
        self.notes.append((code, fields))


async def texts(owner: Endpoint, machine: str = "m01") -> list[str]:
    """The texts of a machine's records in the order of their numbers, one for each row."""
    rows = await ask(owner, "SELECT text FROM trafico.records WHERE machine = %s ORDER BY at, seq", machine)
    return [text for (text,) in rows]


def expected(number: int) -> list[str]:
    return [f"record {one}" for one in range(1, number + 1)]
