"""Atomic copy of a video: a partial file is never visible, and no intact file is lost.

Temporary name in the same folder, fsync, check, owner, rename, fsync of the folder. A crash leaves only the temporary
file, which `sweep` deletes."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import PathRefused
from ..model.installation import Installation
from ..model.task import Outcome, RepairTask, TaskResult
from .actions.quarantine import put_aside
from .ports import SourceMissing, SourceUnreadable, Tools, from_error
from .safe_open import Stopped, files_below, in_thread, move_new, open_folder, open_source, remove, settle, status

_CHUNK = 4 * 1024 * 1024
_PART = re.compile(r"\.trafico-[0-9a-f]{16}\.part\Z")


@dataclass(frozen=True, slots=True)
class Part:
    """A finished copy under its temporary name; `uid` is its current owner."""

    path: Path
    size: int
    uid: int


async def copy_file(
    order: RepairTask, source: Path, destination: Path, site: Installation, tools: Tools, size: int | None
) -> TaskResult:
    """Makes `destination` a complete copy of `source`; both come from `path_policy`.

    `size` is the announced size; None: the source's own size counts. DONE `copied`, or `already_there` if an intact
    file was there before; FAILED `source_missing`, `source_incomplete` (nothing was put in place), `source_changing`,
    `destination_taken` (another intact file has the name and is left alone), `timeout`; BLOCKED_BY_SPACE;
    BLOCKED_BY_OWNER; REFUSED for a path that must not be touched. A damaged file at the destination is quarantined
    only after the replacing copy has been checked.
    """
    try:
        lying = await in_thread(lambda _: _bytes_of(source, site))
        expected = lying if size is None else size
        if await _good_already(destination, site, tools, expected):
            return TaskResult(order.id, Outcome.DONE, "already_there", path=str(destination))
        part = await in_thread(
            lambda stop: _write_part(source, destination.parent, site, stop), tools.seconds_for(lying), "copy"
        )
    except (OSError, PathRefused) as error:
        return from_error(order.id, error)
    try:
        return await _publish(order, part, destination, site, tools, expected)
    except (OSError, PathRefused) as error:
        return from_error(order.id, error)
    finally:
        with contextlib.suppress(OSError, PathRefused):
            await in_thread(lambda _: remove(part.path, site))


def sweep(site: Installation, before: float) -> int:
    """Deletes temporary files of killed copies in the models directory; returns their number. A running copy has
    been written to since `before`, the start of the service (seconds since the epoch). Blocking: call it in a
    thread."""
    return sum(_remove_dead(name, folder, before) for folder, name in files_below(site.models) if _PART.match(name))


def _remove_dead(name: str, folder: int, before: float) -> bool:
    try:
        seen = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISREG(seen.st_mode) or seen.st_mtime >= before:
            return False
        os.unlink(name, dir_fd=folder)
    except OSError:
        return False
    return True


async def _good_already(destination: Path, site: Installation, tools: Tools, size: int | None) -> bool:
    if await in_thread(lambda _: status(destination, site)) is None:
        return False
    return bool(await tools.is_good(destination, size))


async def _publish(
    order: RepairTask, part: Part, destination: Path, site: Installation, tools: Tools, size: int | None
) -> TaskResult:
    """Checks the copy, gives it to the bot's user, and renames it to the destination."""
    if size is not None and part.size != size:
        return TaskResult(order.id, Outcome.FAILED, "source_incomplete", f"{part.size} != {size}")
    judged = await tools.is_good(part.path, part.size)
    if judged is False:
        return TaskResult(order.id, Outcome.FAILED, "source_corrupt")
    detail = ""
    if part.uid != site.uid:
        given = await tools.give(part.path)
        detail = "" if given.outcome is Outcome.DONE else (given.detail or given.reason)
    aside: str | None = None
    try:
        await _move(part.path, destination, site)
    except FileExistsError:
        if await tools.is_good(destination, size):
            return TaskResult(order.id, Outcome.DONE, "already_there", path=str(destination))
        # Bad for this download may still be a healthy video of another one; and a copy that
        # could not be looked at is no reason to move anything.
        if not judged or await tools.is_good(destination, None) is not False:
            return TaskResult(order.id, Outcome.FAILED, "destination_taken", path=str(destination))
        aside = str(await put_aside(order, destination, site, tools))
        await _move(part.path, destination, site)
    return TaskResult(order.id, Outcome.DONE, "copied", detail, path=str(destination), quarantined=aside)


async def _move(old: Path, new: Path, site: Installation) -> None:
    await in_thread(lambda _: move_new(old, new, site))


def _bytes_of(source: Path, site: Installation) -> int | None:
    with contextlib.suppress(OSError, PathRefused):
        found = status(source, site)
        return found.st_size if found else None
    return None


def _write_part(source: Path, folder: Path, site: Installation, stop: threading.Event) -> Part:
    """Returns the copy under a temporary name, complete and synced; leaves nothing on failure."""
    with _reading(source, site) as (reading, before), open_folder(folder, site) as into:
        _leave_room(into, before.st_size)
        name = f".trafico-{secrets.token_hex(8)}.part"
        writing = os.open(
            name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640, dir_fd=into
        )
        try:
            _pour(reading, writing, before.st_size, stop)
            if _changed(before, os.fstat(reading)):
                raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), source.name)
            uid = settle(writing, into, site)
            os.fsync(writing)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name, dir_fd=into)
            raise
        finally:
            os.close(writing)
    return Part(folder / name, before.st_size, uid)


@contextmanager
def _reading(source: Path, site: Installation) -> Iterator[tuple[int, os.stat_result]]:
    try:
        reading = open_source(source, site)
    except FileNotFoundError as error:
        raise SourceMissing(error.errno, os.strerror(errno.ENOENT), source.name) from None
    except PermissionError as error:
        raise SourceUnreadable(error.errno, os.strerror(errno.EACCES), source.name) from None
    try:
        yield reading, os.fstat(reading)
    finally:
        os.close(reading)


def _leave_room(folder: int, size: int) -> None:
    """Fails before the disk is completely full."""
    space = os.fstatvfs(folder)
    if space.f_bavail * space.f_frsize < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _pour(reading: int, writing: int, size: int, stop: threading.Event) -> None:
    done = 0
    while done < size:
        if stop.is_set():
            raise Stopped
        moved = os.sendfile(writing, reading, done, min(_CHUNK, size - done))
        if moved == 0:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        done += moved


def _changed(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
