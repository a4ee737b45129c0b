"""A small database that stands in while the real one cannot be written (disk full, read-only, gone).

It begins with what the running monitor goes on from (open incidents, unfinished orders, the newest
messages, cursor and memory), notes which rows are changed in it, and pours exactly those into the
real one in one transaction when that can be written again. It lies in memory, or in a file beside
the service's socket (`/run`), where it outlives a kill.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import sqlite3
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..errors import StoreError
from ..model.fleet import PROGRESS
from ..model.incident import Incident
from ..model.serialization import readable
from .migrations import migrate
from .tallies import count

MOST_ROWS = 5000  # of a table that is not named below: the newest
MOST_RECORDS = 20_000  # records that the logs do not have yet
MOST_UNSENT = 2000  # records that the logs have and the fleet does not: carried, where they are no more
MORE_BYTES = 16 * 1024 * 1024  # room beside what it begins with; then reading waits, in the journal
RECENT_SECONDS = 3600.0  # as the store's own: incidents closed so lately may come again
FILE_MODE = 0o640
POURED = "stopgap.poured"
_OWN = "stopgap_"
# Counted anew from the incidents when they are poured: their rows here are never looked at.
_NOT_TAKEN = frozenset({"tallies"})


class FallbackDatabase:
    """`connection` is used as the real one's; all calls from the store's thread."""

    def __init__(self, place: Path | None) -> None:
        self._place = place
        self.connection = _opened(place)

    @classmethod
    def begun(cls, place: Path | None, real: sqlite3.Connection | None) -> FallbackDatabase:
        """A new one, seeded from `real` (None: there is none). Raises StoreError when that cannot
        be read, or holds more than can be carried."""
        _remove(place)
        made = cls(place)
        try:
            made._seed(real)
        except BaseException as error:
            made.discard()
            if isinstance(error, sqlite3.Error):
                raise StoreError(f"nothing can be read to go on from: {error}") from error
            raise
        return made

    @classmethod
    def found(cls, place: Path | None) -> FallbackDatabase | None:
        """The one that a killed monitor has left at `place`; None when there is none."""
        if place is None or not place.exists():
            return None
        with contextlib.suppress(sqlite3.Error):
            found = cls(place)
            with contextlib.suppress(sqlite3.Error):
                if found._name():
                    return found
            found.close()
        _remove(place)  # it was never finished
        return None

    def pour(self, real: sqlite3.Connection) -> None:
        """Bring all that was changed here into `real`: in one transaction, and only once, also
        when a kill comes between the transaction and `discard`."""
        name = self._name()
        real.execute("PRAGMA foreign_keys = OFF")  # a row that is replaced must not take others with it
        real.execute("BEGIN IMMEDIATE")
        try:
            if _poured(real) != name:
                for table in _tables(self.connection):
                    if table not in _NOT_TAKEN:
                        _pour_table(table, self.connection, real)
                raise_sequences(self.connection, real)
                real.execute("INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)", (POURED, name))
            real.execute("COMMIT")
        except BaseException:
            if real.in_transaction:
                real.execute("ROLLBACK")
            raise
        finally:
            real.execute("PRAGMA foreign_keys = ON")

    def close(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self.connection.close()

    def discard(self) -> None:
        self.close()
        _remove(self._place)

    def _seed(self, real: sqlite3.Connection | None) -> None:
        connection = self.connection
        migrate(connection)
        connection.execute("BEGIN")
        connection.execute(
            f"CREATE TABLE {_OWN}touched (place TEXT, row TEXT, PRIMARY KEY (place, row)) WITHOUT ROWID"
        )
        if real is not None:
            for table in _tables(connection):
                if table not in _NOT_TAKEN:
                    _seed_table(table, real, connection)
            raise_sequences(real, connection)
        for table in _tables(connection):
            _watch(connection, table)
        connection.execute(f"CREATE TABLE {_OWN}after AS SELECT ? AS seq", (0 if real is None else _carried(real),))
        connection.execute(f"CREATE TABLE {_OWN}name AS SELECT ? AS name", (secrets.token_hex(8),))
        connection.execute("COMMIT")
        self._limit()

    def _limit(self) -> None:
        pages, size = (self.connection.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "page_size"))
        self.connection.execute(f"PRAGMA max_page_count = {pages + MORE_BYTES // size}")

    def _name(self) -> str:
        there = self.connection.execute(f"SELECT 1 FROM sqlite_master WHERE name = '{_OWN}name'").fetchone()
        return str(self.connection.execute(f"SELECT name FROM {_OWN}name").fetchone()[0]) if there else ""


def reading_only(path: Path) -> sqlite3.Connection:
    """A connection to a database that can only be read. What its log (`-wal`) holds counts, and
    nothing need be written for that. Raises sqlite3.Error."""
    # Without locks, for a lock on a file that may not be written is refused; the monitor is the
    # only one that ever writes. `exclusive` keeps the log's index in memory: no -shm file.
    how = "mode=ro&vfs=unix-none"
    if not Path(f"{path}-wal").exists():  # closed in an orderly way: it would be made, and cannot be
        how = "immutable=1"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{how}", uri=True, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _opened(place: Path | None) -> sqlite3.Connection:
    connection = sqlite3.connect(place or ":memory:", isolation_level=None, check_same_thread=False)
    try:
        if place is not None:
            place.chmod(FILE_MODE)
        # Nothing here outlives the machine: a kill loses nothing of it without any flush.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA recursive_triggers = ON")  # rows that a REPLACE takes away are noted too
    except BaseException:
        connection.close()  # the file is no database
        raise
    return connection


def _remove(place: Path | None) -> None:
    if place is not None:
        for side in ("", "-journal"):
            Path(f"{place}{side}").unlink(missing_ok=True)


def _tables(connection: sqlite3.Connection) -> list[str]:
    """The tables of the schema, `incidents` first: the tallies are counted by what they were."""
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    names = [name for (name,) in rows if not name.startswith(("sqlite_", _OWN))]
    return sorted(names, key=lambda name: (name != "incidents", name))


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def _keys(connection: sqlite3.Connection, table: str) -> list[str]:
    """The columns of the primary key; of a table without one all, since a row has another number in each database."""
    rows = sorted((row[5], row[1]) for row in connection.execute(f"PRAGMA table_info({table})") if row[5])
    return [name for _, name in rows] or _columns(connection, table)


def _seed_table(table: str, real: sqlite3.Connection, here: sqlite3.Connection) -> None:
    known = _columns(real, table)
    if not known:  # made by a later step of the schema than `real` has taken
        return
    names = [name for name in _columns(here, table) if name in known]
    rows = real.execute(f"SELECT {','.join(names)} FROM {table} {_wanted(table, real)}")
    here.executemany(f"INSERT INTO {table} ({','.join(names)}) VALUES ({','.join('?' * len(names))})", rows)


def _wanted(table: str, real: sqlite3.Connection) -> str:
    """Which rows of `table` the monitor goes on from."""
    if table == "incidents":
        return f"WHERE closed_at IS NULL OR closed_at >= {time.time() - RECENT_SECONDS!r}"
    if table == "orders":
        return "WHERE finished = 0"
    if table == "state":
        return ""
    if table == "records":
        return f"WHERE seq > {_carried(real)}"
    keys = ", ".join(f"{key} DESC" for key in _keys(real, table))
    return f"ORDER BY {keys} LIMIT {MOST_ROWS}"


def carried_after(connection: sqlite3.Connection) -> int:
    """`connection` has all records with a higher number: 0, or in a fallback database what it began with."""
    there = connection.execute(f"SELECT 1 FROM sqlite_master WHERE name = '{_OWN}after'").fetchone()
    return int(connection.execute(f"SELECT seq FROM {_OWN}after").fetchone()[0]) if there else 0


def _carried(real: sqlite3.Connection) -> int:
    """The number after which records are carried along: those that a log lacks, and those that the fleet lacks."""
    exported = _exported(real)
    row = real.execute("SELECT json_extract(value, '$.seq') FROM state WHERE name = ?", (PROGRESS,)).fetchone()
    sent = exported if row is None else int(row[0] or 0)
    return sent if sent < exported and _count_after(real, sent) <= MOST_UNSENT else exported


def _count_after(real: sqlite3.Connection, seq: int) -> int:
    return int(real.execute("SELECT count(*) FROM records WHERE seq > ?", (seq,)).fetchone()[0])


def _exported(real: sqlite3.Connection) -> int:
    """The number of the last record that every log has."""
    places = [int(v or 0) for (v,) in real.execute("SELECT value FROM state WHERE name LIKE 'exported.%'")]
    last = min(places, default=0)
    more = _count_after(real, last)
    if more > MOST_RECORDS:
        raise StoreError(f"{more} records are not yet in the logs: too many to be carried in memory")
    return last


def _watch(connection: sqlite3.Connection, table: str) -> None:
    """Note every row of `table` that is changed from now on."""
    keys = _keys(connection, table)
    for event, sides in (("INSERT", ("NEW",)), ("UPDATE", ("OLD", "NEW")), ("DELETE", ("OLD",))):
        noted = ""
        for side in sides:
            row = f"json_array({','.join(f'{side}.{key}' for key in keys)})"
            # Not «OR IGNORE»: inside a trigger the outer statement's own word about conflicts wins.
            noted += (
                f"INSERT INTO {_OWN}touched SELECT '{table}', {row}"
                f" WHERE NOT EXISTS (SELECT 1 FROM {_OWN}touched WHERE place = '{table}' AND row = {row});"
            )
        connection.execute(f"CREATE TRIGGER {_OWN}{table}_{event} AFTER {event} ON {table} BEGIN {noted} END")


def _pour_table(table: str, here: sqlite3.Connection, real: sqlite3.Connection) -> None:
    keys, names = _keys(here, table), _columns(here, table)
    where = " AND ".join(f"{key} IS ?" for key in keys)
    placed = f"INTO {table} ({','.join(names)}) VALUES ({','.join('?' * len(names))})"
    touched = [json.loads(row) for (row,) in here.execute(f"SELECT row FROM {_OWN}touched WHERE place = ?", (table,))]
    for key in touched:
        row = here.execute(f"SELECT {','.join(names)} FROM {table} WHERE {where}", key).fetchone()
        if row is None:
            real.execute(f"DELETE FROM {table} WHERE {where}", key)
            continue
        if table == "incidents":
            _count([row[names.index("body")]], real)
        real.execute(f"INSERT OR REPLACE {placed}", row)
    # What was only carried along is there already; but not in a database that was begun anew.
    for row in here.execute(f"SELECT {','.join(names)} FROM {table}"):
        place = [row[names.index(key)] for key in keys]
        if real.execute(f"SELECT 1 FROM {table} WHERE {where}", place).fetchone() is None:
            if table == "incidents":
                _count([row[names.index("body")]], real)
            real.execute(f"INSERT OR IGNORE {placed}", row)


def _count(bodies: Iterable[str], real: sqlite3.Connection) -> None:
    for incident in readable(Incident, ((body,) for body in bodies)):
        count(real, incident)


def raise_sequences(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """No number that `source` has given may be given again."""
    for name, seq in _sequences(source):
        changed = target.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (seq, name))
        if not changed.rowcount:
            target.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, seq))


def _sequences(connection: sqlite3.Connection) -> Iterator[tuple[str, int]]:
    yield from connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall()


def _poured(real: sqlite3.Connection) -> str:
    row = real.execute("SELECT value FROM state WHERE name = ?", (POURED,)).fetchone()
    return row[0] if row else ""
