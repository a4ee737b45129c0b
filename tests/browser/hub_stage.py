"""A hub's window in a thread of its own, on a real database with a fleet of any size."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

from benchmarks import fleet_rows
from tests.component.fleet.hub.machines import run
from tests.component.fleet.hub.opened import Hub, opened_hub
from tests.postgresql import Cluster
from trafico_monitor.fleet.database import Endpoint, connect

from .stage import Stage

SILENT_AFTER = 6 * 3600.0  # no test takes as long
SILENT = (
    "ALTER TABLE trafico.heartbeats DISABLE TRIGGER stamp",
    "UPDATE trafico.heartbeats SET received_at = received_at - interval '12 hours',"
    " sent_at = sent_at - interval '12 hours'"
    " WHERE received_at < now() - interval '200 seconds'",
    "ALTER TABLE trafico.heartbeats ENABLE TRIGGER stamp",
)


async def fill(cluster: Cluster, machines: int, records: int = 3000) -> str:
    """The address of a new database with that many machines, of which those that are silent stay so."""
    name = f"fleet_{machines}_{time.monotonic_ns()}"
    url = cluster.url.replace("///postgres?", f"///{name}?")
    connection = await connect(Endpoint(cluster.url, "postgres"))
    await connection.execute(f"CREATE DATABASE {name}".encode())
    await connection.close()
    owner = Endpoint(url, "postgres")
    await fleet_rows.fill(owner, machines, records, time.time())
    for statement in SILENT:
        await run(owner, statement)
    return url


class HubStage(Stage):
    """`own` is what the hub says of itself."""

    window: Hub

    def __init__(self, folder: Path, cluster: Cluster, machines: int, **own: object) -> None:
        self._cluster, self._machines, self._own = cluster, machines, own
        super().__init__(folder)

    @contextlib.asynccontextmanager
    async def _opened(self) -> AsyncIterator[Hub]:
        url = await fill(self._cluster, self._machines)
        self.owner = Endpoint(url, "postgres")
        self.names = [fleet_rows.name_of(number) for number in range(self._machines)]
        async with opened_hub(self._folder, url, time.time, SILENT_AFTER, **self._own) as hub:
            await hub.counted()
            yield hub
