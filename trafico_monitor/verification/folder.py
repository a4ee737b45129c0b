"""Is the folder there, and can the bot's user put a video into it?"""

from __future__ import annotations

import stat
from pathlib import Path

from ..host.thread import call
from ..model.verdict import Evidence, Verdict
from .file import check_owner
from .readable import PASS, READ, WRITE

_SECONDS = 30.0


async def check_folder(folder: Path, *, uid: int) -> Verdict:
    """Evidence: folder, owner. Proven when it is a real folder (no link) in which user `uid` can
    make files. Reasons: `nothing_there`, `not_a_folder`, `unreadable_by_bot`, `cannot_look`."""
    try:
        seen = await call(lambda: folder.lstat(), seconds=_SECONDS, name="verify")
    except (OSError, TimeoutError) as error:
        missing = isinstance(error, FileNotFoundError | NotADirectoryError)
        reason = "nothing_there" if missing else "cannot_look"
        return Verdict(False, (Evidence("folder", str(folder), False),), reason)
    if not stat.S_ISDIR(seen.st_mode):
        return Verdict(False, (Evidence("folder", str(folder), False),), "not_a_folder")
    owner, reason = await check_owner(folder, uid, READ | WRITE | PASS)
    return Verdict(owner.ok, (Evidence("folder", str(folder)), owner), reason)
