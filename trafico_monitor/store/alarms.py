"""Alarms, silences and held notices as rows. Works inside a transaction of the database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from ..model.alarm import Alarm
from ..model.changes import Changes
from ..model.notice import Notice
from ..model.silence import Silence
from .codec import encode, readable


def put(connection: sqlite3.Connection, changes: Changes) -> None:
    """Write what `changes` says of them."""
    standing = [(alarm.key, encode(alarm)) for alarm in changes.alarms if not alarm.over]
    connection.executemany("INSERT OR REPLACE INTO alarms (key, body) VALUES (?, ?)", standing)
    connection.executemany("DELETE FROM alarms WHERE key = ?", [(one.key,) for one in changes.alarms if one.over])
    put_silences(connection, changes.silences)
    connection.executemany("DELETE FROM held WHERE key = ? AND thread = ?", changes.unheld)
    held = [(notice.key, notice.thread, encode(notice)) for notice in changes.held]
    connection.executemany("INSERT OR REPLACE INTO held (key, thread, body) VALUES (?, ?, ?)", held)


def put_silences(connection: sqlite3.Connection, silences: Iterable[Silence]) -> None:
    rows = [(one.id, one.until, one.reported, encode(one)) for one in silences]
    connection.executemany("INSERT OR REPLACE INTO silences (id, until, reported, body) VALUES (?, ?, ?, ?)", rows)


def alarms(connection: sqlite3.Connection) -> tuple[Alarm, ...]:
    """In the order in which they rang."""
    found = readable(Alarm, connection.execute("SELECT body FROM alarms"))
    return tuple(sorted(found, key=lambda alarm: (alarm.since, alarm.key)))


def unreported(connection: sqlite3.Connection) -> tuple[Silence, ...]:
    """Silences that go on, or whose end nobody has been told."""
    return _silences(connection.execute("SELECT body FROM silences WHERE reported = 0"))


def silences(connection: sqlite3.Connection, since: float) -> tuple[Silence, ...]:
    """Those that had not ended at `since`, the oldest first."""
    return _silences(connection.execute("SELECT body FROM silences WHERE until > ?", (since,)))


def held(connection: sqlite3.Connection) -> tuple[Notice, ...]:
    found = readable(Notice, connection.execute("SELECT body FROM held"))
    return tuple(sorted(found, key=lambda notice: (notice.at, notice.key, notice.thread)))


def _silences(rows: sqlite3.Cursor) -> tuple[Silence, ...]:
    return tuple(sorted(readable(Silence, rows), key=lambda one: (one.since, one.id)))
