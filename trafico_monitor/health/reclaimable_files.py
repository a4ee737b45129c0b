"""Files of the Bot API server that have been delivered: the same bytes lie in a modelo's folder.

The server keeps every file that it has ever fetched. One that is older than a day, and whose
content is in models, byte by byte, is not needed there any more: the server fetches it again when
somebody asks. Nothing is taken from a name or a size alone, and nothing is deleted here.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..model.installation import Installation

OLDER_THAN = 24 * 3600.0  # seconds; issue 4: «older than a day»
MOST_BYTES = 40 * 1000**3  # compared in one go
_CHUNK = 1024 * 1024
_SAMPLE = 64 * 1024
_DEEP = 4  # <bot_api>/<token>/<kind>/<file>, and one more


@dataclass(frozen=True, slots=True)
class Delivered:
    """`size` is what deleting `path` would give back, in bytes; `copy` is where its content is."""

    path: Path
    size: int
    copy: Path


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The largest first. `complete` is False when some could not be compared in time: there may
    be more then, and never less."""

    files: tuple[Delivered, ...] = ()
    complete: bool = True

    @property
    def size(self) -> int:
        return sum(one.size for one in self.files)


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    seen: os.stat_result


def find(site: Installation, now: float, seconds: float) -> Deliveries:
    """What the Bot API directory could do without at `now` (seconds since the epoch). Blocking,
    within about `seconds`; reads files whose sizes are equal, and those to their end only while
    their contents are."""
    if site.bot_api is None:
        return Deliveries()
    end = time.monotonic() + seconds
    by_size: dict[int, list[_File]] = {}
    for one in _files(site.models, 8, end):
        by_size.setdefault(one.seen.st_size, []).append(one)
    old = [one for one in _files(site.bot_api, _DEEP, end) if now - one.seen.st_mtime > OLDER_THAN]
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


def _files(root: Path, levels: int, end: float) -> Iterator[_File]:
    """Regular, whole-named files beneath `root` that have something in them. Folders of the
    monitor's own and hidden ones are left out: what lies there has not been delivered."""
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
