"""User accounts, and permission checks by the kernel on behalf of another user."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Iterable
from dataclasses import dataclass

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
