"""Makes folders beneath models, one component after the other, as the bot's user would."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from ..errors import PathRefused
from ..model.site import Site
from .beneath import open_folder, sync_folder
from .threads import in_thread
from .tools import Tools


async def ensure_folder(folder: Path, site: Site, tools: Tools) -> bool:
    """`mkdir -p` of `folder`, which is models or beneath it; True when anything was made. Each new
    folder has its parent's owner and mode. Raises OSError, PathRefused.

    A folder that could not be given to the bot's user stays: verification tells whether it serves."""
    made = await in_thread(lambda _: _make_all(folder, site))
    for each, foreign in made:
        if foreign:
            await tools.give(each)
    return bool(made)


def _make_all(folder: Path, site: Site) -> list[tuple[Path, bool]]:
    """What was made, and whether its owner is not that of its parent."""
    missing: list[Path] = []
    at = folder
    while not _there(at, site):
        missing.append(at)
        if at == site.models:
            break
        at = at.parent
    missing.reverse()
    for each in missing:
        if each == site.models:
            _make_models(site)
        else:
            with open_folder(each.parent, site) as parent:
                _make(parent, each.name)
    return [(each, each.lstat().st_uid != each.parent.lstat().st_uid) for each in missing]


def _there(folder: Path, site: Site) -> bool:
    try:
        with open_folder(folder, site):
            return True
    except FileNotFoundError:
        return False


def _make_models(site: Site) -> None:
    """The models directory itself: only one level, only right inside an existing project. A wrong
    setting must not sow trees."""
    if site.project is None or site.models.parent != site.project:
        raise PathRefused("models_missing")
    try:
        project = os.open(site.project, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        raise PathRefused("models_missing") from None
    try:
        _make(project, site.models.name)
    finally:
        os.close(project)


def _make(parent: int, name: str) -> None:
    with contextlib.suppress(FileExistsError):  # somebody was quicker: as good, if it is a folder
        os.mkdir(name, os.fstat(parent).st_mode & 0o777, dir_fd=parent)
        _like_parent(parent, name)
        sync_folder(parent)


def _like_parent(parent: int, name: str) -> None:
    # Not only rwx: with a default ACL the group bits are its mask, and what the parent's mask
    # lets through the child's must let through. The setgid bit the kernel has handed on.
    folder = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        above, made = os.fstat(parent), stat.S_IMODE(os.fstat(folder).st_mode)
        wanted = above.st_mode & 0o777 | made & stat.S_ISGID
        if made != wanted:
            _change_mode(folder, wanted)
        if os.geteuid() == 0:
            os.fchown(folder, above.st_uid, above.st_gid)
    finally:
        os.close(folder)


def _change_mode(folder: int, wanted: int) -> None:
    try:
        os.fchmod(folder, wanted)
    except PermissionError:  # the service's RestrictSUIDSGID= lets no chmod name that bit
        os.fchmod(folder, wanted & 0o777)
