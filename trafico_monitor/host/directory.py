"""Directories of the monitor's own files, opened and checked one component at a time.

A name can be exchanged between its check and its use, so nothing is checked by name: each component is opened relative
to the previous one, never through a link, and the opened file is checked. A link is followed only if root (or the
monitor) put it into a directory that nobody else can write to, such as a /var/log on a separate disk.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from . import accounts

MODE = 0o750  # of a created directory
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_LINKS = 40  # path_resolution(7)


@dataclass(frozen=True, slots=True)
class Trust:
    """Accounts that may own each component, and groups that may write to it (None: any)."""

    users: frozenset[int]
    groups: frozenset[int] | None = None

    def with_account(self, uid: int, gid: int) -> Trust:
        """Returns the same, plus an account and its group."""
        return Trust(self.users | {uid}, None if self.groups is None else self.groups | {gid})

    def with_owner(self, uid: int) -> Trust:
        """Returns the same, plus a user's own directories, whatever groups that user allows."""
        return Trust(self.users | {uid})


class DirectoryRefused(OSError):
    """`code`: `link`, `owner` or `writable`; `place`: the component; `uid`: its owner."""

    def __init__(self, code: str, place: str, uid: int) -> None:
        super().__init__(errno.EPERM, f"refused ({code})", place)
        self.code = code
        self.place = place
        self.uid = uid

    @property
    def owner(self) -> str:
        """The owner's name, or number if there is no such account."""
        return accounts.name_of(self.uid)


def ours() -> Trust:
    """Returns root, the caller and the service's user: the only accounts that the monitor has to trust."""
    users, groups = _service()
    return Trust(users | {0, os.geteuid()}, groups | {0, os.getegid()})


@cache  # the account database may be on another machine
def _service() -> tuple[frozenset[int], frozenset[int]]:
    service = accounts.by_name(accounts.SERVICE_USER)
    return (frozenset({service.uid}), frozenset({service.gid})) if service else (frozenset(), frozenset())


@contextmanager
def opened(path: Path, trust: Trust | None, *, make: bool = False) -> Iterator[int]:
    """Returns an O_PATH descriptor of the directory `path`; missing components are created with `make`.

    Raises DirectoryRefused if a component is a link, or belongs to or is writable by an account outside `trust` (None:
    owners are not checked); OSError otherwise.
    """
    walk = _Walk(trust, make)
    try:
        walk.to(path)
        yield walk.at
    finally:
        os.close(walk.at)


def refusal(path: Path, trust: Trust | None) -> DirectoryRefused | None:
    """Returns the reason why `path` may not be used, as far as it exists and is accessible; None if it may."""
    try:
        with opened(path, trust):
            return None
    except DirectoryRefused as refused:
        return refused
    except OSError:
        return None


class _Walk:
    """`at` is the current directory; the caller closes it."""

    def __init__(self, trust: Trust | None, make: bool) -> None:
        self._trust, self._make, self._ours = trust, make, ours()
        self._reachable = True  # False below a directory that only its owner may pass
        self._closed_way = True  # only trusted accounts can have changed the path so far
        self._links = 0
        self._place = "/"
        self.at = os.open("/", _FOLDER)

    def to(self, path: Path) -> None:
        """Descends from the current directory."""
        todo = list(reversed(path.parts[1:] if path.is_absolute() else path.parts))
        self._judge(last=not todo)
        while todo:
            name = todo.pop()
            below = self._enter(name)
            if below is None:
                todo += reversed(self._target(name))
                continue
            os.close(self.at)
            self.at = below
            self._place = os.path.join(self._place, name)  # noqa: PTH118  # words for people, not a way
            self._judge(last=not todo)

    def _enter(self, name: str) -> int | None:
        """Returns a descriptor of `name`; None if it is a link."""
        try:
            return os.open(name, _FOLDER, dir_fd=self.at)
        except NotADirectoryError:
            if not stat.S_ISLNK(os.stat(name, dir_fd=self.at, follow_symlinks=False).st_mode):
                raise
            return None
        except FileNotFoundError:
            if not self._make:
                raise
            os.mkdir(name, MODE, dir_fd=self.at)
            return os.open(name, _FOLDER, dir_fd=self.at)

    def _target(self, name: str) -> list[str]:
        """Returns the components of a link that may be followed."""
        uid = os.stat(name, dir_fd=self.at, follow_symlinks=False).st_uid
        place = os.path.join(self._place, name)  # noqa: PTH118
        if not self._closed_way or uid not in self._ours.users:
            raise DirectoryRefused("link", place, uid)
        self._links += 1
        if self._links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), place)
        target = os.readlink(name, dir_fd=self.at)
        if target.startswith("/"):
            os.close(self.at)
            self.at, self._place = os.open("/", _FOLDER), "/"
        return [part for part in target.split("/") if part]

    def _judge(self, *, last: bool) -> None:
        status = os.fstat(self.at)
        if _fault(self.at, status, self._ours, last=last, reachable=True):
            self._closed_way = False
        if self._trust is not None:
            code = _fault(self.at, status, self._trust, last=last, reachable=self._reachable)
            if code:
                raise DirectoryRefused(code, self._place, status.st_uid)
        # The group's bits show an ACL's mask: without them nobody passes by an entry of an ACL either.
        self._reachable = self._reachable and bool(status.st_mode & 0o011)


def _fault(folder: int, status: os.stat_result, trust: Trust, *, last: bool, reachable: bool) -> str:
    """Returns the fault of one component, "" for none."""
    mode = status.st_mode
    if status.st_uid not in trust.users:
        return "owner"
    # In a directory with the sticky bit nobody can exchange what is another's; but anybody can add.
    if not reachable or (mode & stat.S_ISVTX and not last):
        return ""
    if mode & stat.S_IWOTH:
        return "writable"
    if trust.groups is None or not mode & stat.S_IWGRP:
        return ""
    return "writable" if group_may_write(folder, status, trust) else ""


def group_may_write(folder: int, status: os.stat_result, trust: Trust) -> bool:
    """True if the group bits of `folder` (any descriptor) allow an account outside `trust` to write: these bits
    stand for the group, or for the entries below an ACL mask."""
    groups = trust.groups or frozenset()
    entries = accounts.read_acl(Path(f"/proc/self/fd/{folder}"), follow=True)
    if not entries:
        return status.st_gid not in groups
    return any(
        (entry.tag == accounts.ACL_USER and entry.id not in trust.users)
        or (entry.tag == accounts.ACL_GROUP_OBJ and status.st_gid not in groups)
        or (entry.tag == accounts.ACL_GROUP and entry.id not in groups)
        for entry in entries
        if entry.allows & accounts.WRITE
    )
