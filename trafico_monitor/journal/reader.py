"""Fast reading with python-systemd's Reader.

Uses `_next()` and `_get()` of single fields instead of `get_next()`, which builds a dict of all fields and is about
ten times slower (facts, section 2). A Reader belongs to one thread.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from systemd import journal
from systemd.id128 import get_machine

from ..errors import JournalError
from ..host.torn import LineRedactor
from ..model.journal_entry import JournalEntry, Origin
from .origin import SUPPRESSED, Senders, Watch, pid_of
from .parser import bot_entry, parse

PASSED_AT_ONCE = 256
LONG = 4096  # bytes; longer lines are rare, and looked at one by one
_BASES = (Path("/var/log/journal"), Path("/run/log/journal"))
_FORGET = 4096  # entries after which the longest line is determined again: journald's LineMax= may have decreased


class Skip(Protocol):
    """Decides from the raw MESSAGE whether a stdout line can be skipped before an entry is built; skipped lines are
    counted."""

    # While calm, a line that starts and ends like this is irrelevant, whatever its sender and transport.
    answered: tuple[bytes, bytes]

    @property
    def calm(self) -> bool: ...  # the sender is irrelevant at the moment: an uninteresting line can be skipped
    def dull(self, message: bytes) -> bool: ...  # while not calm: skipped if it `may_pass`
    def may_pass(self, message: bytes, pid: int) -> bool: ...
    def kept(self, entry: JournalEntry) -> None: ...  # every emitted entry, in order


class EntryReader:
    """Iterates over the entries of one watch in the journal's order, except those that `skip` rejects."""

    def __init__(
        self, senders: Senders, *, directory: str = "", namespace: str = "", skip: Skip | None = None
    ) -> None:
        self.watch = senders.watch
        self.senders = senders
        self.seen = 0  # raw entries inspected
        self.passed = 0  # of these, skipped at once
        self.last_at = 0.0  # realtime of the last of them, seconds
        self._skip = skip
        self._broken: set[int] = set()  # processes whose last line exceeded journald's limit
        self._longest = 0  # bytes of the longest line lately
        self._broken_at = -1  # bytes of the pieces of a broken line
        self._door = LineRedactor()
        self._held = False  # already positioned on an entry that is not yet read
        self.raw = open_raw(directory, namespace)

    def close(self) -> None:
        self.raw.close()

    def seek_time(self, at: float | None) -> None:
        """Positions before the first entry at or after `at` (seconds); None: before the first entry."""
        add_matches(self.raw, self.watch)
        if at is None:
            self.raw.seek_head()
        else:
            self.raw.seek_realtime(int(at * 1_000_000))

    def seek_after(self, cursor: str) -> bool:
        """Positions after the entry of `cursor`; False if the journal no longer contains it (then: before the nearest
        entry, and the lines in between are lost).

        The lookup uses no matches, because the cursor may belong to another sender's entry.
        """
        known = self._has(cursor)
        add_matches(self.raw, self.watch)
        try:
            self.raw.seek_cursor(cursor)
        except ValueError:  # not a cursor at all: there is no nearest either
            self.raw.seek_realtime(int(time.time() * 1_000_000))
            return False
        self._held = bool(self.raw._next()) and not self.raw.test_cursor(cursor)
        return known

    def _has(self, cursor: str) -> bool:
        # An unknown cursor lands on the nearest entry without an error.
        try:
            self.raw.seek_cursor(cursor)
        except ValueError:
            return False
        return bool(self.raw._next()) and bool(self.raw.test_cursor(cursor))

    def next(self) -> bool | None:
        """Advances to the next entry to inspect; False at the current end, None after skipping PASSED_AT_ONCE
        lines."""
        if self._held:
            self._held = False
            return True
        if self._skip is None or self._broken or self._door.waiting or not self._skip.calm:
            return bool(self.raw._next())
        # Nine of ten lines end here: nothing outside this loop is done for them.
        step, field, dull = self.raw._next, self.raw._get, self._skip.dull
        begin, end = self._skip.answered
        longest, broken_at = min(self._longest, LONG), self._broken_at
        for passed in range(PASSED_AT_ONCE):
            if not step():
                self._pass(passed)
                return False
            try:
                message = field("MESSAGE")
                if broken_at != len(message) <= longest:
                    if message.endswith(end) and message.startswith(begin):
                        continue
                    if dull(message) and field("_TRANSPORT") == b"stdout":
                        continue
            except (KeyError, OSError):  # `entry` decides
                pass
            self._pass(passed)
            return True
        self._pass(PASSED_AT_ONCE)
        return None

    def _pass(self, lines: int) -> None:
        if not lines:
            return
        before = self.seen
        self.seen += lines
        self.passed += lines
        self.last_at = self.raw._get_realtime() / 1_000_000
        if before // _FORGET != self.seen // _FORGET:
            self._longest = 0

    def entry(self) -> JournalEntry | None:
        """Returns the current entry; None if it is not wanted."""
        raw = self.raw
        self.seen += 1
        if self.seen % _FORGET == 0:
            self._longest = 0
        at = self.last_at = raw._get_realtime() / 1_000_000
        try:
            transport = raw._get("_TRANSPORT")
        except KeyError:  # always present from journald; a generated journal may lack it
            transport = b""
        entry = self._stdout_line(at) if transport == b"stdout" else self._parsed(at)
        if entry is not None and self._skip is not None:
            self._skip.kept(entry)
        return entry

    def _stdout_line(self, at: float) -> JournalEntry | None:
        raw = self.raw
        try:
            message = raw._get("MESSAGE")
            skip = self._skip
            pid = pid_of(raw._get("_PID"))
            # Pieces of a split line, and possible ones, must be recognised.
            whole = not (self._broken or self._door.waiting or self._may_be_piece(len(message)))
            if skip is not None and whole and skip.dull(message) and skip.may_pass(message, pid):
                return None
            if pid == 1 or not self.watch.unit:
                return self._parsed(at)
            # Looked up for each line: a process id may be reused.
            origin = self._origin(pid, raw._get("_CMDLINE"))
            if origin is None:
                return None
        except KeyError:
            return self._parsed(at)
        continued, broken = self._pieces(message, pid)
        cursor, door = raw._get_cursor(), self._door.line
        return bot_entry(message, pid, at, cursor, continued=continued, broken=broken, door=door, origin=origin)

    def _origin(self, pid: int, cmdline: bytes) -> Origin | None:
        """The origin of a line of the unit. Its run is looked up once for each process."""
        text = cmdline.decode("utf-8", "replace")
        if self.senders.knows(pid):
            return self.senders.of_process(pid, text, "")
        try:
            run = self.raw._get("_SYSTEMD_INVOCATION_ID").decode("ascii", "replace")
        except KeyError:
            run = ""
        return self.senders.of_process(pid, text, run)

    def speaker(self) -> int:
        """Returns the process of the current entry if it belongs to the bot, else 0. For skipped lines."""
        try:
            pid, said = pid_of(self.raw._get("_PID")), self.raw._get("_CMDLINE").decode("utf-8", "replace")
        except (KeyError, OSError):
            return 0
        of_unit = pid > 1 and bool(self.watch.unit)
        return pid if of_unit and self.senders.of_running(pid, said) is Origin.BOT else 0

    def _parsed(self, at: float) -> JournalEntry | None:
        fields, cursor = self.raw._get_all(), self.raw._get_cursor()
        return parse(fields, self.watch, at=at, cursor=cursor, door=self._door.line, senders=self.senders)

    def _may_be_piece(self, size: int) -> bool:
        return size > self._longest or size == self._broken_at

    def _pieces(self, message: bytes, pid: int) -> tuple[bool, bool]:
        """Returns whether this entry continues a line of an earlier entry of that process, and whether a later entry
        continues it.

        Checking each line would cost as much as all other work on it. journald splits lines at one length (LineMax=,
        48 K by default), and no line is longer: so only a line longer than all before, and lines of a length at which
        one was split, are checked.
        """
        size = len(message)
        asked = self._may_be_piece(size)
        if not asked and not self._broken:
            return False, False
        continued = pid in self._broken
        self._broken.discard(pid)
        if not asked:
            return continued, False
        self._longest = size
        if not _has_field(self.raw, "_LINE_BREAK"):
            return continued, False
        self._broken_at = size
        self._broken.add(pid)
        return continued, True


def read_all(
    *,
    directory: str = "",
    namespace: str = "",
    unit: str,
    process: str,
    uid: int | None = None,
    container: str = "",
    of_user: bool = False,
    since: float | None = None,
    until: float | None = None,
    skip: Skip | None = None,
    progress: Callable[[int, float], None] = lambda seen, at: None,
) -> Iterator[JournalEntry]:
    """Yields every wanted entry from `since` to `until` (seconds since the epoch) once, without waiting. Without a
    `unit`, those of the user `uid`. Calls `progress` with the number of entries inspected and the time of the last.

    Raises JournalError if there is no journal or it may not be read.
    """
    check_access(directory=directory, namespace=namespace)
    watch = Watch(unit, process, uid=uid, container=container, of_user=of_user)
    reader = EntryReader(Senders(watch), directory=directory, namespace=namespace, skip=skip)
    try:
        reader.seek_time(since)
        while (there := reader.next()) is not False:
            progress(reader.seen, reader.last_at)
            if there is None:
                continue
            try:
                entry = reader.entry()
            except OSError:  # a damaged entry: the others are still usable
                continue
            if until is not None and reader.last_at > until:
                return
            if entry is not None and (since is None or entry.at >= since):
                yield entry
    finally:
        reader.close()


def open_raw(directory: str, namespace: str) -> journal.Reader:
    """Opens a Reader without matches. Never SYSTEM_ONLY: journald stores the lines of a service that runs as a
    login user in that user's journal."""
    if directory:
        return journal.Reader(path=directory)
    return journal.Reader(namespace=namespace) if namespace else journal.Reader()


def add_matches(raw: journal.Reader, watch: Watch) -> None:
    """Selects entries of the unit and of its manager about it, of the container, or of the user where there is
    neither; and of journald about dropped lines."""
    raw.flush_matches()
    for group in _groups(watch):
        for field in group:
            raw.add_match(field)
        raw.add_disjunction()
    raw.add_match(_TRANSPORT="driver")
    raw.add_match(MESSAGE_ID=SUPPRESSED)


def _groups(watch: Watch) -> Iterator[tuple[str, ...]]:
    """Fields that an entry must have together; a command line cannot be matched in part."""
    user = f"_UID={watch.uid}"  # «None» is nobody's
    if watch.unit and watch.of_user:
        yield f"_SYSTEMD_USER_UNIT={watch.unit}", user
        yield f"USER_UNIT={watch.unit}", "_SYSTEMD_USER_UNIT=init.scope", user
    elif watch.unit:
        yield (f"_SYSTEMD_UNIT={watch.unit}",)
        yield "_PID=1", f"UNIT={watch.unit}"
    if watch.container:
        yield f"CONTAINER_NAME={watch.container}", "_UID=0", user
    if not watch.unit and not watch.container:
        yield (user,)


def check_access(*, directory: str = "", namespace: str = "") -> None:
    """Raises JournalError if the journal is not accessible; sd-journal itself would only return nothing."""
    folders = journal_folders(directory, namespace)
    files = [file for folder in folders for file in _files(folder, archived=bool(directory))]
    hidden = [file for file in (*folders, *files) if not _readable(file)]
    if hidden:
        raise JournalError(
            f"{hidden[0]}: this user may not read the journal; "
            "sudo usermod --append --groups systemd-journal USER (the service: user trafico-monitor)"
        )
    if directory and not files:
        raise JournalError(f"{directory}: no journal files (*.journal) there")
    # A namespace's journald may be started by the bot's first line; the system's is always there.
    if not directory and not namespace and not files:
        raise JournalError(
            "no journal in /var/log/journal nor /run/log/journal; sudo systemctl start systemd-journald"
        )


def journal_folders(directory: str = "", namespace: str = "") -> list[Path]:
    """Returns the existing directories for the journal's files."""
    if directory:
        top = Path(directory)
        below = [path for path in top.iterdir() if path.is_dir()] if _readable(top) and top.is_dir() else []
        return [top, *below] if top.is_dir() else []
    name = get_machine().hex + (f".{namespace}" if namespace else "")
    return [base / name for base in _BASES if (base / name).is_dir()]


def _files(folder: Path, *, archived: bool) -> list[Path]:
    # The system's archived files (`…@….journal`) may have been put there with any mode.
    if not _readable(folder):
        return []
    return [file for file in folder.glob("*.journal") if archived or "@" not in file.name]


def _readable(path: Path) -> bool:
    wanted = os.R_OK | os.X_OK if path.is_dir() else os.R_OK
    return os.access(path, wanted, effective_ids=True)


def _has_field(raw: journal.Reader, name: str) -> bool:
    try:
        raw._get(name)
    except KeyError:
        return False
    return True
