"""The outbox: a message is a row before it is sent. Works inside a transaction of the database."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from ..model.changes import OutboxItem
from ..model.notice import Notice
from .codec import decode, encode


def put(connection: sqlite3.Connection, notice: Notice) -> None:
    """A newer notice of the same key and thread says what the message should say from now on."""
    connection.execute(
        "INSERT INTO outbox (key, thread, created_at, body) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (key, thread) DO UPDATE SET body = excluded.body, version = version + 1"
        " WHERE body != excluded.body",
        (notice.key, notice.thread, notice.at, encode(notice)),
    )


def due(connection: sqlite3.Connection, now: float, limit: int) -> Sequence[OutboxItem]:
    """What is to be sent or edited at `now`, the oldest first."""
    rows = connection.execute(
        "SELECT id, body, version, message_id, attempts FROM outbox"
        " WHERE version > sent_version AND next_at <= ? ORDER BY id LIMIT ?",
        (now, limit),
    )
    return [OutboxItem(row[0], decode(Notice, row[1]), *row[2:]) for row in rows]


def sent(connection: sqlite3.Connection, item_id: int, version: int, message_id: str, now: float) -> None:
    """The channel shows `version`; what changed meanwhile is still due."""
    connection.execute(
        "UPDATE outbox SET sent_version = max(sent_version, ?), message_id = ?, sent_at = ?,"
        " attempts = 0, next_at = 0, error = '' WHERE id = ?",
        (version, message_id, now, item_id),
    )


def postponed(connection: sqlite3.Connection, item_id: int, error: str, next_at: float) -> None:
    connection.execute(
        "UPDATE outbox SET attempts = attempts + 1, error = ?, next_at = ? WHERE id = ?", (error, next_at, item_id)
    )


def dropped(connection: sqlite3.Connection, item_id: int, version: int, error: str, now: float) -> None:
    """`version` will never be taken; a later one is tried again."""
    connection.execute(
        "UPDATE outbox SET sent_version = max(sent_version, ?), sent_at = ?, error = ?, next_at = 0 WHERE id = ?",
        (version, now, error, item_id),
    )


def waiting(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM outbox WHERE version > sent_version").fetchone()[0])
