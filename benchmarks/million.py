"""A million incidents in the store: query times, and the cost of one more incident."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado, Event, Incident
from trafico_monitor.model.serialization import encode
from trafico_monitor.store.json_array_log import JsonLog
from trafico_monitor.store.read_repository import Queries
from trafico_monitor.store.repository import NumberedRecord, Store
from trafico_monitor.store.tallies import places_by_day

from .rows import Row, median, percentile

TURNS = 60
DAYS = 90.0
OBJECT_BYTES = 620  # of one in the JSON, about
TYPES = tuple(ErrorType)
ENDS = (Estado.SOLUCIONADO, Estado.SOLUCIONADO, Estado.SOLUCIONADO, Estado.FALLIDO, Estado.PENDIENTE)


def rows(work: Path, incidents: int) -> Iterator[Row]:
    full, empty = filled(work, incidents), filled(work, 1000)
    now = (full / "made").stat().st_mtime
    asked: dict[str, tuple[Callable[[Queries], object], float]] = {
        "status": (lambda q: (q.status(), q.incidents(limit=5)), 0.050),
        "incidents": (lambda q: q.incidents(), 0.050),
        "incidents --estado fallido --tipo timeout": (
            lambda q: q.incidents(estado="fallido", error_type="timeout", since=now - 7 * 86400),
            0.050,
        ),
        "report, a week": (lambda q: q.summary(now - 7 * 86400), 0.500),
        "report, everything": (lambda q: q.summary(0.0), 0.500),
    }
    for name, (ask, most) in asked.items():
        large, small = (percentile(timed(directory, ask), 0.95) for directory in (full, empty))
        what = f"{incidents:,} incidents stored: {name}, p95"
        yield _row(what, large, "1,000 incidents", small, most)
    large, small = (asyncio.run(one_more(directory)) for directory in (full, empty))
    yield _row(f"{incidents:,} incidents stored: one more (commit), p95", large, "1,000 incidents", small, 0.050)
    large_one, empty_one = (appended(work, size) for size in (7_500_000, 0))
    large, small = (percentile(took, 0.95) for took in (large_one, empty_one))
    yield _row("appending to a JSON of 7.5 MB, p95", large, "an empty one", small, 0.050)
    large, small = median(large_one) * 1000, median(empty_one) * 1000
    what, met = "the same, median: its size does not matter", large <= 2 * small
    yield Row(what, large, "ms", "an empty one", small, small / large, "≥ 0.5 ×", met)


def _row(what: str, seconds: float, peer: str, peer_seconds: float, most: float) -> Row:
    ratio = peer_seconds / seconds
    return Row(what, seconds * 1000, "ms", peer, peer_seconds * 1000, ratio, f"≤ {most * 1000:g} ms", seconds <= most)


def timed(directory: Path, ask: Callable[[Queries], object]) -> list[float]:
    took = []
    for _ in range(TURNS):
        began = time.perf_counter()
        with Queries(directory) as queries:
            ask(queries)
        took.append(time.perf_counter() - began)
    return took


async def one_more(directory: Path) -> float:
    store = await Store.open(directory)
    took = []
    for n in range(TURNS):
        one = sample(n, time.time(), f"Z{time.time_ns():x}")
        began = time.perf_counter()
        await store.commit(ChangeSet(incidents=(one,), records=(told(one),), cursor=str(n)))
        took.append(time.perf_counter() - began)
    await store.close()
    return percentile(took, 0.95)


def appended(work: Path, size: int) -> list[float]:
    folder = work / "json"
    shutil.rmtree(folder, ignore_errors=True)
    log = JsonLog(folder, rotate_bytes=50_000_000)
    taken = size // OBJECT_BYTES
    records = [NumberedRecord(n + 1, told(sample(n, time.time(), f"I{n}"))) for n in range(taken + TURNS)]
    log.append(records[:taken])
    took = []
    for item in records[taken:]:
        began = time.perf_counter()
        log.append([item])
        took.append(time.perf_counter() - began)
    return took[2:]  # the first ones make the twin, once a start


def sample(number: int, at: float, name: str) -> Incident:
    estado = ENDS[number % len(ENDS)] if number % 1000 == 4 or number % len(ENDS) < 4 else Estado.FALLIDO
    closed = None if estado is Estado.PENDIENTE else at + number % 300
    modelo, video = f"modelo{number % 40}", f"20260101_{number % 240000:06}_{number & 0xFFFFFF:06x}.mp4"
    download = Download(modelo, video, None, 5_665_533, f"/var/lib/telegram-bot-api/<TOKEN>/videos/file_{number}.mp4")
    return replace(
        Incident(name, TYPES[number % len(TYPES)], at, at, estado, download, "Timed out: the line of the bot" * 3),
        closed_at=closed,
    )


def told(one: Incident) -> Event:
    return Event(one.opened_at, "incident_detected", f"⚠️ Error detectado · #{one.id}", 4, "reintento 1/3", one)


def filled(work: Path, incidents: int) -> Path:
    """Returns a state directory with that many incidents of the last days; cached for the next run."""
    place = work / f"store-{incidents}"
    if (place / "made").exists():
        return place
    shutil.rmtree(place, ignore_errors=True)
    asyncio.run(_empty(place))
    with sqlite3.connect(place / "monitor.db", isolation_level=None) as database:
        _fill(database, incidents, time.time())
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("ANALYZE")
    database.close()
    (place / "made").touch()
    return place


async def _empty(place: Path) -> None:
    store = await Store.open(place)
    await store.save_status({"at": time.time(), "line": "x"})
    await store.close()


def _fill(database: sqlite3.Connection, incidents: int, now: float) -> None:
    database.execute("PRAGMA synchronous = OFF")
    counted: Counter[tuple[int, str, str]] = Counter()
    database.execute("BEGIN")
    for n in range(incidents):
        one = sample(n, now - DAYS * 86400 * (1 - n / incidents), f"{n:08X}")
        counted.update(places_by_day(one))
        database.execute(
            "INSERT INTO incidents (id, error_type, estado, modelo, opened_at, closed_at, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                one.id,
                one.error_type.value,
                one.estado.value,
                one.download.modelo,
                one.opened_at,
                one.closed_at,
                encode(one),
            ),
        )
        database.execute(
            "INSERT INTO records (at, incident_id, body) VALUES (?, ?, ?)", (one.opened_at, one.id, encode(told(one)))
        )
    database.executemany(
        "INSERT INTO tallies VALUES (?, ?, ?, ?)", [(*key, number) for key, number in counted.items()]
    )
    database.execute("COMMIT")
