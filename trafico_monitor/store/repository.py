"""Write access to the database: one transaction per pipeline step, or none of it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..model.alert import Notification, Silence
from ..model.changeset import ChangeSet, Snapshot
from ..model.incident import Event, Incident
from ..model.prediction import ForecastView
from ..model.serialization import decode, encode, readable, storable
from ..model.task import RepairTask
from . import outbox, predictions, tables
from .database import Database
from .fallback_database import carried_after
from .outbox import ChannelOutbox
from .tallies import count, count_attempts

DATABASE = "monitor.db"
FORECAST = "forecast"  # the last ForecastView
_FORESIGHT = "foresight"
RECENT_SECONDS = 3600.0  # incidents closed so lately are loaded too: their failure may come again


@dataclass(frozen=True, slots=True)
class NumberedRecord:
    """A record with its place in the monitor's story."""

    seq: int
    record: Event


class Store:
    """All methods raise StoreError when nothing could be written; then nothing was."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.opened_after = 0  # the last number that a record had been given when the database was opened

    @classmethod
    async def open(cls, directory: Path, spare: Path | None = None) -> Store:
        """Opens the store in `directory`, creating it if it is missing. A damaged one is moved aside. The fallback
        database is at `spare`, or in memory."""
        store = cls(await Database.open(directory / DATABASE, spare))
        store.opened_after = await store.last_number()
        return store

    @property
    def database(self) -> Database:
        return self._database

    @property
    def damaged(self) -> str:
        """The file that a damaged database was put aside as; "" when that has not happened."""
        return self._database.damaged

    async def close(self) -> None:
        await self._database.close()

    async def commit(self, changes: ChangeSet) -> None:
        """Incidents, records, orders, messages, memory and cursor: in one transaction."""
        rows = _prepared(changes)  # encoded outside of the lock
        await self._database.transaction(rows.write)

    async def load(self) -> Snapshot:
        """Where the last transaction ended."""
        since = time.time() - RECENT_SECONDS
        return await self._database.read(lambda connection: _load(connection, since))

    async def named(self, beginning: str) -> Sequence[Incident]:
        """Returns the incident with that id, else at most two with that prefix."""
        return await self._database.read(lambda connection: _named(connection, beginning))

    async def silences(self, at: float) -> Sequence[Silence]:
        """Returns the silences active at `at`."""
        return await self._database.read(lambda connection: tables.silences_not_ended(connection, at))

    async def save_status(self, snapshot: Mapping[str, object]) -> None:
        """Saves the snapshot that `trafico-monitor status` shows if it cannot query the service."""
        await self.keep("status", storable(json.dumps(snapshot, ensure_ascii=False)))

    async def save_forecast(self, view: ForecastView) -> None:
        """Saves the forecast that `trafico-monitor forecast` shows if it cannot query the service."""
        await self.keep(FORECAST, encode(view))

    async def records_after(self, seq: int, limit: int = 500) -> Sequence[NumberedRecord]:
        """Records with a higher number, in order."""
        return await self._database.read(lambda connection: _records_after(connection, seq, limit))

    async def unsent(self, seq: int, limit: int, size: int) -> Sequence[NumberedRecord]:
        """Records with a higher number, in order and without a gap, of about `size` bytes together; none while the
        fallback database lacks some of them."""
        return await self._database.read(lambda connection: _unsent(connection, seq, limit, size))

    async def number_after(self, seq: int) -> int:
        """The number of records with a higher number."""
        return await self._database.read(lambda connection: _number_after(connection, seq))

    async def ends(self, since: float) -> Mapping[str, int]:
        """The number of incidents closed since then, by estado."""
        return await self._database.read(lambda connection: _ends(connection, since))

    async def keep(self, name: str, value: str) -> None:
        """One small value by name (the cursors of the logs)."""
        await self._database.transaction(lambda connection: _keep(connection, name, value))

    async def kept(self, name: str) -> str:
        return await self._database.read(lambda connection: _kept(connection, name))

    async def last_number(self) -> int:
        """The highest number that a record has been given, even if it is gone; 0 when there is none."""
        return await self._database.read(_last_number)

    async def number_above(self, seq: int) -> None:
        """Let the next record's number be above `seq`: a log may know more than a new database."""
        await self._database.transaction(lambda connection: _number_above(connection, seq))

    # The outbox.

    def mailbox(self, channel: str) -> ChannelOutbox:
        """The messages of one channel."""
        return ChannelOutbox(self._database, channel)

    async def told(self, key: str) -> Notification | None:
        """Returns the newest message of the conversation `key`; None if there is none."""
        return await self._database.read(lambda connection: outbox.told(connection, key))

    async def hand_over(self, channel: str, to: str) -> int:
        """Moves pending messages of `channel` to `to`; returns their number."""
        return await self._database.transaction(lambda c: outbox.hand_over(c, channel, to))

    async def adopt(self, known: Collection[str], heir: str) -> None:
        """Reassigns pending messages of channels that are not `known` to `heir`."""
        await self._database.transaction(lambda c: outbox.adopt(c, known, heir))


@dataclass(frozen=True, slots=True)
class _Rows:
    """The changes as rows."""

    changes: ChangeSet
    incidents: tuple[tuple[object, ...], ...]
    records: tuple[tuple[object, ...], ...]
    orders: tuple[tuple[object, ...], ...]
    memory: str | None
    foresight: str | None

    def write(self, connection: sqlite3.Connection) -> None:
        for incident, row in zip(self.changes.incidents, self.incidents, strict=True):
            count(connection, incident)
            connection.execute(
                "INSERT INTO incidents (id, error_type, estado, modelo, opened_at, closed_at, body)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET error_type = excluded.error_type,"
                " estado = excluded.estado, modelo = excluded.modelo, closed_at = excluded.closed_at,"
                " body = excluded.body",
                row,
            )
        connection.executemany("INSERT INTO records (at, incident_id, body) VALUES (?, ?, ?)", self.records)
        connection.executemany(
            "INSERT INTO orders (id, incident_id, due_at, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET due_at = excluded.due_at, body = excluded.body",
            self.orders,
        )
        connection.executemany(
            "UPDATE orders SET finished = 1 WHERE id = ?", [(order,) for order in self.changes.finished]
        )
        for notice in self.changes.notices:
            outbox.put(connection, notice)
        tables.put_alerts(connection, self.changes)
        tables.put_error_groups(connection, self.changes.unknown)
        tables.put_silences(connection, self.changes.silences)
        predictions.put(connection, self.changes.predictions)
        predictions.put_samples(connection, self.changes.samples)
        count_attempts(connection, self.changes.attempts)
        if self.memory is not None:
            _keep(connection, "memory", self.memory)
        if self.foresight is not None:
            _keep(connection, _FORESIGHT, self.foresight)
        if self.changes.cursor is not None:
            _keep(connection, "cursor", self.changes.cursor)


def _prepared(changes: ChangeSet) -> _Rows:
    return _Rows(
        changes,
        tuple(_incident_row(incident) for incident in changes.incidents),
        tuple((r.at, r.incident.id if r.incident else None, encode(r)) for r in changes.records),
        tuple((order.id, order.incident_id, order.due_at, encode(order)) for order in changes.orders),
        _state(changes.memory),
        _state(changes.foresight),
    )


def _state(value: Mapping[str, object] | None) -> str | None:
    return None if value is None else storable(json.dumps(value, ensure_ascii=False))


def _incident_row(incident: Incident) -> tuple[object, ...]:
    return (
        incident.id,
        incident.error_type.value,
        incident.estado.value,
        storable(incident.download.modelo or ""),
        incident.opened_at,
        None if incident.open else incident.closed_at or incident.updated_at,
        encode(incident),
    )


def _load(connection: sqlite3.Connection, since: float) -> Snapshot:
    incidents = connection.execute(
        "SELECT body FROM incidents WHERE closed_at IS NULL UNION ALL SELECT body FROM incidents WHERE closed_at >= ?",
        (since,),
    )
    foresight = _read_foresight(_kept(connection, _FORESIGHT))
    orders = connection.execute("SELECT body FROM orders WHERE finished = 0 ORDER BY due_at, id")
    memory = _kept(connection, "memory")
    return Snapshot(
        tuple(sorted(readable(Incident, incidents), key=lambda i: (i.opened_at, i.id))),
        tuple(readable(RepairTask, orders)),
        _kept(connection, "cursor"),
        json.loads(memory) if memory else None,
        tables.known_error_groups(connection),
        tables.active_alerts(connection),
        tables.unreported_silences(connection),
        tables.deferred_notifications(connection),
        predictions.remembered(connection),
        predictions.samples(connection, _moment(foresight), spaces_since=0.0),
        foresight,
    )


def _moment(foresight: Mapping[str, object] | None) -> float:
    """When the state of the predictors was stored."""
    at = (foresight or {}).get("at")
    return float(at) if isinstance(at, int | float) else 0.0


def _read_foresight(kept: str) -> Mapping[str, object] | None:
    """The state of the predictors, which begin anew without one: no reason not to start."""
    with contextlib.suppress(ValueError):
        value = json.loads(kept or "null")
        return value if isinstance(value, dict) else None
    return None


def _named(connection: sqlite3.Connection, beginning: str) -> Sequence[Incident]:
    rows = connection.execute(
        "SELECT id, body FROM incidents WHERE id >= ? AND id < ? ORDER BY id LIMIT 2",
        (beginning, f"{beginning}\U0010ffff"),
    ).fetchall()
    exact = [row for row in rows if row[0] == beginning]
    return [decode(Incident, body) for _, body in exact or rows]


def _records_after(connection: sqlite3.Connection, seq: int, limit: int) -> Sequence[NumberedRecord]:
    rows = connection.execute("SELECT seq, body FROM records WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit))
    return [NumberedRecord(row[0], decode(Event, row[1])) for row in rows]


def _keep(connection: sqlite3.Connection, name: str, value: str) -> None:
    connection.execute("INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)", (name, value))


def _kept(connection: sqlite3.Connection, name: str) -> str:
    row = connection.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
    return row[0] if row else ""


def _unsent(connection: sqlite3.Connection, seq: int, limit: int, size: int) -> Sequence[NumberedRecord]:
    if seq < carried_after(connection):
        return ()
    rows = connection.execute("SELECT seq, body FROM records WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit))
    found: list[NumberedRecord] = []
    for number, body in rows:
        found.append(NumberedRecord(number, decode(Event, body)))
        size -= len(body)
        if size <= 0:
            break
    return found


def _number_after(connection: sqlite3.Connection, seq: int) -> int:
    return int(connection.execute("SELECT count(*) FROM records WHERE seq > ?", (seq,)).fetchone()[0])


def _ends(connection: sqlite3.Connection, since: float) -> Mapping[str, int]:
    return dict(
        connection.execute("SELECT estado, count(*) FROM incidents WHERE closed_at >= ? GROUP BY estado", (since,))
    )


def _last_number(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'records'").fetchone()
    return int(row[0]) if row else 0


def _number_above(connection: sqlite3.Connection, seq: int) -> None:
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'records'").fetchone()
    if row is None:
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('records', ?)", (seq,))
    elif row[0] < seq:
        connection.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'records'", (seq,))
