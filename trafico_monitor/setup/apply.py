"""Makes one change, and says what was there before: the only place where setup touches the machine."""

from __future__ import annotations

import grp
import os
import stat
from contextlib import suppress
from pathlib import Path

from ..errors import MonitorError
from ..host import subprocesses, systemd
from ..host.accounts import by_name
from ..messages import text
from ..privileged import chown
from . import acl
from .change import Change, Kind
from .state_file import Ledger, State

_SECONDS = 90.0  # TimeoutStartSec= of a unit, by systemd's default


class ChangeError(MonitorError):
    """A change could not be made; what it had begun stands in the ledger."""


async def carry_out(change: Change, ledger: Ledger, language: str) -> None:
    """Write `change` down, make it, write down what it left. Raises ChangeError."""
    try:
        before = await _before(change)
        entry = ledger.begin(change, before)
        ledger.finish(entry, await _make(change))
    except chown.Stop as stop:
        raise _failed(change, f"{stop.code} {os.fsdecode(stop.path)}", language) from None
    except OSError as error:
        raise _failed(change, error.strerror or type(error).__name__, language) from None


def _failed(change: Change, reason: str, language: str) -> ChangeError:
    return ChangeError(text("setup.failed", language, target=change.target, reason=reason))


async def _before(change: Change) -> State:
    match change.kind:
        case Kind.WRITE_FILE:
            return file_state(Path(change.target))
        case Kind.MAKE_FOLDER:
            return {"there": Path(change.target).is_dir()}
        case Kind.OPEN_ACCESS:
            return {"acls": acl.survey(change.place, change.target), "users": _users(change)}
        case Kind.JOIN_GROUP:
            return {"member": change.owner in grp.getgrnam(change.target).gr_mem}
        case Kind.ENABLE_UNIT | Kind.START_UNIT | Kind.RESTART_UNIT:
            return await unit_state(change.target)


async def _make(change: Change) -> State:
    match change.kind:
        case Kind.WRITE_FILE:
            write(Path(change.target), change.content.encode(), change.mode, change.group)
            if change.reloads_systemd:
                await systemctl("daemon-reload")
            return {}
        case Kind.MAKE_FOLDER:
            _make_folder(change)
            return {}
        case Kind.OPEN_ACCESS:
            return {"acls": acl.grant(change.place, change.target)}
        case Kind.JOIN_GROUP:
            await run("gpasswd", "-a", change.owner, change.target)
            return {}
        case Kind.ENABLE_UNIT:
            await systemctl("enable", "--quiet", "--", change.target)
            return {}
        case Kind.START_UNIT:
            await systemctl("start", "--", change.target)
            return {}
        case Kind.RESTART_UNIT:
            await systemctl("restart", "--", change.target)
            return {}


def file_state(path: Path) -> State:
    """What stands at `path`: nothing, or content, mode and owner."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return {"content": None}
    if not stat.S_ISREG(status.st_mode):
        raise OSError(0, "not a regular file")
    return {
        "content": path.read_bytes().decode("utf-8", "surrogateescape"),
        "mode": stat.S_IMODE(status.st_mode),
        "uid": status.st_uid,
        "gid": status.st_gid,
    }


def write(path: Path, content: bytes, mode: int, group: str | int, uid: int = 0) -> None:
    """Put the file there whole or not at all. Only root writes in the folders concerned."""
    made = [folder for folder in (path.parent, path.parent.parent) if not folder.exists()]
    for folder in reversed(made):
        folder.mkdir(mode=0o755)
    new = unfinished(path)
    new.unlink(missing_ok=True)  # of a setup that was killed
    gid = group if isinstance(group, int) else _gid(group)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(content)
        os.fchown(descriptor, uid, gid)
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    new.replace(path)


def unfinished(path: Path) -> Path:
    """The name under which a file is written before it is whole. systemd and the monitor read
    neither a name with a dot in front nor one with this end."""
    return path.with_name(f".{path.name}.trafico-new")


def _gid(name: str) -> int:
    with suppress(KeyError):
        return grp.getgrnam(name).gr_gid
    return 0


def _make_folder(change: Change) -> None:
    """A folder in the user's own project: nothing is followed on the way, and nothing replaced."""
    uid, gid = (int(part) for part in change.owner.split(":"))
    *above, name = chown.components(os.fsencode(change.target))
    with chown.Tree() as tree:
        parent = tree.descend(tree.top(), above)[-1]
        with tree.real(parent) as fd, suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=fd)
        step = tree.enter(parent, name)
        with tree.real(step) as fd:
            if os.fstat(fd).st_uid == 0 and not os.listdir(fd):  # noqa: PTH208  # a descriptor, no path
                os.fchmod(fd, change.mode)
                os.fchown(fd, uid, gid)


def _users(change: Change) -> list[int]:
    found = (by_name(change.owner), by_name("trafico-monitor"))
    wanted = found if change.place in ("models", "bot_api") else found[1:]
    return [account.uid for account in wanted if account is not None]


async def unit_state(unit: str) -> State:
    """Enabled and active, as systemd says."""
    said = await systemd.show_unit(unit, ("UnitFileState", "ActiveState")) or {}
    return {"enabled": said.get("UnitFileState", ""), "active": said.get("ActiveState", "")}


async def systemctl(*words: str) -> None:
    """One order to systemd. Raises OSError with its own words."""
    await run("systemctl", *words)


async def run(*argv: str) -> None:
    """Run one program. Raises OSError with what it said."""
    done = await subprocesses.run(argv, seconds=_SECONDS)
    if not done.ok:
        said = (done.errors or done.output or f"{argv[0]}: {done.code}").splitlines()
        raise OSError(0, said[0] if said else argv[0])
