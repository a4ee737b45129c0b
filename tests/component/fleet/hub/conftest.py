"""A server that seems to have run for a day: the test's was started just now, and whoever was silent before is not
silent by its clock."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.postgresql import Cluster, cluster
from trafico_monitor.fleet.database import Endpoint, connect, transaction
from trafico_monitor.fleet.hub import overview
from trafico_monitor.fleet.migrations import migrate


@pytest.fixture
def old_server(monkeypatch: pytest.MonkeyPatch) -> None:
    before = overview._CLOCK.replace("pg_postmaster_start_time()", "now() - interval '1 day'")
    monkeypatch.setattr(overview, "_CLOCK", before)


@pytest.fixture
def own_server() -> Iterator[Cluster]:
    """A server of the test's own, that it may stop."""
    with cluster() as made:
        yield made


@pytest.fixture
def own_fleet(own_server: Cluster) -> Endpoint:
    """The owner of its database, with the fleet's schema."""
    endpoint = Endpoint(own_server.url, "postgres")

    async def prepare() -> None:
        connection = await connect(endpoint)
        async with transaction(connection, endpoint) as cursor:
            await migrate(cursor)
        await connection.close()

    asyncio.run(prepare())
    return endpoint
