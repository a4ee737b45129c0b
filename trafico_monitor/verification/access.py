"""Permission check for a given user, computed from modes and ACLs without becoming that user."""

from __future__ import annotations

import os
import pwd
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

READ, WRITE, PASS = 4, 2, 1

# The kernel's own format (include/uapi/linux/posix_acl_xattr.h): version 2, then entries of
# tag, permissions and id, little-endian.
_XATTR = "system.posix_acl_access"
_HEAD, _ENTRY = struct.Struct("<I"), struct.Struct("<HHI")
_USER_OBJ, _USER, _GROUP_OBJ, _GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20


@dataclass(frozen=True, slots=True)
class _Rule:
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
    try:
        owner = pwd.getpwuid(seen.st_uid).pw_name
    except KeyError:
        owner = str(seen.st_uid)
    return f"{owner} {stat.S_IMODE(seen.st_mode):04o}"


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


def _granted(rules: list[_Rule], seen: os.stat_result, uid: int, groups: frozenset[int], wanted: int) -> bool:
    """Access check of acl(5): owner, named user, groups, others; the first match decides, and the mask limits all
    entries except owner and others."""
    mask = next((rule.allows for rule in rules if rule.tag == _MASK), 7)
    by_tag = {rule.tag: rule.allows for rule in rules}
    if uid == seen.st_uid:
        return by_tag[_USER_OBJ] & wanted == wanted
    for rule in rules:
        if rule.tag == _USER and rule.id == uid:
            return rule.allows & mask & wanted == wanted
    mine = [
        r for r in rules if (r.tag == _GROUP_OBJ and seen.st_gid in groups) or (r.tag == _GROUP and r.id in groups)
    ]
    if mine:
        return any(rule.allows & mask & wanted == wanted for rule in mine)
    return by_tag[_OTHER] & wanted == wanted


def _rules(path: Path, seen: os.stat_result) -> Iterator[_Rule]:
    mode = seen.st_mode
    # Beside an ACL the group's bits are its mask; where that is empty Linux does not look at the
    # entries at all (acl_permission_check in fs/namei.c), neither at those that grant nor that refuse.
    raw = _acl(path) if mode & stat.S_IRWXG else b""
    if raw:
        yield from (_Rule(*entry) for entry in _ENTRY.iter_unpack(raw[_HEAD.size :]))
        return
    yield from (
        _Rule(_USER_OBJ, mode >> 6 & 7, 0),
        _Rule(_GROUP_OBJ, mode >> 3 & 7, 0),
        _Rule(_OTHER, mode & 7, 0),
    )


def _acl(path: Path) -> bytes:
    """Returns the ACL in the kernel's format; empty if none is set, or the file system does not support ACLs."""
    try:
        return os.getxattr(path, _XATTR, follow_symlinks=False)
    except OSError:
        return b""
