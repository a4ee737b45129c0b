"""Exports records from the database to the logs: in order, without loss, without blocking.

Each log has its own position in the records, so that one that cannot be written (disk full, folder deleted, journald
frozen) delays neither the others nor the detection.

The two files are in the configured directory if it is private to the monitor. A directory that others can write to
holds no records: these go to the package's own directory. If it is writable only by the project's user, like the
project's `logs/`, it receives a copy, which that user can damage; nothing is read from it into the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from ..errors import StoreError
from ..host import directory
from ..host.blocking import run_blocking
from ..host.directory import DirectoryRefused
from ..host.journal_writer import JournalWriter, shown
from . import own_files
from .json_array_log import JsonLog
from .own_files import NotOurs, Place, look
from .repository import NumberedRecord, Store

logger = logging.getLogger(__name__)

BATCH = 500
PAUSE_SECONDS = 0.05  # a reader of the JSON has at least this long before its file is written
RETRY_SECONDS = 2.0
LOG_SIZE = 8_000_000
JUDGE_SECONDS = COPY_SECONDS = 3.0

_COPIES = frozenset({"json.copy", "log.copy"})

Write = Callable[[Sequence[NumberedRecord]], None]


class _Files:
    """The two files of one directory."""

    def __init__(self, place: Place, size: int, keep: int) -> None:
        self.place = place
        self.json = JsonLog(place, rotate_bytes=size, keep=keep)
        self._log = MonitorLog(place, rotate_bytes=size, keep=keep)
        self._first_lines = True

    def append_lines(self, records: Sequence[NumberedRecord]) -> None:
        if self._first_lines:
            records = self._log.without_written(records)
        if records:
            self._log.append(records)
        self._first_lines = False


class Exports:
    """`run` works until cancelled; `wake` signals new records."""

    def __init__(
        self,
        store: Store,
        logs: Path,
        journal: JournalWriter | None = None,
        *,
        size: int = LOG_SIZE,
        keep: int = 5,
        packaged: Path | None = None,
        project_user: Callable[[], int | None] = lambda: None,
    ) -> None:
        """Each log is rotated before it is longer than `size` bytes, and `keep` older ones stay.
        `packaged` is the package's own directory (None: `logs` is); `project_user` answers the uid
        of the project's user, None while it is not known."""
        self._store = store
        self._logs, self._packaged = logs, packaged or logs
        self._size, self._keep = size, keep
        self._project_user = project_user
        self._journal = journal or JournalWriter()
        self._files: _Files | None = None
        self._copy: _Files | None = None
        self._places: dict[str, int] = {}
        self._awake = asyncio.Event()
        self._draining = asyncio.Lock()
        self._failing: dict[str, str] = {}
        self._refused: DirectoryRefused | None = None

    def wake(self) -> None:
        self._awake.set()

    async def run(self) -> None:
        """Exports whenever woken; after a failure also periodically."""
        while True:
            await self.drain()
            await asyncio.sleep(PAUSE_SECONDS)
            with contextlib.suppress(TimeoutError):
                # Not wait_for: on Python 3.11 it swallows a cancellation that comes with the event.
                async with asyncio.timeout(RETRY_SECONDS if self._failing else None):
                    await self._awake.wait()

    async def drain(self) -> bool:
        """Writes pending records; True if every log is complete. Never raises for a log that cannot be written: its
        records stay pending."""
        async with self._draining:
            self._awake.clear()
            done = True
            sinks = await self._sinks()
            for name in sinks.keys() & _COPIES:  # before the logs, whose places a new copy takes
                with contextlib.suppress(Exception):  # told of below
                    await self._place(name)
            for name, write in sinks.items():
                done = await self._drain_one(name, write) and done
            return done

    @property
    def failing(self) -> dict[str, str]:
        """Logs that cannot be written at the moment, each with the reason."""
        return dict(self._failing)

    @property
    def refused(self) -> DirectoryRefused | None:
        """Why the configured directory is not written at all, None when it is."""
        return self._refused

    @property
    def place(self) -> Path:
        """Where the records go."""
        return self._files.place.path if self._files is not None else self._logs

    async def _sinks(self) -> dict[str, Write]:
        """Returns the current targets: a directory can change its owner at any time."""
        try:
            main, copy, self._refused = await run_blocking(
                self._judged, seconds=JUDGE_SECONDS, name=f"judge {self._logs}"
            )
        except TimeoutError:  # a disk that does not answer; the package's own is another one
            main, copy = Place.packaged(self._packaged), None
        self._use(main, copy)
        assert self._files is not None
        found: dict[str, Write] = {"json": self._files.json.append, "log": self._files.append_lines}
        found["journal"] = self._journal_batch
        if self._copy is not None:
            found |= {"json.copy": self._copy.json.append, "log.copy": self._copy.append_lines}
        for name in self._failing.keys() - found.keys():
            del self._failing[name]
        return found

    def _judged(self) -> tuple[Place, Place | None, DirectoryRefused | None]:
        """Where the records go, where a copy, and why the configured directory gets neither."""
        trusted = Place.trusted(self._logs)
        refused = directory.refusal(self._logs, trusted.trust)
        if refused is None:
            return trusted, None, None
        packaged, uid = Place.packaged(self._packaged), self._project_user()
        if uid is None or self._logs == self._packaged:
            return packaged, None, refused
        copy = Place.of_user(self._logs, uid)
        refused = directory.refusal(self._logs, copy.trust)
        return packaged, None if refused else copy, refused

    def _use(self, main: Place, copy: Place | None) -> None:
        if self._files is None or self._files.place != main:
            self._files = _Files(main, self._size, self._keep)
            self._places.pop("json", None)
        if copy is None:
            self._copy = None
        elif self._copy is None or self._copy.place != copy:
            self._copy = _Files(copy, self._size, self._keep)

    async def _drain_one(self, name: str, write: Write) -> bool:
        try:
            place = await self._place(name)
            while records := await self._store.records_after(place, BATCH):
                await self._write(name, write, records)
                place = self._places[name] = records[-1].seq
                await self._store.keep(_kept_as(name), str(place))
                if len(records) == BATCH and name.startswith("json"):
                    await asyncio.sleep(PAUSE_SECONDS)
        except Exception as error:  # the others are not to wait for one that nobody foresaw either
            self._failed(name, error)
            return False
        self._failing.pop(name, None)
        return True

    async def _write(self, name: str, write: Write, records: Sequence[NumberedRecord]) -> None:
        if name not in _COPIES:
            await asyncio.to_thread(write, records)
            return
        # On a disk of somebody else's, which must not hold up the records.
        await run_blocking(lambda: write(records), seconds=COPY_SECONDS, name=f"{name} in {self._logs}")

    async def _place(self, name: str) -> int:
        """The number of the last record that this log has."""
        if name not in self._places:
            said = await self._store.kept(_kept_as(name))
            if not said and name in _COPIES:
                said = await self._store.kept(_kept_as(name.removesuffix(".copy")))
            kept = int(said or 0)
            if name == "json":  # what the file holds counts: it may have lost, or have got, more
                kept = await self._place_of_json(kept)
            self._places[name] = kept
        return self._places[name]

    async def _place_of_json(self, kept: int) -> int:
        assert self._files is not None
        last = await asyncio.to_thread(self._files.json.open)
        if last is None:
            return kept
        # A number beyond the database's own: it is new, or a power cut took its last transactions.
        # Then what it has is not in the file, whatever the numbers say.
        known = last <= await self._store.last_number()
        await self._store.number_above(last)
        return last if known else kept

    def _journal_batch(self, records: Sequence[NumberedRecord]) -> None:
        for item in records:
            self._journal.write(item.record, item.seq)

    def _failed(self, name: str, error: Exception) -> None:
        reason, foreseen = str(error) or type(error).__name__, isinstance(error, OSError | StoreError)
        if self._failing.get(name) != reason:  # said once, not with every record
            logger.warning("%s log not written, kept for later: %s", name, reason, exc_info=not foreseen)
        self._failing[name] = reason


def _kept_as(name: str) -> str:
    """Under which name a log's place is kept. What no copy has yet must not hold back what the
    names `exported.*` decide: what may be deleted, and how much a stopgap carries."""
    return f"copied.{name.removesuffix('.copy')}" if name in _COPIES else f"exported.{name}"


LOG_NAME = "monitor.log"
_LOG_TAIL_BYTES = 256 * 1024


class MonitorLog:
    """Opened for each batch, so that a file that was deleted or moved away is made again; what is
    not ours under its name is put aside.

    Not logging's RotatingFileHandler: it opens and renames by path, through whatever link lies there, and the
    project's user may write to the directory; nor does it take back half a batch when the disk is full."""

    def __init__(self, folder: Path | Place, *, rotate_bytes: int = 8_000_000, keep: int = 5) -> None:
        self._place = folder if isinstance(folder, Place) else Place.trusted(folder)
        self.path = self._place.path / LOG_NAME
        self._rotate_bytes = rotate_bytes
        self._keep = keep

    def append(self, records: Sequence[NumberedRecord]) -> None:
        """Write the records' lines; all of them, or OSError and none."""
        self._write("".join(f"{shown(item.record)}\n" for item in records).encode("utf-8", "replace"))

    def without_written(self, records: Sequence[NumberedRecord]) -> Sequence[NumberedRecord]:
        """The records whose lines are not yet at the file's end, for the first batch after a start:
        a kill between writing and remembering it must not write them twice."""
        try:
            with self._place.opened() as folder, _open(folder, os.O_RDONLY) as file:
                end = os.fstat(file).st_size
                tail = os.pread(file, _LOG_TAIL_BYTES, max(0, end - _LOG_TAIL_BYTES))
        except (FileNotFoundError, NotOurs):
            return records
        written = tail.decode("utf-8", "replace").splitlines()
        lines = [shown(item.record) for item in records]
        for length in range(min(len(lines), len(written)), 0, -1):
            if written[-length:] == lines[:length]:
                return records[length:]
        return records

    def _write(self, data: bytes) -> None:
        with self._place.opened() as folder:
            self._rotate_if_full(folder, len(data))
            with self._open_or_make(folder) as file:
                size = os.fstat(file).st_size
                whole = size == 0 or os.pread(file, 1, size - 1) == b"\n"
                _write_whole(file, data if whole else b"\n" + data, size)

    def _open_or_make(self, folder: int) -> AbstractContextManager[int]:
        status = look(folder, LOG_NAME)
        if status is not None and not own_files.is_own(status, frozenset({os.geteuid()})):
            own_files.put_aside(folder, LOG_NAME, _log_numbered, self._keep)
            status = None
        if status is None:
            os.close(own_files.make(folder, LOG_NAME))
        return _open(folder, os.O_RDWR | os.O_APPEND)

    def _rotate_if_full(self, folder: int, more: int) -> None:
        status = look(folder, LOG_NAME)
        if status is not None and status.st_size and status.st_size + more > self._rotate_bytes:
            own_files.put_aside(folder, LOG_NAME, _log_numbered, self._keep)


def _open(folder: int, flags: int) -> AbstractContextManager[int]:
    return own_files.open_own(folder, LOG_NAME, frozenset({os.geteuid()}), flags)


def _log_numbered(number: int) -> str:
    return f"{LOG_NAME}.{number}"


def _write_whole(descriptor: int, data: bytes, size: int) -> None:
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
    except OSError:
        os.ftruncate(descriptor, size)  # no half line stays behind
        raise
