"""The database is bounded by age and by size; what is open, untold or not yet in the logs stays."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.component.store.conftest import incident, record
from trafico_monitor.model.alert import Notification, NotificationCode, Severity
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.incident import Estado, Event, Incident
from trafico_monitor.store import retention
from trafico_monitor.store.read_repository import Queries
from trafico_monitor.store.repository import Store
from trafico_monitor.store.retention import Bounds, Retention

DAY = 86400.0
NOW = 1000 * DAY


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "REST_SECONDS", 0.0)


def closed(name: str, at: float, estado: Estado = Estado.SOLUCIONADO) -> Incident:
    return replace(incident(name, estado, at), closed_at=at + 7 if estado is Estado.SOLUCIONADO else None)


async def put(store: Store, one: Incident, *, told: bool = True) -> None:
    at = one.opened_at
    notice = Notification(one.id, NotificationCode.SOLVED, Severity.RECOVERABLE, at, 0, one, to=("admin",))
    event = Event(at, "download_done", f"✅ {one.id}")
    await store.commit(ChangeSet(incidents=(one,), records=(record(one, at), event), notices=(notice,), cursor=one.id))
    if told:
        due = (await store.mailbox("admin").due(NOW, 1))[0]
        await store.mailbox("admin").sent(due.id, 1, "7", at)


async def left(store: Store) -> tuple[list[str], list[str], list[str]]:
    def read(connection: sqlite3.Connection) -> tuple[list[str], list[str], list[str]]:
        incidents = [row[0] for row in connection.execute("SELECT id FROM incidents ORDER BY opened_at")]
        texts = [row[0] for row in connection.execute("SELECT json_extract(body, '$.text') FROM records ORDER BY seq")]
        return incidents, texts, [row[0] for row in connection.execute("SELECT key FROM outbox ORDER BY id")]

    return await store.database.read(read)


async def exported(store: Store, everything: bool = True) -> None:
    for log in ("json", "log", "journal"):
        await store.keep(f"exported.{log}", str(await store.last_number()) if everything else "0")


async def test_what_is_old_goes_and_what_is_open_or_untold_stays(store: Store) -> None:
    await put(store, closed("old", NOW - 100 * DAY))
    await put(store, closed("open", NOW - 99 * DAY, Estado.PENDIENTE))
    await put(store, closed("new", NOW - 80 * DAY))
    await put(store, closed("untold", NOW - 95 * DAY), told=False)
    await exported(store)
    assert await Retention(store.database).sweep(Bounds(90, 0), NOW) == 2
    incidents, texts, keys = await left(store)
    assert incidents == ["open", "new"] and keys == ["open", "new", "untold"]
    assert texts == ["⚠️ línea", "⚠️ línea", "✅ new"]
    assert (await store.load()).cursor == "untold"
    assert await Retention(store.database).sweep(Bounds(90, 0), NOW) == 0


async def test_what_a_log_does_not_have_yet_stays(store: Store) -> None:
    await put(store, closed("old", NOW - 100 * DAY))
    await exported(store, everything=False)
    assert await Retention(store.database).sweep(Bounds(90, 1), NOW) == 0
    assert (await left(store))[0] == ["old"]


async def test_zero_is_for_ever(store: Store) -> None:
    await put(store, closed("old", 0.0))
    await exported(store)
    assert await Retention(store.database).sweep(Bounds(0, 0), NOW) == 0


async def test_the_size_is_bounded_and_the_file_shrinks(tmp_path: Path, store: Store) -> None:
    for n in range(400):
        await put(store, replace(closed(f"i{n:03}", NOW - 2 * DAY + n), error_message="x" * 4000))
    await exported(store)
    database = store.database
    await database.read(lambda c: c.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
    before = await database.read(retention.used_bytes)
    assert await Retention(database).sweep(Bounds(0, before // 2), NOW) > 0
    incidents = (await left(store))[0]
    assert incidents == [f"i{n:03}" for n in range(400 - len(incidents), 400)]  # the oldest went
    assert await database.read(retention.used_bytes) <= before // 2
    await database.read(lambda c: c.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
    assert database.path.stat().st_size < before * 0.7
    with Queries(tmp_path / "state") as queries:
        assert queries.summary().total == 400  # the counts of a day stay as long as its incidents may


async def test_a_sweep_of_many_goes_on_to_the_end(store: Store) -> None:
    many = [closed(f"i{n:05}", NOW - 200 * DAY + n) for n in range(5 * retention.ROWS)]
    await store.commit(ChangeSet(incidents=tuple(many), records=tuple(record(one, one.opened_at) for one in many)))
    await exported(store)
    assert await Retention(store.database).sweep(Bounds(90, 0), NOW) == len(many)
    with closing(sqlite3.connect(store.database.path)) as database:
        assert database.execute("SELECT count(*) FROM records").fetchone()[0] == 0
        assert database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'records'").fetchone()[0] == len(many)
