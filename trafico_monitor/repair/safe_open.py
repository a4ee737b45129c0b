"""Descriptor-based file operations below the two directories, and threads for them that can be stopped."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TypeVar

from ..host import safe_open
from ..host.blocking import run_blocking
from ..host.safe_open import NAME_BYTES, PATH_BYTES, encodable, locate, plain_text, safe_component
from ..model.installation import Installation, roots_of

__all__ = [
    "NAME_BYTES", "PATH_BYTES", "files_below", "locate", "move_new", "open_folder", "open_source", "plain_text",
    "remove", "rename_new", "roots_of", "safe_component", "same_content", "settle", "status", "sync_folder",
]  # fmt: skip

DEEPEST = 64  # levels, as the root helper has it (privileged/chown.py)
MOST_ENTRIES = 300_000
_LISTED = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_RENAME_NOREPLACE = 1
_COMPARED = 1024 * 1024
_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def open_folder(folder: Path, site: Installation) -> Iterator[int]:
    """As `host.safe_open.open_folder`, from the directories of `site`."""
    with safe_open.open_folder(folder, roots_of(site)) as opened:
        yield opened


def open_source(path: Path, site: Installation) -> int:
    """As `host.safe_open.open_regular`, from the directories of `site`."""
    return safe_open.open_regular(path, roots_of(site))


def status(path: Path, site: Installation) -> os.stat_result | None:
    """Returns the status of `path` itself (a link is not followed); None if nothing is there."""
    try:
        with open_folder(path.parent, site) as folder:
            return os.stat(encodable(path.name), dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def same_content(one: Path, other: Path, site: Installation, stop: threading.Event) -> bool:
    """True if both are regular files with the same bytes (and not one file under two names); False also if `stop`
    is set first. Raises as `open_source`."""
    with os.fdopen(open_source(one, site), "rb") as mine, os.fdopen(open_source(other, site), "rb") as theirs:
        first, second = os.fstat(mine.fileno()), os.fstat(theirs.fileno())
        if first.st_size != second.st_size or os.path.samestat(first, second):
            return False
        while not stop.is_set():
            chunk = mine.read(_COMPARED)
            if chunk != theirs.read(_COMPARED):
                return False
            if not chunk:
                return True
    return False


def rename_new(old_folder: int, old: str, new_folder: int, new: str) -> None:
    """Renames without overwriting: FileExistsError if `new` exists."""
    names = (os.fsencode(encodable(name)) for name in (old, new))
    if _libc.renameat2(old_folder, next(names), new_folder, next(names), _RENAME_NOREPLACE) == 0:
        return
    code = ctypes.get_errno()
    if code not in (errno.EINVAL, errno.ENOSYS):
        raise OSError(code, os.strerror(code), new)
    # A file system without RENAME_NOREPLACE (NFS, some of FUSE): a second name is as exclusive.
    os.link(old, new, src_dir_fd=old_folder, dst_dir_fd=new_folder, follow_symlinks=False)
    os.unlink(old, dir_fd=old_folder)


def sync_folder(folder: int) -> None:
    """Makes the names in `folder` durable; an O_PATH descriptor cannot be synced itself."""
    readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    try:
        os.fsync(readable)
    finally:
        os.close(readable)


def move_new(old: Path, new: Path, site: Installation) -> None:
    """Moves a file within one file system without overwriting, and makes the change durable."""
    with open_folder(old.parent, site) as source, open_folder(new.parent, site) as target:
        rename_new(source, old.name, target, new.name)
        sync_folder(target)
        sync_folder(source)


def remove(path: Path, site: Installation) -> None:
    """Unlinks `path`; a missing file is not an error."""
    with open_folder(path.parent, site) as folder, contextlib.suppress(FileNotFoundError):
        os.unlink(encodable(path.name), dir_fd=folder)


def files_below(root: Path) -> Iterator[tuple[int, str]]:
    """Yields everything below `root` that is not a folder: a descriptor of its folder, valid until the next item,
    and its name. Links are not followed. Inaccessible folders, more than DEEPEST levels, and entries after
    MOST_ENTRIES are skipped. Raises nothing."""
    left = MOST_ENTRIES
    chain: list[int] = []  # descriptors from the root down to the current folder
    waiting: list[tuple[int, str | Path]] = [(0, root)]
    try:
        while waiting:
            level, name = waiting.pop()
            while len(chain) > level:
                os.close(chain.pop())
            with contextlib.suppress(OSError):
                chain.append(os.open(name, _LISTED, dir_fd=chain[-1] if chain else None))
                with os.scandir(chain[-1]) as entries:
                    listed = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in islice(entries, left)]
                left -= len(listed)
                yield from ((chain[-1], entry) for entry, is_folder in listed if not is_folder)
                if level + 1 < DEEPEST:
                    waiting += ((level + 1, entry) for entry, is_folder in listed if is_folder)
    finally:
        for folder in chain:
            os.close(folder)


def settle(file: int, folder: int, site: Installation) -> int:
    """Sets mode and, as root, owner of a new file in `folder`; returns its uid. Users with access to the folder can
    use the file, like a file that the bot creates with its usual umask."""
    around = os.fstat(folder).st_mode
    os.fchmod(file, 0o640 | (around & 0o020) | (around & 0o004))
    if os.geteuid() == 0:
        os.fchown(file, site.uid, site.gid)
    return os.fstat(file).st_uid


Found = TypeVar("Found")
QUICK = 30.0  # seconds for a few system calls


class Stopped(Exception):
    """Raised inside the thread when its result is no longer awaited."""


async def in_thread(work: Callable[[threading.Event], Found], seconds: float = QUICK, name: str = "files") -> Found:
    """Returns the result of `work(stop)`. After `seconds` (TimeoutError), or on cancellation, `stop` is set: the
    thread must then clean up and end at its next check."""
    stop = threading.Event()
    try:
        return await run_blocking(lambda: work(stop), seconds=seconds, name=name)
    except BaseException:
        stop.set()
        raise
