"""Is the video on disk, whole, of the announced size, and readable by the bot's user?"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ..host.thread import call
from ..model.verdict import Evidence, Verdict
from .media import Media, check_media
from .readable import READ, describe_owner, may

_SECONDS = 30.0


async def check_file(path: Path, *, size: int | None, uid: int) -> Verdict:
    """Given a host path, what was announced of it (bytes, None when nothing was) and the bot's
    user, the evidence in the order file, size, media, owner. Proven when all of it is as it must
    be, and the end of the video was seen or its size is the announced one. `reason` is that of
    the first thing that is not: `nothing_there`, `not_a_file`, `size_differs`, `size_unknown`,
    `unreadable_by_bot`, or a code of the media check."""
    try:
        seen = await call(lambda: path.lstat(), seconds=_SECONDS, name="verify")
    except (OSError, TimeoutError) as error:
        missing = isinstance(error, FileNotFoundError | NotADirectoryError)
        return _not_there(path, "nothing_there" if missing else "cannot_look")
    if not stat.S_ISREG(seen.st_mode):
        return _not_there(path, "not_a_file")
    media = await check_media(path)
    owner, reason = await check_owner(path, uid, READ)
    findings = (
        (Evidence("file", str(path)), ""),
        _size(seen, size),
        _media(media, size),
        (owner, reason),
    )
    reason = next((reason for evidence, reason in findings if not evidence.ok), "")
    return Verdict(not reason, tuple(evidence for evidence, _ in findings), reason)


async def check_owner(path: Path, uid: int, wanted: int) -> tuple[Evidence, str]:
    """Whether user `uid` may do `wanted` with `path`, and why not."""
    try:
        text, allowed = await call(
            lambda: (describe_owner(path), may(path, uid, wanted)), seconds=_SECONDS, name="verify"
        )
    except (OSError, TimeoutError):
        return Evidence("owner", str(path), False), "cannot_look"
    return Evidence("owner", text, allowed), "" if allowed else "unreadable_by_bot"


async def judge(path: Path, size: int | None) -> bool | None:
    """For the copying stage: True for a whole video of `size` bytes (None: of any size, when its
    container shows its end), False when shown to be otherwise, None when it could not be looked
    at or its container cannot tell."""
    media = await check_media(path)
    if not media.whole:
        return media.whole
    if size is None:
        return True if media.end_seen else None
    try:
        seen = await call(lambda: path.lstat(), seconds=_SECONDS, name="verify")
    except (OSError, TimeoutError):
        return None
    return seen.st_size == size


def _not_there(path: Path, reason: str) -> Verdict:
    return Verdict(False, (Evidence("file", str(path), False),), reason)


def _size(seen: os.stat_result, size: int | None) -> tuple[Evidence, str]:
    if size is None or seen.st_size == size:
        return Evidence("size", f"{seen.st_size} B"), ""
    return Evidence("size", f"{seen.st_size} B ≠ {size} B", False), "size_differs"


def _media(media: Media, size: int | None) -> tuple[Evidence, str]:
    if media.whole and not media.end_seen and size is None:
        return Evidence("media", media.seen, False), "size_unknown"
    if media.whole:
        return Evidence("media", media.seen), ""
    return Evidence("media", " · ".join(filter(None, (media.seen, media.reason))), False), media.reason
