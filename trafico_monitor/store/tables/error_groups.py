"""The kinds of errors that no rule knows, as rows: the newest few, whatever the bot prints."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from ...model.finding import UnknownKind
from ..serialization import encode, readable

MOST = 200  # those seen longest ago make room


def put(connection: sqlite3.Connection, kinds: Iterable[UnknownKind]) -> None:
    """Write `kinds` as they stand now."""
    rows = [(kind.id, kind.last, encode(kind)) for kind in kinds]
    if not rows:
        return
    connection.executemany("INSERT OR REPLACE INTO unknown (id, last, body) VALUES (?, ?, ?)", rows)
    connection.execute(
        "DELETE FROM unknown WHERE id NOT IN (SELECT id FROM unknown ORDER BY last DESC, id DESC LIMIT ?)", (MOST,)
    )


def kinds(connection: sqlite3.Connection) -> tuple[UnknownKind, ...]:
    """All of them, the newest first."""
    rows = connection.execute("SELECT body FROM unknown ORDER BY last DESC, id DESC")
    return tuple(readable(UnknownKind, rows))
