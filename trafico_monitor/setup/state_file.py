"""Ledger of setup: each change is recorded before it is made.

It is in a folder that only root can write, beside the chown helper's own list, because its entries are executed by
root on undo. JSON lines; a torn last line is a change that had not begun. After a crash at any point, every change
made is recorded.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import MonitorError
from ..messages import text
from .model import Change, as_json, from_json

FOLDER = Path("/var/lib/trafico-monitor-access")
NAME = "setup.jsonl"
State = dict[str, object]


class LedgerError(MonitorError):
    """The ledger cannot be trusted, or another setup has locked it."""

    exit_code = 75  # EX_TEMPFAIL


@dataclass(slots=True)
class Entry:
    """`before` is the data for undoing; `after` is None while the change is unfinished."""

    number: int
    change: Change
    before: State
    after: State | None = None
    undone: bool = False


@dataclass(slots=True)
class Ledger:
    """The open ledger. `entries` are all changes made and not reverted, oldest first."""

    path: Path
    descriptor: int
    entries: list[Entry] = field(default_factory=list)

    def begin(self, change: Change, before: State) -> Entry:
        """Records that `change` is about to be made; synced to disk on return."""
        entry = Entry(len(self.entries), change, before)
        self._append({"n": entry.number, "change": as_json(change), "before": before})
        self.entries.append(entry)
        return entry

    def finish(self, entry: Entry, after: State) -> None:
        """Records that the change was made, with its result `after`."""
        self._append({"n": entry.number, "after": after})
        entry.after = after

    def undo(self, entry: Entry) -> None:
        """Records that the change was reverted, or no longer exists."""
        self._append({"n": entry.number, "undone": True})
        entry.undone = True

    def open_entries(self) -> list[Entry]:
        """Returns the changes to revert, latest first."""
        return [entry for entry in reversed(self.entries) if not entry.undone]

    def _append(self, line: State) -> None:
        os.write(self.descriptor, (json.dumps(line) + "\n").encode())
        os.fsync(self.descriptor)


@contextmanager
def opened(language: str, folder: Path = FOLDER) -> Iterator[Ledger]:
    """Opens and locks the ledger. Raises LedgerError if another setup has it, or if it does not belong to root."""
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / NAME
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        for status in (folder.lstat(), os.fstat(descriptor)):
            if status.st_uid != os.geteuid() or status.st_mode & 0o022 or stat.S_ISLNK(status.st_mode):
                raise LedgerError(text("setup.ledger.not_roots", language, path=path))
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LedgerError(text("setup.ledger.busy", language)) from None
        ledger = Ledger(path, descriptor, read(path, descriptor))
        try:
            yield ledger
        finally:
            if all(entry.undone for entry in ledger.entries):  # nothing stands in it: it goes
                path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def read(path: Path, descriptor: int) -> list[Entry]:
    """Returns the entries up to the first unreadable line (a torn line can only be the last)."""
    entries: list[Entry] = []
    whole = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
    kept = 0
    for line in whole.splitlines(keepends=True):
        try:
            if not line.endswith(b"\n"):
                raise ValueError("torn")
            _take(entries, json.loads(line))
        except (ValueError, KeyError, TypeError, IndexError):
            os.ftruncate(descriptor, kept)
            break
        kept += len(line)
    return entries


def _take(entries: list[Entry], line: dict[str, object]) -> None:
    number = line["n"]
    if not isinstance(number, int):
        raise ValueError("n")
    change, before, after = line.get("change"), line.get("before"), line.get("after")
    if isinstance(change, dict) and isinstance(before, dict):
        entries.append(Entry(number, from_json(change), before))
    elif isinstance(after, dict):
        entries[number].after = after
    else:
        entries[number].undone = bool(line["undone"])
