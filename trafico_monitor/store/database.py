"""One SQLite file, one writing connection, one thread that owns it.

WAL with synchronous=NORMAL: nothing is lost when the process is killed. A power cut may take the
last transactions, but whole ones and in order: the journal's cursor goes back together with what
was made of the lines behind it, so they are read and decided again, and an order that had already
run is verified before it runs. That is worth less than a flush to disk in every repair.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from ..errors import StoreError
from .migrations import migrate
from .salvage import salvage

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

FILE_MODE = 0o640
DIRECTORY_MODE = 0o750
BUSY_SECONDS = 5.0
CHECKED_SIZE = 32 * 1024 * 1024  # a larger file is not read through at start: READY has a second
_SIDE_FILES = ("", "-wal", "-shm")
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class StoreUnavailable(StoreError):
    """The database cannot be written now (disk full, read-only, locked); nothing was written.

    The same transaction may be tried again.
    """


class Database:
    """`damaged` names the file that a damaged database was put aside as, "" when none was."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged = ""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._closed = False

    @classmethod
    async def open(cls, path: Path) -> Database:
        """Raises StoreError when the file cannot be made or opened."""
        database = cls(path)
        try:
            await database._in_thread(database._connect)
        except BaseException:
            await database.close()
            raise
        return database

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
            await self._in_thread(self._disconnect)
        self._thread.shutdown(wait=False)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        # Shielded: a transaction that has begun ends, whoever stops waiting for it.
        running = asyncio.get_running_loop().run_in_executor(self._thread, work)
        return await asyncio.shield(running)

    # In the thread.

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
        try:
            return work(self._connected())
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
                self._begin_anew()
            raise StoreUnavailable(f"{self.path}: {error}") from error
        except OSError as error:
            raise StoreUnavailable(f"{self.path}: {error.strerror or error}") from error

    def _connected(self) -> sqlite3.Connection:
        """The connection; made again when the file has gone from under it."""
        try:
            there = self.path.stat().st_ino == self._inode
        except FileNotFoundError:
            there = False
        if self._connection is None or not there:
            self._disconnect()
            self._connect()
        assert self._connection is not None
        return self._connection

    def _connect(self) -> None:
        try:
            self._open_checked()
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGED:
                raise StoreUnavailable(f"{self.path}: {error}") from error
            self._begin_anew()
        except OSError as error:
            raise StoreUnavailable(f"{self.path}: {error.strerror or error}") from error

    def _open_checked(self) -> None:
        self.path.parent.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, FILE_MODE))
        self.path.chmod(FILE_MODE)  # its side files take the mode over
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA journal_size_limit = 8388608")
            if self.path.stat().st_size <= CHECKED_SIZE:
                _check(connection)
            migrate(connection)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        self._inode = self.path.stat().st_ino

    def _begin_anew(self) -> None:
        """Put a damaged file aside, begin a new one, and take over what can still be read."""
        self._disconnect()
        aside = self.path.with_name(f"{self.path.name}.damaged-{time.strftime('%Y%m%dT%H%M%S')}")
        for side in _SIDE_FILES:
            with contextlib.suppress(FileNotFoundError):
                os.replace(f"{self.path}{side}", f"{aside}{side}")  # noqa: PTH105
        self.damaged = str(aside)
        self._open_checked()
        assert self._connection is not None
        salvage(aside, self._connection)

    def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


def _check(connection: sqlite3.Connection) -> None:
    said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if said != "ok":
        damaged = sqlite3.DatabaseError(said)
        damaged.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise damaged
