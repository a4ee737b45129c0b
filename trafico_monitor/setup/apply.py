"""Makes one change after recording the previous state, and reverts it: the only module through which setup changes
the machine."""

from __future__ import annotations

import grp
import os
import stat
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from ..errors import MonitorError
from ..host import subprocesses, systemd
from ..host.accounts import SERVICE_USER, by_name
from ..messages import text
from ..privileged import chown
from . import acl
from .model import Change, Kind
from .state_file import Entry, Ledger, State
from .unit_files import SERVICE, UNITS, unit_path

_SECONDS = 90.0  # TimeoutStartSec= of a unit, by systemd's default


class ChangeError(MonitorError):
    """A change failed; its start is recorded in the ledger."""


async def carry_out(change: Change, ledger: Ledger, language: str) -> None:
    """Records `change`, makes it, and records its result. Raises ChangeError."""
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
            path = Path(change.target)
            return {"folder": path.parent.is_dir()} | ({} if change.private else file_state(path))
        case Kind.WRITE_BLOCK | Kind.RESTART_CLUSTER:
            return {}
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
        case Kind.WRITE_BLOCK:
            write_block(Path(change.target), change.content)
            return {}
        case Kind.RESTART_CLUSTER:
            await run("pg_ctlcluster", *change.target.split("/"), "restart")
            return {}


# Marks of a block of lines in a file of somebody else's.
_BEGIN, _END = "# BEGIN trafico-monitor: `trafico-monitor hub setup` writes this\n", "# END trafico-monitor\n"


def block(content: str) -> str:
    """The lines between the marks; "" where there are none."""
    return content.partition(_BEGIN)[2].partition(_END)[0]


def write_block(path: Path, lines: str) -> None:
    """Make `lines` the file's first ones, between the marks; "" takes them and the marks out. The rest stays."""
    before = file_state(path)
    content = before.get("content")
    if not isinstance(content, str):
        raise OSError(0, "no such file")
    above, mark, rest = content.partition(_BEGIN)
    rest = above + rest.partition(_END)[2] if mark else content
    new = (f"{_BEGIN}{lines}{_END}" if lines else "") + rest
    if new != content:
        write(path, new.encode("utf-8", "surrogateescape"), _number(before, "mode", 0o640), _number(before, "gid", 0),
              _number(before, "uid", 0))  # fmt: skip


def file_state(path: Path) -> State:
    """Returns the state of `path`: missing, or content, mode and owner."""
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
    """Writes the file completely or not at all. Only root writes to the folders concerned."""
    made = [folder for folder in (path.parent, path.parent.parent) if not folder.exists()]
    for folder in reversed(made):
        folder.mkdir()
        folder.chmod(0o755)  # whatever the caller's umask: the service, or PostgreSQL, reads what is in it
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
    """Returns the temporary name of a file being written. systemd and the monitor ignore a leading dot as well as
    this suffix."""
    return path.with_name(f".{path.name}.trafico-new")


def _gid(name: str) -> int:
    with suppress(KeyError):
        return grp.getgrnam(name).gr_gid
    return 0


def _make_folder(change: Change) -> None:
    """Creates a folder in the user's own project: follows nothing on the path, and replaces nothing."""
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
    """Returns enabled and active according to systemd."""
    said = await systemd.show_unit(unit, ("UnitFileState", "ActiveState")) or {}
    return {"enabled": said.get("UnitFileState", ""), "active": said.get("ActiveState", "")}


async def systemctl(*words: str) -> None:
    """Runs one systemctl command. Raises OSError with its message."""
    await run("systemctl", *words)


async def run(*argv: str) -> None:
    """Runs one program. Raises OSError with its output."""
    done = await subprocesses.run(argv, seconds=_SECONDS)
    if not done.ok:
        said = (done.errors or done.output or f"{argv[0]}: {done.code}").splitlines()
        raise OSError(0, said[0] if said else argv[0])


Left = tuple[str, str]  # code of messages/ (`setup.left.…`) and what it is about
_RUNNING = frozenset({"active", "activating", "reloading"})


def altered(entries: list[Entry]) -> frozenset[str]:
    """Returns the files that were changed after setup wrote them."""
    last: dict[str, Entry] = {}
    for entry in entries:
        if entry.change.kind is Kind.WRITE_FILE and not (entry.undone or entry.change.private):
            last[entry.change.target] = entry
    return frozenset(path for path, entry in last.items() if _is_altered(entry))


def _is_altered(entry: Entry) -> bool:
    try:
        now = file_state(Path(entry.change.target)).get("content")
    except OSError:
        return True
    return now not in (None, entry.change.content, entry.before.get("content"))


async def take_back(entry: Entry, kept: Collection[str]) -> list[Left]:
    """Reverts `entry`; `kept` are the files that stay (see `altered`). Returns what was left unchanged.

    Raises OSError or chown.Stop if the machine refuses; calling it again is always safe.
    """
    change, before = entry.change, entry.before
    match change.kind:
        case Kind.WRITE_FILE:
            return await _file(entry, kept)
        case Kind.MAKE_FOLDER:
            return _folder(change) if not before.get("there") else []
        case Kind.OPEN_ACCESS:
            return _access(entry)
        case Kind.JOIN_GROUP:
            return await _group(entry)
        case Kind.ENABLE_UNIT | Kind.START_UNIT:
            return await _unit(entry, kept)
        case Kind.RESTART_UNIT | Kind.RESTART_CLUSTER:
            return []  # the end of the whole undoing restarts what has to be
        case Kind.WRITE_BLOCK:
            if Path(change.target).exists():
                write_block(Path(change.target), "")
            return []


async def _file(entry: Entry, kept: Collection[str]) -> list[Left]:
    change, before = entry.change, entry.before
    path = Path(change.target)
    if change.target in kept:
        return [("altered", change.target)]
    unfinished(path).unlink(missing_ok=True)  # of a setup that was killed
    content = before.get("content")
    if change.private:
        path.unlink(missing_ok=True)
    elif file_state(path).get("content") == change.content:
        if isinstance(content, str):
            write(path, content.encode("utf-8", "surrogateescape"), _number(before, "mode", 0o644),
                  _number(before, "gid", 0), _number(before, "uid", 0))  # fmt: skip
        else:
            path.unlink()
    emptied = path.parent.name.endswith(".service.d")  # conf.d and hub.d belong to the package
    if content is None and (emptied or before.get("folder") is False):
        with suppress(OSError):  # a folder that holds others stays
            path.parent.rmdir()
    if change.reloads_systemd:
        await systemctl("daemon-reload")
    return [*await _still_running(change), *await _still_instrumented(change)]


async def _still_running(change: Change) -> list[Left]:
    """A bot that was started after `setup --no-start` outlives its unit's file."""
    folder, _, unit = change.target.rpartition("/")
    if folder != UNITS or Path(change.target).exists():
        return []
    return [("running", unit)] if (await unit_state(unit))["active"] in _RUNNING else []


async def _still_instrumented(change: Change) -> list[Left]:
    """A running bot keeps the environment it was started with."""
    unit = change.target.rpartition(".d/")[0].rpartition("/")[2]
    if change.reason != "instrument" or (await unit_state(unit))["active"] not in _RUNNING:
        return []
    return [("instrument", unit)]


def _number(state: dict[str, object], name: str, otherwise: int) -> int:
    value = state.get(name)
    return value if isinstance(value, int) else otherwise


def _folder(change: Change) -> list[Left]:
    """Removes an empty folder only: content belongs to the bot."""
    try:
        *above, name = chown.components(os.fsencode(change.target))
        with chown.Tree() as tree:
            parent = tree.descend(tree.top(), above)[-1]
            with tree.real(parent) as fd:
                os.rmdir(name, dir_fd=fd)
    except FileNotFoundError:
        return []
    except (OSError, chown.Stop) as error:
        gone = isinstance(error, chown.Stop) and error.code == "not_found"
        return [] if gone else [("folder", change.target)]
    return []


def _access(entry: Entry) -> list[Left]:
    before, after = _acls(entry.before), _acls(entry.after or {})
    users = entry.before.get("users")
    uids = tuple(uid for uid in users if isinstance(uid, int)) if isinstance(users, list) else ()
    left = acl.take_back(before, after if entry.after is not None else None, uids)
    monitor = by_name(SERVICE_USER)
    root = before.get(entry.change.target)
    deeper: list[str] = []
    below = entry.change.place in ("models", "bot_api")
    if below and monitor is not None and root is not None and not acl.names(root, monitor.uid):
        # What was made below since then has inherited the monitor's entry.
        deeper = acl.sweep(entry.change.target, monitor.uid)
    return [*(("acl", path) for path in left), *(("entry", path) for path in deeper)]


def _acls(state: dict[str, object]) -> acl.Acls:
    found = state.get("acls")
    return found if isinstance(found, dict) else {}


async def _group(entry: Entry) -> list[Left]:
    change = entry.change
    with suppress(KeyError):
        if not entry.before.get("member") and change.owner in grp.getgrnam(change.target).gr_mem:
            await run("gpasswd", "-d", change.owner, change.target)
    return []


async def _unit(entry: Entry, kept: Collection[str]) -> list[Left]:
    unit = entry.change.target
    if unit_path(unit) in kept:  # somebody has made the unit his own: it goes on as it is
        return [("unit", unit)]
    now = await unit_state(unit)
    if entry.change.kind is Kind.ENABLE_UNIT:
        if now["enabled"] == "enabled" and entry.before.get("enabled") != "enabled":
            await systemctl("disable", "--quiet", "--", unit)
    elif now["active"] in _RUNNING and entry.before.get("active") not in _RUNNING:
        await systemctl("stop", "--", unit)
    return []


async def settle() -> None:
    """Final step: a running monitor applies the changes."""
    await systemctl("try-restart", "--", SERVICE)
