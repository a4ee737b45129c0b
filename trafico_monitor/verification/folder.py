"""Is the folder the bot's own, and can its user put a video into it?"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ..host.blocking import run_blocking
from ..model.task import Evidence, Verdict
from .access import PASS, READ, WRITE
from .file import check_owner

_SECONDS = 30.0


async def check_folder(folder: Path, *, uid: int, models: Path | None = None) -> Verdict:
    """Evidence: folder, owner (with its mode). Proven when it is a real folder (no link) in which
    user `uid` can make files, and which belongs to that user or to whoever owns `models` itself; a
    folder of the monitor's own, also further up, was never finished. Reasons: `nothing_there`,
    `not_a_folder`, `folder_not_bots`, `unreadable_by_bot`, `cannot_look`."""
    try:
        seen, owners = await run_blocking(
            lambda: (folder.lstat(), _owners(uid, models)), seconds=_SECONDS, name="verify"
        )
    except (OSError, TimeoutError) as error:
        missing = isinstance(error, FileNotFoundError | NotADirectoryError)
        reason = "nothing_there" if missing else "cannot_look"
        return Verdict(False, (Evidence("folder", str(folder), False),), reason)
    if not stat.S_ISDIR(seen.st_mode):
        return Verdict(False, (Evidence("folder", str(folder), False),), "not_a_folder")
    owner, reason = await check_owner(folder, uid, READ | WRITE | PASS)
    if seen.st_uid not in owners:
        owner, reason = Evidence(owner.what, owner.value, False), "folder_not_bots"
    left = None if models is None else await left_undone(folder, uid=uid, models=models)
    if left is not None:
        return left
    return Verdict(owner.ok, (Evidence("folder", str(folder)), owner), reason)


async def left_undone(path: Path, *, uid: int, models: Path) -> Verdict | None:
    """The verdict on what the monitor has put at `path`, beneath `models`, when the file or a folder
    on its way is still the monitor's own instead of the bot's; None when nothing is."""
    try:
        left = await run_blocking(lambda: _ours(path, uid, models), seconds=_SECONDS, name="verify")
    except (OSError, TimeoutError):
        return Verdict(False, (Evidence("owner", str(path), False),), "cannot_look")
    if left is None:
        return None
    reason = "folder_not_bots" if left != path else "unreadable_by_bot"
    owner, _ = await check_owner(left, uid, READ)
    return Verdict(False, (Evidence("folder", str(left), False), Evidence("owner", owner.value, False)), reason)


def _owners(uid: int, models: Path | None) -> tuple[int, ...]:
    return (uid,) if models is None else (uid, models.stat().st_uid)


def _ours(path: Path, uid: int, models: Path) -> Path | None:
    """The first of models, the folders below it and `path` that is ours and not the bot's. Root gives
    what it makes in the same step, and may own a folder for reasons of its own."""
    if os.geteuid() in (0, uid) or models not in path.parents:
        return None
    way = (*(each for each in reversed(path.parents) if each == models or models in each.parents), path)
    return next((each for each in way if each.lstat().st_uid == os.geteuid()), None)
