"""`monitor.log`: the monitor's story as the mission shows it, one line a record, local time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from ..host.journal_writer import shown
from . import own_files
from .own_files import NotOurs, Place, look
from .repository import NumberedRecord

NAME = "monitor.log"
_TAIL_BYTES = 256 * 1024


class MonitorLog:
    """Opened for each batch, so that a file that was deleted or moved away is made again; what is
    not ours under its name is put aside.

    Not logging's RotatingFileHandler: it opens and renames by path, through whatever link lies there, and the
    project's user may write to the directory; nor does it take back half a batch when the disk is full."""

    def __init__(self, folder: Path | Place, *, rotate_bytes: int = 8_000_000, keep: int = 5) -> None:
        self._place = folder if isinstance(folder, Place) else Place.trusted(folder)
        self.path = self._place.path / NAME
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
                tail = os.pread(file, _TAIL_BYTES, max(0, end - _TAIL_BYTES))
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
        status = look(folder, NAME)
        if status is not None and not own_files.is_own(status, frozenset({os.geteuid()})):
            own_files.put_aside(folder, NAME, _numbered, self._keep)
            status = None
        if status is None:
            os.close(own_files.make(folder, NAME))
        return _open(folder, os.O_RDWR | os.O_APPEND)

    def _rotate_if_full(self, folder: int, more: int) -> None:
        status = look(folder, NAME)
        if status is not None and status.st_size and status.st_size + more > self._rotate_bytes:
            own_files.put_aside(folder, NAME, _numbered, self._keep)


def _open(folder: int, flags: int) -> AbstractContextManager[int]:
    return own_files.open_own(folder, NAME, frozenset({os.geteuid()}), flags)


def _numbered(number: int) -> str:
    return f"{NAME}.{number}"


def _write_whole(descriptor: int, data: bytes, size: int) -> None:
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
    except OSError:
        os.ftruncate(descriptor, size)  # no half line stays behind
        raise
