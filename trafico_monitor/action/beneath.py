"""Doors to files beneath the two directories, by descriptors.

A name can be exchanged between a check and its use, so nothing is checked by name: the root is
opened, then component after component relative to the one before, none of them a link. What is
read, written or renamed afterwards hangs on those descriptors.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from unicodedata import category

from ..errors import PathRefused
from ..model.site import Site

NAME_BYTES = 255  # NAME_MAX of every Linux file system
PATH_BYTES = 4095  # PATH_MAX without its NUL
DEEPEST = 64  # levels, as the root helper has it (privileged/chown.py)
MOST_ENTRIES = 300_000
_LISTED = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_RENAME_NOREPLACE = 1
_COMPARED = 1024 * 1024
_FORBIDDEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
_libc = ctypes.CDLL(None, use_errno=True)


def plain_text(text: str) -> bool:
    """True without control characters, line separators and lone surrogates. Joiners and other
    format characters stay: real names hold emoji."""
    return not any(category(letter) in _FORBIDDEN for letter in text)


def safe_component(name: str) -> bool:
    """True when `name` is one path component and nothing more: no separator, no way up, no
    control character, no lone surrogate, not longer than a file system takes."""
    if not name or name in (".", "..") or "/" in name or not plain_text(name):
        return False
    try:
        return len(name.encode()) <= NAME_BYTES
    except UnicodeEncodeError:
        return False


def locate(path: Path, roots: Sequence[Path]) -> tuple[Path, tuple[str, ...]]:
    """The root that `path` lies beneath and the components below it, judged by text alone.

    The deepest root wins. Raises PathRefused (`path_outside`, `path_strange`)."""
    # The components first: what has a lone surrogate in it cannot be counted in bytes.
    if not all(map(safe_component, path.parts[1:])) or len(os.fsencode(path)) > PATH_BYTES:
        raise PathRefused("path_strange")
    holding = [root for root in roots if root in path.parents]
    if not holding or not path.is_absolute():
        raise PathRefused("path_outside")
    root = max(holding, key=lambda each: len(each.parts))
    return root, path.parts[len(root.parts) :]


def _encodable(name: str) -> str:
    """`name` for the kernel. Raises PathRefused for what no file system has: NUL, or a lone surrogate that
    stands for no byte."""
    try:
        if "\0" not in name and os.fsencode(name):
            return name
    except UnicodeEncodeError:
        pass
    raise PathRefused("path_strange")


def roots_of(site: Site) -> tuple[Path, ...]:
    return (site.models,) if site.bot_api is None else (site.models, site.bot_api)


def _step(parent: int, name: str) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=parent)
    except NotADirectoryError:
        # O_DIRECTORY with O_NOFOLLOW answers ENOTDIR for a link as for a plain file.
        linked = stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
        raise PathRefused("path_link" if linked else "path_not_folder") from None


@contextmanager
def open_folder(folder: Path, site: Site) -> Iterator[int]:
    """An O_PATH descriptor of `folder`, which is one of the roots or beneath one.

    Raises PathRefused for a link on the way, FileNotFoundError, PermissionError as they come."""
    root, parts = (folder, ()) if folder in roots_of(site) else locate(folder, roots_of(site))
    at = os.open(root, _FOLDER)
    try:
        for name in parts:
            below = _step(at, name)
            os.close(at)
            at = below
        yield at
    finally:
        os.close(at)


def open_source(path: Path, site: Site) -> int:
    """A descriptor for reading the regular file `path`. Raises as `open_folder`; PathRefused also
    for anything that is not a regular file (O_NONBLOCK: a FIFO must not hold us)."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    with open_folder(path.parent, site) as folder:
        try:
            file = os.open(_encodable(path.name), flags, dir_fd=folder)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO):
                raise PathRefused("path_link" if error.errno == errno.ELOOP else "path_special") from None
            raise
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise PathRefused("path_special")
    return file


def status(path: Path, site: Site) -> os.stat_result | None:
    """What lies at `path` itself (a link is not followed); None when nothing does."""
    try:
        with open_folder(path.parent, site) as folder:
            return os.stat(_encodable(path.name), dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def same_content(one: Path, other: Path, site: Site, stop: threading.Event) -> bool:
    """True when both are regular files with the same bytes (and not one file under two names);
    False also when `stop` is set before that is known. Raises as `open_source`."""
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
    """Rename, never over anything: FileExistsError when `new` is there already."""
    names = (os.fsencode(_encodable(name)) for name in (old, new))
    if _libc.renameat2(old_folder, next(names), new_folder, next(names), _RENAME_NOREPLACE) == 0:
        return
    code = ctypes.get_errno()
    if code not in (errno.EINVAL, errno.ENOSYS):
        raise OSError(code, os.strerror(code), new)
    # A file system without RENAME_NOREPLACE (NFS, some of FUSE): a second name is as exclusive.
    os.link(old, new, src_dir_fd=old_folder, dst_dir_fd=new_folder, follow_symlinks=False)
    os.unlink(old, dir_fd=old_folder)


def sync_folder(folder: int) -> None:
    """Make the names in `folder` durable; an O_PATH descriptor cannot be synced itself."""
    readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    try:
        os.fsync(readable)
    finally:
        os.close(readable)


def move_new(old: Path, new: Path, site: Site) -> None:
    """Move a file within one file system, never over anything, and make it durable."""
    with open_folder(old.parent, site) as source, open_folder(new.parent, site) as target:
        rename_new(source, old.name, target, new.name)
        sync_folder(target)
        sync_folder(source)


def remove(path: Path, site: Site) -> None:
    """Unlink the name `path`; one that is gone already is no error."""
    with open_folder(path.parent, site) as folder, contextlib.suppress(FileNotFoundError):
        os.unlink(_encodable(path.name), dir_fd=folder)


def files_below(root: Path) -> Iterator[tuple[int, str]]:
    """Everything below `root` that is no folder: a descriptor of the folder that it lies in, which is good until
    the next one, and its name. Links are not followed. Folders that are shut, more than DEEPEST levels down, or
    behind MOST_ENTRIES others are left out. Raises nothing."""
    left = MOST_ENTRIES
    chain: list[int] = []  # descriptors from the root down to the folder that is looked at
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


def settle(file: int, folder: int, site: Site) -> int:
    """Mode and, as root, owner of a new file in `folder`; the uid that owns it now. Those whom the
    folder lets in can use it, as a file that the bot makes itself under its usual umask."""
    around = os.fstat(folder).st_mode
    os.fchmod(file, 0o640 | (around & 0o020) | (around & 0o004))
    if os.geteuid() == 0:
        os.fchown(file, site.uid, site.gid)
    return os.fstat(file).st_uid
