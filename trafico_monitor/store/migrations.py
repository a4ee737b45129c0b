"""Schema migrations: `PRAGMA user_version` is the number of completed steps."""

from __future__ import annotations

import sqlite3

from ..errors import StoreError
from . import tallies

# A step is never changed once it has been released; a new one is added behind it.
STEPS: tuple[tuple[str, ...], ...] = (
    (
        # The columns are what lists are selected by; `body` is the whole incident.
        """CREATE TABLE incidents (
            id TEXT PRIMARY KEY,
            error_type TEXT NOT NULL,
            estado TEXT NOT NULL,
            modelo TEXT NOT NULL,
            opened_at REAL NOT NULL,
            closed_at REAL,
            body TEXT NOT NULL
        ) WITHOUT ROWID""",
        "CREATE INDEX incidents_time ON incidents (opened_at, id)",
        "CREATE INDEX incidents_estado ON incidents (estado, opened_at, id)",
        "CREATE INDEX incidents_type ON incidents (error_type, opened_at, id)",
        "CREATE INDEX incidents_both ON incidents (error_type, estado, opened_at, id)",
        "CREATE INDEX incidents_open ON incidents (id) WHERE closed_at IS NULL",
        "CREATE INDEX incidents_closed ON incidents (closed_at) WHERE closed_at IS NOT NULL",
        # What a report counts (tallies.py): reading it does not depend on how many there are.
        """CREATE TABLE tallies (
            day INTEGER NOT NULL,
            property TEXT NOT NULL,
            value TEXT NOT NULL,
            number INTEGER NOT NULL,
            PRIMARY KEY (day, property, value)
        ) WITHOUT ROWID""",
        # AUTOINCREMENT: a sequence number is never given twice, also when old records have gone.
        """CREATE TABLE records (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            at REAL NOT NULL,
            incident_id TEXT,
            body TEXT NOT NULL
        )""",
        "CREATE INDEX records_incident ON records (incident_id, seq) WHERE incident_id IS NOT NULL",
        """CREATE TABLE orders (
            id TEXT PRIMARY KEY,
            incident_id TEXT NOT NULL,
            due_at REAL NOT NULL,
            finished INTEGER NOT NULL DEFAULT 0,
            body TEXT NOT NULL
        ) WITHOUT ROWID""",
        "CREATE INDEX orders_unfinished ON orders (due_at) WHERE finished = 0",
        """CREATE TABLE outbox (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            key TEXT NOT NULL,
            thread INTEGER NOT NULL,
            created_at REAL NOT NULL,
            version INTEGER NOT NULL DEFAULT 1,
            sent_version INTEGER NOT NULL DEFAULT 0,
            sent_at REAL,
            message_id TEXT,
            attempts INTEGER NOT NULL DEFAULT 0,
            next_at REAL NOT NULL DEFAULT 0,
            error TEXT NOT NULL DEFAULT '',
            body TEXT NOT NULL,
            UNIQUE (key, thread)
        )""",
        "CREATE INDEX outbox_waiting ON outbox (id) WHERE version > sent_version",
        "CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    ),
    (
        # Kinds of errors that no rule knows (unknown.py): a few hundred at most.
        """CREATE TABLE unknown (
            id INTEGER PRIMARY KEY,
            last REAL NOT NULL,
            body TEXT NOT NULL
        )""",
    ),
    (
        """CREATE TABLE silences (
            id TEXT PRIMARY KEY,
            until REAL NOT NULL,
            body TEXT NOT NULL
        ) WITHOUT ROWID""",
    ),
    (
        # One row a channel and message. `hold`: not before; `handed_to`: another channel tells it;
        # `instead_of`: told here because that channel could not.
        "ALTER TABLE outbox RENAME TO outbox_of_one",
        """CREATE TABLE outbox (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            channel TEXT NOT NULL DEFAULT 'admin',
            key TEXT NOT NULL,
            thread INTEGER NOT NULL,
            created_at REAL NOT NULL,
            urgent INTEGER NOT NULL DEFAULT 0,
            hold REAL NOT NULL DEFAULT 0,
            only_edit INTEGER NOT NULL DEFAULT 0,
            version INTEGER NOT NULL DEFAULT 1,
            sent_version INTEGER NOT NULL DEFAULT 0,
            sent_at REAL,
            message_id TEXT,
            attempts INTEGER NOT NULL DEFAULT 0,
            next_at REAL NOT NULL DEFAULT 0,
            error TEXT NOT NULL DEFAULT '',
            handed_to TEXT NOT NULL DEFAULT '',
            instead_of TEXT NOT NULL DEFAULT '',
            body TEXT NOT NULL,
            UNIQUE (channel, key, thread)
        )""",
        """INSERT INTO outbox (id, key, thread, created_at, version, sent_version, sent_at, message_id, attempts,
            next_at, error, body)
            SELECT id, key, thread, created_at, version, sent_version, sent_at, message_id, attempts, next_at, error,
            body FROM outbox_of_one""",
        "DROP TABLE outbox_of_one",
        "CREATE INDEX outbox_waiting ON outbox (channel, id) WHERE version > sent_version",
        "CREATE INDEX outbox_story ON outbox (key, thread)",
        # Alerts that have rung and are not solved, and notices that a maintenance holds back
        # (tables.py): a few, as the pipeline knows them.
        "CREATE TABLE alarms (key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",
        """CREATE TABLE held (
            key TEXT NOT NULL,
            thread INTEGER NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (key, thread)
        ) WITHOUT ROWID""",
    ),
    (
        # What the dashboard lists by, and its trends (tallies.py).
        "CREATE INDEX incidents_modelo ON incidents (modelo, opened_at, id, estado, error_type, closed_at)",
        "CREATE INDEX incidents_unfinished ON incidents (opened_at, id, estado, error_type, closed_at)"
        " WHERE closed_at IS NULL",
        """CREATE TABLE hours (
            hour INTEGER NOT NULL,
            property TEXT NOT NULL,
            value TEXT NOT NULL,
            number INTEGER NOT NULL,
            PRIMARY KEY (hour, property, value)
        ) WITHOUT ROWID""",
        *tallies.BACKFILL,
    ),
    (
        # What was foreseen and what became of it, and what it was made from (predictions.py).
        """CREATE TABLE predictions (
            id TEXT PRIMARY KEY,
            kind TEXT NOT NULL,
            said_at REAL NOT NULL,
            until REAL NOT NULL,
            p REAL NOT NULL,
            lo REAL,
            hi REAL,
            about TEXT NOT NULL,
            reason TEXT NOT NULL,
            fields TEXT NOT NULL,
            told INTEGER NOT NULL,
            outcome TEXT,
            judged_at REAL,
            came_at REAL
        ) WITHOUT ROWID""",
        "CREATE INDEX predictions_kind ON predictions (kind, said_at)",
        "CREATE INDEX predictions_open ON predictions (said_at) WHERE outcome IS NULL",
        """CREATE TABLE space_hours (
            path TEXT NOT NULL,
            hour INTEGER NOT NULL,
            at REAL NOT NULL,
            free REAL NOT NULL,
            total REAL NOT NULL,
            PRIMARY KEY (path, hour)
        ) WITHOUT ROWID""",
        "CREATE TABLE probes (at REAL PRIMARY KEY, milliseconds REAL, status INTEGER) WITHOUT ROWID",
        """CREATE TABLE downloads (
            started REAL NOT NULL,
            size REAL,
            seconds REAL NOT NULL,
            outcome TEXT NOT NULL
        )""",
        "CREATE INDEX downloads_time ON downloads (started)",
        "DELETE FROM state WHERE name = 'web.space'",
        "CREATE TABLE deaths (at REAL PRIMARY KEY, planned INTEGER NOT NULL) WITHOUT ROWID",
    ),
)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the database to this version's schema. Raises StoreError for one of a later version."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(STEPS):
        raise StoreError(
            f"the database has schema {version}, this version knows {len(STEPS)}: install the newer trafico-monitor"
        )
    connection.create_function("coarse", 1, lambda seconds: str(tallies.coarse(seconds)), deterministic=True)
    for number, step in enumerate(STEPS[version:], version + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in step:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
