"""The outbox: a message is a row before it is sent, one per channel."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import replace

from ..model.alert import Notification, NotificationCode, Severity
from ..model.changeset import OutboxItem
from ..model.serialization import decode, encode
from .database import Database

# Works inside a transaction of the database.

_DEFAULT = Notification("", NotificationCode.TEST, Severity.INFO, 0.0)
_TOOK = "took."
_WAITS = "version > sent_version"


def put(connection: sqlite3.Connection, notice: Notification) -> None:
    """Adds notifications. A newer one with the same key and thread updates the message in every channel that
    received an earlier one."""
    body = encode(replace(notice, to=_DEFAULT.to, hold=_DEFAULT.hold, only_edit=_DEFAULT.only_edit))
    urgent = notice.severity is Severity.CRITICAL
    connection.execute(
        "UPDATE outbox SET body = ?, version = version + 1, hold = ?, urgent = ?, only_edit = ?"
        " WHERE key = ? AND thread = ? AND handed_to = '' AND body != ?",
        (body, notice.hold, urgent, notice.only_edit, notice.key, notice.thread, body),
    )
    if notice.only_edit:
        return
    connection.executemany(
        "INSERT OR IGNORE INTO outbox (channel, key, thread, created_at, urgent, hold, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(channel, notice.key, notice.thread, notice.at, urgent, notice.hold, body) for channel in notice.to],
    )


def due(connection: sqlite3.Connection, channel: str, now: float, limit: int) -> Sequence[OutboxItem]:
    """Returns the messages to send or edit at `now`, oldest first. Of more than `limit`, the urgent ones: they must
    not wait behind a storm."""
    rows = connection.execute(
        "SELECT id, body, version, message_id, attempts, hold, only_edit, instead_of FROM outbox"
        f" WHERE channel = ? AND {_WAITS} AND next_at <= ?"
        # An edit rings nobody: only a message of its own waits for the end of the quiet hours.
        " AND (hold <= ? OR (message_id IS NOT NULL AND message_id NOT LIKE 'digest:%'))"
        " ORDER BY urgent DESC, id LIMIT ?",
        (channel, now, now, limit),
    )
    items = [OutboxItem(row[0], decode(Notification, row[1]), *row[2:]) for row in rows]
    return sorted(items, key=lambda item: item.id)


def sent(connection: sqlite3.Connection, item_id: int, version: int, message_id: str, now: float) -> None:
    """Records that the channel shows `version`; later changes are still due."""
    connection.execute(
        "UPDATE outbox SET sent_version = max(sent_version, ?), message_id = ?, sent_at = ?,"
        " attempts = 0, next_at = 0, error = '' WHERE id = ?",
        (version, message_id, now, item_id),
    )


def took(connection: sqlite3.Connection, channel: str, now: float) -> None:
    """`channel` has taken a message: known beyond the rows, which are deleted in time, and a restart."""
    connection.execute("INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)", (f"{_TOOK}{channel}", repr(now)))


def last_success(connection: sqlite3.Connection, channel: str) -> float | None:
    """When `channel` last took a message; None for never."""
    row = connection.execute("SELECT value FROM state WHERE name = ?", (f"{_TOOK}{channel}",)).fetchone()
    return float(row[0]) if row else None


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


def told(connection: sqlite3.Connection, key: str) -> Notification | None:
    row = connection.execute(
        "SELECT body FROM outbox WHERE key = ? AND handed_to = '' ORDER BY thread DESC, id DESC LIMIT 1", (key,)
    ).fetchone()
    return decode(Notification, row[0]) if row else None


def waiting(connection: sqlite3.Connection, channel: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM outbox WHERE channel = ? AND {_WAITS}", (channel,))
    return int(row.fetchone()[0])


def hand_over(connection: sqlite3.Connection, channel: str, to: str) -> int:
    """Moves pending messages of `channel` to `to`, which keeps them for the rest of their conversation; returns
    their number."""
    rows = connection.execute(
        "SELECT id, key, thread, created_at, urgent, hold, body FROM outbox"
        f" WHERE channel = ? AND {_WAITS} ORDER BY id",
        (channel,),
    ).fetchall()
    for item_id, *row in rows:
        # It came from there when that channel could not take it, and goes back.
        connection.execute(
            "UPDATE outbox SET handed_to = '', body = ?, version = version + 1"
            " WHERE channel = ? AND key = ? AND thread = ? AND handed_to = ?",
            (row[-1], to, row[0], row[1], channel),
        )
        connection.execute(
            "INSERT OR IGNORE INTO outbox (channel, instead_of, key, thread, created_at, urgent, hold, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (to, channel, *row),
        )
        connection.execute("UPDATE outbox SET handed_to = ?, sent_version = version WHERE id = ?", (to, item_id))
    return len(rows)


def adopt(connection: sqlite3.Connection, known: Collection[str], heir: str) -> None:
    """Reassigns pending messages of removed channels to `heir`; messages that those channels already sent are not
    resent."""
    places = ", ".join("?" * len(known))
    gone = connection.execute(
        f"SELECT DISTINCT channel FROM outbox WHERE handed_to = '' AND channel NOT IN ({places})", tuple(known)
    ).fetchall()
    for (channel,) in gone:
        hand_over(connection, channel, heir)
        connection.execute("UPDATE outbox SET handed_to = ? WHERE channel = ?", (heir, channel))


class ChannelOutbox:
    """All methods raise StoreError when nothing could be written; then nothing was."""

    def __init__(self, database: Database, channel: str) -> None:
        self._database = database
        self._channel = channel

    async def due(self, now: float, limit: int) -> Sequence[OutboxItem]:
        return await self._database.read(lambda connection: due(connection, self._channel, now, limit))

    async def sent(self, item_id: int, version: int, message_id: str, now: float) -> None:
        def write(connection: sqlite3.Connection) -> None:
            sent(connection, item_id, version, message_id, now)
            took(connection, self._channel, now)

        await self._database.transaction(write)

    async def last_success(self) -> float | None:
        """When the channel last took a message, also before a restart."""
        return await self._database.read(lambda connection: last_success(connection, self._channel))

    async def postponed(self, item_id: int, error: str, next_at: float) -> None:
        await self._database.transaction(lambda c: postponed(c, item_id, error, next_at))

    async def dropped(self, item_id: int, version: int, error: str, now: float) -> None:
        await self._database.transaction(lambda c: dropped(c, item_id, version, error, now))

    async def waiting(self) -> int:
        return await self._database.read(lambda connection: waiting(connection, self._channel))
