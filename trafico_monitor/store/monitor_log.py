"""`monitor.log`: the monitor's story as the mission shows it, one line a record, local time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from ..host.journal_writer import shown
from .store import NumberedRecord

NAME = "monitor.log"
FILE_MODE = 0o640
_TAIL_BYTES = 256 * 1024


class MonitorLog:
    """Opened for each batch, so that a file that was deleted or moved away is made again."""

    def __init__(self, folder: Path, *, rotate_bytes: int = 8_000_000, keep: int = 5) -> None:
        self.path = folder / NAME
        self._rotate_bytes = rotate_bytes
        self._keep = keep

    def append(self, records: Sequence[NumberedRecord]) -> None:
        """Write the records' lines; all of them, or OSError and none."""
        self._write("".join(f"{shown(item.record)}\n" for item in records).encode("utf-8", "replace"))

    def without_written(self, records: Sequence[NumberedRecord]) -> Sequence[NumberedRecord]:
        """The records whose lines are not yet at the file's end, for the first batch after a start:
        a kill between writing and remembering it must not write them twice."""
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, file.seek(0, 2) - _TAIL_BYTES))
                written = file.read().decode("utf-8", "replace").splitlines()
        except FileNotFoundError:
            return records
        lines = [shown(item.record) for item in records]
        for length in range(min(len(lines), len(written)), 0, -1):
            if written[-length:] == lines[:length]:
                return records[length:]
        return records

    def _write(self, data: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._rotate_if_full(len(data))
        descriptor = os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, FILE_MODE)
        try:
            size = os.fstat(descriptor).st_size
            if size == 0:
                os.fchmod(descriptor, FILE_MODE)  # whatever the umask is
            whole = size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"
            _write_whole(descriptor, data if whole else b"\n" + data, size)
        finally:
            os.close(descriptor)

    def _rotate_if_full(self, more: int) -> None:
        try:
            size = self.path.stat().st_size
        except FileNotFoundError:
            return
        if size == 0 or size + more <= self._rotate_bytes:
            return
        for number in range(self._keep - 1, 0, -1):
            with contextlib.suppress(FileNotFoundError):
                self._numbered(number).replace(self._numbered(number + 1))
        self.path.replace(self._numbered(1))

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


def _write_whole(descriptor: int, data: bytes, size: int) -> None:
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
    except OSError:
        os.ftruncate(descriptor, size)  # no half line stays behind
        raise
