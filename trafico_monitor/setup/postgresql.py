"""Debian's PostgreSQL on this machine: its clusters, and the fleet's database in one of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import FleetError
from ..fleet.database import Endpoint, connect, transaction
from ..fleet.migrations import HUB_ROLE, MACHINE_ROLE, migrate
from ..host import accounts, subprocesses
from . import apply
from .discover import found_file
from .hub_plan import CONFIG, DATABASE, Cluster
from .model import FoundFile
from .state_file import Ledger

if TYPE_CHECKING:
    import psycopg

ADMINISTRATOR = "postgres"
_SOCKETS = "/var/run/postgresql"
_SECONDS = 20.0
_SETTINGS = ("hba_file", "ident_file", "ssl_cert_file", "ssl_ca_file", "listen_addresses")


async def find(name: str, ledger: Ledger) -> Cluster:
    """The running cluster `name` (as 15/main), or the only one. Raises FleetError where there is none, or where there
    are several and none is named."""
    said = await subprocesses.run(("pg_lsclusters", "--no-header"), seconds=_SECONDS)
    rows = [line.split() for line in said.output.splitlines()] if said.ok else []
    named = {f"{row[0]}/{row[1]}": (int(row[2]), row[3]) for row in rows if len(row) >= 4}
    if not named:
        raise FleetError("no_postgresql")
    if name and name not in named:
        raise FleetError("no_cluster", fields={"cluster": name, "clusters": ", ".join(named)})
    running = [one for one, (_, state) in named.items() if state.startswith("online")]
    chosen = [one for one in running if not name or one == name]
    if not chosen:
        raise FleetError("cluster_down", fields={"cluster": (name or next(iter(named))).replace("/", "-")})
    if len(chosen) > 1:
        raise FleetError("several_clusters", fields={"clusters": ", ".join(chosen)})
    return await _look(chosen[0], named[chosen[0]][0], ledger)


async def _look(name: str, port: int, ledger: Ledger) -> Cluster:
    folder = f"/etc/postgresql/{name}"
    values: dict[str, str] = {}
    async with (
        administered(port, "postgres") as (connection, endpoint),
        transaction(connection, endpoint) as cursor,
    ):
        for setting in _SETTINGS:
            await cursor.execute("SELECT current_setting(%s)", (setting,))
            row = await cursor.fetchone()
            values[setting] = str(row[0]) if row else ""
    cluster = Cluster(
        name, port, _SOCKETS, folder, values["hba_file"], values["ident_file"], values["ssl_cert_file"],
        values["ssl_ca_file"], values["listen_addresses"],
        {path: apply.block(Path(path).read_text("utf-8", "surrogateescape"))
         for path in (values["hba_file"], values["ident_file"])},
    )  # fmt: skip
    own = [f"{cluster.own}/{name}" for name in ("ca.crt", "crl.pem", "server.crt")]
    return replace(cluster, files=files((*own, cluster.drop_in, CONFIG), ledger))


def files(paths: tuple[str, ...], ledger: Ledger) -> Mapping[str, FoundFile]:
    """These files as they are."""
    last = {entry.change.target: entry.change.content for entry in ledger.entries if not entry.undone}
    return {path: found_file(Path(path), last.get(path)) for path in paths}


async def prepare(cluster: Cluster) -> int:
    """Make the database with its schema, or bring it to this version; return the number of steps. Only the hub and
    machines may connect to it. Raises FleetError."""
    async with administered(cluster.port, "postgres") as (connection, endpoint):
        async with transaction(connection, endpoint) as cursor:
            await cursor.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,))
            there = await cursor.fetchone() is not None
        if not there:
            await connection.execute(f"CREATE DATABASE {DATABASE} ENCODING 'UTF8' TEMPLATE template0")
    async with (
        administered(cluster.port, DATABASE) as (connection, endpoint),
        transaction(connection, endpoint) as cursor,
    ):
        steps = await migrate(cursor)
        await cursor.execute(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")
        await cursor.execute(f"GRANT CONNECT ON DATABASE {DATABASE} TO {HUB_ROLE}, {MACHINE_ROLE}")
    return steps


@asynccontextmanager
async def administered(port: int, database: str) -> AsyncIterator[tuple[psycopg.AsyncConnection[Any], Endpoint]]:
    """A connection as PostgreSQL's own administrator, which root may become."""
    endpoint = Endpoint(f"postgresql:///{database}?host={_SOCKETS}&port={port}", ADMINISTRATOR)
    with accounts.acting_as(ADMINISTRATOR):
        connection = await connect(endpoint)
    try:
        yield connection, endpoint
    finally:
        await connection.close()
