"""Creation of folders below models, one component at a time, as the bot's user would create them."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import PathRefused
from ..model.installation import Installation
from ..model.task import Outcome, TaskResult
from .ownership import worth_again
from .ports import Tools, from_error
from .safe_open import in_thread, locate, open_folder, sync_folder

_DEEPEST = 8  # below models: a modelo, year, month, and some more; one task must not create a deep tree


@dataclass(frozen=True, slots=True)
class Ensured:
    """`made`: a folder was created; `refused` is the helper's answer if it did not give one of the folders to the
    bot's user, None if all are correct."""

    made: bool
    refused: TaskResult | None = None


async def ensure_folder(folder: Path, site: Installation, tools: Tools) -> Ensured:
    """`mkdir -p` of `folder`, which is models or below it. Each of the monitor's own folders on the path, created
    now or left by an earlier run, gets its parent's mode and is given to the bot's user. Raises OSError,
    PathRefused."""
    made, left = await in_thread(lambda _: _make_all(folder, site))
    for each in left:
        refused = await give(each, site, tools)
        if refused is not None:
            return Ensured(made, refused)
    return Ensured(made)


async def give(path: Path, site: Installation, tools: Tools) -> TaskResult | None:
    """Gives a file that the monitor put at `path` to the bot's user. None if it already belongs to that user, or
    never belonged to the monitor; else the helper's answer. Raises OSError."""
    if not await in_thread(lambda _: _left_ours(path, site)):
        return None
    answer = worth_again(await tools.give(path))
    return None if answer.outcome is Outcome.DONE else answer


async def given(result: TaskResult, ensured: Ensured, site: Installation, tools: Tools) -> TaskResult:
    """Returns `result` of putting a file into a folder, which is done only if both belong to the bot: the file
    stays, and the next attempt continues from there."""
    if result.outcome is not Outcome.DONE or result.path is None:
        return result
    try:
        refused = ensured.refused or await give(Path(result.path), site, tools)
    except OSError as error:
        return from_error(result.order_id, error)
    if refused is None:
        return result
    return replace(result, outcome=refused.outcome, reason=refused.reason, detail=refused.detail)


def _left_ours(path: Path, site: Installation) -> bool:
    """Root gives what it created itself; another user's file is not the monitor's to give."""
    return path.lstat().st_uid == os.geteuid() not in (0, site.uid)


def _make_all(folder: Path, site: Installation) -> tuple[bool, list[Path]]:
    """Returns whether a folder was created, and the folders to give to the bot's user, from the top."""
    made, left = False, []
    for each in _way_to(folder, site):
        if not _there(each, site):
            made = True
            with _above(each, site) as parent:
                _make(parent, each.name)
        elif _left_unfinished(each, site):
            with _above(each, site) as parent:
                _like_parent(parent, each.name)
        if _left_ours(each, site):
            left.append(each)
    return made, left


def _way_to(folder: Path, site: Installation) -> list[Path]:
    """Yields models, and each folder from there to `folder`."""
    below = () if folder == site.models else locate(folder, (site.models,))[1]
    if len(below) > _DEEPEST:
        raise PathRefused("path_strange")
    return [site.models.joinpath(*below[:depth]) for depth in range(len(below) + 1)]


def _there(folder: Path, site: Installation) -> bool:
    try:
        with open_folder(folder, site):
            return True
    except FileNotFoundError:
        return False


def _left_unfinished(folder: Path, site: Installation) -> bool:
    """Whether a killed run created it without finishing. A folder of root may be anyone's work, unless this process
    is root and it is empty."""
    if os.geteuid() != 0:
        return _left_ours(folder, site)
    with open_folder(folder, site) as opened:
        ours = os.fstat(opened).st_uid == 0 != site.uid
        return ours and not any(Path(f"/proc/self/fd/{opened}").iterdir())


@contextlib.contextmanager
def _above(folder: Path, site: Installation) -> Iterator[int]:
    """Returns a descriptor of the parent of `folder`. The models directory itself: only one level, only directly
    inside an existing project, because a wrong setting must not create trees."""
    if folder != site.models:
        with open_folder(folder.parent, site) as parent:
            yield parent
        return
    if site.project is None or site.models.parent != site.project:
        raise PathRefused("models_missing")
    try:
        project = os.open(site.project, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        raise PathRefused("models_missing") from None
    try:
        yield project
    finally:
        os.close(project)


def _make(parent: int, name: str) -> None:
    with contextlib.suppress(FileExistsError):  # created meanwhile: equally good, if it is a folder
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
