"""Partitions ahead, and an end to what is old: whole months of records, and closed incidents."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..migrations import make_partitions

if TYPE_CHECKING:
    import psycopg

LOCK_SECONDS = 5  # a DROP that waits longer would hold up every machine behind it
MOST_ROWS = 50_000  # deleted in one transaction
_PARTITIONS = (
    "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
    " WHERE inhparent = 'trafico.records'::regclass AND relname ~ '^records_[0-9]{4}_[0-9]{2}$' ORDER BY relname"
)
# The default partition has records with an impossible time: their age is that of their arrival.
_OTHERS = (
    "DELETE FROM trafico.records_other WHERE ctid = ANY (ARRAY ("
    "SELECT ctid FROM trafico.records_other WHERE received_at < %s LIMIT %s))"
)
_INCIDENTS = (
    "DELETE FROM trafico.incidents WHERE ctid = ANY (ARRAY ("
    "SELECT ctid FROM trafico.incidents WHERE closed_at IS NOT NULL AND updated_at < %s LIMIT %s))"
)


async def enforce(cursor: psycopg.AsyncCursor[Any], days: int) -> tuple[str, ...]:
    """Make the partitions of the months to come; drop those of months that ended more than `days` days ago (0: none),
    and delete closed incidents of before. Return the names of the dropped ones. By the database's clock."""
    await cursor.execute("SELECT clock_timestamp()")
    row = await cursor.fetchone()
    now = row[0].astimezone(UTC) if row else datetime.now(UTC)
    await cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    await make_partitions(cursor, now)
    if not days:
        return ()
    cut = now - timedelta(days=days)
    kept = (now.replace(day=1) - timedelta(days=1)).replace(day=1)  # last month's is among those that are made
    await cursor.execute(_PARTITIONS)
    old = tuple(name for (name,) in await cursor.fetchall() if _ended(name) <= min(cut, kept))
    for name in old:
        await cursor.execute(f"DROP TABLE trafico.{name}".encode())
    await cursor.execute(_OTHERS, (cut, MOST_ROWS))
    await cursor.execute(_INCIDENTS, (cut, MOST_ROWS))
    return old


def _ended(name: str) -> datetime:
    """The end of the month of a partition `records_YYYY_MM`."""
    year, month = int(name[8:12]), int(name[13:15])
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
