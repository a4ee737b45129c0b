"""Live journal: one thread that owns its Reader from opening to closing.

journald coalesces its change notifications, so a line is announced 250–430 ms late (facts, section 2). While lines
keep coming, the thread therefore polls every 20 ms, and every 10 ms during a download; a wake-up costs about 0.1 ms of
CPU time here, so it does not poll forever.
"""

from __future__ import annotations

import contextlib
import math
import os
import select
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..model.journal_entry import JournalEntry, Origin
from .origin import CONTAINER_PIDS, Senders, Watch
from .reader import EntryReader, Skip, check_access, journal_folders

BUSY_SLICE = 0.010  # polling interval in seconds during a download
HOT_SLICE = 0.020  # … while lines keep coming
COLD_SLICE = 0.100  # … and when idle: 0.1 % of a core
HOT_SECONDS = 2.0  # seconds after the last line during which it counts as active
BATCH_ENTRIES = 1000  # one batch is one transaction of the pipeline
BATCH_SECONDS = 0.050
CURSOR_SECONDS = 1.0  # other senders' lines only move the cursor: reported at most this often
LOOK_AFTER_SECONDS = 0.5  # rotation is reported by the descriptor; this is the fallback
SETTLE_SECONDS = 0.25  # after the last line of a burst the position is sought once more
WOKEN_SECONDS = 1.0  # … and after a change of the journal that has shown no line
BACKOFF = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # seconds before the journal is reopened
MAPPED_ENTRIES = 50_000  # after this many, at the current end, the reader is reopened
GIVE_UP_PLACE = 8  # failed openings at one position before it is skipped


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries in the journal's order. `cursor` is that of the last entry inspected, wanted or not.

    `gap` is "" or a code: `cursor_gap` (the journal no longer contains the stored position), `reopened` (after an
    error, nothing lost), `unreadable` (a damaged part was skipped). `lag` is the age of the last entry in seconds
    while `more` are waiting, else 0. `seen` counts the inspected entries, `at` is the time of the last one (0: none).
    `heard` is the time of the bot's last line (0: none). `speakers` are processes that wrote lines of the bot; not all
    of them, because most lines are skipped unread. `unattributed` counts the unit's lines since the start whose
    process journald did not know.
    """

    entries: tuple[JournalEntry, ...]
    cursor: str
    gap: str = ""
    more: bool = False
    seen: int = 0
    at: float = 0.0
    heard: float = 0.0
    speakers: frozenset[int] = frozenset()
    unattributed: int = 0


class JournalThread:
    """Follows the journal and passes batches to `deliver`, which may block: reading then pauses.

    With a `cursor`, it starts after that entry; without one, at `start_at` (seconds), or at the end of the journal if
    that is None. The first batch is delivered at once, even if empty: from then on no entry is missed. `busy` (set by
    any thread) keeps it polling every 10 ms, because the next line matters during a download. `last_turn` is the
    monotonic time of the last iteration, for the watchdog. An exception from `deliver` ends the thread and is kept in
    `failure`.
    """

    def __init__(
        self,
        *,
        unit: str,
        process: str,
        uid: int | None = None,
        container: str = "",
        of_user: bool = False,
        namespace: str = "",
        directory: str = "",
        cursor: str = "",
        deliver: Callable[[Batch], None],
        start_at: float | None = None,
        skip: Skip | None = None,
    ) -> None:
        self.cursor = cursor
        self.busy = False
        self.last_turn = time.monotonic()
        self.failure: BaseException | None = None
        self.trouble = ""  # why the journal cannot be read at present, and since when (monotonic)
        self.trouble_since = 0.0
        self._senders = Senders(Watch(unit, process, os.getpid(), uid, container, of_user))
        self._namespace = namespace
        self._directory = directory
        self._deliver = deliver
        self._start_at = start_at
        self._skip = skip
        self._gap = ""
        self._failures = 0  # in a row, without progress
        self._seen = 0
        self._told: str | None = None
        self._told_more = False
        self._heard = 0.0
        self._speakers: set[int] = set()
        self._lost = ""
        self._told_at = 0.0
        self._hot_until = 0.0
        self._settle_at = math.inf
        self._stopping = threading.Event()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    def start(self) -> None:
        """Starts the thread. Raises JournalError if the journal may not be read."""
        check_access(directory=self._directory, namespace=self._namespace)
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self, seconds: float = 1.0) -> bool:
        """Stops the thread; True if it ended within `seconds`. The owner of a blocking `deliver` must release it."""
        self._stopping.set()
        with contextlib.suppress(OSError):
            os.eventfd_write(self._wake, 1)
        if self._thread.ident is not None:
            self._thread.join(seconds)
        if self.alive:
            return False
        if self._wake >= 0:
            os.close(self._wake)
            self._wake = -1
        return True

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    self._follow()
                except OSError as error:
                    self.trouble_since = self.trouble_since if self.trouble else time.monotonic()
                    self.trouble = str(error) or type(error).__name__
                    self._back_off()
        except BaseException as failure:
            self.failure = failure

    def _back_off(self) -> None:
        self._failures += 1
        self._gap = "reopened"
        self.last_turn = time.monotonic()
        self._stopping.wait(BACKOFF[min(self._failures, len(BACKOFF)) - 1])

    def _follow(self) -> None:
        """Opens and positions the reader, and reads until stopped, or until the directories are replaced: inotify
        does not report a directory that was removed and created again."""
        opened = self._places()
        with contextlib.closing(self._open()) as reader:
            poll = select.poll()
            poll.register(reader.raw.fileno(), reader.raw.get_events())
            poll.register(self._wake, select.POLLIN)
            look_after = 0.0
            while not self._stopping.is_set():
                self.last_turn = now = time.monotonic()
                if now >= look_after:
                    # Without it a reader stays on rotated files and leaks their descriptors.
                    # Whatever it returns (INVALIDATE too), reading continues.
                    reader.raw.process()
                    if self._places() != opened:
                        return
                    look_after = now + LOOK_AFTER_SECONDS
                if now >= self._settle_at:
                    self._settle(reader)
                more = self._drain(reader)
                self.trouble = ""
                if not more and reader.seen >= MAPPED_ENTRIES:
                    return  # sd-journal keeps read data mapped: reopen at the current position
                if not more and poll.poll(1000 * self._slice()):
                    look_after = 0.0
                    self._settle_at = min(self._settle_at, time.monotonic() + WOKEN_SECONDS)

    def _settle(self, reader: EntryReader) -> None:
        # journald counts an entry first and links it to its fields after. A look between the two
        # finds nothing for our matches, and sd-journal does not look again at a file whose count
        # has not changed: a burst's last line, or all of it, could stay unseen until somebody logs again.
        if self.cursor:
            reader.seek_after(self.cursor)
        else:  # nothing was read yet
            reader.seek_time(self._start_at)
        self._settle_at = math.inf

    def _slice(self) -> float:
        if self.busy:
            return BUSY_SLICE
        return HOT_SLICE if time.monotonic() < self._hot_until else COLD_SLICE

    def _places(self) -> tuple[tuple[str, int], ...]:
        folders = journal_folders(self._directory, self._namespace)
        return tuple((str(folder), folder.stat().st_ino) for folder in folders)

    def _open(self) -> EntryReader:
        if not self.cursor and self._start_at is None:
            self.cursor = self._end_of_journal()
            self._start_at = time.time()
        reader = self._new_reader()
        try:
            reader.raw.process()
            self._position(reader)
        except BaseException:
            reader.close()
            raise
        return reader

    def _new_reader(self) -> EntryReader:
        return EntryReader(self._senders, directory=self._directory, namespace=self._namespace, skip=self._skip)

    def _position(self, reader: EntryReader) -> None:
        if not self.cursor:
            reader.seek_time(self._start_at)
        elif self._failures > GIVE_UP_PLACE:
            reader.seek_time(time.time())
            self._gap = "cursor_gap"
        elif not reader.seek_after(self.cursor) and self._lost != self.cursor:
            self._gap = "cursor_gap"
            self._lost = self.cursor  # reported once, however often it is reopened

    def _end_of_journal(self) -> str:
        """Returns the cursor of the last entry of any sender, so that a restart before the bot's first line misses
        nothing. Without matches, and not with seek_tail, which does not work on systemd 257."""
        with contextlib.closing(self._new_reader()) as reader:
            reader.raw.seek_realtime(int(time.time() * 1_000_000))
            return str(reader.raw._get_cursor()) if reader.raw._previous() else ""

    def _drain(self, reader: EntryReader) -> bool:
        """Reads at most one batch of available entries and delivers it; True if more are waiting."""
        entries: list[JournalEntry] = []
        before = reader.seen
        try:
            more = self._collect(reader, entries)
        except OSError:
            if entries:  # entries before the damage must not be read twice
                self._arrived(entries[-1].cursor, reader.seen - before)
                self._hand_over(tuple(entries), True, reader.last_at)
            raise
        if reader.seen > before:
            self._arrived(reader.raw._get_cursor(), reader.seen - before)
        self._hand_over(tuple(entries), more, reader.last_at)
        return more

    def _collect(self, reader: EntryReader, entries: list[JournalEntry]) -> bool:
        end = time.monotonic() + BATCH_SECONDS
        while (there := reader.next()) is not False:
            if there and (entry := self._entry(reader)) is not None:
                entries.append(entry)
                if entry.origin is Origin.BOT:
                    self._heard = entry.at
                    if entry.pid < CONTAINER_PIDS:
                        self._speakers.add(entry.pid)
            self._hear_passed(reader)
            full = len(entries) >= BATCH_ENTRIES
            if full or ((there is None or reader.seen % 64 == 0) and time.monotonic() > end):
                return True
        self._hear_passed(reader)
        return False

    def _hear_passed(self, reader: EntryReader) -> None:
        if reader.passed:  # most probably the bot's: skipped lines are not attributed
            self._heard, reader.passed = max(self._heard, reader.last_at), 0
            if pid := reader.speaker():
                self._speakers.add(pid)

    def _entry(self, reader: EntryReader) -> JournalEntry | None:
        try:
            return reader.entry()
        except OSError:
            if self._failures < 2:  # reopening may help; after that it is skipped
                raise
            self._gap = "unreadable"
            return None

    def _arrived(self, cursor: str, seen: int) -> None:
        self.cursor = cursor
        self._seen += seen
        self._failures = 0
        now = time.monotonic()
        self._hot_until = now + HOT_SECONDS
        self._settle_at = now + SETTLE_SECONDS

    def _hand_over(self, entries: tuple[JournalEntry, ...], more: bool, at: float) -> None:
        now = time.monotonic()
        # A receiver that was told to expect more waits for it, so it must learn that there is none.
        due = self.cursor != self._told and now - self._told_at >= CURSOR_SECONDS
        due = due or (self._told_more and not more)
        if not (entries or self._gap or due):
            return
        try:
            self._deliver(
                Batch(
                    entries,
                    self.cursor,
                    self._gap,
                    more,
                    self._seen,
                    at,
                    self._heard,
                    frozenset(self._speakers),
                    self._senders.unattributed,
                )
            )
        except OSError as error:  # not an error of the journal: reopening would not help
            raise RuntimeError(f"the batch was not taken: {error}") from error
        self._gap, self._seen, self._told, self._told_at = "", 0, self.cursor, now
        self._told_more, self._heard = more, 0.0
        self._speakers.clear()
