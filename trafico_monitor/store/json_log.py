"""`descarga_errors.json`: a JSON array, one object a state change, valid whenever it is read.

A file that is being appended to in place is not: a reader that got the old end and then the new
bytes behind it has read nonsense, and so has one after a kill between two pages of a write.
Therefore the file that can be seen is never written. A hidden twin, one append behind, gets what
it lacks and the new objects, and then the two change places by rename. An append writes each
object twice, however long the file is; a reader has the whole time until the append after next.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..model.incident import Incident
from ..model.record import Record
from .repair import is_array_of_lines, last_object, rebuild
from .store import NumberedRecord

NAME = "descarga_errors.json"
UNKNOWN = "desconocido"
FILE_MODE = 0o640
HEAD = b"["
TAIL = b"\n]\n"


@dataclass(slots=True)
class _Seen:
    """The visible file as we left it."""

    inode: int
    size: int


class JsonLog:
    """Not for two threads at once. Every method may raise OSError; what can be seen is then as it
    was before, and the same call may be tried again."""

    def __init__(self, folder: Path, *, rotate_bytes: int = 8_000_000, keep: int = 5) -> None:
        self.path = folder / NAME
        self._twin = folder / f".{NAME}.twin"
        self._spare = folder / f".{NAME}.spare"
        self._rotate_bytes = rotate_bytes
        self._keep = keep
        self._seen: _Seen | None = None
        self._behind = b""  # what the twin lacks
        self._twin_size = 0  # 0: there is no twin

    def open(self) -> int | None:
        """Make the file valid and return the `registro` of its last object; None when it holds
        none (new, emptied or deleted by somebody, or written by another program)."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        for leftover in (self._twin, self._spare):
            leftover.unlink(missing_ok=True)
        self._twin_size, self._behind = 0, b""
        if not self.path.exists() or self.path.stat().st_size == 0:
            self._replace(HEAD + TAIL)
        elif not is_array_of_lines(self.path):
            self._replace(rebuild(self.path))
        self._remember()
        found = last_object(self.path)
        registro = found.get("registro") if found else None
        return registro if isinstance(registro, int) else None

    def append(self, records: Sequence[NumberedRecord]) -> None:
        """Add the records that have an incident. All can be seen, or none (OSError)."""
        if not self._as_we_left_it():  # also after an error half-way: it may be there already
            last = self.open()
            records = [item for item in records if last is None or item.seq > last]
        lines = [_line(item.seq, item.record, item.record.incident) for item in records if item.record.incident]
        if not lines:
            return
        assert self._seen is not None
        empty = self._seen.size == len(HEAD + TAIL)
        if not empty and self._seen.size + sum(map(len, lines)) > self._rotate_bytes:
            self._rotate(HEAD + b"\n" + b",\n".join(lines) + TAIL)
            return
        added = b"".join(b",\n" + line for line in lines)
        self._append(added[1:] if empty else added)

    def _append(self, added: bytes) -> None:
        if not self._twin_size:
            self._copy_to_twin()
        at = self._twin_size - len(TAIL)
        data = self._behind + added + TAIL
        with open(self._twin, "r+b", buffering=0) as twin:  # noqa: PTH123
            _write_all(twin.fileno(), data, at)
            twin.truncate(at + len(data))
        visible_before = self.path.stat().st_size
        self._change_places()
        self._twin_size, self._behind = visible_before, added
        self._remember()

    def _copy_to_twin(self) -> None:
        shutil.copyfile(self.path, self._twin)
        self._twin.chmod(FILE_MODE)
        self._twin_size, self._behind = self._twin.stat().st_size, b""

    def _change_places(self) -> None:
        """Let the twin be what is seen, and what was seen the twin."""
        self._spare.unlink(missing_ok=True)
        self._link(self.path, self._spare)
        self._twin.replace(self.path)
        self._spare.replace(self._twin)

    def _rotate(self, content: bytes) -> None:
        # The array goes on being there: the old file gets a second name before the new one comes.
        first = self._numbered(1)
        if not (first.exists() and first.samefile(self.path)):  # else: killed here the last time
            for number in range(self._keep - 1, 0, -1):
                with contextlib.suppress(FileNotFoundError):
                    self._numbered(number).replace(self._numbered(number + 1))
            self._link(self.path, first)
        self._replace(content)
        self._twin.unlink(missing_ok=True)
        self._twin_size, self._behind = 0, b""
        self._remember()

    def _link(self, path: Path, name: Path) -> None:
        """Give the file a second name; a copy where the file system knows no links."""
        try:
            name.hardlink_to(path)
        except OSError:
            shutil.copyfile(path, name)
            name.chmod(FILE_MODE)

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.stem}.{number}{self.path.suffix}")

    def _replace(self, content: bytes) -> None:
        descriptor = os.open(self._spare, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE)
        try:
            _write_all(descriptor, content, 0)
        finally:
            os.close(descriptor)
        self._spare.chmod(FILE_MODE)
        self._spare.replace(self.path)

    def _remember(self) -> None:
        stat = self.path.stat()
        self._seen = _Seen(stat.st_ino, stat.st_size)

    def _as_we_left_it(self) -> bool:
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            return False
        return self._seen is not None and (stat.st_ino, stat.st_size) == (self._seen.inode, self._seen.size)


def _line(seq: int, record: Record, incident: Incident | None) -> bytes:
    assert incident is not None
    text = json.dumps(_object(seq, record, incident), ensure_ascii=False)
    return text.encode("utf-8", "replace")


def _object(seq: int, record: Record, incident: Incident) -> dict[str, object]:
    """The nine keys of the mission document in its order, then what else is known."""
    return {
        "timestamp": _iso(record.at),
        "modelo": incident.download.modelo or UNKNOWN,
        "video": incident.download.video or UNKNOWN,
        "error_type": incident.error_type.value,
        "error_message": incident.error_message,
        "accion": record.accion,
        "estado": incident.estado.value,
        "intento": incident.attempt,
        "max_intentos": incident.max_attempts,
        "incidente": incident.id,
        "registro": seq,
        "motivo": incident.reason,
        "reparado_por_el_bot": incident.recovered_by_bot,
        "repeticiones": incident.count,
        "regla": incident.rule,
        "evidencia": [{"que": e.what, "valor": e.value, "correcto": e.ok} for e in incident.evidence],
    }


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")


def _write_all(descriptor: int, data: bytes, at: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, at)
        at += written
        view = view[written:]
