"""The monitor's files in a directory that another user can write to."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..host import directory
from ..host.directory import DirectoryRefused, Trust

# All by the directory's descriptor. Whoever may write there can take a name away or put something of
# his own under it at any moment, so what is opened is looked at afterwards, what is made is made
# anew under a name that cannot be guessed, and a rename moves names and never touches content. The
# worst that he can do is to spoil what he sees there.

FILE_MODE = 0o640
_FLAGS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_LEFT = re.compile("[0-9a-f]{16}|twin|spare")  # the latter two: of 1.0
_MOST_LEFTOVERS = 10_000  # entries looked at: a foreign directory may hold any number
_EXCHANGE = 2  # linux/fs.h: RENAME_EXCHANGE
_NO_EXCHANGE = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})
_libc = ctypes.CDLL(None, use_errno=True)


class NotOurs(OSError):
    """What lies under a name of ours is a link, no regular file, another's, or has a second name."""

    def __init__(self, name: str) -> None:
        super().__init__(errno.EPERM, "not a file of the monitor's own", name)


def look(folder: int, name: str) -> os.stat_result | None:
    """Returns the status of the entry itself; None if nothing is there."""
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def same(one: os.stat_result | None, other: os.stat_result | None) -> bool:
    """True for one and the same file."""
    return one is not None and other is not None and os.path.samestat(one, other)


@contextmanager
def open_own(
    folder: int, name: str, owners: frozenset[int], flags: int = os.O_RDONLY, *, twice: bool = False
) -> Iterator[int]:
    """A descriptor of a regular file that belongs to one of `owners` and has one name (two at most
    with `twice`). Raises FileNotFoundError, NotOurs, OSError."""
    before = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if not is_own(before, owners, twice=twice):  # a device or a FIFO is not even opened
        raise NotOurs(name)
    try:
        file = os.open(name, flags | _FLAGS, dir_fd=folder)
    except OSError as error:
        raise (NotOurs(name) if error.errno in (errno.ELOOP, errno.ENXIO) else error) from None
    try:
        if not is_own(os.fstat(file), owners, twice=twice):
            raise NotOurs(name)
        yield file
    finally:
        os.close(file)


def is_own(status: os.stat_result, owners: frozenset[int], *, twice: bool = False) -> bool:
    """True for a regular file of one of `owners` that has one name (two at most with `twice`)."""
    return stat.S_ISREG(status.st_mode) and status.st_uid in owners and status.st_nlink <= (2 if twice else 1)


def make(folder: int, name: str) -> int:
    """A descriptor of a new empty file. Raises FileExistsError for anything that is there."""
    file = os.open(name, os.O_CREAT | os.O_EXCL | os.O_RDWR | _FLAGS, FILE_MODE, dir_fd=folder)
    try:
        os.fchmod(file, FILE_MODE)  # whatever the umask or the directory's default ACL says
    except BaseException:
        os.close(file)
        raise
    return file


@contextmanager
def made(folder: int, stem: str) -> Iterator[tuple[int, str]]:
    """A new empty file and its hidden name, to be renamed; gone again after an exception."""
    name = f".{stem}.{secrets.token_hex(8)}"
    file = make(folder, name)
    try:
        yield file, name
    except BaseException:
        discard(folder, name)
        raise
    finally:
        os.close(file)


def discard(folder: int, name: str) -> None:
    """Take the name away, if it can be."""
    with contextlib.suppress(OSError):
        os.unlink(name, dir_fd=folder)


def discard_leftovers(folder: int, stem: str) -> None:
    """Deletes temporary files of `made` left by a killed monitor."""
    begins = f".{stem}."
    try:
        listed = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return
    try:
        with os.scandir(listed) as entries:
            found = [one.name for _, one in zip(range(_MOST_LEFTOVERS), entries, strict=False)]
    finally:
        os.close(listed)
    for name in found:
        if name.startswith(begins) and _LEFT.fullmatch(name, len(begins)):
            discard(folder, name)


def write_all(file: int, data: bytes, at: int) -> None:
    """Write `data` at an offset, all of it."""
    view = memoryview(data)
    while view:
        written = os.pwrite(file, view, at)
        at += written
        view = view[written:]


def copy(source: int, target: int, size: int) -> None:
    """The first `size` bytes. Raises OSError when the source has fewer."""
    at = 0
    while at < size:
        piece = os.pread(source, min(size - at, 1024 * 1024), at)
        if not piece:
            raise OSError(errno.EIO, "shorter than it was")
        write_all(target, piece, at)
        at += len(piece)


def exchange(folder: int, one: str, other: str) -> bool:
    """Let two names change places at one moment; False where the file system cannot."""
    if _libc.renameat2(folder, os.fsencode(one), folder, os.fsencode(other), _EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _NO_EXCHANGE:
        return False
    raise OSError(code, os.strerror(code), one)


def rename(folder: int, old: str, new: str) -> None:
    os.rename(old, new, src_dir_fd=folder, dst_dir_fd=folder)


def shift(folder: int, numbered: Callable[[int], str], keep: int) -> None:
    """Makes room for a new number 1; number `keep` is replaced."""
    for number in range(keep - 1, 0, -1):
        with contextlib.suppress(FileNotFoundError):
            rename(folder, numbered(number), numbered(number + 1))


def put_aside(folder: int, name: str, numbered: Callable[[int], str], keep: int) -> None:
    """Take something that is not ours out of the way: among the rotated ones when it may hold
    something, else for good."""
    status = look(folder, name)
    if status is None:
        return
    if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
        shift(folder, numbered, keep)
        rename(folder, name, numbered(1))
    else:
        os.unlink(name, dir_fd=folder)


# Bytes of a file that is mended by reading all of it. Beyond, it is put aside as it is. In a
# directory of somebody else's, who can spoil it as often as he likes, that must cost little.
_MOST_MENDED, _MOST_MENDED_OF_OTHERS = 16 * 1024 * 1024, 1024 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """`trust` judges the directory (None: any owner); files of `owners` are taken over."""

    path: Path
    trust: Trust | None
    owners: frozenset[int]
    most_mended: int

    @classmethod
    def trusted(cls, path: Path) -> Place:
        """One that must be the monitor's own."""
        trust = directory.ours()
        return cls(path, trust, trust.users, _MOST_MENDED)

    @classmethod
    def packaged(cls, path: Path) -> Place:
        """The package's own directory: used whatever its owner, because there is no other."""
        return cls(path, None, directory.ours().users, _MOST_MENDED_OF_OTHERS)

    @classmethod
    def of_user(cls, path: Path, uid: int) -> Place:
        """A directory of the project's user, for a copy: foreign files in it are never read."""
        owners = frozenset({os.geteuid(), uid})
        return cls(path, directory.ours().with_owner(uid), owners, _MOST_MENDED_OF_OTHERS)

    def opened(self) -> AbstractContextManager[int]:
        """The directory's descriptor. Raises DirectoryRefused, OSError."""
        return directory.opened(self.path, self.trust, make=True)


_PROBE = ".probe"
_PROBE_BYTES = 64 * 1024  # about what one step of the pipeline needs
_CAUSES = {
    errno.ENOSPC: "space",
    errno.EDQUOT: "quota",
    errno.EROFS: "read_only",
    errno.ENOENT: "gone",
    errno.ENOTDIR: "gone",
    errno.EACCES: "denied",
    errno.EPERM: "denied",
}


def why_not(path: Path) -> str:
    """ "" when a file can be written there, else space, quota, read_only, gone, denied or other."""
    try:
        with directory.opened(path, None) as folder:
            discard(folder, _PROBE)
            file = make(folder, _PROBE)
            try:
                if os.write(file, bytes(_PROBE_BYTES)) < _PROBE_BYTES:
                    return "space"
                os.fsync(file)  # some file systems say only now that there is no room
            finally:
                os.close(file)
                discard(folder, _PROBE)
    except DirectoryRefused:
        return "link"
    except OSError as error:
        return _CAUSES.get(error.errno or 0, "other")
    return ""
