"""Takes one change back; what somebody else has changed since is left as it is, and said."""

from __future__ import annotations

import grp
import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from ..host.accounts import SERVICE_USER, by_name
from ..privileged import chown
from . import acl
from .apply import file_state, run, systemctl, unfinished, unit_state, write
from .change import Change, Kind
from .state_file import Entry
from .unit_files import SERVICE, unit_path

Left = tuple[str, str]  # code of messages/ (`setup.left.…`) and what it is about
_RUNNING = frozenset({"active", "activating", "reloading"})


def altered(entries: list[Entry]) -> frozenset[str]:
    """The files of which somebody has made something of his own since setup wrote them."""
    last: dict[str, Entry] = {}
    for entry in entries:
        if entry.change.kind is Kind.WRITE_FILE and not entry.undone:
            last[entry.change.target] = entry
    return frozenset(path for path, entry in last.items() if _is_altered(entry))


def _is_altered(entry: Entry) -> bool:
    try:
        now = file_state(Path(entry.change.target)).get("content")
    except OSError:
        return True
    return now not in (None, entry.change.content, entry.before.get("content"))


async def take_back(entry: Entry, kept: Collection[str]) -> list[Left]:
    """Undo `entry`; `kept` are the files that stay (see `altered`). Returns what was left alone.

    Raises OSError or chown.Stop when the machine refuses; calling again is safe at any time.
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
        case Kind.RESTART_UNIT:
            return []  # the end of the whole undoing restarts the monitor


async def _file(entry: Entry, kept: Collection[str]) -> list[Left]:
    change, before = entry.change, entry.before
    path = Path(change.target)
    if change.target in kept:
        return [("altered", change.target)]
    unfinished(path).unlink(missing_ok=True)  # of a setup that was killed
    content = before.get("content")
    if file_state(path).get("content") == change.content:
        if isinstance(content, str):
            write(path, content.encode("utf-8", "surrogateescape"), _number(before, "mode", 0o644),
                  _number(before, "gid", 0), _number(before, "uid", 0))  # fmt: skip
        else:
            path.unlink()
    if content is None and path.parent.name.endswith(".d") and path.parent.name != "conf.d":
        with suppress(OSError):  # a folder of drop-ins that holds others stays
            path.parent.rmdir()
    if change.reloads_systemd:
        await systemctl("daemon-reload")
    return await _still_instrumented(change)


async def _still_instrumented(change: Change) -> list[Left]:
    """A bot that runs keeps what it was started with."""
    unit = change.target.rpartition(".d/")[0].rpartition("/")[2]
    if change.reason != "instrument" or (await unit_state(unit))["active"] not in _RUNNING:
        return []
    return [("instrument", unit)]


def _number(state: dict[str, object], name: str, otherwise: int) -> int:
    value = state.get(name)
    return value if isinstance(value, int) else otherwise


def _folder(change: Change) -> list[Left]:
    """Only an empty one goes: what is in it is the bot's."""
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
    """After everything else: a monitor that runs takes in what has changed."""
    await systemctl("try-restart", "--", SERVICE)
