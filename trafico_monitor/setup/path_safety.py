"""Safety check of the project folder: refuses a folder that another user could exchange.

The project belongs to an unprivileged user, and setup works on it as root: with a link, or a parent folder that a
third user can write to, that user could choose what root opens. Uses the chown helper's functions: descriptors, one
component at a time.
"""

from __future__ import annotations

import grp
import os
import pwd
import re
import stat
from pathlib import Path

from ..errors import MonitorError
from ..host import directory
from ..host.accounts import SERVICE_USER, Account, by_name, by_uid, name_of
from ..messages import text
from ..messages.format import printable
from ..privileged import chown

# What systemd.syntax(7) or a shell would read as more than a letter: white space, quotes, escapes,
# specifiers, variables. Letters of every language are fine.
_PLAIN = re.compile(r"[\w/.,:@+~=-]+")


class Refused(MonitorError):
    """The folder or the user is not acceptable; with the reason and an alternative."""

    exit_code = 65  # EX_DATAERR


def refusal(code: str, language: str, **fields: object) -> Refused:
    shown = {name: printable(str(value)) for name, value in fields.items()}
    return Refused(text(f"setup.refused.{code}", language, **shown))


def judge(given: str, user: str, language: str) -> tuple[str, Account]:
    """Returns the project as an absolute path, and the user that runs main.py.

    For the folder and the user as typed by the caller ("" = the folder's owner). Raises Refused for a folder that is
    missing, is not a project, or is not safe.
    """
    project = os.path.abspath(given)  # noqa: PTH100  # resolve() would follow a link that is to be seen
    if not _PLAIN.fullmatch(project):
        raise refusal("name", language, path=project)
    wanted = _account(user, language) if user else None
    with chown.Tree() as tree:
        steps = _descend(tree, project, language)
        account = wanted or _owner(steps[-1], language)
        if account.uid == 0:
            raise refusal("root", language, path=project)
        _own(steps, account, language)
        main = _descend(tree, f"{project}/main.py", language, missing="no_main")[-1]
        if not stat.S_ISREG(main.status.st_mode):
            raise refusal("no_main", language, path=f"{project}/main.py")
        _own([main], account, language)
    return project, account


def _descend(tree: chown.Tree, path: str, language: str, missing: str = "absent") -> list[chown.Step]:
    try:
        return tree.descend(tree.top(), chown.components(os.fsencode(path)))
    except chown.Stop as stop:
        where = os.fsdecode(stop.path) or path
        if stop.code == "link_in_path":
            raise refusal("link", language, path=where, real=os.path.realpath(path)) from None
        if stop.code in ("not_found", "not_a_folder"):
            raise refusal(missing, language, path=where) from None
        raise refusal("unreachable", language, path=where, reason=stop.code) from None


def _account(name: str, language: str) -> Account:
    found = by_name(name)
    if found is None or not found.home:
        raise refusal("no_user", language, user=name)
    if found.uid == 0:
        raise refusal("root", language, path=name)
    return found


def _owner(project: chown.Step, language: str) -> Account:
    uid = project.status.st_uid
    found = by_uid(uid)
    if found is None:
        raise refusal("nobodys", language, path=os.fsdecode(project.path), uid=uid)
    return found


def _own(steps: list[chown.Step], account: Account, language: str) -> None:
    """Each must belong to the user or to root, and must not be writable by others."""
    for step in steps:
        path = os.fsdecode(step.path) or "/"
        if step.status.st_uid not in (0, account.uid):
            owner = name_of(step.status.st_uid)
            raise refusal("others", language, path=path, owner=owner, user=account.name)
        if _open_to_others(step, account):
            raise refusal("open", language, path=path)


def _open_to_others(step: chown.Step, account: Account) -> bool:
    mode = step.status.st_mode
    if mode & stat.S_ISVTX and stat.S_ISDIR(mode):  # /tmp: names cannot be exchanged by others
        return False
    # An ACL's mask shows in the group's bits: a group of his own may write, a grant to the
    # monitor looks the same. What the group may do is the owner's decision; others may not.
    return bool(mode & stat.S_IWOTH)


def shared(project: str, account: Account, language: str) -> tuple[tuple[str, str], ...]:
    """Returns the folders from / to the project that group members can write to, each with the group's name. They
    can replace the code that setup has root start as that user; the owner permitted it, but may not know the
    consequence."""
    monitor = by_name(SERVICE_USER)
    users = {0, account.uid} | ({monitor.uid} if monitor else set())
    found: list[tuple[str, str]] = []
    with chown.Tree() as tree:
        for step in _descend(tree, project, language):
            mode, gid = step.status.st_mode, step.status.st_gid
            if not mode & stat.S_IWGRP or (mode & stat.S_ISVTX and step.path != os.fsencode(project)):
                continue
            groups = frozenset({0} if _members(gid) - users else {0, gid})
            if directory.group_may_write(step.fd, step.status, directory.Trust(frozenset(users), groups)):
                found.append((os.fsdecode(step.path) or "/", _group_name(gid)))
    return tuple(found)


def _members(gid: int) -> set[int]:
    """Returns the members of a group, by uid."""
    try:
        names = grp.getgrgid(gid).gr_mem
    except KeyError:
        names = []
    found = {one.pw_uid for one in pwd.getpwall() if one.pw_gid == gid}
    return found | {account.uid for name in names if (account := by_name(name)) is not None}


def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def python_of(project: str) -> list[str]:
    """Returns the possible interpreters of the project, nearest virtual environment first."""
    return [*environments(project), "/usr/bin/python3"]


def environments(project: str) -> list[str]:
    """Returns the interpreters of the virtual environments in the project and beside it."""
    folders = [Path(project), Path(project).parent]
    names = (".venv", "venv", "env")
    found = [folder / name / "bin" / "python" for folder in folders for name in names]
    return [str(path) for path in found if (path.parent.parent / "pyvenv.cfg").is_file() and os.access(path, os.X_OK)]
