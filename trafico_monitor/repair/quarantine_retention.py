"""Quarantined files, and their deletion after the retention time.

A file is deleted only if a note of the monitor describes it, the operator's retention time has passed, an intact video
of at least the same announced size or duration has replaced it, and it is still the same file that was moved. A solved
incident alone is not enough. A file that proves intact is kept. Files are accessed by descriptor; one that was
exchanged between check and deletion is left alone.
"""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from io import FileIO
from pathlib import Path

from ..errors import MonitorError, PathRefused
from ..host.safe_open import digest
from ..model.incident import Estado, Incident
from ..model.installation import QUARANTINE, Installation
from .actions.quarantine import IDENTITY
from .at_rest import note_beside, read_note
from .ports import Tools
from .safe_open import in_thread, locate, open_folder, open_source, remove, status

logger = logging.getLogger(__name__)

_MOST_FOLDERS = 5000
_SECONDS = 120.0  # for a walk over the folders of the models
_ROUNDING = 1.0  # seconds between two announcements of the same duration
_LEVELS = 2  # below models a modelo may have a disk, and so a quarantine, of its own

# The incident of that id; None for one that is not known any more.
Known = Callable[[str], Awaitable[Incident | None]]


@dataclass(frozen=True, slots=True)
class Kept:
    """One quarantined file. `since` is in seconds since the epoch, and not earlier than the moment its name
    appeared there; `original` is its former path, None if its note names no path below models; `seen` distinguishes
    it from other files of that name. `put_aside` is its identity: inode, size and SHA-256, None if the note has
    none."""

    path: Path
    incident: str
    since: float
    size: int
    announced: int | None
    original: Path | None
    seen: tuple[int, int, int, int]
    put_aside: tuple[int, int, str] | None = None


@dataclass(frozen=True, slots=True)
class Expired:
    """A deleted file, and the reason: replaced, or unsolved (only if the configuration permits it)."""

    path: Path
    incident: str
    size: int
    why: str


async def expire(
    site: Installation, tools: Tools, *, keep: float, keep_unsolved: bool, known: Known
) -> tuple[Expired, ...]:
    """Deletes files that have been quarantined for more than `keep` seconds and are no longer needed; returns them.
    Raises OSError if models cannot be read at all."""
    found = await in_thread(lambda _: kept(site), _SECONDS, "quarantine")
    gone: list[Expired] = []
    for one in found:
        if tools.now() - one.since <= keep:
            continue
        try:
            why = await _why_not_needed(one, site, tools, keep, None if keep_unsolved else known)
            if why and await _dropped(one, site, tools):
                gone.append(Expired(one.path, one.incident, one.size, why))
        except (OSError, ValueError, MonitorError) as error:  # the next one is still checked
            logger.warning("quarantine: %r: %s", one.path.name, error)
    await in_thread(lambda _: _drop_orphans(site, tools.now() - keep), _SECONDS, "quarantine")
    return tuple(gone)


def kept(site: Installation) -> list[Kept]:
    """Returns all quarantined files that have a note, oldest first. Blocking."""
    found: list[Kept] = []
    for folder in _quarantines(site):
        names = _names(folder, site)
        for name in sorted(names):
            if f"{name}.json" in names:
                found += _kept_or_told(folder / name, site)
    return sorted(found, key=lambda one: (one.since, str(one.path)))


async def _why_not_needed(one: Kept, site: Installation, tools: Tools, keep: float, known: Known | None) -> str:
    """`known` is None if unreplaced files are kept forever."""
    if one.original is not None and await _replaced(one, one.original, site, tools):
        return "replaced"
    if known is not None and _given_up(await known(one.incident), tools.now() - keep):
        return "unsolved"
    return ""


def _given_up(incident: Incident | None, before: float) -> bool:
    """Nothing is left to replace it, and this was announced long enough ago. A solved incident has a replacement,
    or needs an operator."""
    if incident is None:
        return True
    return incident.estado is Estado.FALLIDO and incident.closed_at is not None and incident.closed_at < before


async def _dropped(one: Kept, site: Installation, tools: Tools) -> bool:
    # It was judged by its content at the time; a better judgement today takes precedence.
    if await tools.is_good(one.path, None) is True:
        return False
    return await in_thread(lambda stop: _drop(one, site, stop), tools.seconds_for(one.size), "quarantine")


async def _replaced(one: Kept, original: Path, site: Installation, tools: Tools) -> bool:
    """An intact, different video of at least the announced size is at its former path. Without an announced size,
    it must play at least as long, or be as large if the duration is unknown."""
    try:
        lying = await in_thread(lambda _: status(original, site))
    except (OSError, PathRefused):
        return False
    if lying is None or not stat.S_ISREG(lying.st_mode) or (lying.st_dev, lying.st_ino) == one.seen[:2]:
        return False
    found = await tools.examine(original, one.announced)
    if not found.whole:
        return False
    if one.announced is not None:
        return lying.st_size >= one.announced
    aside = await tools.examine(one.path, None)
    if aside.duration is not None:
        return found.duration is not None and found.duration >= aside.duration - _ROUNDING
    return lying.st_size >= one.size


def _kept_or_told(path: Path, site: Installation) -> list[Kept]:
    """Names and notes may be planted: an invalid one is skipped without affecting the others."""
    try:
        one = _kept(path, site)
    except (OSError, ValueError, RecursionError, MonitorError) as error:
        logger.warning("quarantine: %r: %s", path.name, error)
        return []
    return [] if one is None else [one]


def _kept(path: Path, site: Installation) -> Kept | None:
    lying = status(path, site)
    note = read_note(note_beside(path), site)
    at = _time(note)
    if lying is None or note is None or at is None or not stat.S_ISREG(lying.st_mode):
        return None
    size = note.get("size")
    return Kept(
        path=path,
        incident=str(note.get("incidente", "")),
        since=max(at, lying.st_ctime),
        size=lying.st_size,
        announced=size if type(size) is int and size >= 0 else None,
        original=_original(note, site),
        seen=_identity(lying),
        put_aside=_put_aside(note.get(IDENTITY)),
    )


def _put_aside(said: object) -> tuple[int, int, str] | None:
    if not isinstance(said, dict):
        return None
    inode, size, sha256 = said.get("inode"), said.get("size"), said.get("sha256")
    known = type(inode) is int and type(size) is int and isinstance(sha256, str)
    return (inode, size, sha256) if known else None  # type: ignore[return-value]


def _identity(seen: os.stat_result) -> tuple[int, int, int, int]:
    return seen.st_dev, seen.st_ino, seen.st_size, seen.st_ctime_ns


def _time(note: Mapping[str, object] | None) -> float | None:
    """Returns the time in the note; None for a note that is not the monitor's."""
    said = note.get("timestamp") if note else None
    if not isinstance(said, str) or not isinstance((note or {}).get("original"), str):
        return None
    try:
        return datetime.fromisoformat(said).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _original(note: Mapping[str, object], site: Installation) -> Path | None:
    path = site.models.joinpath(*str(note["original"]).split("/"))
    try:
        below = locate(path, (site.models,))[1]
    except PathRefused:
        return None
    return None if any(part.startswith(("_", ".")) for part in below) else path


def _drop(one: Kept, site: Installation, stop: threading.Event) -> bool:
    """Unlinks the same file that was quarantined and checked, then its note; False if it is a different file now,
    or was never identified."""
    try:
        with FileIO(open_source(one.path, site)) as file, open_folder(one.path.parent, site) as folder:
            # Not the device: its number may be another one after a restart of the machine.
            if one.put_aside != (*one.seen[1:3], digest(file.fileno(), stop)):
                return False
            if _identity(os.fstat(file.fileno())) != one.seen:
                return False
            if _identity(os.stat(one.path.name, dir_fd=folder, follow_symlinks=False)) != one.seen:
                return False
            os.unlink(one.path.name, dir_fd=folder)
        remove(note_beside(one.path), site)
    except (OSError, PathRefused):
        return False
    return True


def _drop_orphans(site: Installation, before: float) -> None:
    """Deletes notes without a file, left by a crash between the two deletions."""
    for folder in _quarantines(site):
        names = _names(folder, site)
        for name in names:
            note = folder / name
            if not name.endswith(".json") or name.removesuffix(".json") in names:
                continue
            at = _time(read_note(note, site))
            if at is not None and at < before:
                with contextlib.suppress(OSError, PathRefused):
                    remove(note, site)


def _quarantines(site: Installation) -> Iterator[Path]:
    """Yields folders named `_cuarentena` in models, and in folders that may be separate disks."""
    waiting, looked_at = [(site.models, 0)], 0
    while waiting and looked_at < _MOST_FOLDERS:
        folder, level = waiting.pop()
        looked_at += 1
        names = _names(folder, site, folders=True)
        if QUARANTINE in names:
            yield folder / QUARANTINE
        if level < _LEVELS:
            waiting += [(folder / name, level + 1) for name in names if not name.startswith(("_", "."))]


def _names(folder: Path, site: Installation, *, folders: bool = False) -> set[str]:
    """Returns the names of regular files, or of folders, in `folder`; empty if it is inaccessible."""
    try:
        with open_folder(folder, site) as place:
            readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=place)
    except (OSError, PathRefused):
        if folder == site.models:
            raise
        return set()
    try:
        with os.scandir(readable) as entries:
            wanted = (e for e in entries if (e.is_dir if folders else e.is_file)(follow_symlinks=False))
            return {entry.name for entry in wanted}
    finally:
        os.close(readable)
