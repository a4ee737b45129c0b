"""What a file system's space is used by: the two directories, the journal, the monitor's own."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..model.installation import QUARANTINE, RESCUED

MOST_ENTRIES = 300_000
_BLOCK = 512  # st_blocks is in these whatever the file system uses (stat(2))
# The order in which a file is taken for one or the other: the first that holds it.
QUARANTINED, RESCUES, MODELS, BOT_API, JOURNAL, RECORDS, REST = (
    "quarantine", "rescued", "models", "bot_api", "journal", "records", "rest",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Usage:
    """Bytes on the file system of `path`, by what they are for; `rest` is everything else on it.
    `complete` is False when time or number ran out: then the parts are at least so large, and the
    rest at most."""

    path: Path
    total: int
    free: int
    parts: Mapping[str, int] = field(default_factory=dict)
    complete: bool = True


def look(path: Path, roots: Sequence[tuple[str, Path]], seconds: float) -> Usage:
    """Given a path on the file system that is meant, and directories with what they are for
    (MODELS, BOT_API, JOURNAL, RECORDS), add up what lies on it. Blocking, within `seconds`.

    Sizes are what files really take. Links are not followed, a file with several names counts
    once, and what may not be looked at falls to the rest. Raises OSError when `path` cannot be
    looked at."""
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
    """Time and number together; `reached` once one of them is used up."""

    def __init__(self, end: float, entries: int = MOST_ENTRIES, clock: Callable[[], float] = time.monotonic) -> None:
        self._end, self._left, self._clock = end, entries, clock
        self.reached = False

    def one_more(self) -> bool:
        self._left -= 1
        self.reached = self.reached or self._left < 0 or self._clock() > self._end
        return not self.reached


def _files(kind: str, root: Path, device: int, late: _Limit) -> Iterator[tuple[str, os.stat_result]]:
    """Every file beneath `root` on that device, and what it is for."""
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
    """What a folder of that name holds within what is for `kind`."""
    if kind == MODELS and name in (QUARANTINE, RESCUED):
        return QUARANTINED if name == QUARANTINE else RESCUES
    return kind
