"""Provenance of a file of the server, from the disk and the records: it limits what log text alone can cause.

A log line can be forged, together with the one before it, if a bot logs raw messages. Files cannot: the age of the
source, its owner, and whether the same video was delivered before.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from ..errors import PathRefused
from ..model.download import Download
from ..model.installation import Installation
from .path_policy import resolve_source
from .ports import Tools
from .safe_open import Stopped, in_thread, locate, open_folder, open_source, same_content, status

# The server keeps a file for at least an hour, and answers for one that it has without fetching it again
# (core.telegram.org/bots/api#getfile): what a download is about was fetched no longer ago than that.
OLDEST_SECONDS = 3600.0
SECONDS = 120.0  # for a search through all videos of the other modelos
_ENDS = 64 * 1024
_CLOCKS_SECONDS = 2.0  # between the time of a line of the journal and that of a file
_LEVELS = 4  # below models: the modelo, and folders by year and month


@dataclass(frozen=True, slots=True)
class Provenance:
    """`doubt` is the reason why log text alone must not deliver the file, "" for none; `identity` distinguishes it
    from every other file, even one that gets its name later; `place` is the path of the same video in another
    modelo's folder (in any, if its modelo is unknown)."""

    identity: str = ""
    doubt: str = ""
    place: Path | None = None


async def provenance(
    source: Path, modelo: str, size: int | None, since: float, site: Installation, tools: Tools
) -> Provenance:
    """Checks `source`, which is to be copied into the folder `modelo` below models ("": unknown).

    `size` is the announced size: a partial video belongs to no one. `since` is the time of the failure, 0.0 if the
    source is named by more than log text. Doubts: `source_of_another` (it is in a modelo's folder), `source_foreign`
    (neither the server's nor the bot's), `source_too_old`, `delivered_elsewhere`. Raises OSError, PathRefused.
    """
    return await in_thread(lambda stop: _look(source, modelo, size, since, site, tools, stop), SECONDS, "provenance")


async def arrival(download: Download, since: float, site: Installation) -> Path | None:
    """Finds the video of `download` without a known destination: in a modelo's folder, written since `since`, with
    its name, or without a name with the content of its source. None if there is no match, or several files of that
    name. Raises OSError, PathRefused."""
    return await in_thread(lambda stop: _arrived(download, since, site, stop), SECONDS, "arrival")


def folder_of(path: Path, site: Installation) -> str:
    """Returns the modelo whose folder below models contains `path`, "" for none."""
    if site.models not in path.parents:
        return ""
    first = locate(path, (site.models,))[1][0]
    return "" if first.startswith(("_", ".")) else first


def _look(
    source: Path, modelo: str, size: int | None, since: float, site: Installation, tools: Tools, stop: threading.Event
) -> Provenance:
    found = status(source, site)
    if found is None:
        return Provenance()
    identity = _identity(found)
    if site.models in source.parents:
        return Provenance(identity, "" if modelo and folder_of(source, site) == modelo else "source_of_another")
    if found.st_uid not in _owners(source, site):
        return Provenance(identity, "source_foreign")
    if since and found.st_mtime < since - OLDEST_SECONDS:
        return Provenance(identity, "source_too_old")
    if size is not None and found.st_size != size:  # the copy refuses it
        return Provenance(identity)
    place = _delivered(source, found, modelo, site, stop)
    if not modelo or (place is None and tools.delivered(identity) in ("", modelo)):
        return Provenance(identity, place=place)
    return Provenance(identity, "delivered_elsewhere", place)


def _identity(seen: os.stat_result) -> str:
    words = f"{seen.st_dev} {seen.st_ino} {seen.st_mtime_ns} {seen.st_size}"
    return blake2b(words.encode(), digest_size=8).hexdigest()


def _owners(source: Path, site: Installation) -> tuple[int, ...]:
    """Accepted owners: the server, which owns the folder, and the bot, to which the helper gives unreadable files."""
    with open_folder(source.parent, site) as folder:
        return os.fstat(folder).st_uid, site.uid, os.geteuid()


def _arrived(download: Download, since: float, site: Installation, stop: threading.Event) -> Path | None:
    """Every file placement sets the change time (ctime), which cannot be set back."""
    new = [(place, seen) for place, seen in _videos(site, stop) if seen.st_ctime >= since - _CLOCKS_SECONDS]
    if download.video:
        named = [place for place, _ in new if place.name == download.video]
        return named[0] if len(named) == 1 else None
    source = resolve_source(download.source, site) if download.source else None
    found = None if source is None or site.models in source.parents else status(source, site)
    if source is None or found is None:
        return None
    alike = (place for place, seen in new if seen.st_size == found.st_size)
    return next((place for place in alike if _same(source, place, found.st_size, site, stop)), None)


def _delivered(
    source: Path, seen: os.stat_result, modelo: str, site: Installation, stop: threading.Event
) -> Path | None:
    """Returns the same video in the folder of another modelo (of any if `modelo` is unknown)."""
    for place, other in _videos(site, stop):
        if other.st_size != seen.st_size or folder_of(place, site) == modelo:
            continue
        if os.path.samestat(seen, other) or _same(source, place, seen.st_size, site, stop):
            return place
    return None


def _same(one: Path, other: Path, size: int, site: Installation, stop: threading.Event) -> bool:
    """Compares the ends first: videos of equal size nearly always differ there."""
    try:
        return _ends(one, size, site) == _ends(other, size, site) and same_content(one, other, site, stop)
    except (OSError, PathRefused):
        return False  # unreadable: the copy reports it


def _ends(path: Path, size: int, site: Installation) -> tuple[bytes, bytes]:
    file = open_source(path, site)
    try:
        return os.pread(file, _ENDS, 0), os.pread(file, _ENDS, max(0, size - _ENDS))
    finally:
        os.close(file)


def _videos(site: Installation, stop: threading.Event) -> Iterator[tuple[Path, os.stat_result]]:
    """Yields files in the modelos' folders, except the monitor's own and hidden ones."""
    waiting = [(site.models, 0)]
    while waiting:
        folder, level = waiting.pop()
        for entry, seen in _entries(folder, site):
            if stop.is_set():
                raise Stopped
            if seen is not None and level > 0:
                yield folder / entry, seen
            elif seen is None and level < _LEVELS:
                waiting.append((folder / entry, level + 1))


def _entries(folder: Path, site: Installation) -> Iterator[tuple[str, os.stat_result | None]]:
    """Yields names in `folder`, with the status of regular files and None for folders."""
    try:
        with open_folder(folder, site) as place:
            readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=place)
    except (OSError, PathRefused):
        return
    try:
        with os.scandir(readable) as entries:
            for entry in entries:
                if entry.name.startswith(("_", ".")):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    yield entry.name, None
                elif entry.is_file(follow_symlinks=False):
                    yield entry.name, entry.stat(follow_symlinks=False)
    finally:
        os.close(readable)
