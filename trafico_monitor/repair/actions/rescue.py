"""A video without a known place goes to `_rescatados`, with a note, and waits for a person."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ...errors import PathRefused
from ...host.redact import redact
from ...model.installation import RESCUED, Installation
from ...model.task import Outcome, RepairTask, TaskResult
from ..errno_outcomes import from_error
from ..fs.atomic_copy import copy_file
from ..fs.cancellable_io import in_thread
from ..fs.mkdir import ensure_folder, given
from ..fs.path_policy import is_plain
from ..fs.safe_open import NAME_BYTES, remove, same_content, status
from ..fs.sidecar import note_beside, read_note, what_is_known, write_note
from ..ports import Tools

_NAMES = 1000


async def rescue(order: RepairTask, source: Path, site: Installation, tools: Tools, size: int | None) -> TaskResult:
    """Copy `source` to `models/_rescatados/<name>`, numbered when the name is taken; the note that
    claims the name comes first, so that the same incident finds its own file again."""
    try:
        ensured = await ensure_folder(site.models / RESCUED, site, tools)
        seconds = tools.seconds_for(size)
        place = await in_thread(lambda stop: _claim(order, source, site, tools.now(), stop), seconds, "rescue")
    except (OSError, PathRefused) as error:
        return from_error(order.id, error)
    result = await copy_file(order, source, place, site, tools, size)
    if result.outcome is not Outcome.DONE:
        await in_thread(lambda _: _unclaim(place, site))
        return result
    return await given(replace(result, rescued=True, reason="rescued"), ensured, site, tools)


def _claim(order: RepairTask, source: Path, site: Installation, now: float, stop: threading.Event) -> Path:
    for place in _candidates(order, source, site):
        note = read_note(note_beside(place), site)
        if note is not None and note.get("incidente") == order.incident_id:
            return place
        taken = note is not None or status(place, site) is not None
        if taken and not (note is None and _same(source, place, site, stop)):
            continue
        try:
            write_note(note_beside(place), what_is_known(order, now, de=redact(str(source))), site)
        except FileExistsError:
            continue
        return place
    raise FileExistsError(f"{_NAMES} rescued files of this name")


def _same(source: Path, place: Path, site: Installation, stop: threading.Event) -> bool:
    """That very video lies there, and has lost its note."""
    try:
        return same_content(source, place, site, stop)
    except (OSError, PathRefused):
        return False


def _unclaim(place: Path, site: Installation) -> None:
    """A note without its file would tell of a rescue that was none."""
    with contextlib.suppress(OSError, PathRefused):
        if status(place, site) is None:
            remove(note_beside(place), site)


def _candidates(order: RepairTask, source: Path, site: Installation) -> Iterator[Path]:
    video = order.download.video
    name = Path(next((each for each in (video, source.name) if each and is_plain(each)), "video"))
    stem = name.stem.encode()[: NAME_BYTES - 40].decode("utf-8", "ignore")
    for number in range(1, _NAMES + 1):
        numbered = stem if number == 1 else f"{stem}-{number}"
        yield site.models / RESCUED / f"{numbered}{name.suffix[:20]}"
