"""Alarms and held notices as rows. Works inside a transaction of the database."""

from __future__ import annotations

import sqlite3

from ...model.alert import Alert, Notification
from ...model.changeset import ChangeSet
from ..serialization import encode, readable


def put(connection: sqlite3.Connection, changes: ChangeSet) -> None:
    """Write what `changes` says of them."""
    standing = [(alarm.key, encode(alarm)) for alarm in changes.alarms if not alarm.over]
    connection.executemany("INSERT OR REPLACE INTO alarms (key, body) VALUES (?, ?)", standing)
    connection.executemany("DELETE FROM alarms WHERE key = ?", [(one.key,) for one in changes.alarms if one.over])
    connection.executemany("DELETE FROM held WHERE key = ? AND thread = ?", changes.unheld)
    held = [(notice.key, notice.thread, encode(notice)) for notice in changes.held]
    connection.executemany("INSERT OR REPLACE INTO held (key, thread, body) VALUES (?, ?, ?)", held)


def alarms(connection: sqlite3.Connection) -> tuple[Alert, ...]:
    """In the order in which they rang."""
    found = readable(Alert, connection.execute("SELECT body FROM alarms"))
    return tuple(sorted(found, key=lambda alarm: (alarm.since, alarm.key)))


def held(connection: sqlite3.Connection) -> tuple[Notification, ...]:
    found = readable(Notification, connection.execute("SELECT body FROM held"))
    return tuple(sorted(found, key=lambda notice: (notice.at, notice.key, notice.thread)))
