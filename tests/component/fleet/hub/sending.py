"""Records and heartbeats as a machine's own sink sends them: as the machine, past rights and triggers."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from tests.postgresql import Cluster
from trafico_monitor.fleet.database import Endpoint, connect, transaction
from trafico_monitor.model.fleet import Heartbeat
from trafico_monitor.model.incident import Event
from trafico_monitor.model.serialization import encode

_RECORD = (
    "INSERT INTO trafico.records (base, seq, at, prev, event, priority, text, incident_id, error_type, estado, modelo,"
    " video, opened_at, closed_at, body) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
_HEARTBEAT = (
    "INSERT INTO trafico.heartbeats (base, instance, host, sent_at, body) VALUES (%s, %s, %s, %s, %s) ON CONFLICT"
    " (machine) DO UPDATE SET base = excluded.base, instance = excluded.instance, host = excluded.host,"
    " sent_at = excluded.sent_at, body = excluded.body"
)


def base_of(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


async def send(server: Cluster, name: str, records: Sequence[Event], first: int = 1, body: str | None = None) -> None:
    """Send `records` as the machine `name`, numbered from `first` on; `body` instead of each record's own."""
    endpoint = Endpoint(server.url, name)
    connection = await connect(endpoint)
    async with transaction(connection, endpoint) as cursor:
        for number, one in enumerate(records, first):
            about = one.incident
            download = about.download if about else None
            row = (
                base_of(name), number, moment(one.at), number - 1, one.event, one.priority, one.text,
                about.id if about else None, about.error_type.value if about else None,
                about.estado.value if about else None, download.modelo if download else None,
                download.video if download else None, moment(about.opened_at) if about else None,
                moment(about.closed_at) if about and about.closed_at else None, encode(one) if body is None else body,
            )  # fmt: skip
            await cursor.execute(_RECORD, row)
    await connection.close()


async def beat(server: Cluster, name: str, heartbeat: Heartbeat | object, *, host: str = "h") -> None:
    """Send a heartbeat as the machine `name`: a Heartbeat, or anything else as JSON."""
    endpoint = Endpoint(server.url, name)
    connection = await connect(endpoint)
    at = heartbeat.sent_at if isinstance(heartbeat, Heartbeat) else 0.0
    body = encode(heartbeat) if isinstance(heartbeat, Heartbeat) else json.dumps(heartbeat)
    async with transaction(connection, endpoint) as cursor:
        await cursor.execute(_HEARTBEAT, (base_of(name), str(uuid.uuid4()), host, moment(at), body))
    await connection.close()


def moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
