"""The fleet's schema: roles, tables, rights and partitions; applied by the database's owner."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import resources
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..errors import FleetError
from .database import SCHEMA

if TYPE_CHECKING:
    import psycopg

HUB_ROLE = "trafico_hub"
MACHINE_ROLE = "trafico_machine"
MONTHS_AHEAD = 24


async def migrate(cursor: psycopg.AsyncCursor[Any]) -> int:
    """Bring the schema to `SCHEMA` inside the caller's transaction; return the number of steps made. The caller may
    create roles. Raises FleetError for a schema that is newer."""
    await _roles(cursor)
    found = await _version(cursor)
    if found > SCHEMA:
        raise FleetError("schema_newer", fields={"found": str(found), "wanted": str(SCHEMA)})
    await cursor.execute(f"SET LOCAL ROLE {HUB_ROLE}")
    for version in range(found + 1, SCHEMA + 1):
        step = resources.files("trafico_monitor.fleet").joinpath("schema", f"{version:03}.sql")
        await cursor.execute(step.read_text("utf-8").encode())
        await cursor.execute(
            "INSERT INTO trafico.schema_version (version, package) VALUES (%s, %s)", (version, __version__)
        )
    await make_partitions(cursor, datetime.now(UTC))
    await cursor.execute("RESET ROLE")
    return SCHEMA - found


async def make_partitions(cursor: psycopg.AsyncCursor[Any], now: datetime) -> None:
    """Make the partitions of `records` from last month to `MONTHS_AHEAD` months on. A month of which rows already lie
    in the default partition stays there."""
    month = now.year * 12 + now.month - 2
    for index in range(month, month + MONTHS_AHEAD + 2):
        since, until = _first_day(index), _first_day(index + 1)
        name = f"records_{since[:4]}_{since[5:7]}"
        await cursor.execute("SELECT to_regclass(%s)", (f"trafico.{name}",))
        row = await cursor.fetchone()
        if row and row[0] is not None:
            continue
        await cursor.execute(
            "SELECT EXISTS (SELECT FROM trafico.records_other WHERE at >= %s::timestamptz AND at < %s::timestamptz)",
            (since, until),
        )
        row = await cursor.fetchone()
        if row and not row[0]:
            await cursor.execute(
                f"CREATE TABLE trafico.{name} PARTITION OF trafico.records"
                f" FOR VALUES FROM ('{since} 00:00+00') TO ('{until} 00:00+00')"
            )


def _first_day(index: int) -> str:
    """The first day of the month `index` (months since year 0), as YYYY-MM-DD."""
    return f"{index // 12:04}-{index % 12 + 1:02}-01"


async def _roles(cursor: psycopg.AsyncCursor[Any]) -> None:
    """The two roles and the schema. On PostgreSQL 16 and later who creates a role may not become it unasked."""
    for role, more in ((HUB_ROLE, "LOGIN"), (MACHINE_ROLE, "NOLOGIN")):
        await cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,))
        if await cursor.fetchone() is None:
            await cursor.execute(f"CREATE ROLE {role} {more} NOSUPERUSER NOCREATEDB NOCREATEROLE INHERIT")
    await cursor.execute("SELECT pg_has_role(current_user, %s, 'MEMBER')", (HUB_ROLE,))
    row = await cursor.fetchone()
    if row and not row[0]:
        await cursor.execute(f"GRANT {HUB_ROLE} TO CURRENT_USER")
    await cursor.execute(f"CREATE SCHEMA IF NOT EXISTS trafico AUTHORIZATION {HUB_ROLE}")


async def _version(cursor: psycopg.AsyncCursor[Any]) -> int:
    """The version of the schema; 0 where there is none."""
    await cursor.execute("SELECT to_regclass('trafico.schema_version')")
    row = await cursor.fetchone()
    if not row or row[0] is None:
        return 0
    await cursor.execute("SELECT coalesce(max(version), 0) FROM trafico.schema_version")
    row = await cursor.fetchone()
    return int(row[0]) if row else 0
