"""Ownership and access: modes and ACLs of new files, and the root helper that changes an owner."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from ..host import blocking, subprocesses
from ..host.redact import TOKEN, redact
from ..model.installation import Installation
from ..model.task import Outcome, TaskResult

_SECONDS = 5.0
_MOST_FOLDERS = 500
_READ = os.R_OK | os.X_OK
_WRITE = os.W_OK | os.X_OK


async def ensure_access(site: Installation) -> tuple[str, ...]:
    """Tests both directories, has the helper grant missing access, and tests again.

    Returns the access still missing: `access.models`, `access.bot_api` (codes of messages/). Takes at most about two
    minutes, if neither sudo nor a file system answers; usually milliseconds.
    """
    tries: list[tuple[str, Path, Callable[[Path], bool]]] = [("access.models", site.models, _may_write)]
    if site.bot_api is not None:
        tries.append(("access.bot_api", site.bot_api, _may_read))
    return tuple([code for code, root, may in tries if not await _ensure(code, root, may, site)])


async def _ensure(code: str, root: Path, may: Callable[[Path], bool], site: Installation) -> bool:
    if await _try(code, root, may):
        return True
    result = await fix_owner(f"{code}/0", root, site)
    return result.outcome is Outcome.DONE and await _try(code, root, may)


async def _try(code: str, root: Path, may: Callable[[Path], bool]) -> bool:
    try:
        return await blocking.run_blocking(lambda: may(root), seconds=_SECONDS, name=f"{code} {root}")
    except (TimeoutError, OSError):
        return False


def _may_write(models: Path) -> bool:
    """Tests models itself with a nameless file, and its folders with the kernel's access check."""
    return _takes_a_file(models) and all(os.access(each, _WRITE) for each in _folders(models, 1))


def _takes_a_file(folder: Path) -> bool:
    try:
        os.close(os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except OSError as error:
        # Not every file system can (NFS, overlayfs of old kernels); a full one is not our question.
        unable = error.errno in (errno.EOPNOTSUPP, errno.EISDIR, errno.ENOSPC, errno.EDQUOT)
        return unable and os.access(folder, _WRITE)
    return True


def _may_read(bot_api: Path) -> bool:
    """Tests the directory, `<token>`, and `<token>/videos` and its siblings."""
    if not os.access(bot_api, _READ):
        return False
    return all(os.access(each, _READ) for each in _folders(bot_api, 2))


def _folders(root: Path, levels: int) -> Iterable[Path]:
    """Yields folders at most `levels` below `root`; a closed one is listed but not entered."""
    found: list[Path] = []
    waiting = [(root, levels)]
    while waiting and len(found) < _MOST_FOLDERS:
        folder, left = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                below = [Path(each) for each in entries if _is_meant(each)]
        except OSError:
            continue
        found += below
        waiting += [(each, left - 1) for each in below] if left > 1 else []
    return found


def _is_meant(entry: os.DirEntry[str]) -> bool:
    """False for a folder of root (lost+found, a backup): the helper skips it too, and it must not make the whole
    directory count as closed."""
    return entry.is_dir(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_uid != 0


# The helper ends itself after 8 s. Before it runs, sudo may wait for a name server that does not answer:
# resolv.conf(5) asks each one twice for 5 s. Nobody but root could stop it, and it would still do its work.
SECONDS = 30.0
_VERDICTS = ("done", "usage", "refused", "failed")
# Codes of the helper that have a text of their own; the rest share `owner_refused`/`owner_failed`.
_REFUSALS = {
    "outside_roots": "owner_outside",
    "path_strange": "owner_outside",
    "link_in_path": "owner_link",
    "parent_closed": "owner_parent",
    "not_a_folder": "owner_link",
    "not_regular": "owner_special",
    "special_mode": "owner_special",
    "hard_link": "owner_hard_link",
    "wrong_owner": "owner_foreign",
    "roots_own": "owner_foreign",
    "other_filesystem": "owner_outside",
    "token_ambiguous": "path_ambiguous",
    "owner_root": "owner_unknown",
    "owner_unknown": "owner_unknown",
    "owner_unclear": "owner_unknown",
    "project_unknown": "owner_config",
    "models_missing": "owner_config",
    "root_too_broad": "owner_config",
    "config_link": "owner_config",
    "config_unreadable": "owner_config",
    "config_not_roots": "owner_config",
    "config_invalid": "owner_config",
}
# Properties of the path: the next attempt would find the same.
_OF_THE_PATH = frozenset({"owner_outside", "owner_link", "owner_special", "owner_hard_link", "owner_foreign"})
_FAILURES = {
    "not_found": (Outcome.FAILED, "owner_not_found"),
    "read_only": (Outcome.FAILED, "owner_read_only"),
    "no_space": (Outcome.BLOCKED_BY_SPACE, "no_space"),
    "acl_no_space": (Outcome.BLOCKED_BY_SPACE, "no_space"),
    "acl_unsupported": (Outcome.REFUSED, "owner_no_acl"),
    "not_root": (Outcome.REFUSED, "sudo_refused"),
}


async def fix_owner(order_id: str, path: Path, site: Installation) -> TaskResult:
    """Gives `path` back to the bot's user, and the monitor access to it.

    For an absolute path in one of the two directories: DONE only if the helper says so; REFUSED if its policy or sudo
    refuses; FAILED if another attempt may succeed.
    """
    done = await subprocesses.run((*site.chown_command, without_token(path)), seconds=SECONDS)
    outcome, reason = judge(done)
    detail = redact(done.errors.splitlines()[-1] if done.errors else "")[:500]
    return TaskResult(order_id, outcome, reason, detail, path=str(path))


def worth_again(given: TaskResult) -> TaskResult:
    """Returns `given` as a task's result: an obstacle may be gone at the next attempt (a package being upgraded, a
    configuration being written, sudo without its directory), unless the path itself must not be touched."""
    if given.outcome is not Outcome.REFUSED or given.reason in _OF_THE_PATH:
        return given
    return replace(given, outcome=Outcome.FAILED)


def without_token(path: Path) -> str:
    """Returns `path` for an argument list, which sudo logs and every user can read: a component with a bot token is
    replaced by `<TOKEN-digest>`, which the helper resolves."""
    return "/".join(_stand_in(part) if redact(part) != part else part for part in str(path).split("/"))


def _stand_in(name: str) -> str:
    return f"{TOKEN[:-1]}-{hashlib.sha256(os.fsencode(name)).hexdigest()[:12]}>"


def judge(done: subprocesses.Finished) -> tuple[Outcome, str]:
    """Interprets the end of `sudo -n helper PATH`. Only the helper's own line counts as its answer: sudo exits with
    1 for its own refusals, and with the helper's status otherwise."""
    if done.ok:
        return Outcome.DONE, ""
    word, code = _verdict(done.errors)
    if word == "refused" and done.code == 3:
        return Outcome.REFUSED, _REFUSALS.get(code, "owner_refused")
    if word == "failed" and done.code == 4:
        return _FAILURES.get(code, (Outcome.FAILED, "owner_failed"))
    if word == "usage":
        return Outcome.REFUSED, "owner_outside"
    if done.code is None or done.code < 0 or done.code > 128:
        return Outcome.FAILED, "owner_timeout"
    if "command not found" in done.errors or done.code == 127:
        return Outcome.REFUSED, "helper_missing"
    return Outcome.REFUSED, "sudo_refused"


def _verdict(errors: str) -> tuple[str, str]:
    for line in reversed(errors.splitlines()):
        word, colon, rest = line.partition(": ")
        if colon and word in _VERDICTS:
            return word, rest.split(" ", 1)[0]
    return "", ""
