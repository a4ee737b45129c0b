"""A fleet of any size in a PostgreSQL database: machines, heartbeats and records, as their sinks send them."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from trafico_monitor.fleet.database import Endpoint, connect, transaction
from trafico_monitor.fleet.migrations import MACHINE_ROLE, migrate
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.fleet import Disk, Heartbeat
from trafico_monitor.model.incident import CLOSED, Estado, Event, Incident
from trafico_monitor.model.serialization import encode

DAY = 86400.0
GB = 1000**3
DAYS = 30.0
TYPES, WEIGHTS = tuple(ErrorType), (9, 3, 4, 8, 1, 1, 2)
MODELOS = ("victor", "ana", "lucia", "marcos", "noa", "yic", "alba", "irene", "sara", "dani")
ZERO = "00000000"
# Of one incident, in order.
STEPS = {
    Estado.SOLUCIONADO: (Estado.DETECTADO, Estado.REINTENTANDO, Estado.SOLUCIONADO),
    Estado.FALLIDO: (Estado.DETECTADO, Estado.REINTENTANDO, Estado.REINTENTANDO, Estado.FALLIDO),
    Estado.REINTENTANDO: (Estado.DETECTADO, Estado.REINTENTANDO),
    Estado.PENDIENTE: (Estado.DETECTADO, Estado.PENDIENTE),
    Estado.DETECTADO: (Estado.DETECTADO,),
}
EVENTS = {
    Estado.DETECTADO: ("incident_detected", 4),
    Estado.PENDIENTE: ("incident_pending", 5),
    Estado.REINTENTANDO: ("incident_retrying", 5),
    Estado.SOLUCIONADO: ("incident_solved", 5),
    Estado.FALLIDO: ("incident_failed", 3),
}
LINES = (
    "ERROR:__main__:❌ Error al copiar archivo: [Errno 13] Permission denied: '/srv/api/<TOKEN>/videos/file_9.mp4'",
    "Traceback (most recent call last):",
    '  File "/home/victor/100-trafico/src/project/bot_central.py", line 214, in recibir_video',
    "PermissionError: [Errno 13] Permission denied",
)
_RECORDS = (
    "machine, base, seq, at, prev, received_at, event, priority, text, incident_id, error_type, estado, modelo, video,"
    " opened_at, closed_at, body"
)


@dataclass(frozen=True, slots=True)
class Fleet:
    """What was made. `now` is the moment of the newest record, in seconds since the epoch."""

    names: tuple[str, ...]
    records: int
    now: float


def name_of(number: int) -> str:
    return f"bot-{number:04}"


def base_of(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


async def fill(owner: Endpoint, machines: int, records: int, now: float, seed: int = 15) -> Fleet:
    """Make the schema, `machines` machines with a heartbeat each, and at least `records` records of the last DAYS
    days. `owner` is a superuser of the database."""
    luck = random.Random(seed)
    names = tuple(name_of(number) for number in range(machines))
    connection = await connect(owner)
    async with transaction(connection, owner, seconds=900) as cursor:
        await migrate(cursor)
        await cursor.execute("ALTER TABLE trafico.records DISABLE TRIGGER note")
        await cursor.execute("ALTER TABLE trafico.heartbeats DISABLE TRIGGER stamp")
        await _machines(cursor, names, now, luck)
        written = 0
        copied = cursor.copy(f"COPY trafico.records ({_RECORDS}) FROM STDIN")
        async with copied as copy:
            for row in _records(names, records, now, luck):
                await copy.write_row(row)
                written += 1
        await cursor.execute(_INCIDENTS)
        await cursor.execute(
            "INSERT INTO trafico.positions (machine, base, first_seq, last_seq, received)"
            " SELECT machine, base, min(seq), max(seq), count(*) FROM trafico.records GROUP BY 1, 2"
        )
        await cursor.execute("ALTER TABLE trafico.records ENABLE TRIGGER note")
        await cursor.execute("ALTER TABLE trafico.heartbeats ENABLE TRIGGER stamp")
    await connection.execute("VACUUM ANALYZE")
    await connection.close()
    return Fleet(names, written, now)


_INCIDENTS = """
INSERT INTO trafico.incidents
        (machine, id, base, seq, error_type, estado, modelo, video, opened_at, updated_at, closed_at, body)
    SELECT DISTINCT ON (machine, incident_id) machine, incident_id, base, seq, error_type, estado, modelo, video,
        opened_at, at, closed_at, body
    FROM trafico.records WHERE incident_id IS NOT NULL ORDER BY machine, incident_id, seq DESC
"""


async def _machines(cursor: Any, names: tuple[str, ...], now: float, luck: random.Random) -> None:
    async with cursor.copy("COPY trafico.machines (machine, invited_at, certificate_until) FROM STDIN") as copy:
        for name in names:
            await copy.write_row((name, _at(now - 40 * DAY), _at(now + luck.uniform(20, 800) * DAY)))
    columns = "machine, base, instance, host, sent_at, body, received_at"
    async with cursor.copy(f"COPY trafico.heartbeats ({columns}) FROM STDIN") as copy:
        for number, name in enumerate(names):
            beat = heartbeat(number, now, luck)
            age = luck.uniform(0, 55) if number % 97 != 5 else luck.uniform(300, 9000)  # one in a hundred is silent
            instance, host = str(uuid.UUID(int=luck.getrandbits(128))), f"{luck.getrandbits(64):016x}"
            beat = replace(beat, sent_at=beat.sent_at - age)
            await copy.write_row(
                (name, base_of(name), instance, host, _at(beat.sent_at), encode(beat), _at(now - age))
            )


async def sign_in(owner: Endpoint, names: tuple[str, ...]) -> None:
    """Make the roles of these machines, so that they can send for themselves."""
    connection = await connect(owner)
    for name in names:
        await connection.execute(f'CREATE ROLE "{name}" LOGIN IN ROLE {MACHINE_ROLE}'.encode())
    await connection.close()


def heartbeat(number: int, now: float, luck: random.Random) -> Heartbeat:
    """A machine at work; one in fifty has some trouble."""
    troubled = number % 53 == 11
    total = luck.choice((250, 500, 1000, 2000)) * GB
    free = round(total * (0.02 if troubled else luck.uniform(0.2, 0.8)))
    solved, failed = luck.randrange(0, 14), luck.randrange(0, 2)
    return Heartbeat(
        sent_at=now + (luck.uniform(-0.4, 0.4) if number % 211 != 7 else 7200.0),
        version="2.0.0",
        started_at=now - luck.uniform(0.1, 30) * DAY,
        healthy=not troubled,
        unhealthy=("Queda poco espacio en /home",) if troubled else (),
        open=luck.randrange(0, 3) if number % 7 == 0 else 0,
        failed=failed,
        solved=solved,
        unanswered=1 if troubled else 0,
        unanswered_since=now - 1800 if troubled else None,
        waiting=luck.randrange(0, 4) if number % 31 == 0 else 0,
        success_rate=solved / (solved + failed) if solved + failed else None,
        disks=(Disk("/home", free, total, now + 6 * 3600 if troubled else None, 0.8 if troubled else 0.0),),
        bot_active=number % 61 != 3,
        server_up=number % 71 != 4,
        lag=luck.uniform(0, 0.3),
        last_seq=1000,
        pending=luck.randrange(0, 3),
        certificate_until=now + 300 * DAY,
    )


def _at(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _records(names: tuple[str, ...], records: int, now: float, luck: random.Random) -> Iterator[tuple[object, ...]]:
    """Machine by machine; of an incident all its records."""
    bodies = _Bodies()
    each = -(-records // max(1, len(names)))
    number = 0
    for name in names:
        base, seq, own = base_of(name), 0, luck.sample(MODELOS, 3)
        starts = sorted(now - 30 - DAYS * DAY * luck.random() ** 1.2 for _ in range(-(-each // 3)))
        for at in starts:
            number += 1
            kind = luck.choices(TYPES, WEIGHTS)[0]
            recent = at > now - 3600
            end = (
                luck.choice((Estado.PENDIENTE, Estado.REINTENTANDO))
                if recent
                else (Estado.FALLIDO if luck.random() < 0.07 else Estado.SOLUCIONADO)
            )
            modelo, video = luck.choice(own), f"20261130_120000_{luck.getrandbits(24):06x}.mp4"
            for step, estado in enumerate(STEPS[end]):
                seq += 1
                moment = at + step * luck.choice((1.0, 3.0, 20.0, 90.0))
                closed = moment if estado in CLOSED else None
                event, priority = EVENTS[estado]
                body = bodies.of(kind, estado, f"{number:08X}", modelo, video, at, moment)
                yield (
                    name, base, seq, _at(moment), seq - 1, _at(moment + 0.5), event, priority,
                    f"⚠️ Error de {kind.value} en {video} ({modelo}), {estado.value}", f"{number:08X}", kind.value,
                    estado.value, modelo, video, _at(at), None if closed is None else _at(closed), body,
                )  # fmt: skip


class _Bodies:
    """JSON of records, each made once for a type and state and filled in by its places."""

    def __init__(self) -> None:
        self._made: dict[tuple[ErrorType, Estado], str] = {}

    def of(self, kind: ErrorType, estado: Estado, name: str, modelo: str, video: str, opened: float, at: float) -> str:
        template = self._made.get((kind, estado))
        if template is None:
            template = self._made[kind, estado] = self._template(kind, estado)
        filled = template.replace(ZERO, name).replace("MODELO", modelo).replace("VIDEO", video)
        return filled.replace("1111111111.5", f"{opened:.6f}").replace("1222222222.5", f"{at:.6f}")

    def _template(self, kind: ErrorType, estado: Estado) -> str:
        closed = 1222222222.5 if estado in CLOSED else None
        incident = Incident(
            ZERO, kind, 1111111111.5, 1222222222.5, estado, Download("MODELO", "VIDEO", size=88_000_000),
            LINES[0], LINES, "permisos_copia", attempt=1, accion="retry", closed_at=closed,
        )  # fmt: skip
        event, priority = EVENTS[estado]
        made = encode(Event(1222222222.5, event, "⚠️ Error en VIDEO (MODELO)", priority, "retry", incident))
        assert json.loads(made)["incident"]["id"] == ZERO
        return made
