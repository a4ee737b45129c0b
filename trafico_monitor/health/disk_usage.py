"""Disk usage by purpose, and files of the Bot API server that have been delivered.

The server keeps every file that it has ever fetched. One that is older than a day, and whose
content is in models, byte by byte, is not needed there any more: the server fetches it again when
somebody asks. Nothing is concluded from a name or a size alone, and nothing is deleted here.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from ..model.installation import QUARANTINE, RESCUED, Installation

MOST_ENTRIES = 300_000
_BLOCK = 512  # st_blocks is in these whatever the file system uses (stat(2))
# The order in which a file is taken for one or the other: the first that holds it.
QUARANTINED, RESCUES, MODELS, BOT_API, JOURNAL, RECORDS, REST = (
    "quarantine", "rescued", "models", "bot_api", "journal", "records", "rest",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Usage:
    """Bytes on the file system of `path` by purpose; `rest` is everything else on it.
    `complete` is False when a limit of time or number was reached: the parts are then a lower bound, and the
    rest an upper bound."""

    path: Path
    total: int
    free: int
    parts: Mapping[str, int] = field(default_factory=dict)
    complete: bool = True


def measure(path: Path, roots: Sequence[tuple[str, Path]], seconds: float) -> Usage:
    """Given a path on the file system that is meant, and directories with their purpose
    (MODELS, BOT_API, JOURNAL, RECORDS), return the usage of that file system. Blocking, within `seconds`.

    Sizes are allocated blocks. Links are not followed, a file with several names counts once, and what cannot be
    read belongs to the rest. Raises OSError when `path` cannot be examined."""
    device = path.stat().st_dev
    seen = os.statvfs(path)
    late = _Limit(time.monotonic() + seconds)
    parts: dict[str, int] = {}
    several: set[int] = set()
    for name, root in roots:
        for kind, entry in _files(name, root, device, late):
            if entry.st_nlink > 1:
                if entry.st_ino in several:
                    continue
                several.add(entry.st_ino)
            parts[kind] = parts.get(kind, 0) + entry.st_blocks * _BLOCK
    used = (seen.f_blocks - seen.f_bfree) * seen.f_frsize
    parts[REST] = max(0, used - sum(parts.values()))
    return Usage(path, seen.f_blocks * seen.f_frsize, seen.f_bavail * seen.f_frsize, parts, not late.reached)


class _Limit:
    """A limit of time and of number; `reached` once one of them is used up."""

    def __init__(self, end: float, entries: int = MOST_ENTRIES, clock: Callable[[], float] = time.monotonic) -> None:
        self._end, self._left, self._clock = end, entries, clock
        self.reached = False

    def one_more(self) -> bool:
        self._left -= 1
        self.reached = self.reached or self._left < 0 or self._clock() > self._end
        return not self.reached


def _files(kind: str, root: Path, device: int, late: _Limit) -> Iterator[tuple[str, os.stat_result]]:
    """Every file beneath `root` on that device, with its purpose."""
    waiting = [(kind, root)]
    while waiting:
        kind, folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if not late.one_more():
                        return
                    seen = entry.stat(follow_symlinks=False)
                    if stat.S_ISDIR(seen.st_mode):
                        waiting.append((_inside(kind, entry.name), folder / entry.name))
                    elif stat.S_ISREG(seen.st_mode) and seen.st_dev == device:
                        yield kind, seen
        except OSError:
            continue  # gone meanwhile, or shut


def _inside(kind: str, name: str) -> str:
    """The purpose of a folder of that name within one of `kind`."""
    if kind == MODELS and name in (QUARANTINE, RESCUED):
        return QUARANTINED if name == QUARANTINE else RESCUES
    return kind


OLDER_THAN = 24 * 3600.0  # seconds
MOST_BYTES = 40 * 1000**3  # compared in one go
_CHUNK = 1024 * 1024
_SAMPLE = 64 * 1024
_DEEP = 4  # <bot_api>/<token>/<kind>/<file>, and one more


@dataclass(frozen=True, slots=True)
class Delivered:
    """`size` is the space in bytes that deleting `path` frees; `copy` is the file in models with the same content."""

    path: Path
    size: int
    copy: Path


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The largest first. `complete` is False when the time for comparing ran out: there may be more, never fewer."""

    files: tuple[Delivered, ...] = ()
    complete: bool = True

    @property
    def size(self) -> int:
        return sum(one.size for one in self.files)


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    seen: os.stat_result


def find_delivered(site: Installation, now: float, seconds: float) -> Deliveries:
    """Files of the Bot API directory whose content is also in models, at `now` (seconds since the epoch). Blocking,
    within about `seconds`; reads only files of equal size, and each only as far as the contents are equal."""
    if site.bot_api is None:
        return Deliveries()
    end = time.monotonic() + seconds
    by_size: dict[int, list[_File]] = {}
    for one in _whole_files(site.models, 8, end):
        by_size.setdefault(one.seen.st_size, []).append(one)
    old = [one for one in _whole_files(site.bot_api, _DEEP, end) if now - one.seen.st_mtime > OLDER_THAN]
    old.sort(key=lambda one: (-one.seen.st_size, str(one.path)))
    found: list[Delivered] = []
    left = MOST_BYTES
    for one in old:
        alike = by_size.get(one.seen.st_size, [])
        if alike and (time.monotonic() > end or left < one.seen.st_size):
            return Deliveries(tuple(found), False)
        left -= one.seen.st_size if alike else 0
        copy = next((other for other in alike if _same(one, other, end)), None)
        if copy is not None:
            found.append(Delivered(one.path, one.seen.st_blocks * 512, copy.path))
    return Deliveries(tuple(found), time.monotonic() <= end)


def _whole_files(root: Path, levels: int, end: float) -> Iterator[_File]:
    """Regular files beneath `root` that are not empty. The monitor's own folders and hidden ones are left out: their
    files have not been delivered."""
    waiting = [(root, levels)]
    while waiting and time.monotonic() <= end:
        folder, left = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith((".", "_")):
                        continue
                    seen = entry.stat(follow_symlinks=False)
                    if stat.S_ISDIR(seen.st_mode) and left > 1:
                        waiting.append((folder / entry.name, left - 1))
                    elif stat.S_ISREG(seen.st_mode) and seen.st_size > 0:
                        yield _File(folder / entry.name, seen)
        except OSError:
            continue


def _same(one: _File, other: _File, end: float) -> bool:
    """The same bytes in two different files, both still those that were listed."""
    try:
        with _open(one) as mine, _open(other) as theirs:
            if os.path.samestat(one.seen, other.seen):
                return False  # a hard link: deleting one gives nothing back
            tail = max(0, one.seen.st_size - _SAMPLE)
            if os.pread(mine.fileno(), _SAMPLE, tail) != os.pread(theirs.fileno(), _SAMPLE, tail):
                return False
            while time.monotonic() <= end:
                chunk = mine.read(_CHUNK)
                if chunk != theirs.read(_CHUNK):
                    return False
                if not chunk:
                    return True
    except OSError:
        pass
    return False


def _open(file: _File) -> BinaryIO:
    reading = os.open(file.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not os.path.samestat(os.fstat(reading), file.seen):
        os.close(reading)
        raise FileNotFoundError(file.path)
    return os.fdopen(reading, "rb")
