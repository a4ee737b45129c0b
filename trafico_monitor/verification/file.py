"""Is the video on disk, whole, of the announced size, and readable by the bot's user?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..errors import PathRefused
from ..host.blocking import run_blocking
from ..model.task import Answer, Evidence, Media, Verdict
from .access import READ, describe_owner, may
from .media import check_open, open_video, why_not_opened

_SECONDS = 30.0


async def check_file(path: Path, *, size: int | None, uid: int, roots: Sequence[Path] = ()) -> Verdict:
    """Given a host path, what was announced of it (bytes, None when nothing was) and the bot's
    user, the evidence in the order file, size, media, owner. Proven when all of it is as it must
    be. `reason` is that of the first thing that is not: `nothing_there`, `not_a_file`,
    `size_differs`, `size_unknown`, `unreadable_by_bot`, or a code of the media check. `roots` are
    as for `check_media`; size and content are those of one open file."""
    try:
        file = await open_video(path, roots)
    except (OSError, PathRefused) as error:
        return Verdict(False, (Evidence("file", str(path), False),), why_not_opened(error))
    with file:
        lying = os.fstat(file.fileno()).st_size
        media = await check_open(file.fileno(), size)
    owner, reason = await check_owner(path, uid, READ)
    findings = ((Evidence("file", str(path)), ""), _size(lying, size), _media(media), (owner, reason))
    reason = next((reason for evidence, reason in findings if not evidence.ok), "")
    return Verdict(not reason, tuple(evidence for evidence, _ in findings), reason)


async def check_owner(path: Path, uid: int, wanted: int) -> tuple[Evidence, str]:
    """Whether user `uid` may do `wanted` with `path`, and why not."""
    try:
        text, allowed = await run_blocking(
            lambda: (describe_owner(path), may(path, uid, wanted)), seconds=_SECONDS, name="verify"
        )
    except (OSError, TimeoutError):
        return Evidence("owner", str(path), False), "cannot_look"
    return Evidence("owner", text, allowed), "" if allowed else "unreadable_by_bot"


async def judge(path: Path, size: int | None, roots: Sequence[Path] = ()) -> bool | None:
    """For the copying stage: True for a whole video of `size` bytes (None: of any size, when the
    file itself shows its end), False when shown to be otherwise, None when nobody can tell."""
    try:
        file = await open_video(path, roots)
    except (OSError, PathRefused):
        return None
    with file:
        media = await check_open(file.fileno(), size)
        differs = size is not None and os.fstat(file.fileno()).st_size != size
    return False if differs and (media.whole or media.sound) else media.whole


def _size(lying: int, size: int | None) -> tuple[Evidence, str]:
    if size is None or lying == size:
        return Evidence("size", f"{lying} B"), ""
    return Evidence("size", f"{lying} B ≠ {size} B", False), "size_differs"


def _media(media: Media) -> tuple[Evidence, str]:
    if media.answer is Answer.WHOLE:
        return Evidence("media", media.seen), ""
    return Evidence("media", " · ".join(filter(None, (media.seen, media.reason))), False), media.reason
