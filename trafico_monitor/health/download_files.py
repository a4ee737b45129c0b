"""Files of downloads: those that wait in `_rescatados`, the modelos that they could belong to, copies under way."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from ..host.blocking import run_blocking
from ..host.safe_open import safe_component
from ..model.installation import RESCUED, Waiting, WaitingFile

SECONDS = 5.0  # for a caller's deadline
MOST = 10_000  # entries of a folder; what lies behind them is not counted


def count_waiting(models: Path, most: int = MOST, folder: str = RESCUED) -> Waiting:
    """Number, size and age of the regular files of `_rescatados` (or another `folder` of models), without sidecar
    files and hidden ones; nothing where there is no such folder. A file waits since its last change of name or owner
    (ctime): a copy may keep the date of its content. Blocking. Raises OSError."""
    try:
        listed, complete = _entries(models / folder, most)
    except FileNotFoundError:
        return Waiting()
    kept = _waiting(listed)
    return Waiting(
        number=len(kept),
        size=sum(seen.st_size for _, seen in kept),
        oldest=min((seen.st_ctime for _, seen in kept), default=None),
        first=min((name for name, _ in kept if _assignable(name)), default=""),
        complete=complete,
    )


def list_waiting(models: Path) -> tuple[int, list[WaitingFile]]:
    """How many files wait in `_rescatados`, and those that `assign` accepts, the oldest first. Blocking. Raises
    OSError."""
    try:
        kept = _waiting(_entries(models / RESCUED, MOST)[0])
    except FileNotFoundError:
        return 0, []
    files = [WaitingFile(name, seen.st_size, seen.st_ctime) for name, seen in kept if _assignable(name)]
    return len(kept), sorted(files, key=lambda one: (one.since, one.file))


def _waiting(listed: list[tuple[str, os.stat_result]]) -> list[tuple[str, os.stat_result]]:
    names = {name for name, _ in listed}
    return [(name, seen) for name, seen in listed if stat.S_ISREG(seen.st_mode) and not _aside(name, names)]


def _assignable(name: str) -> bool:
    return name.isprintable() and safe_component(name)


def list_modelos(models: Path, most: int = MOST) -> list[str]:
    """Names of the folders of the models directory, the most recently written first, without links. Blocking.
    Raises OSError."""
    listed, _ = _entries(models, most)
    folders = [(-seen.st_mtime, name) for name, seen in listed if stat.S_ISDIR(seen.st_mode)]
    return [name for _, name in sorted(folders)]


def _entries(folder: Path, most: int) -> tuple[list[tuple[str, os.stat_result]], bool]:
    """At most `most` entries of `folder`, which is no link itself; and whether that is all."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        with os.scandir(opened) as entries:
            listed = [(entry.name, _status(entry)) for entry in islice(entries, most)]
            complete = next(entries, None) is None
    finally:
        os.close(opened)
    return [(name, seen) for name, seen in listed if seen is not None], complete


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except OSError:  # gone meanwhile
        return None


def _aside(name: str, names: set[str]) -> bool:
    return name.startswith(".") or (name.endswith(".json") and name.removesuffix(".json") in names)


LOOK_SECONDS = 10.0  # between two looks: a sixth of what counts as standing still
DEADLINE_SECONDS = 5.0


async def arrived_bytes(places: Mapping[str, str]) -> dict[str, int]:
    """Size in bytes of each regular file of `places` (id of a download → path). Files that cannot be examined are left
    out, all of them where the file system does not answer within DEADLINE_SECONDS."""
    try:
        return await run_blocking(lambda: _sizes(places), seconds=DEADLINE_SECONDS, name="arrivals")
    except TimeoutError:
        return {}


def _sizes(places: Mapping[str, str]) -> dict[str, int]:
    sizes = {}
    for name, path in places.items():
        try:
            seen = Path(path).lstat()
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(seen.st_mode):
            sizes[name] = seen.st_size
    return sizes
