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
)


def salvage(damaged: Path, connection: sqlite3.Connection) -> None:
    """Copy rows from `damaged` into the new database, table by table, as far as it goes."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_opened(damaged)) as old:
        for table, where in _WANTED:
            connection.execute("BEGIN IMMEDIATE")
            with contextlib.suppress(sqlite3.Error):
                _copy(table, where, old, connection)
            connection.execute("COMMIT")


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=1.0)


def _copy(table: str, where: str, old: sqlite3.Connection, new: sqlite3.Connection) -> None:
    rows = old.execute(f"SELECT * FROM {table} {where}")
    names = [column[0] for column in rows.description]
    places = ",".join("?" * len(names))
    for row in rows:
        new.execute(f"INSERT OR IGNORE INTO {table} ({','.join(names)}) VALUES ({places})", row)
