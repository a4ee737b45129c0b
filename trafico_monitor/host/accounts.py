"""User accounts, and asking the kernel what another user may do."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Iterable
from dataclasses import dataclass

SERVICE_USER = "trafico-monitor"


@dataclass(frozen=True, slots=True)
class Account:
    """`gid` is the primary group; `home` is "" for a uid that has no account."""

    name: str
    uid: int
    gid: int
    home: str = ""


def by_name(name: str) -> Account | None:
    """The account of that name or of that number; None when there is none."""
    if name.isdecimal() and len(name) <= 10:
        return by_uid(int(name))
    try:
        found = pwd.getpwnam(name)
    except (KeyError, ValueError):
        return None
    return Account(found.pw_name, found.pw_uid, found.pw_gid, found.pw_dir)


def by_uid(uid: int) -> Account | None:
    """The account of that number; None when there is none."""
    try:
        found = pwd.getpwuid(uid)
    except (KeyError, OverflowError):
        return None
    return Account(found.pw_name, found.pw_uid, found.pw_gid, found.pw_dir)


def uid_of(name: str) -> int | None:
    """The uid that `name` stands for, which may be written as a number; None when there is no such account."""
    if name.isdecimal() and len(name) <= 10:
        return int(name)
    account = by_name(name)
    return account.uid if account else None


def group_ids(account: Account, extra: Iterable[str] = ()) -> list[int]:
    """All groups of `account`, with the groups named in `extra` that exist."""
    ids = set(os.getgrouplist(account.name, account.gid)) if account.home else {account.gid}
    for name in extra:
        try:
            ids.add(grp.getgrnam(name).gr_gid)
        except KeyError:
            continue
    return sorted(ids)


def prefix(account: Account, extra: Iterable[str] = ()) -> list[str] | None:
    """The argv to put before a program so that it runs as `account`; None when we may not.

    A test run as the other user asks the kernel itself, ACLs and groups included; a computation
    from mode bits would be wrong exactly where an ACL mends the problem.
    """
    if os.geteuid() == account.uid:
        return []
    if os.geteuid() != 0:
        return None
    groups = ",".join(str(gid) for gid in group_ids(account, extra))
    return ["setpriv", f"--reuid={account.uid}", f"--regid={account.gid}", f"--groups={groups}",
            "--inh-caps=-all", "--"]  # fmt: skip
