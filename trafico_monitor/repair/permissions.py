"""At the start: can we write where videos go and read where the Bot API server puts them?"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from ..host import blocking
from ..model.installation import Installation
from ..model.task import Outcome
from .chown_client import fix_owner

_SECONDS = 5.0
_MOST_FOLDERS = 500
_READ = os.R_OK | os.X_OK
_WRITE = os.W_OK | os.X_OK


async def ensure_access(site: Installation) -> tuple[str, ...]:
    """Try both directories, have the helper open those that are shut, and try again.

    Return what is still missing: `access.models`, `access.bot_api` (codes of messages/). Takes
    at most about two minutes, when neither sudo nor a file system answers; usually milliseconds.
    """
    tries: list[tuple[str, Path, Callable[[Path], bool]]] = [("access.models", site.models, _may_write)]
    if site.bot_api is not None:
        tries.append(("access.bot_api", site.bot_api, _may_read))
    return tuple([code for code, root, may in tries if not await _ensure(code, root, may, site)])


async def _ensure(code: str, root: Path, may: Callable[[Path], bool], site: Installation) -> bool:
    if await _try(code, root, may):
        return True
    result = await fix_owner(f"{code}/0", root, site)
    return result.outcome is Outcome.DONE and await _try(code, root, may)


async def _try(code: str, root: Path, may: Callable[[Path], bool]) -> bool:
    try:
        return await blocking.run_blocking(lambda: may(root), seconds=_SECONDS, name=f"{code} {root}")
    except (TimeoutError, OSError):
        return False


def _may_write(models: Path) -> bool:
    """A nameless file in models itself, and the kernel's word for the folders in it."""
    return _takes_a_file(models) and all(os.access(each, _WRITE) for each in _folders(models, 1))


def _takes_a_file(folder: Path) -> bool:
    try:
        os.close(os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except OSError as error:
        # Not every file system can (NFS, overlayfs of old kernels); a full one is not our question.
        unable = error.errno in (errno.EOPNOTSUPP, errno.EISDIR, errno.ENOSPC, errno.EDQUOT)
        return unable and os.access(folder, _WRITE)
    return True


def _may_read(bot_api: Path) -> bool:
    """The directory, `<token>`, and `<token>/videos` and its neighbours."""
    if not os.access(bot_api, _READ):
        return False
    return all(os.access(each, _READ) for each in _folders(bot_api, 2))


def _folders(root: Path, levels: int) -> Iterable[Path]:
    """Folders at most `levels` below `root`; a closed one is named but not entered."""
    found: list[Path] = []
    waiting = [(root, levels)]
    while waiting and len(found) < _MOST_FOLDERS:
        folder, left = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                below = [Path(each) for each in entries if _is_meant(each)]
        except OSError:
            continue
        found += below
        waiting += [(each, left - 1) for each in below] if left > 1 else []
    return found


def _is_meant(entry: os.DirEntry[str]) -> bool:
    """False for a folder of root's (lost+found, something kept aside): the helper leaves it too,
    and it must not make the whole directory count as shut."""
    return entry.is_dir(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_uid != 0
