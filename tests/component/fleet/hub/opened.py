"""A hub's real window: overview, poller, reader and web application on a real database."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.component.web.opened import SECONDS, Opened, Said
from trafico_monitor.daemon.hub_views import HubStatus
from trafico_monitor.daemon.views import IncidentReader
from trafico_monitor.fleet.database import Endpoint
from trafico_monitor.fleet.hub.connections import Connections
from trafico_monitor.fleet.hub.overview import Overview
from trafico_monitor.fleet.hub.poller import Poller
from trafico_monitor.fleet.hub.reader import FleetReader
from trafico_monitor.model.fleet import Machine
from trafico_monitor.store.repository import Store
from trafico_monitor.web.app import Sources, WebApp
from trafico_monitor.web.server import Places


@dataclass
class Hub(Opened):
    overview: Overview = field(default_factory=lambda: Overview(lambda: 180.0))
    reader: FleetReader = None  # type: ignore[assignment]

    async def counted(self) -> None:
        """Wait until every hour has been counted."""
        while await self.reader.roll_up():
            pass

    async def seen(self, holds: Callable[[Sequence[Machine]], object]) -> None:
        """Wait until the overview's machines are so."""
        async with asyncio.timeout(SECONDS):
            while not (self.overview.refreshed and holds(self.overview.machines())):
                await asyncio.sleep(0.02)

    async def told(self, path: str, status: int = 200, language: str = "es") -> Said:
        """The answer of the API, which is of that status."""
        said = await self.ask("GET", f"/api/v1{path}", headers={"Accept-Language": language})
        assert said.status == status, said
        return said


@contextlib.asynccontextmanager
async def opened_hub(
    folder: Path, url: str, clock: Callable[[], float], silent_after: float = 180.0, **own: object
) -> AsyncIterator[Hub]:
    """The window of a hub for the database at `url`; `own` is what it says of itself."""
    endpoint, socket = Endpoint(url, "trafico_hub"), folder / "api.sock"
    overview, store = Overview(lambda: silent_after), await Store.open(folder / "state")
    of_its_own = IncidentReader(folder / "state", clock)
    reader = FleetReader(Connections(endpoint), overview, of_its_own.silences, lambda: "es")
    present = HubStatus(overview, lambda: own, lambda: poller.trouble, lambda: None, lambda: "es", clock)
    window = WebApp(Places(socket, "127.0.0.1:0"), Sources(reader, present, store, overview), clock)
    poller = Poller(overview, endpoint, window.stored)
    running = [asyncio.create_task(window.run()), asyncio.create_task(poller.run())]
    try:
        async with asyncio.timeout(SECONDS):
            while not (socket.exists() and window.server.port and overview.refreshed):
                for one in running:
                    assert not one.done(), one.exception()
                await asyncio.sleep(0.02)
        yield Hub(window, None, socket, store, overview, reader)  # type: ignore[arg-type]
    finally:
        for one in running:
            one.cancel()
        await asyncio.wait(running, timeout=SECONDS)
        await reader.close()
        await store.close()
        assert all(one.done() for one in running)


def body(said: Said) -> dict[str, object]:
    """The answer's object; every number in it is one that JSON knows."""

    def refuse(word: str) -> float:
        raise ValueError(word)

    value = json.loads(said.body, parse_constant=refuse)
    assert isinstance(value, dict)
    return value
