"""Repair for `corrupto`: quarantines a file that two judges call damaged and that is at rest.

Nothing is deleted here: `quarantine_retention` does that after the retention time. An intact file is not even moved.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from ...errors import PathRefused
from ...host.safe_open import digest
from ...model.installation import QUARANTINE, Installation
from ...model.task import Outcome, RepairTask, TaskResult
from ..at_rest import (
    NotSettled,
    move_settled,
    note_beside,
    read_note,
    require_settled,
    settled_status,
    what_is_known,
    write_note,
)
from ..mkdir import ensure_folder
from ..path_policy import resolve_destination
from ..ports import Tools, from_error
from ..safe_open import NAME_BYTES, in_thread, locate, move_new, open_source, remove, safe_component, status

_NAMES = 100
# Keys of the note: where the file lay, relative to models; and which file it was.
_ORIGINAL, IDENTITY = "original", "identity"


async def quarantine(order: RepairTask, site: Installation, tools: Tools) -> TaskResult:
    """Checks the file at the task's destination; only a corrupt one is moved to `_cuarentena`.

    DONE `quarantined` with `quarantined` set (also if an earlier run of the same incident moved it), DONE
    `nothing_there`; REFUSED `file_is_healthy` (judged by its content: a size in a log line is no reason to move an
    intact video) or `no_safe_path`; FAILED `cannot_judge`; FAILED with `retry_after` for a file that may still be
    written: `file_is_young`, `file_is_open`, `file_is_changing`.
    """
    try:
        path = await in_thread(lambda _: resolve_destination(order.download, site))
        if path is None:
            return TaskResult(order.id, Outcome.REFUSED, "no_safe_path")
        if await in_thread(lambda _: status(path, site)) is None:
            earlier = await in_thread(lambda _: _of_incident(order, path, site))
            aside = str(earlier) if earlier else None
            reason = "quarantined" if earlier else "nothing_there"
            return TaskResult(order.id, Outcome.DONE, reason, path=str(path), quarantined=aside)
        await in_thread(lambda _: settled_status(path, site, tools.now()))  # the judges cost more
        healthy = await tools.is_good(path, None)
        if healthy is not False:
            outcome, reason = (Outcome.REFUSED, "file_is_healthy") if healthy else (Outcome.FAILED, "cannot_judge")
            return TaskResult(order.id, outcome, reason, path=str(path))
        moved = await put_aside(order, path, site, tools)
    except (OSError, PathRefused) as error:
        return from_error(order.id, error)
    return TaskResult(order.id, Outcome.DONE, "quarantined", path=str(path), quarantined=str(moved))


async def put_aside(order: RepairTask, path: Path, site: Installation, tools: Tools) -> Path:
    """Moves `path` (below models, judged damaged) to the quarantine, writing its note first; returns the new path.
    Never overwrites. The note records its identity: device, inode, size and SHA-256. Raises OSError, PathRefused,
    and NotSettled for a file that is not at rest."""
    folder = await in_thread(lambda _: _place_for(path, site))
    found = await in_thread(lambda _: status(path, site))
    await ensure_folder(folder, site, tools)
    seconds = tools.seconds_for(found.st_size if found else 0)
    return await in_thread(lambda stop: _put_aside(order, path, site, tools.now(), stop), seconds, "quarantine")


async def restore(aside: Path, site: Installation) -> Path:
    """Moves a quarantined file back to its original path if that is free (else FileExistsError); returns the path.
    Raises PathRefused for anything outside the quarantine."""
    return await in_thread(lambda _: _restore(aside, site))


def _place_for(path: Path, site: Installation) -> Path:
    """Returns the quarantine on the file system of `path`: a modelo may have a separate disk, and a file must be
    moved by a rename, never by a copy."""
    own = path.parent.stat().st_dev != site.models.stat().st_dev
    return (path.parent if own else site.models) / QUARANTINE


def _put_aside(order: RepairTask, path: Path, site: Installation, now: float, stop: threading.Event) -> Path:
    below = locate(path, (site.models,))[1]
    with FileIO(open_source(path, site)) as file:
        require_settled(file.fileno(), now, site.min_age)
        before = os.fstat(file.fileno())
        known = what_is_known(order, now) | {
            _ORIGINAL: "/".join(below),
            IDENTITY: {
                "device": before.st_dev,
                "inode": before.st_ino,
                "size": before.st_size,
                "sha256": digest(file.fileno(), stop),
            },
        }
        for aside in _candidates(order, path, site):
            if status(aside, site) is None and _noted(note_beside(aside), known, site):
                try:
                    move_settled(path, aside, before, site)
                except NotSettled:
                    remove(note_beside(aside), site)
                    raise
                return aside
    raise FileExistsError(f"{_NAMES} files of this name in the quarantine")


def _noted(note: Path, known: dict[str, object], site: Installation) -> bool:
    """Writes the note, unless an identical one exists after a crash; False if it belongs to another file."""
    found = read_note(note, site)
    if found is not None:
        return all(found.get(key) == known[key] for key in ("incidente", _ORIGINAL, IDENTITY))
    try:
        write_note(note, known, site)
    except FileExistsError:
        return False
    return True


def _candidates(order: RepairTask, path: Path, site: Installation) -> Iterator[Path]:
    """Yields `<modelo>__<video>.<incident>`, then numbered names."""
    below = locate(path, (site.models,))[1]
    folder = _place_for(path, site)
    ending = f".{order.incident_id}" if safe_component(order.incident_id) else ".incidente"
    for number in range(1, _NAMES + 1):
        tail = ending if number == 1 else f"{ending}.{number}"
        room = NAME_BYTES - len(f"{tail}.json".encode())
        stem = "__".join(below).encode()[:room].decode("utf-8", "ignore")
        yield folder / f"{stem}{tail}"


def _of_incident(order: RepairTask, path: Path, site: Installation) -> Path | None:
    """Returns the file quarantined by an earlier run of the same task, or None."""
    original = "/".join(locate(path, (site.models,))[1])
    for aside in _candidates(order, path, site):
        note = read_note(note_beside(aside), site)
        if note is None:
            return None
        if _same(note, order, original) and status(aside, site) is not None:
            return aside
    return None


def _same(note: object, order: RepairTask, original: object) -> bool:
    return isinstance(note, dict) and (note.get("incidente"), note.get(_ORIGINAL)) == (
        order.incident_id,
        original,
    )


def _in_quarantine(aside: Path, site: Installation) -> None:
    locate(aside, (site.models,))
    if aside.parent.name != QUARANTINE or not safe_component(aside.name):
        raise PathRefused("path_outside")


def _restore(aside: Path, site: Installation) -> Path:
    _in_quarantine(aside, site)
    note = read_note(note_beside(aside), site)
    original = note.get(_ORIGINAL) if note else None
    if not isinstance(original, str):
        raise PathRefused("no_note")
    path = site.models.joinpath(*original.split("/"))
    below = locate(path, (site.models,))[1]
    if original.startswith("/") or below[0].startswith(("_", ".")):
        raise PathRefused("path_outside")
    move_new(aside, path, site)
    remove(note_beside(aside), site)
    return path
