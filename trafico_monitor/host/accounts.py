"""User accounts, and permission checks by the kernel on behalf of another user."""

from __future__ import annotations

import grp
import os
import pwd
import stat
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SERVICE_USER = "trafico-monitor"


@dataclass(frozen=True, slots=True)
class Account:
    """`gid` is the primary group; `home` is "" for a uid without an account."""

    name: str
    uid: int
    gid: int
    home: str = ""


def by_name(name: str) -> Account | None:
    """Returns the account with that name or number, or None."""
    if name.isdecimal() and len(name) <= 10:
        return by_uid(int(name))
    try:
        found = pwd.getpwnam(name)
    except (KeyError, ValueError):
        return None
    return Account(found.pw_name, found.pw_uid, found.pw_gid, found.pw_dir)


def by_uid(uid: int) -> Account | None:
    """Returns the account with that number, or None."""
    try:
        found = pwd.getpwuid(uid)
    except (KeyError, OverflowError):
        return None
    return Account(found.pw_name, found.pw_uid, found.pw_gid, found.pw_dir)


def name_of(uid: int) -> str:
    """Returns the name of the account with that number, or the number if there is none."""
    account = by_uid(uid)
    return account.name if account else str(uid)


def uid_of(name: str) -> int | None:
    """Returns the uid for `name`, which may be a number; None if there is no such account."""
    if name.isdecimal() and len(name) <= 10:
        return int(name)
    account = by_name(name)
    return account.uid if account else None


def group_ids(account: Account, extra: Iterable[str] = ()) -> list[int]:
    """Returns all groups of `account`, plus the existing groups named in `extra`."""
    ids = set(os.getgrouplist(account.name, account.gid)) if account.home else {account.gid}
    for name in extra:
        try:
            ids.add(grp.getgrnam(name).gr_gid)
        except KeyError:
            continue
    return sorted(ids)


@contextmanager
def acting_as(name: str) -> Iterator[None]:
    """The effective user `name` for the whole process, where root calls; nothing changes for anybody else. A server on
    a unix socket takes the caller for the effective user of the moment of connecting (unix(7), SO_PEERCRED)."""
    account = by_name(name)
    if os.geteuid() != 0 or account is None:
        yield
        return
    os.seteuid(account.uid)
    try:
        yield
    finally:
        os.seteuid(0)


def prefix(account: Account, extra: Iterable[str] = ()) -> list[str] | None:
    """Returns the argv prefix that runs a program as `account`; None if this process may not.

    A test that runs as the other user asks the kernel itself, including ACLs and groups; a computation from mode bits
    would be wrong exactly when an ACL grants the access.
    """
    if os.geteuid() == account.uid:
        return []
    if os.geteuid() != 0:
        return None
    groups = ",".join(str(gid) for gid in group_ids(account, extra))
    return ["setpriv", f"--reuid={account.uid}", f"--regid={account.gid}", f"--groups={groups}",
            "--inh-caps=-all", "--"]  # fmt: skip


READ, WRITE, PASS = 4, 2, 1

# The kernel's own format (include/uapi/linux/posix_acl_xattr.h): version 2, then entries of
# tag, permissions and id, little-endian.
_XATTR = "system.posix_acl_access"
_HEAD, _ENTRY = struct.Struct("<I"), struct.Struct("<HHI")
_USER_OBJ, ACL_USER, ACL_GROUP_OBJ, ACL_GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20


@dataclass(frozen=True, slots=True)
class AclEntry:
    tag: int
    allows: int
    id: int


def may(path: Path, uid: int, wanted: int) -> bool:
    """True if user `uid` has the access `wanted` (READ, WRITE, PASS or'ed) to `path` and may pass every parent
    folder. Raises OSError if this cannot be determined."""
    groups = _groups_of(uid)
    above = all(_allowed(folder, uid, groups, PASS) for folder in path.parents)
    return above and _allowed(path, uid, groups, wanted)


def describe_owner(path: Path) -> str:
    """Returns owner and mode in the format of `ls`: `victor 0640`."""
    seen = path.lstat()
    return f"{name_of(seen.st_uid)} {stat.S_IMODE(seen.st_mode):04o}"


def _groups_of(uid: int) -> frozenset[int]:
    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        return frozenset()
    return frozenset(os.getgrouplist(user.pw_name, user.pw_gid))


def _allowed(path: Path, uid: int, groups: frozenset[int], wanted: int) -> bool:
    seen = path.lstat()
    if uid == 0:
        return not wanted & PASS or stat.S_ISDIR(seen.st_mode) or bool(seen.st_mode & 0o111)
    return _granted(list(_rules(path, seen)), seen, uid, groups, wanted)


def _granted(rules: list[AclEntry], seen: os.stat_result, uid: int, groups: frozenset[int], wanted: int) -> bool:
    """Access check of acl(5): owner, named user, groups, others; the first match decides, and the mask limits all
    entries except owner and others."""
    mask = next((rule.allows for rule in rules if rule.tag == _MASK), 7)
    by_tag = {rule.tag: rule.allows for rule in rules}
    if uid == seen.st_uid:
        return by_tag[_USER_OBJ] & wanted == wanted
    for rule in rules:
        if rule.tag == ACL_USER and rule.id == uid:
            return rule.allows & mask & wanted == wanted
    mine = [
        r
        for r in rules
        if (r.tag == ACL_GROUP_OBJ and seen.st_gid in groups) or (r.tag == ACL_GROUP and r.id in groups)
    ]
    if mine:
        return any(rule.allows & mask & wanted == wanted for rule in mine)
    return by_tag[_OTHER] & wanted == wanted


def _rules(path: Path, seen: os.stat_result) -> Iterator[AclEntry]:
    mode = seen.st_mode
    # Beside an ACL the group's bits are its mask; where that is empty Linux does not look at the
    # entries at all (acl_permission_check in fs/namei.c), neither at those that grant nor that refuse.
    entries = read_acl(path) if mode & stat.S_IRWXG else ()
    yield from entries or (
        AclEntry(_USER_OBJ, mode >> 6 & 7, 0),
        AclEntry(ACL_GROUP_OBJ, mode >> 3 & 7, 0),
        AclEntry(_OTHER, mode & 7, 0),
    )


def read_acl(path: Path, *, follow: bool = False) -> tuple[AclEntry, ...]:
    """The access ACL of `path`; empty if none is set, or the file system does not support ACLs. A link is read itself
    unless `follow`, as for a descriptor's name below /proc."""
    try:
        raw = os.getxattr(path, _XATTR, follow_symlinks=follow)
    except OSError:
        return ()
    return tuple(AclEntry(*entry) for entry in _ENTRY.iter_unpack(raw[_HEAD.size :]))
