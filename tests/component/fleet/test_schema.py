"""The schema's rights: a machine adds its own records and heartbeat, exactly once, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.postgresql import Cluster
from trafico_monitor.errors import FleetError
from trafico_monitor.fleet import migrations
from trafico_monitor.fleet.database import Endpoint, check_schema, connect, transaction

BASE = "11111111-1111-1111-1111-111111111111"
ADD = (
    "INSERT INTO trafico.records (base, seq, at, event, text, incident_id, estado, body)"
    " SELECT %s::uuid, n, '2026-11-30 12:00+00', 'incident_detected', 'x', 'T' || mod(n, 3), estado, '{}'"
    " FROM generate_series(%s::int, %s::int) n, (VALUES ('detectado')) e (estado) ON CONFLICT DO NOTHING"
)


async def run(endpoint: Endpoint, sql: str, values: tuple[object, ...] = ()) -> list[Any]:
    connection = await connect(endpoint)
    try:
        async with transaction(connection, endpoint) as cursor:
            await cursor.execute(sql, values)
            return await cursor.fetchall() if cursor.description else []
    finally:
        await connection.close()


async def test_records_arrive_exactly_once_with_their_machines_name(server: Cluster, owner: Endpoint) -> None:
    machine = Endpoint(server.url, "m01")
    await run(machine, ADD, (BASE, 1, 10))
    await run(machine, ADD, (BASE, 5, 15))  # half of it again, as after a lost answer
    assert await run(owner, "SELECT machine, count(*) FROM trafico.records GROUP BY 1") == [("m01", 15)]
    assert await run(machine, "SELECT first_seq, last_seq, received FROM trafico.positions") == [(1, 15, 15)]
    assert await run(owner, "SELECT id, seq FROM trafico.incidents ORDER BY id") == [
        ("T0", 15),
        ("T1", 13),
        ("T2", 14),
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM trafico.records",
        "SELECT * FROM trafico.incidents",
        "SELECT * FROM trafico.machines",
        "UPDATE trafico.records SET text = ''",
        "DELETE FROM trafico.records",
        "DELETE FROM trafico.heartbeats",
        "INSERT INTO trafico.records (machine, base, seq, at, event, text, body)"
        f" VALUES ('m02', '{BASE}', 1, now(), '', '', '{{}}')",
        "INSERT INTO trafico.records_other (base, seq, at, event, text, body)"
        f" VALUES ('{BASE}', 1, now(), '', '', '{{}}')",
        f"INSERT INTO trafico.positions VALUES ('m01', '{BASE}', 1, 1, 1)",
        "UPDATE trafico.heartbeats SET received_at = now()",
        "SET ROLE m02",
        "SET ROLE trafico_hub",
        "CREATE TABLE trafico.mine (a int)",
        "ALTER ROLE m02 PASSWORD 'a'",
    ],
)
async def test_what_a_machine_may_not(server: Cluster, owner: Endpoint, sql: str) -> None:
    with pytest.raises(FleetError) as refused:
        await run(Endpoint(server.url, "m01"), sql)
    assert refused.value.code == "not_allowed"


async def test_a_machine_sees_its_own_heartbeat_alone(server: Cluster, owner: Endpoint) -> None:
    beat = (
        "INSERT INTO trafico.heartbeats (base, instance, host, sent_at, body)"
        " VALUES (%s, gen_random_uuid(), 'h', now(), '{}') ON CONFLICT (machine) DO UPDATE"
        " SET instance = excluded.instance, sent_at = excluded.sent_at"
        " RETURNING machine, flips"
    )
    assert await run(Endpoint(server.url, "m01"), beat, (BASE,)) == [("m01", 0)]
    assert await run(Endpoint(server.url, "m02"), beat, (BASE,)) == [("m02", 0)]
    assert await run(Endpoint(server.url, "m01"), "SELECT machine FROM trafico.heartbeats") == [("m01",)]
    assert len(await run(owner, "SELECT machine FROM trafico.heartbeats")) == 2


async def test_a_second_start_changes_nothing_and_another_version_is_named(server: Cluster, owner: Endpoint) -> None:
    connection = await connect(owner)
    async with transaction(connection, owner) as cursor:
        assert await migrations.migrate(cursor) == 0
        await check_schema(cursor)
        await cursor.execute("INSERT INTO trafico.schema_version (version, package) VALUES (9999, 'x')")
        with pytest.raises(FleetError) as newer:
            await check_schema(cursor)
        assert newer.value.code == "schema_newer" and newer.value.fields["found"] == "9999"
    await connection.close()
