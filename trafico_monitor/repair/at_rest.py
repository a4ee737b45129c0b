"""Files that may be moved aside: not in use and unchanged, with a note beside them."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
import signal
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path

from ..errors import PathRefused
from ..host.redact import redact
from ..host.untrusted_json import parse
from ..model.installation import Installation
from ..model.task import RepairTask
from .safe_open import open_folder, open_source, rename_new, settle, sync_folder

_F_SETSIG = 10  # linux/fcntl.h; Python has no name for it
_AGAIN = 5.0  # seconds until a file that is being written is checked again
_WRITES = os.O_WRONLY | os.O_RDWR


class NotSettled(OSError):
    """The file may still be written; `reason` is a code of messages/, `retry_after` is in seconds."""

    def __init__(self, reason: str, retry_after: float = _AGAIN) -> None:
        super().__init__(errno.EBUSY, os.strerror(errno.EBUSY))
        self.reason = reason
        self.retry_after = retry_after


def settled_status(path: Path, site: Installation, now: float) -> os.stat_result:
    """Returns the status of the file at `path`, at rest for the time required by `site`. Raises as `open_source`
    and `require_settled`. Blocking."""
    with FileIO(open_source(path, site)) as file:
        require_settled(file.fileno(), now, site.min_age)
        return os.fstat(file.fileno())


def move_settled(old: Path, new: Path, before: os.stat_result, site: Installation) -> None:
    """Renames the file whose status was `before`, within one file system and never overwriting, and makes the
    change durable. A file that was exchanged or changed is renamed back: NotSettled. Blocking."""
    with open_folder(old.parent, site) as source, open_folder(new.parent, site) as target:
        rename_new(source, old.name, target, new.name)
        moved = os.stat(new.name, dir_fd=target, follow_symlinks=False)
        # Not the time of change: the rename itself has set that.
        if _content(moved) != _content(before):
            rename_new(target, new.name, source, old.name)
            raise NotSettled("file_is_changing")
        sync_folder(target)
        sync_folder(source)


def _content(seen: os.stat_result) -> tuple[int, int, int, int]:
    return seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns


def require_settled(file: int, now: float, min_age: float) -> None:
    """Raises NotSettled if the open `file` was changed in the last `min_age` seconds before `now`, or a program has
    it open for writing. Every write sets the change time (ctime), which cannot be set back. Blocking."""
    age = now - os.fstat(file).st_ctime
    if min_age and age < min_age:
        raise NotSettled("file_is_young", min(min_age, min_age - age) + 0.5)
    if open_for_writing(file):
        raise NotSettled("file_is_open")


def open_for_writing(file: int) -> bool:
    """True if a program is known to have `file` open for writing. The kernel reports this to the file's owner and
    to root; otherwise it is derived from the processes visible in /proc."""
    try:
        # Who opens it for writing meanwhile makes the kernel send a signal: one that is ignored.
        fcntl.fcntl(file, _F_SETSIG, signal.SIGURG)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:  # another's file, or a file system without leases
        return any(_written_by(process, os.fstat(file)) for process in _processes())
    return False


def _processes() -> Iterator[Path]:
    with suppress(OSError):
        yield from (each for each in Path("/proc").iterdir() if each.name.isdigit())


def _written_by(process: Path, wanted: os.stat_result) -> bool:
    with suppress(OSError):  # ended, or another user's
        for each in (process / "fd").iterdir():
            with suppress(OSError, ValueError, IndexError):
                if os.path.samestat(each.stat(), wanted):
                    flags = (process / "fdinfo" / each.name).read_text().split("flags:")[1].split()[0]
                    if int(flags, 8) & _WRITES:
                        return True
    return False


_LIMIT = 64 * 1024


def note_beside(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def what_is_known(order: RepairTask, now: float, **more: str | None) -> dict[str, object]:
    """Returns the data an operator needs to finish the work manually; the keys are the mission's words."""
    return {
        "incidente": order.incident_id,
        "timestamp": datetime.fromtimestamp(now, UTC).isoformat(),
        "error_type": order.error_type.value,
        **asdict(order.download),
        **more,
    }


def write_note(path: Path, known: Mapping[str, object], site: Installation) -> None:
    """Writes the note at `path` completely or not at all; FileExistsError if there is one."""
    text = redact(json.dumps(known, ensure_ascii=False, indent=2)) + "\n"
    with open_folder(path.parent, site) as folder:
        part = f".trafico-{secrets.token_hex(8)}.part"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        writing = os.open(part, flags, 0o640, dir_fd=folder)
        try:
            with os.fdopen(writing, "wb") as stream:
                stream.write(text.encode("utf-8", "replace"))
                stream.flush()
                settle(writing, folder, site)
                os.fsync(writing)
            rename_new(folder, part, folder, path.name)
        except BaseException:
            os.unlink(part, dir_fd=folder)
            raise
        sync_folder(folder)


def read_note(path: Path, site: Installation) -> Mapping[str, object] | None:
    """Returns the note at `path`; None if there is no valid one."""
    try:
        with os.fdopen(open_source(path, site), "rb") as stream:
            found = parse(stream.read(_LIMIT))
    except (OSError, ValueError, PathRefused):
        return None
    return found if isinstance(found, dict) else None
