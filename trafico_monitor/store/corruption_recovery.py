"""Takes out of a damaged database what can still be read."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

# In the order of their worth: where reading was, what is under way, what was to be told.
_WANTED = (
    ("state", ""),
    ("incidents", "WHERE closed_at IS NULL"),
    ("orders", "WHERE finished = 0"),
    ("outbox", "WHERE version > sent_version"),
    ("alarms", ""),
    ("silences", ""),
    ("held", ""),
    ("unknown", ""),
    ("records", ""),
    ("incidents", ""),
    ("outbox", ""),
    ("tallies", ""),
    ("hours", ""),
)


def salvage(damaged: Path, connection: sqlite3.Connection) -> None:
    """Copy rows from `damaged` into the new database, table by table, as far as it goes. Raises
    sqlite3.Error when the new one cannot take them."""
    try:
        old = sqlite3.connect(f"{damaged.absolute().as_uri()}?mode=ro", uri=True, timeout=1.0)
    except sqlite3.Error:
        return
    with contextlib.closing(old):
        for table, where in (*_WANTED, *_others(connection)):
            connection.execute("BEGIN IMMEDIATE")
            _copy(table, where, old, connection)
            connection.execute("COMMIT")


def _others(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    named = {table for table, _ in _WANTED}
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return [(name, "") for (name,) in rows if name not in named]


def _copy(table: str, where: str, old: sqlite3.Connection, new: sqlite3.Connection) -> None:
    insert = ""
    with contextlib.suppress(sqlite3.Error):
        rows = old.execute(f"SELECT * FROM {table} {where}")
        names = [column[0] for column in rows.description]
        insert = f"INSERT OR IGNORE INTO {table} ({','.join(names)}) VALUES ({','.join('?' * len(names))})"
    while insert:
        try:
            row = rows.fetchone()
        except sqlite3.Error:
            return
        if row is None:
            return
        new.execute(insert, row)
