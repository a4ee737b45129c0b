"""Retention: bounds the database by age and by size, in small steps.

Open, unexported and unsent items are kept, whatever their age; of records that the fleet lacks the newest MOST_UNSENT.
Each transaction is short, because the pipeline's next step waits for it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass
from functools import partial

from . import predictions
from .database import Database
from .tallies import DAY

PAUSE_SECONDS = 3600.0
ROWS = 200  # incidents a transaction: some ten milliseconds
REST_SECONDS = 0.05  # the pipeline's, between two of them
FREED_PAGES = 256  # given back to the file system in one go
RECENT_SECONDS = 3600.0  # closed so lately may come again: never removed for want of room
_SIZES = ("page_count", "freelist_count", "page_size")
_EVERY = 2**62
MOST_UNSENT = 100_000  # records, some 150 MB: a fleet that is away for ever must not fill the disk
ENOUGH = 0.9  # of the size: a sweep goes on to here, so that not every incident starts one


@dataclass(frozen=True, slots=True)
class Bounds:
    """`days` 0: for ever; `size` in bytes of the database, 0: any. `sent` is the last record that the fleet has, None
    without a fleet."""

    days: int
    size: int
    sent: int | None = None


class Retention:
    def __init__(self, database: Database) -> None:
        self._database = database
        self.pause = PAUSE_SECONDS

    async def sweep(self, bounds: Bounds, now: float) -> int:
        """Deletes what exceeds `bounds`; returns the number of deleted incidents. Raises StoreError if the database
        cannot be written."""
        gone = 0
        if bounds.days:
            gone += await self._older_than(now - bounds.days * DAY, bounds.sent)
        if bounds.size and await self._database.read(used_bytes) > bounds.size:
            gone += await self._remove_closed(now - RECENT_SECONDS, bounds.sent, int(bounds.size * ENOUGH))
        before = now - bounds.days * DAY if bounds.days else None
        await self._database.transaction(lambda connection: predictions.trim(connection, now, before))
        await self._give_back()
        return gone

    async def _older_than(self, before: float, sent: int | None) -> int:
        gone = await self._remove_closed(before, sent)
        for remove in (partial(remove_events, sent=sent), remove_told):
            place: int | None = 0
            while place is not None:
                place = await self._database.transaction(partial(remove, after=place, before=before))
                await asyncio.sleep(REST_SECONDS)
        await self._database.transaction(lambda c: c.execute("DELETE FROM tallies WHERE day < ?", (before // DAY,)))
        return gone

    async def _remove_closed(self, before: float, sent: int | None, size: int | None = None) -> int:
        gone = 0
        while size is None or await self._database.read(used_bytes) > size:
            found = await self._database.transaction(lambda c: remove_closed(c, before, sent))
            if not found:
                break
            gone += found
            await asyncio.sleep(REST_SECONDS)
        return gone

    async def _give_back(self) -> None:
        while await self._database.read(free_pages) > FREED_PAGES:
            before = await self._database.read(free_pages)
            await self._database.read(lambda c: c.execute(f"PRAGMA incremental_vacuum({FREED_PAGES})").fetchall())
            if await self._database.read(free_pages) >= before:
                return  # a file of an older version: its free pages are used again
            await asyncio.sleep(REST_SECONDS)


def used_bytes(connection: sqlite3.Connection) -> int:
    """Size of the rows; free pages do not count, because they are reused."""
    pages, free, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in _SIZES)
    return int((pages - free) * size)


def free_pages(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA freelist_count").fetchone()[0])


def remove_closed(connection: sqlite3.Connection, before: float, sent: int | None = None) -> int:
    """Remove some incidents that were closed before a time, with all that belongs to them; returns
    how many, 0 when there is none left."""
    found = connection.execute(
        "SELECT id FROM incidents AS one WHERE closed_at < ?"
        " AND NOT EXISTS (SELECT 1 FROM records WHERE incident_id = one.id AND seq > ?)"
        " ORDER BY closed_at LIMIT ?",
        (before, _kept_after(connection, sent), ROWS),
    ).fetchall()
    connection.executemany("DELETE FROM records WHERE incident_id = ?", found)
    connection.executemany(
        "DELETE FROM orders WHERE id > ? || '/' AND id < ? || '0' AND finished = 1",
        [(name, name) for (name,) in found],
    )
    connection.executemany("DELETE FROM outbox WHERE key = ? AND sent_version >= version", found)
    connection.executemany("DELETE FROM incidents WHERE id = ?", found)
    return len(found)


def remove_events(connection: sqlite3.Connection, after: int, before: float, sent: int | None = None) -> int | None:
    """Deletes records older than `before` without an incident, among the next ones; returns the number to continue
    after, None at the end."""
    rows = connection.execute(
        "SELECT seq, at < ?, incident_id IS NULL FROM records WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
        (before, after, _kept_after(connection, sent), ROWS),
    ).fetchall()
    connection.executemany("DELETE FROM records WHERE seq = ?", [(seq,) for seq, old, event in rows if old and event])
    return rows[-1][0] if any(old for _, old, _ in rows) else None


def remove_told(connection: sqlite3.Connection, after: int, before: float) -> int | None:
    """The same for sent messages, except those of an incident that may still change them."""
    rows = connection.execute(
        "SELECT id, created_at < ?, sent_version >= version"
        " AND NOT EXISTS (SELECT 1 FROM incidents WHERE incidents.id = key AND closed_at IS NULL)"
        " FROM outbox WHERE id > ? ORDER BY id LIMIT ?",
        (before, after, ROWS),
    ).fetchall()
    connection.executemany(
        "DELETE FROM outbox WHERE id = ?", [(number,) for number, old, told in rows if old and told]
    )
    return rows[-1][0] if any(old for _, old, _ in rows) else None


def _kept_after(connection: sqlite3.Connection, sent: int | None) -> int:
    """The number of the last record that may be deleted."""
    exported = _exported(connection)
    if sent is None:
        return exported
    last = int(connection.execute("SELECT coalesce(max(seq), 0) FROM records").fetchone()[0])
    return min(exported, max(sent, last - MOST_UNSENT))


def _exported(connection: sqlite3.Connection) -> int:
    """The number of the last record that every log has; all of them where there is no log."""
    places = connection.execute("SELECT value FROM state WHERE name LIKE 'exported.%'").fetchall()
    return min((int(value or 0) for (value,) in places), default=_EVERY)
