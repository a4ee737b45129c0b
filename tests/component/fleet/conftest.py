"""A real PostgreSQL for a module's tests, and its schema made anew for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.postgresql import Cluster, cluster
from trafico_monitor.fleet.database import Endpoint, connect, transaction
from trafico_monitor.fleet.migrations import MACHINE_ROLE, migrate


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    with cluster() as made:
        yield made


@pytest.fixture
async def owner(server: Cluster) -> AsyncIterator[Endpoint]:
    """The database's owner, with a new schema and the machines m01 and m02."""
    yield await prepared(server)


async def prepared(server: Cluster) -> Endpoint:
    endpoint = Endpoint(server.url, "postgres")
    connection = await connect(endpoint)
    async with transaction(connection, endpoint) as cursor:
        await cursor.execute("DROP SCHEMA IF EXISTS trafico CASCADE")
        await migrate(cursor)
        for name in ("m01", "m02"):
            await cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", (name,))
            if await cursor.fetchone() is None:
                await cursor.execute(f"CREATE ROLE {name} LOGIN IN ROLE {MACHINE_ROLE}")
            await cursor.execute("INSERT INTO trafico.machines (machine) VALUES (%s)", (name,))
    await connection.close()
    return endpoint
