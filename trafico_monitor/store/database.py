"""One SQLite file, one writing connection, one owning thread.

WAL with synchronous=NORMAL: a kill loses nothing. A power cut may lose the last transactions, but whole ones and in
order: the journal's cursor is rolled back together with the results of the lines after it, so these are read and
decided again, and a task that had already run is verified first. That costs less than a flush to disk for every
repair.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from ..errors import StoreError
from .fallback_database import FallbackDatabase, raise_sequences, reading_only
from .migrations import migrate

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

FILE_MODE = 0o640
DIRECTORY_MODE = 0o750
BUSY_SECONDS = 5.0
CHECKED_SIZE = 32 * 1024 * 1024  # a larger file is not read through at start: READY has a second
_SIDE_FILES = ("", "-wal", "-shm")
TRIED_MILLISECONDS = 100  # how long coming back waits for somebody else's lock
# Not a matter of the disk: somebody has to correct an owner or a path before there is a monitor.
_NOT_OURS = frozenset({errno.EACCES, errno.EPERM, errno.ENOTDIR})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class StoreUnavailable(StoreError):
    """The database cannot be written now (disk full, read-only, locked); nothing was written.

    The same transaction may be tried again.
    """


class Database:
    """`damaged` is the new name of a damaged database, "" if there was none.

    While the file cannot be written, a fallback database replaces it (`stand_in`, `come_back`); `spare` is its path,
    None for memory. It is used from the start if the file exists but is read-only, or if a killed monitor left one.
    """

    def __init__(self, path: Path, spare: Path | None = None) -> None:
        self.path = path
        self.damaged = ""
        self._spare = spare
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._connection: sqlite3.Connection | None = None
        self._stopgap: FallbackDatabase | None = None
        self._inode = 0
        self._closed = False

    @classmethod
    async def open(cls, path: Path, spare: Path | None = None) -> Database:
        """Raises StoreError when the file cannot be made or opened."""
        database = cls(path, spare)
        try:
            await database._in_thread(database._begin)
        except BaseException:
            await database.close()
            raise
        return database

    @property
    def standing_in(self) -> bool:
        """True while the file itself is not written."""
        return self._stopgap is not None

    async def stand_in(self) -> None:
        """Go on in a stopgap. Raises StoreError when there is nothing to go on from."""
        await self._in_thread(self._stand_in)

    async def come_back(self) -> None:
        """Bring all that the stopgap has into the file, and go on there. Raises StoreError when
        the file still cannot be written; then nothing is changed."""
        await self._in_thread(self._come_back)

    async def transaction(self, work: Work[T]) -> T:
        """Run `work` in one transaction: all of it is kept, or nothing (StoreError)."""
        return await self._in_thread(lambda: self._transaction(work))

    async def read(self, work: Work[T]) -> T:
        return await self._in_thread(lambda: self._guarded(work))

    async def close(self) -> None:
        """May be called twice."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(StoreError):
            await self._in_thread(self._end)
        self._thread.shutdown(wait=False)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        # Shielded: a transaction that has begun ends, whoever stops waiting for it.
        running = asyncio.get_running_loop().run_in_executor(self._thread, work)
        return await asyncio.shield(running)

    # In the thread.

    def _begin(self) -> None:
        self._stopgap = FallbackDatabase.found(self._spare)
        try:
            self._connect()
            if self._stopgap is not None:
                self._come_back()
        except StoreUnavailable as error:
            if getattr(error.__cause__, "errno", 0) in _NOT_OURS:
                raise
            self._stand_in()

    def _stand_in(self) -> None:
        if self._stopgap is not None:
            return
        try:
            if self._connection is not None:  # it also reads a file that was deleted from under it
                self._stopgap = FallbackDatabase.begun(self._spare, self._connection)
            elif not self.path.exists() or not self.path.stat().st_size:
                self._stopgap = FallbackDatabase.begun(self._spare, None)
            else:
                with contextlib.closing(reading_only(self.path)) as real:
                    self._stopgap = FallbackDatabase.begun(self._spare, real)
        except (OSError, sqlite3.Error) as error:
            raise _unavailable(self.path, error) from error

    def _come_back(self) -> None:
        stopgap = self._stopgap
        if stopgap is None:
            return
        with self._errors(self.path):
            connection = self._connected()
            connection.execute(f"PRAGMA busy_timeout = {TRIED_MILLISECONDS}")  # the pipeline waits for this
            try:
                stopgap.pour(connection)
            finally:
                connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")
        self._stopgap = None
        stopgap.discard()

    def _transaction(self, work: Work[T]) -> T:
        def inside(connection: sqlite3.Connection) -> T:
            connection.execute("BEGIN IMMEDIATE")
            try:
                value = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # a full disk may have rolled back by itself
                    connection.execute("ROLLBACK")
                raise
            return value

        return self._guarded(inside)

    def _guarded(self, work: Work[T]) -> T:
        if self._stopgap is not None:
            try:
                return work(self._stopgap.connection)
            except sqlite3.Error as error:
                raise _unavailable(self.path, error) from error
        with self._errors(self.path):
            return work(self._connected())

    @contextlib.contextmanager
    def _errors(self, path: Path) -> Iterator[None]:
        try:
            try:
                yield
            except sqlite3.DatabaseError as error:
                if _is_damage(error):
                    self._begin_anew()
                raise
        except (OSError, sqlite3.Error) as error:
            raise _unavailable(path, error) from error

    def _connected(self) -> sqlite3.Connection:
        """The connection; made again when the file is another one, or has gone from under it."""
        try:
            inode = self.path.stat().st_ino
        except FileNotFoundError:
            inode = 0
        if self._connection is not None and not inode:
            self._rescue(self._connection)
        if self._connection is None or inode != self._inode:
            self._disconnect()
            self._connect()
        assert self._connection is not None
        return self._connection

    def _rescue(self, deleted: sqlite3.Connection) -> None:
        """Recreates a deleted file from the data of the open connection."""
        self.path.parent.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        # Under another name: closing a connection removes the side files of its own name, and
        # those would be the new file's.
        made = self.path.with_name(f"{self.path.name}.rescued")
        made.unlink(missing_ok=True)
        try:
            os.close(os.open(made, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, FILE_MODE))
            with contextlib.closing(sqlite3.connect(made)) as target:
                deleted.backup(target)
            self._disconnect()
            made.replace(self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                made.unlink(missing_ok=True)
            raise

    def _connect(self) -> None:
        try:
            try:
                self._open()
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                self._begin_anew()
        except (OSError, sqlite3.Error) as error:
            raise _unavailable(self.path, error) from error

    def _open(self) -> None:
        self.path.parent.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        self._connection = _opened(self.path)
        self._inode = self.path.stat().st_ino

    def _begin_anew(self) -> None:
        """Creates a new file from the readable part of a damaged one, and moves the damaged one aside. Without
        enough space, nothing changes."""
        self._disconnect()
        made = self.path.with_name(f"{self.path.name}.new")
        for side in _SIDE_FILES:
            Path(f"{made}{side}").unlink(missing_ok=True)
        with contextlib.closing(_opened(made)) as connection:
            salvage(self.path, connection)
        aside = self.path.with_name(f"{self.path.name}.damaged-{time.strftime('%Y%m%dT%H%M%S')}")
        for side in _SIDE_FILES:
            with contextlib.suppress(FileNotFoundError):
                os.replace(f"{self.path}{side}", f"{aside}{side}")  # noqa: PTH105
        made.replace(self.path)
        self.damaged = str(aside)
        self._open()

    def _end(self) -> None:
        if self._stopgap is not None:
            with contextlib.suppress(StoreError):
                self._come_back()
        if self._stopgap is not None:
            self._stopgap.close()  # one that has a place of its own is found again
        self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


def _opened(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, FILE_MODE))
    path.chmod(FILE_MODE)  # its side files take the mode over
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        # Takes effect in a new file alone, before its first table: what retention frees can be
        # given back to the file system.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_size_limit = 8388608")
        if path.stat().st_size <= CHECKED_SIZE:
            _check(connection)
        migrate(connection)
        connection.execute("PRAGMA cache_size = -512")  # KiB: the writer asks for what it has just written
    except BaseException:
        connection.close()
        raise
    return connection


def _unavailable(path: Path, error: OSError | sqlite3.Error) -> StoreUnavailable:
    return StoreUnavailable(f"{path}: {getattr(error, 'strerror', None) or error}")


def _is_damage(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED


def _check(connection: sqlite3.Connection) -> None:
    said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if said != "ok":
        damaged = sqlite3.DatabaseError(said)
        damaged.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise damaged


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
        with contextlib.suppress(sqlite3.Error):  # no number may be given again, also of records that are lost
            raise_sequences(old, connection)


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
