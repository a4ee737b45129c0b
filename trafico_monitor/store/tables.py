"""Rows of alerts, deferred notifications, silences and unknown errors. Work inside a transaction of the database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from ..model.alert import Alert, Notification, Silence
from ..model.changeset import ChangeSet
from ..model.finding import UnknownKind
from ..model.serialization import encode, readable


def put_alerts(connection: sqlite3.Connection, changes: ChangeSet) -> None:
    """Writes the alerts in `changes`."""
    standing = [(alarm.key, encode(alarm)) for alarm in changes.alarms if not alarm.over]
    connection.executemany("INSERT OR REPLACE INTO alarms (key, body) VALUES (?, ?)", standing)
    connection.executemany("DELETE FROM alarms WHERE key = ?", [(one.key,) for one in changes.alarms if one.over])
    connection.executemany("DELETE FROM held WHERE key = ? AND thread = ?", changes.unheld)
    deferred_notifications = [(notice.key, notice.thread, encode(notice)) for notice in changes.held]
    connection.executemany("INSERT OR REPLACE INTO held (key, thread, body) VALUES (?, ?, ?)", deferred_notifications)


def active_alerts(connection: sqlite3.Connection) -> tuple[Alert, ...]:
    """In the order in which they rang."""
    found = readable(Alert, connection.execute("SELECT body FROM alarms"))
    return tuple(sorted(found, key=lambda alarm: (alarm.since, alarm.key)))


def deferred_notifications(connection: sqlite3.Connection) -> tuple[Notification, ...]:
    found = readable(Notification, connection.execute("SELECT body FROM held"))
    return tuple(sorted(found, key=lambda notice: (notice.at, notice.key, notice.thread)))


SILENCE_KEPT_SECONDS = 30 * 86400.0  # after its end; what was silenced when stays in the records


def put_silences(connection: sqlite3.Connection, silences: Iterable[Silence]) -> None:
    for silence in silences:
        connection.execute(
            "INSERT OR REPLACE INTO silences (id, until, body) VALUES (?, ?, ?)",
            (silence.id, silence.until, encode(silence)),
        )
        connection.execute("DELETE FROM silences WHERE until < ?", (silence.since - SILENCE_KEPT_SECONDS,))


def silences_not_ended(connection: sqlite3.Connection, at: float) -> tuple[Silence, ...]:
    """Returns the silences active at `at` (seconds since the epoch), the first to end first."""
    rows = connection.execute("SELECT body FROM silences WHERE until > ? ORDER BY until, id", (at,))
    return tuple(readable(Silence, rows))


def unreported_silences(connection: sqlite3.Connection) -> tuple[Silence, ...]:
    """Returns active silences, and ended ones that were not announced."""
    rows = readable(Silence, connection.execute("SELECT body FROM silences ORDER BY until, id"))
    return tuple(one for one in rows if not one.reported)


MOST_ERROR_GROUPS = 200  # those seen longest ago make room


def put_error_groups(connection: sqlite3.Connection, kinds: Iterable[UnknownKind]) -> None:
    """Writes the current `kinds`."""
    rows = [(kind.id, kind.last, encode(kind)) for kind in kinds]
    if not rows:
        return
    connection.executemany("INSERT OR REPLACE INTO unknown (id, last, body) VALUES (?, ?, ?)", rows)
    connection.execute(
        "DELETE FROM unknown WHERE id NOT IN (SELECT id FROM unknown ORDER BY last DESC, id DESC LIMIT ?)",
        (MOST_ERROR_GROUPS,),
    )


def known_error_groups(connection: sqlite3.Connection) -> tuple[UnknownKind, ...]:
    """All of them, the newest first."""
    rows = connection.execute("SELECT body FROM unknown ORDER BY last DESC, id DESC")
    return tuple(readable(UnknownKind, rows))
