"""Machines of a fleet as the database sees them: SQL of their own role, or of the owner for a time that has passed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from trafico_monitor.fleet.database import Endpoint, connect, transaction
from trafico_monitor.model.fleet import Heartbeat
from trafico_monitor.model.incident import Event, Incident
from trafico_monitor.model.serialization import encode

BASE = UUID(int=1)
_RECORD = (
    "INSERT INTO trafico.records (machine, base, seq, at, prev, received_at, event, text, incident_id, error_type,"
    " estado, modelo, opened_at, closed_at, body) VALUES (%s, %s, %s,"
    " clock_timestamp() - %s * interval '1 second', %s,"
    " clock_timestamp() - %s * interval '1 second', %s, 'text', %s, %s, %s, %s,"
    " clock_timestamp() - %s * interval '1 second', %s::timestamptz, %s::jsonb)"
)
_BEAT = (
    "INSERT INTO trafico.heartbeats (machine, base, instance, host, sent_at, body)"
    " SELECT name, %s, md5(name || %s)::uuid, %s, clock_timestamp() + %s * interval '1 second', %s::jsonb"
    " FROM unnest(%s::text[]) name ON CONFLICT (machine) DO UPDATE SET"
    " instance = excluded.instance, host = excluded.host, sent_at = excluded.sent_at, body = excluded.body"
)


async def run(endpoint: Endpoint, sql: str, *values: object) -> list[Any]:
    connection = await connect(endpoint)
    try:
        async with transaction(connection, endpoint) as cursor:
            await cursor.execute(sql.encode(), values)
            return await cursor.fetchall() if cursor.description else []
    finally:
        await connection.close()


async def beat(
    owner: Endpoint,
    *names: str,
    heartbeat: Heartbeat | None = None,
    instance: str = "",
    host: str = "h",
    skew: float = 0.0,
    ago: float = 0.0,
) -> None:
    """One heartbeat of each machine, received `ago` seconds before now."""
    body = encode(heartbeat or Heartbeat(sent_at=0.0, version="2.0.0", started_at=0.0))
    await run(owner, _BEAT, BASE, instance, host, skew - ago, body, list(names))
    if ago:  # the trigger has stamped it
        await run(owner, "ALTER TABLE trafico.heartbeats DISABLE TRIGGER stamp")
        late = "UPDATE trafico.heartbeats SET received_at = received_at - %s * interval '1 second'"
        await run(owner, f"{late} WHERE machine = ANY(%s)", ago, list(names))
        await run(owner, "ALTER TABLE trafico.heartbeats ENABLE TRIGGER stamp")


async def record(
    owner: Endpoint,
    name: str,
    seq: int,
    event: str = "service_started",
    *,
    prev: int | None = None,
    incident: Incident | None = None,
    ago: float = 0.0,
    received_ago: float | None = None,
) -> None:
    """One record of a machine, of `ago` seconds before now by its clock and the database's."""
    body = json.loads(encode(Event(0.0, event, "text", incident=incident)))
    received = ago if received_ago is None else received_ago
    columns: Sequence[object] = (None, None, None, None)
    if incident is not None:
        columns = (incident.id, incident.error_type.value, incident.estado.value, incident.download.modelo or "")
    closed = None if incident is None or incident.open else "2026-01-01"
    before = seq - 1 if prev is None else prev
    values = (name, BASE, seq, ago, before, received, event, *columns, ago, closed, json.dumps(body))
    await run(owner, _RECORD, *values)
