"""Assignment of a rescued video to the modelo chosen by an operator."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import PathRefused
from ...model.download import Download
from ...model.finding import ErrorType
from ...model.installation import RESCUED, Installation, RescuedFile
from ...model.task import Outcome, RepairTask, TaskKind, TaskResult
from ..at_rest import note_beside, read_note
from ..atomic_copy import copy_file
from ..mkdir import Ensured, ensure_folder, given
from ..ownership import worth_again
from ..path_policy import is_plain
from ..ports import SourceMissing, Tools, from_error
from ..safe_open import (
    NAME_BYTES,
    in_thread,
    open_folder,
    open_source,
    remove,
    rename_new,
    safe_component,
    same_content,
    status,
    sync_folder,
)
from .quarantine import put_aside

_NAMES = 1000
_INCIDENT = re.compile(r"[A-Z2-7]{8}\Z")
_ITSELF = frozenset({"assigned", "copied"})


@dataclass(frozen=True, slots=True)
class _Rescued:
    """One file in `_rescatados`: `inode` is (device, number), which a rename keeps."""

    path: Path
    inode: tuple[int, int]
    size: int
    uid: int
    known: Mapping[str, object]  # its note

    @property
    def incident(self) -> str:
        found = self.known.get("incidente")
        return found if isinstance(found, str) and _INCIDENT.match(found) else ""

    @property
    def announced(self) -> int | None:
        found = self.known.get("size")
        return found if type(found) is int and found >= 0 else None

    @property
    def video(self) -> str:
        """The bot's name of the video if the log gave one, else its name in `_rescatados`."""
        found = self.known.get("video")
        return found if isinstance(found, str) and is_plain(found) else self.path.name


async def assign(file: str, modelo: str, site: Installation, tools: Tools) -> TaskResult:
    """Moves a rescued file (a name in `_rescatados`, or its path) to `models/<modelo>/<video>` of the operator's
    modelo, and deletes its note. Both texts are hostile.

    `order_id` of the result is the incident that rescued it, "" if its note has none. DONE `assigned` with `path`
    (numbered if another intact video has the name; `quarantined` if a damaged one had it), DONE `already_there` if the
    same video is there; REFUSED `not_rescued`, `modelo_strange`, `hard_link`, or the reason for refusing a path;
    FAILED `source_missing`, `source_corrupt`, `source_changing`, or the reason why the helper did not give it or its
    folder to the bot's user; BLOCKED_BY_SPACE; BLOCKED_BY_OWNER. Nothing is ever overwritten, and the file stays in
    `_rescatados` until it is at its new path.
    """
    if not is_plain(modelo):
        return TaskResult("", Outcome.REFUSED, "modelo_strange")
    incident = ""
    try:
        rescued = await in_thread(lambda _: _look(file, site))
        incident = rescued.incident
        if await tools.is_good(rescued.path, rescued.announced) is False:
            return TaskResult(incident, Outcome.FAILED, "source_corrupt", path=str(rescued.path))
        ensured = await ensure_folder(site.models / modelo, site, tools)
        refused = ensured.refused or await _give(rescued, site, tools)
        if refused is not None:
            return replace(refused, order_id=incident, path=str(rescued.path))
        return await _into(rescued, modelo, site, tools)
    except (OSError, PathRefused) as error:
        return from_error(incident, error)


async def _give(rescued: _Rescued, site: Installation, tools: Tools) -> TaskResult | None:
    """Uses the helper even as root: an exchanged name must not give away a file elsewhere. Verification reports
    what is neither the monitor's nor the bot's."""
    if rescued.uid == site.uid:
        return None
    answer = worth_again(await tools.give(rescued.path))
    ours = rescued.uid == os.geteuid() != 0
    return answer if ours and answer.outcome is not Outcome.DONE else None


async def look(file: str, site: Installation) -> RescuedFile:
    """Returns the rescued `file` (as `assign` accepts it). Raises PathRefused, OSError."""
    seen = await in_thread(lambda _: _look(file, site))
    return RescuedFile(str(seen.path), seen.size, seen.video, seen.incident, seen.announced)


async def carry_out(order: RepairTask, site: Installation, tools: Tools) -> TaskResult:
    """Runs an ASSIGN task. A task interrupted by a kill simply runs again: if its file is gone, the same video (by
    name, size and content) must be at its destination; then its remains in `_rescatados` are deleted."""
    download = order.download
    file, modelo = download.source or "", download.modelo or ""
    result = await assign(file, modelo, site, tools)
    if result.reason == "source_missing":
        place = await _moved_before(order, site, tools)
        if place is not None:
            await in_thread(lambda _: _forget_note(file, site))
            result = TaskResult("", Outcome.DONE, "already_there", path=str(place))
    return replace(result, order_id=order.id)


async def _moved_before(order: RepairTask, site: Installation, tools: Tools) -> Path | None:
    download = order.download
    if not (download.modelo and is_plain(download.modelo) and download.video and is_plain(download.video)):
        return None
    for place in _places(site.models / download.modelo, download.video):
        try:
            found = await in_thread(lambda _, place=place: status(place, site))  # type: ignore[misc]
        except (OSError, PathRefused):
            return None
        if found is None:
            return None
        if found.st_size == order.found_size and await tools.is_good(place, download.size):
            return place
    return None


def _forget_note(file: str, site: Installation) -> None:
    with contextlib.suppress(OSError, PathRefused):
        path = named(file, site)
        if status(path, site) is None:
            remove(note_beside(path), site)


def _look(file: str, site: Installation) -> _Rescued:
    path = named(file, site)
    try:
        reading = open_source(path, site)
    except FileNotFoundError as error:
        raise SourceMissing(error.errno, os.strerror(errno.ENOENT), path.name) from None
    try:
        seen = os.fstat(reading)
    finally:
        os.close(reading)
    if seen.st_nlink != 1:
        raise PathRefused("hard_link")
    known = read_note(note_beside(path), site) or {}
    return _Rescued(path, (seen.st_dev, seen.st_ino), seen.st_size, seen.st_uid, known)


def named(file: str, site: Installation) -> Path:
    """Resolves `x.mp4`, `_rescatados/x.mp4`, `modelos/_rescatados/x.mp4` or the full path. Raises PathRefused
    otherwise."""
    folder = site.models / RESCUED
    above, slash, name = file.rpartition("/")
    allowed = {str(folder), RESCUED, f"{site.models.name}/{RESCUED}"}
    if (slash and above.removeprefix("./") not in allowed) or not safe_component(name) or name.startswith("."):
        raise PathRefused("not_rescued")
    return folder / name


async def _into(rescued: _Rescued, modelo: str, site: Installation, tools: Tools) -> TaskResult:
    """Moves it under the first name that is free, can be freed, or belongs to the same video."""
    aside: str | None = None
    for place in _places(site.models / modelo, rescued.video):
        while True:
            moved = await _put(rescued, place, site, tools)
            if moved.reason in _ITSELF:
                await in_thread(lambda _: remove(note_beside(rescued.path), site))
                aside = moved.quarantined or aside
                return TaskResult(rescued.incident, Outcome.DONE, "assigned", moved.detail, str(place), aside)
            if moved.reason != "destination_taken":
                return moved
            if await _very_same(rescued, place, site, tools):
                there = TaskResult(rescued.incident, Outcome.DONE, "already_there", path=str(place))
                return await _instead(rescued, there, site, tools)
            if aside is not None or not await _bad_file(place, site, tools):
                break  # an intact one, not a file, or undecided: the next name
            aside = str(await put_aside(_order(rescued, place), place, site, tools))
    return TaskResult(rescued.incident, Outcome.FAILED, "destination_taken")


async def _put(rescued: _Rescued, place: Path, site: Installation, tools: Tools) -> TaskResult:
    """Renames; onto another file system: copies, compares, and only then deletes the rescued file."""
    try:
        await in_thread(lambda _: _rename(rescued, place, site))
    except FileExistsError:
        return TaskResult(rescued.incident, Outcome.FAILED, "destination_taken")
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    else:
        return TaskResult(rescued.incident, Outcome.DONE, "assigned")
    if await in_thread(lambda _: status(place, site)) is not None:
        return TaskResult(rescued.incident, Outcome.FAILED, "destination_taken")
    copied = await copy_file(_order(rescued, place), rescued.path, place, site, tools, rescued.size)
    if copied.outcome is not Outcome.DONE:
        return copied
    if not await _very_same(rescued, place, site, tools):
        # The name was taken meanwhile, or the copied file is being changed.
        reason = "source_changing" if copied.reason == "copied" else "destination_taken"
        return TaskResult(rescued.incident, Outcome.FAILED, reason)
    return await _instead(rescued, replace(copied, reason="copied"), site, tools)


async def _instead(rescued: _Rescued, there: TaskResult, site: Installation, tools: Tools) -> TaskResult:
    """The same video is at the destination: once it belongs to the bot, the rescued file is deleted."""
    done = await given(there, Ensured(False), site, tools)
    if done.outcome is Outcome.DONE:
        await in_thread(lambda _: _forget(rescued, site))
    return done


def _rename(rescued: _Rescued, place: Path, site: Installation) -> None:
    """Never overwrites; a file exchanged meanwhile is renamed back."""
    with open_folder(rescued.path.parent, site) as old, open_folder(place.parent, site) as new:
        rename_new(old, rescued.path.name, new, place.name)
        seen = os.stat(place.name, dir_fd=new, follow_symlinks=False)
        if (seen.st_dev, seen.st_ino) != rescued.inode:
            rename_new(new, place.name, old, rescued.path.name)
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), rescued.path.name)
        sync_folder(new)
        sync_folder(old)


async def _very_same(rescued: _Rescued, place: Path, site: Installation, tools: Tools) -> bool:
    seconds = tools.seconds_for(rescued.size)
    try:
        return await in_thread(lambda stop: same_content(rescued.path, place, site, stop), seconds, "compare")
    except (OSError, PathRefused):
        return False  # not a file, or unreadable: not known to be the same


async def _bad_file(place: Path, site: Installation, tools: Tools) -> bool:
    found = await in_thread(lambda _: status(place, site))
    return found is not None and stat.S_ISREG(found.st_mode) and await tools.is_good(place, None) is False


def _forget(rescued: _Rescued, site: Installation) -> None:
    """Deletes the rescued file (its content is at the destination, byte by byte) and its note."""
    found = status(rescued.path, site)
    if found is not None and (found.st_dev, found.st_ino) == rescued.inode:
        remove(rescued.path, site)
    remove(note_beside(rescued.path), site)


def _places(folder: Path, video: str) -> Iterator[Path]:
    name = Path(video)
    for number in range(1, _NAMES + 1):
        ending = name.suffix if number == 1 else f"-{number}{name.suffix}"
        room = NAME_BYTES - len(ending.encode())
        yield folder / f"{name.stem.encode()[:room].decode('utf-8', 'ignore')}{ending}"


def _order(rescued: _Rescued, place: Path) -> RepairTask:
    """The task named in the notes of the copy and of the quarantine."""
    found = rescued.known.get("error_type")
    error_type = ErrorType(found) if found in {each.value for each in ErrorType} else ErrorType.CORRUPTO
    incident = rescued.incident or "ASIGNADO"
    download = Download(modelo=place.parent.name, video=place.name, size=rescued.announced)
    return RepairTask(f"{incident}/assign", incident, TaskKind.CONFIRM, error_type, 0.0, download=download)
