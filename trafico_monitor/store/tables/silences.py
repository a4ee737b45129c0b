"""Silences, each with its end. Works inside a transaction of the database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from ...model.alert import Silence
from ..serialization import encode, readable

KEPT_SECONDS = 30 * 86400.0  # after its end; what was silenced when stays in the records


def put(connection: sqlite3.Connection, silences: Iterable[Silence]) -> None:
    for silence in silences:
        connection.execute(
            "INSERT OR REPLACE INTO silences (id, until, body) VALUES (?, ?, ?)",
            (silence.id, silence.until, encode(silence)),
        )
        connection.execute("DELETE FROM silences WHERE until < ?", (silence.since - KEPT_SECONDS,))


def not_ended(connection: sqlite3.Connection, at: float) -> tuple[Silence, ...]:
    """Those that had not ended at `at` (seconds since the epoch), the first to end first."""
    rows = connection.execute("SELECT body FROM silences WHERE until > ? ORDER BY until, id", (at,))
    return tuple(readable(Silence, rows))


def unreported(connection: sqlite3.Connection) -> tuple[Silence, ...]:
    """Those that go on, or whose end nobody has been told."""
    rows = readable(Silence, connection.execute("SELECT body FROM silences ORDER BY until, id"))
    return tuple(one for one in rows if not one.reported)
