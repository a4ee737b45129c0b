"""Free space where videos, Bot API files and the monitor's own records are written.

What a user's quota leaves cannot be asked for by another user (quotactl(2) wants CAP_SYS_ADMIN,
which the service must not have), and statvfs shows only project quotas. So each check also
writes 64 KiB into a nameless file: that meets EDQUOT of the monitor's own user and group, to
whom its copies belong. An exhausted quota of the *bot's* user shows only as EDQUOT
in the bot's lines or when a repaired file is handed over; those come as `disco_lleno` too.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import messages
from ..model.finding import Finding, FindingKind
from ..model.prediction import Samples, SpaceSample

_PROBE = b"\0" * 65536
_FEW_INODES = (0.02, 0.005)  # of all: warning, critical. One download makes two or three files.
_LEVELS = ("ok", "warning", "critical")


@dataclass(frozen=True, slots=True)
class Volume:
    """One file system. `free` is what an ordinary user may still write, in bytes (f_bavail);
    `inodes` the share of free ones, 1.0 where the file system does not count them.
    `why` names what made it critical or a warning: "", space, inodes, quota."""

    path: str
    free: int
    total: int
    inodes: float = 1.0
    level: str = "ok"
    why: str = ""


@dataclass(frozen=True, slots=True)
class DiskState:
    """The file systems, worst first; `unseen` are the paths that cannot be examined."""

    volumes: tuple[Volume, ...] = ()
    unseen: tuple[str, ...] = ()

    @property
    def worst(self) -> Volume | None:
        return self.volumes[0] if self.volumes else None


def check_disks(paths: Sequence[Path], warning: int, critical: int) -> DiskState:
    """Given directories and two limits in bytes, return the state of their file systems.

    Each file system counts once, under the first path on it. A path that does not exist yet stands for its nearest
    existing parent. Blocks while a file system does not answer: call it through `host.blocking.run_blocking`.
    """
    volumes: dict[int, Volume] = {}
    unseen: list[str] = []
    for path in paths:
        try:
            place = _existing(path)
            device = place.stat().st_dev
            if device not in volumes:
                volumes[device] = _volume(path, place, warning, critical)
        except OSError:
            unseen.append(str(path))
    ranked = sorted(volumes.values(), key=lambda one: (-_LEVELS.index(one.level), one.free))
    return DiskState(tuple(ranked), tuple(unseen))


def _existing(path: Path) -> Path:
    while True:
        try:
            path.stat()
            return path
        except (FileNotFoundError, NotADirectoryError):
            if path == path.parent:
                raise
            path = path.parent


def _volume(path: Path, place: Path, warning: int, critical: int) -> Volume:
    seen = os.statvfs(place)
    free = seen.f_bavail * seen.f_frsize
    inodes = seen.f_favail / seen.f_files if seen.f_files else 1.0  # btrfs, vfat: none are counted
    level, why = grade(free, inodes, warning, critical)
    refused = _probe(place) if level != "critical" else None
    if refused is not None:
        level, why = "critical", "quota" if refused == errno.EDQUOT else "space"
    return Volume(str(path), free, seen.f_blocks * seen.f_frsize, inodes, level, why)


def grade(free: int, inodes: float, warning: int, critical: int) -> tuple[str, str]:
    """(level, why) of free bytes and the share of free inodes, by the limits."""
    for index, limit in ((1, critical), (0, warning)):
        if free < limit:
            return _LEVELS[index + 1], "space"
        if inodes < _FEW_INODES[index]:
            return _LEVELS[index + 1], "inodes"
    return "ok", ""


def _probe(place: Path) -> int | None:
    """ENOSPC or EDQUOT when 64 KiB cannot be written into `place`; None otherwise.

    O_TMPFILE: no name ever appears in a folder that the bot looks into. Whatever else goes wrong
    (no permission, no support) says nothing about space.
    """
    handle = -1
    try:
        handle = os.open(place, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        os.write(handle, _PROBE)
    except OSError as error:
        return error.errno if error.errno in (errno.ENOSPC, errno.EDQUOT) else None
    finally:
        if handle >= 0:
            os.close(handle)
    return None


def finding(state: DiskState, now: float, language: str = "es") -> Finding:
    """A Finding of the state: code ok, warning or critical, message with the figures."""
    worst = state.worst
    if worst is None:
        return Finding(FindingKind.SPACE, now, code="ok", message=messages.text("space.unseen", language))
    code = f"space.{worst.level}" if worst.why in ("", "space") else f"space.{worst.why}"
    fields = {
        "path": worst.path,
        "free": size_text(worst.free),
        "total": size_text(worst.total),
        "inodes": f"{worst.inodes:.1%}",
    }
    message = messages.text(code, language, **fields)
    spaces = tuple(SpaceSample(one.path, now, float(one.free), float(one.total)) for one in state.volumes)
    return Finding(FindingKind.SPACE, now, code=worst.level, message=message, samples=Samples(spaces))


def size_text(size: int) -> str:
    """`1.9 GB` of a number of bytes, in decimal units as in the configuration."""
    value, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
