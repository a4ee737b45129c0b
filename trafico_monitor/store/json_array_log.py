"""`descarga_errors.json`: a JSON array, one object per change of state, valid whenever it is read.

A file that is appended to in place is not: a reader that gets the old end and then the new bytes reads nonsense, and
so does one after a kill between two pages of a write. Therefore the visible file is never written. A hidden twin, one
append behind, receives the missing and the new objects, and then the two are exchanged atomically. An append writes
each object twice, however long the file is; a reader has until the append after next.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..host.untrusted_json import parse
from ..model.incident import Event, Incident
from . import own_files
from .own_files import NotOurs, Place, look, same
from .repository import NumberedRecord

NAME = "descarga_errors.json"
UNKNOWN = "desconocido"
HEAD = b"["
TAIL = b"\n]\n"
_LARGEST_NUMBER = 2**53  # of a record; what is above was not written by a monitor


@dataclass(slots=True)
class _Seen:
    """A file of ours as we left it."""

    name: str
    inode: int
    size: int

    def is_still(self, status: os.stat_result | None) -> bool:
        return status is not None and (status.st_ino, status.st_size) == (self.inode, self.size)


class JsonLog:
    """Not thread-safe. Every method may raise OSError; the visible file is then unchanged, and the call can be
    repeated."""

    def __init__(self, folder: Path | Place, *, rotate_bytes: int = 8_000_000, keep: int = 5) -> None:
        self._place = folder if isinstance(folder, Place) else Place.trusted(folder)
        self.path = self._place.path / NAME
        self._rotate_bytes = rotate_bytes
        self._keep = keep
        self._seen: _Seen | None = None
        self._twin: _Seen | None = None
        self._behind = b""  # what the twin lacks

    def open(self) -> int | None:
        """Makes the file valid and returns the `registro` of its last object; None if it has none (new, emptied or
        deleted, or written by another program)."""
        with self._place.opened() as folder:
            return self._open(folder)

    def append(self, records: Sequence[NumberedRecord]) -> None:
        """Add the records that have an incident. All can be seen, or none (OSError)."""
        with self._place.opened() as folder:
            if self._seen is None or not self._seen.is_still(look(folder, NAME)):
                last = self._open(folder)  # also after an error half-way: they may be there already
                if last is not None and records and last <= records[-1].seq:
                    records = [item for item in records if item.seq > last]
            lines = [_line(item.seq, item.record, item.record.incident) for item in records if item.record.incident]
            if lines:
                self._add(folder, lines)

    def _open(self, folder: int) -> int | None:
        own_files.discard_leftovers(folder, NAME)
        self._seen = self._twin = None
        content = self._content_to_replace(folder)
        if content is not None:
            self._replace(folder, content)
        with self._own(folder) as file:
            self._seen = _seen(NAME, file)
            found = last_object(file)
        registro = found.get("registro") if found else None
        return registro if type(registro) is int and 0 < registro < _LARGEST_NUMBER else None

    def _content_to_replace(self, folder: int) -> bytes | None:
        """Returns the correct content; None if the file is correct."""
        try:
            with self._own(folder) as file:
                status = os.fstat(file)
                if status.st_size and status.st_uid == os.geteuid() and is_array_of_lines(file):
                    return None
                if status.st_size <= self._place.most_mended:
                    return rebuild(file) if status.st_size else HEAD + TAIL
        except FileNotFoundError:
            return HEAD + TAIL
        except NotOurs:
            pass
        own_files.put_aside(folder, NAME, _numbered, self._keep)
        return HEAD + TAIL

    def _add(self, folder: int, lines: list[bytes]) -> None:
        assert self._seen is not None
        empty = self._seen.size == len(HEAD + TAIL)
        if not empty and self._seen.size + sum(map(len, lines)) > self._rotate_bytes:
            self._rotate(folder, HEAD + b"\n" + b",\n".join(lines) + TAIL)
            return
        added = b"".join(b",\n" + line for line in lines)
        self._append(folder, added[1:] if empty else added)

    def _append(self, folder: int, added: bytes) -> None:
        if self._twin is None or not self._twin.is_still(look(folder, self._twin.name)):
            self._make_twin(folder)
        assert self._twin is not None and self._seen is not None
        twin, self._twin = self._twin, None  # after an error half-way nobody knows it: it is made anew
        data, at = self._behind + added + TAIL, twin.size - len(TAIL)
        try:
            with own_files.open_own(folder, twin.name, frozenset({os.geteuid()}), os.O_RDWR) as file:
                own_files.write_all(file, data, at)
                os.ftruncate(file, at + len(data))
                exchanged = own_files.exchange(folder, twin.name, NAME)
                if not exchanged:
                    own_files.rename(folder, twin.name, NAME)
                shown, self._seen = self._seen, _seen(NAME, file)
        except OSError:
            own_files.discard(folder, twin.name)
            raise
        if exchanged:
            self._twin, self._behind = _Seen(twin.name, shown.inode, shown.size), added

    def _make_twin(self, folder: int) -> None:
        assert self._seen is not None
        if self._twin is not None:
            own_files.discard(folder, self._twin.name)
        self._twin, self._behind = None, b""
        with self._own(folder) as source, own_files.made(folder, NAME) as (file, name):
            own_files.copy(source, file, self._seen.size)
            self._twin = _seen(name, file)

    def _rotate(self, folder: int, content: bytes) -> None:
        # The array goes on being there: the old file gets a second name before the new one comes.
        if not self._linked(folder):  # else: killed here the last time
            own_files.shift(folder, _numbered, self._keep)
            self._link(folder)
        self._replace(folder, content)
        if self._twin is not None:
            own_files.discard(folder, self._twin.name)
        self._twin = None

    def _link(self, folder: int) -> None:
        """Give the file a second name; a copy where the file system knows no links."""
        assert self._seen is not None
        try:
            os.link(NAME, _numbered(1), src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        except OSError:
            with self._own(folder) as source, own_files.made(folder, NAME) as (file, name):
                own_files.copy(source, file, self._seen.size)
                own_files.rename(folder, name, _numbered(1))

    def _own(self, folder: int) -> contextlib.AbstractContextManager[int]:
        return own_files.open_own(folder, NAME, self._place.owners, twice=self._linked(folder))

    def _linked(self, folder: int) -> bool:
        return same(look(folder, NAME), look(folder, _numbered(1)))

    def _replace(self, folder: int, content: bytes) -> None:
        with own_files.made(folder, NAME) as (file, name):
            own_files.write_all(file, content, 0)
            own_files.rename(folder, name, NAME)
            self._seen = _seen(NAME, file)


def _seen(name: str, file: int) -> _Seen:
    status = os.fstat(file)
    return _Seen(name, status.st_ino, status.st_size)


def _numbered(number: int) -> str:
    stem, dot, end = NAME.rpartition(".")
    return f"{stem}.{number}{dot}{end}"


def _line(seq: int, record: Event, incident: Incident | None) -> bytes:
    assert incident is not None
    text = json.dumps(_object(seq, record, incident), ensure_ascii=False)
    return text.encode("utf-8", "replace")


def _object(seq: int, record: Event, incident: Incident) -> dict[str, object]:
    """The nine keys of the mission document in its order, then further known values."""
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
        "causa": incident.cause.value,
        "excepcion": incident.exception,
        "evidencia": [{"que": e.what, "valor": e.value, "correcto": e.ok} for e in incident.evidence],
    }


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")


# Works on descriptors of files that may hold anything: what is read is bounded, and whatever is not
# JSON of a sane depth is left out.

_TAIL_BYTES = 256 * 1024  # longer than the longest object that is written
_END = b"\n]\n"


def is_array_of_lines(file: int) -> bool:
    """True when the file ends as one of ours: an object on a line of its own, then the bracket."""
    tail = _tail(file)
    if tail == b"[" + _END:
        return True
    return tail.endswith(_END) and _parsed(_last_line(tail)) is not None


def last_object(file: int) -> dict[str, object] | None:
    """The last object of an array of lines; None when it is empty."""
    return _parsed(_last_line(_tail(file)))


def rebuild(file: int) -> bytes:
    """A valid array of lines with every whole object of the file, which may be cut off, or be an
    array as another program writes it. What is not JSON at all is left out. Reads as many bytes as
    the file has now: the caller has looked at its size."""
    data = _read(file, 0, os.fstat(file).st_size)
    objects = _whole_array(data)
    if objects is None:
        objects = [found for line in data.splitlines() if (found := _parsed(line)) is not None]
    lines = [json.dumps(held, ensure_ascii=False).encode("utf-8", "replace") for held in objects]
    return b"[\n" + b",\n".join(lines) + _END if lines else b"[" + _END


def _whole_array(data: bytes) -> list[object] | None:
    try:
        found = parse(data.decode("utf-8", "replace"), most=len(data))
    except ValueError:
        return None
    return found if isinstance(found, list) else None


def _tail(file: int) -> bytes:
    size = os.fstat(file).st_size
    return _read(file, max(0, size - _TAIL_BYTES), _TAIL_BYTES)


def _read(file: int, at: int, most: int) -> bytes:
    """Up to `most` bytes from there, also of a file that grows meanwhile."""
    pieces: list[bytes] = []
    while most > 0 and (piece := os.pread(file, min(most, 1024 * 1024), at)):
        pieces.append(piece)
        at += len(piece)
        most -= len(piece)
    return b"".join(pieces)


def _last_line(tail: bytes) -> bytes:
    return tail.removesuffix(_END).rpartition(b"\n")[2]


def _parsed(line: bytes) -> dict[str, object] | None:
    try:
        found = parse(line.strip().rstrip(b",").decode("utf-8", "replace"))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
