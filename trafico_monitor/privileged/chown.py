#!/usr/bin/python3 -I
"""chown PATH: give one file or folder of the monitored bot back to the bot's user.

Installed as /usr/libexec/trafico-monitor/chown; the service runs it as root through `sudo -n`. PATH is the only input
from the caller. The two allowed directories and the owners come from files that only root can write. Every operation
uses descriptors that were opened one component at a time without following a link, so no name can be exchanged in
between.

    models directory     fchown to the bot's user; the monitor's user may read and write (ACL). Created
                         if it is missing directly inside a project of the bot's user
    Bot API directory    files: fchown to the bot's user (the group stays, so the server can still
                         read them); folders keep their owner, or the server could no longer write:
                         the bot's and the monitor's users get an ACL there, also a default one, so
                         that new files need no repair
    parent folders       nothing; but a closed one of the bot's own user, such as a home, lets the
                         monitor pass (x). Refused if another user's folder is closed to one of the two

    exit status  0 done   2 usage   3 refused by policy   4 failed by the system
    stderr       one line, `done|usage|refused|failed: CODE PATH`; the same goes to the journal

A component `<TOKEN>` or `<TOKEN-HASH>` (12 hex digits of its SHA-256) stands for the one entry whose name holds a bot
token: sudo logs its arguments, and a token must not appear there.
"""

from __future__ import annotations

import ast
import errno
import fcntl
import hashlib
import json
import os
import pwd
import re
import resource
import signal
import socket
import stat
import struct
import sys
import time
import tomllib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache, partial, reduce
from itertools import islice

DONE, USAGE, REFUSED, FAILED = 0, 2, 3, 4
SECONDS = 8  # less than the caller's 10 s: a caller that is not root cannot kill us itself
UNDO_SECONDS = 120
ASK_SECONDS = 3.0  # systemctl or Docker, each
CONFIG_BYTES = 1 << 20
ANSWER_BYTES = 4 << 20
LONGEST_PATH = 4095
DEEPEST = 64  # components of a path, and levels of a walk
MOST_FOLDERS = 2000  # of a root that are given access to in one run
MOST_ENTRIES = 500_000  # of a tree that are looked at in one walk


@dataclass(frozen=True, slots=True)
class Places:
    """Trusted locations of the helper. A test passes other ones; no argument or variable can."""

    config: str = "/etc/trafico-monitor"
    granted: str = "/var/lib/trafico-monitor-access"
    docker: str = "/run/docker.sock"
    journal: str = "/run/systemd/journal/socket"
    systemctl: str = "/usr/bin/systemctl"
    monitor: str = "trafico-monitor"  # the service's user
    api_uid: int = 101  # telegram-bot-api in the image aiogram/telegram-bot-api


class Stop(Exception):
    """End of the run: `status` is the exit status, `code` the stable reason."""

    def __init__(self, status: int, code: str, path: bytes = b"") -> None:
        super().__init__(code)
        self.status, self.code, self.path = status, code, path


def refused(code: str, path: bytes = b"") -> Stop:
    return Stop(REFUSED, code, path)


_SYSTEM_CODES = {
    errno.ENOENT: "not_found",
    errno.EROFS: "read_only",
    errno.ENOSPC: "no_space",
    errno.EDQUOT: "no_space",
    errno.EPERM: "not_permitted",
    errno.EACCES: "not_permitted",
    errno.EAGAIN: "busy",  # a lease on the file; O_NONBLOCK keeps it from holding us
    errno.ETXTBSY: "busy",
}


def failed(error: OSError, path: bytes = b"") -> Stop:
    return Stop(FAILED, _SYSTEM_CODES.get(error.errno or 0, "system_error"), path)


# --- words -----------------------------------------------------------------------------------

# The same shape as in trafico_monitor/host/redact.py; this file must stand alone.
_TOKEN = re.compile(
    rb"(?<![0-9])[0-9]{5,}+(?:(?::|%(?:25){0,3}3[Aa]|\\u003[Aa]|&#(?:58|[xX]3[Aa]);|&colon;)[A-Za-z0-9_-]{30,})+"
)
_STAND_IN = re.compile(rb"<TOKEN(?:-([0-9a-f]{12}))?>")


def shown(path: bytes) -> str:
    """Returns `path` as one line of printable text without secrets."""
    text = _STAND_IN.sub(b"<TOKEN>", _TOKEN.sub(b"<TOKEN>", path)).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)[:400]


def digest(name: bytes) -> bytes:
    return hashlib.sha256(name).hexdigest()[:12].encode()


def components(path: bytes) -> tuple[bytes, ...]:
    """Returns the components of a canonical absolute path; refuses any other."""
    parts = tuple(path.split(b"/"))
    if parts[0] != b"" or not 1 < len(parts) <= DEEPEST or len(path) > LONGEST_PATH:
        raise refused("path_strange", path)
    parts = parts[1:]
    if any(part in (b"", b".", b"..") or b"\0" in part for part in parts):
        raise refused("path_strange", path)
    return parts


# --- what only root can write ----------------------------------------------------------------

_DEFAULTS = {
    ("project", "dir"): "",
    ("project", "models_dir"): "modelos",
    ("project", "owner"): "",
    ("bot", "unit"): "trafico-main.service",
    ("bot_api", "host_dir"): "",
    ("bot_api", "container"): "telegram-bot-api",
    ("bot_api", "container_dir"): "/var/lib/telegram-bot-api",
}
_UNIT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9:_.\\@-]{0,250}")
_CONTAINER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
Settings = Mapping[tuple[str, str], str]


def only_roots(status: os.stat_result) -> bool:
    """True if only root may write it. An ACL's mask shows in the group's bits."""
    return status.st_uid == 0 and not status.st_mode & 0o022


def _open_roots_own(name: str, flags: int, folder: int | None = None) -> int | None:
    """Returns a descriptor of a file or folder that only root can change; None if there is none."""
    try:
        opened = os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        code = "config_link" if error.errno in (errno.ELOOP, errno.ENOTDIR) else "config_unreadable"
        raise refused(code, os.fsencode(name)) from None
    status = os.fstat(opened)
    if not only_roots(status) or not (stat.S_ISREG(status.st_mode) or flags & os.O_DIRECTORY):
        os.close(opened)
        raise refused("config_not_roots", os.fsencode(name))
    return opened


def read_settings(places: Places) -> Settings:
    """Reads config.toml, then conf.d/*.toml by name; a later file overrides key by key."""
    settings = dict(_DEFAULTS)
    folder = _open_roots_own(places.config, os.O_RDONLY | os.O_DIRECTORY)
    if folder is None:
        return settings
    with ExitStack() as opened:
        opened.callback(os.close, folder)
        _read_file("config.toml", folder, settings)
        drop_ins = _open_roots_own("conf.d", os.O_RDONLY | os.O_DIRECTORY, folder)
        if drop_ins is not None:
            opened.callback(os.close, drop_ins)
            for name in sorted(os.listdir(drop_ins)):
                if name.endswith(".toml") and not name.startswith("."):
                    _read_file(name, drop_ins, settings)
    return settings


def _read_file(name: str, folder: int, settings: dict[tuple[str, str], str]) -> None:
    opened = _open_roots_own(name, os.O_RDONLY, folder)
    if opened is None:
        return
    with os.fdopen(opened, "rb") as file:
        data = file.read(CONFIG_BYTES + 1)
    try:
        tables = tomllib.loads(data.decode()) if len(data) <= CONFIG_BYTES else None
    except (ValueError, RecursionError):
        tables = None
    if tables is None:
        raise refused("config_invalid", os.fsencode(name))
    for section, key in _DEFAULTS:
        table = tables.get(section, {})
        value = table.get(key, settings[section, key]) if isinstance(table, dict) else None
        if not isinstance(value, str) or not value.isprintable():
            raise refused("config_invalid", f"{name} [{section}] {key}".encode())
        settings[section, key] = value


def unit_properties(places: Places, unit: str) -> dict[str, str]:
    """Returns WorkingDirectory and User of the bot's unit from the running systemd."""
    import subprocess  # only where the configuration leaves it open: 10 ms

    if not _UNIT.fullmatch(unit):
        raise refused("config_invalid", b"[bot] unit")
    argv = [places.systemctl, "show", "--property=WorkingDirectory,User", "--", unit]
    with suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(
            argv, env={"LC_ALL": "C"}, stdin=subprocess.DEVNULL, capture_output=True, timeout=ASK_SECONDS, check=False
        )
        if done.returncode == 0:
            lines = done.stdout.decode("utf-8", "replace").splitlines()
            return {name: value for name, equals, value in (line.partition("=") for line in lines) if equals}
    return {}


def container_mount(places: Places, container: str, inside: str) -> str:
    """Returns the host directory mounted at `inside` in the container; "" if Docker does not report one."""
    import http.client  # 15 ms, and only where host_dir is left open

    if not _CONTAINER.fullmatch(container):
        raise refused("config_invalid", b"[bot_api] container")
    mounts: dict[str, str] = {}
    nonsense = (ValueError, RecursionError, AttributeError, TypeError, KeyError)
    with suppress(OSError, http.client.HTTPException, *nonsense):
        status = os.lstat(places.docker)
        if not stat.S_ISSOCK(status.st_mode) or status.st_uid != 0:
            return ""
        wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with wire:
            wire.settimeout(ASK_SECONDS)
            wire.connect(places.docker)
            connection = http.client.HTTPConnection("localhost")
            connection.sock = wire
            connection.request("GET", f"/containers/{container}/json")
            answer = connection.getresponse()
            told = json.loads(answer.read(ANSWER_BYTES)) if answer.status == 200 else {}
        mounts = {str(each["Destination"]): str(each["Source"]) for each in told.get("Mounts") or ()}
    above = [place for place in mounts if place and (inside + "/").startswith(place.rstrip("/") + "/")]
    nearest = max(above, key=len, default="")
    return mounts[nearest] + inside[len(nearest.rstrip("/")) :] if nearest else ""


# --- how wide a root may be ------------------------------------------------------------------

_NEVER = frozenset(b"bin boot dev etc lib lib32 lib64 libx32 lost+found proc root run sbin sys usr".split())
_IN_VAR = frozenset(b"lib local opt tmp www".split())
# State of the system itself. A package's own folder, such as /var/lib/telegram-bot-api, is fine.
_STATE = frozenset(
    b"apt aptitude containerd containers dbus docker dpkg initramfs-tools libvirt lxc lxd machines misc pam"
    b" polkit-1 private snapd sudo systemd trafico-monitor trafico-monitor-access ucf".split()
)
_SECRETS = frozenset((b".gnupg", b".ssh"))
_VOLUME = (b"var", b"lib", b"docker", b"volumes")


def too_broad(parts: Sequence[bytes], homes: Iterable[Sequence[bytes]]) -> bool:
    """True for a directory that holds more than videos: a system directory, a home, or a parent of one."""
    parts = tuple(parts)
    if len(parts) < 2 or parts[0] in _NEVER or _SECRETS.intersection(parts):
        return True
    if parts[0] == b"home" and len(parts) < 3:
        return True
    if parts[0] == b"var" and (len(parts) < 3 or parts[1] not in _IN_VAR):
        return True
    if parts[:2] == (b"var", b"lib") and parts[2] in _STATE:
        return not (parts[:4] == _VOLUME and len(parts) > 5 and parts[5] == b"_data")
    return any(tuple(home[: len(parts)]) == parts for home in homes)


def homes() -> list[tuple[bytes, ...]]:
    """Returns the homes of people. A system account's «home» may be the Bot API directory itself."""
    people = (each for each in pwd.getpwall() if each.pw_uid == 0 or 1000 <= each.pw_uid < 65534)
    return [tuple(os.fsencode(each.pw_dir).strip(b"/").split(b"/")) for each in people]


def root_parts(path: str, setting: str) -> tuple[bytes, ...]:
    """Returns the components of a configured directory; refuses one that is too broad."""
    try:
        parts = components(path.rstrip("/").encode())
    except Stop:
        raise refused("config_invalid", f"{setting} = {path}".encode()) from None
    if too_broad(parts, homes()):
        raise refused("root_too_broad", f"{setting} = {path}".encode())
    return parts


# --- descriptors -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One component: an O_PATH descriptor and its status. A later rename does not affect it."""

    fd: int
    path: bytes
    status: os.stat_result

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.status.st_mode)


def mount_of(fd: int) -> int:
    """Returns the mount ID of `fd` (proc(5), fdinfo). Not st_dev: on an overlay, as in many containers, a file and
    its folder can have different ones. Accesses no file system."""
    with open(f"/proc/self/fdinfo/{fd}") as file:
        found = re.search(r"^mnt_id:\s*(\d+)$", file.read(), re.MULTILINE)
    if found is None:
        raise refused("other_filesystem")
    return int(found[1])


Admits = Callable[[int], bool]  # whether files on that mount may be changed


class Tree:
    """Opens names relative to one another; closes all descriptors at the end."""

    def __init__(self) -> None:
        self._opened: list[int] = []

    def __enter__(self) -> Tree:
        return self

    def __exit__(self, *_: object) -> None:
        for fd in self._opened:
            os.close(fd)
        self._opened.clear()

    def top(self) -> Step:
        return self._step("/", b"", None, None)

    def enter(self, above: Step, name: bytes) -> Step:
        """Opens `name` in the folder `above`, of any type, but never through a link."""
        if not above.is_folder:
            raise refused("not_a_folder", above.path)
        if stand_in := _STAND_IN.fullmatch(name):
            name = self._behind(above, stand_in[1])
        return self.take(above, name)

    def take(self, above: Step, name: bytes, admits: Admits | None = None) -> Step:
        """Opens the literal `name` on a mount that `admits`: this is checked before the file system is accessed,
        because a user's mount (FUSE) need not answer."""
        path = above.path + b"/" + name
        try:
            step = self._step(name, path, above.fd, admits)
        except OSError as error:
            raise failed(error, path) from None
        if stat.S_ISLNK(step.status.st_mode):
            raise refused("link_in_path", path)
        return step

    def descend(self, start: Step, names: Iterable[bytes]) -> list[Step]:
        """Returns `start` and every step below it."""
        steps = [start]
        for name in names:
            steps.append(self.enter(steps[-1], name))
        return steps

    def names(self, folder: Step, most: int | None = None, *, folders_only: bool = False) -> list[bytes]:
        """Returns at most `most` names in `folder`, sorted."""
        try:
            with self.real(folder) as fd, os.scandir(fd) as found:
                meant = (each.name for each in found if not folders_only or each.is_dir(follow_symlinks=False))
                return sorted(os.fsencode(name) for name in islice(meant, most))
        except OSError as error:
            raise failed(error, folder.path) from None

    @staticmethod
    @contextmanager
    def real(step: Step) -> Iterator[int]:
        """Returns a descriptor for fchown and fsetxattr of the same inode that was checked.

        /proc/self/fd refers to the open file itself, not to a name, so nothing can intervene. Only regular files and
        folders get here, so opening has no effect; O_NONBLOCK, because a lease held on the file would otherwise block
        for 45 s.
        """
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        try:
            fd = os.open(f"/proc/self/fd/{step.fd}", flags)
        except OSError as error:
            raise failed(error, step.path) from None
        try:
            now = os.fstat(fd)
            if (now.st_dev, now.st_ino) != (step.status.st_dev, step.status.st_ino):
                raise refused("changed_meanwhile", step.path)
            yield fd
        finally:
            os.close(fd)

    def _step(self, name: str | bytes, path: bytes, above: int | None, admits: Admits | None) -> Step:
        fd = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
        self._opened.append(fd)
        if admits is not None and not admits(mount_of(fd)):
            raise refused("other_filesystem", path)
        return Step(fd, path, os.fstat(fd))

    def _behind(self, above: Step, wanted: bytes | None) -> bytes:
        """Returns the one entry whose name holds a bot token, with the given digest if there is one."""
        fitting = [name for name in self.names(above) if _TOKEN.search(name) and wanted in (None, digest(name))]
        if len(fitting) != 1:
            code = "token_ambiguous" if fitting else "not_found"
            raise Stop(REFUSED if fitting else FAILED, code, above.path + b"/<TOKEN>")
        return fitting[0]


def walk(
    top: Step,
    admits: Admits,
    accepts: Callable[[Step], bool],
    left: Callable[[str, bytes], None],
    *,
    most: int,
    levels: int = DEEPEST,
    folders_only: bool = False,
) -> Iterator[tuple[Step, int]]:
    """Yields everything below `top`, nearest first, as (step, level); a step is open until the next one.

    No link is followed, no mount entered that `admits` refuses, no folder that `accepts` refuses. Only the path to the
    current folder is open, however deep and wide the tree is. `left` receives a code and the path of everything
    inaccessible.
    """
    waiting, looked_at = deque[tuple[bytes, ...]]([()]), 0
    while waiting:
        names = waiting.popleft()
        with Tree() as tree:
            try:
                folder = reduce(lambda above, name: tree.take(above, name, admits), names, top)
                below = tree.names(folder, most - looked_at + 1, folders_only=folders_only)
            except Stop as stop:
                left(stop.code, stop.path)
                continue
            for name in below:
                if looked_at == most:
                    left("too_many_entries", folder.path)
                    return
                looked_at += 1
                with Tree() as closer:
                    try:
                        step = closer.take(folder, name, admits)
                    except Stop as stop:
                        left(stop.code, stop.path)
                        continue
                    if accepts(step):
                        if step.is_folder and len(names) + 1 < levels:
                            waiting.append((*names, name))
                        yield step, len(names) + 1


# --- whose, and where ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Owner:
    uid: int
    gid: int
    home: str = ""


@dataclass(frozen=True, slots=True)
class Root:
    """One of the two directories: `steps` from / down to it, with all descriptors open."""

    is_models: bool
    parts: tuple[bytes, ...]
    steps: tuple[Step, ...]

    @property
    def step(self) -> Step:
        return self.steps[-1]

    @property
    def admits(self) -> Admits:
        """Accepts its own mount, and below models one made by root: a modelo may have a separate disk. A mount that
        any user can make (FUSE) is controlled by that user: refused."""
        return mounts(mount_of(self.step.fd), others=self.is_models)


@dataclass(frozen=True, slots=True)
class Site:
    """All inputs of a decision: the root directory, the accepted owners in it, the new owners."""

    root: Root
    owner: Owner
    monitor: int | None  # uid of the service's user, None where there is no such user
    accepted: frozenset[int]  # owners whose files may be given away

    def users(self, is_folder: bool) -> dict[int, int]:
        """ACL permissions by uid."""
        if self.root.is_models:
            return self._for_both(7) if is_folder else self.for_monitor(6)
        return self._for_both(5) if is_folder else self.for_monitor(4)

    def for_monitor(self, permissions: int) -> dict[int, int]:
        return {} if self.monitor is None else {self.monitor: permissions}

    def _for_both(self, permissions: int) -> dict[int, int]:
        return {self.owner.uid: permissions} | self.for_monitor(permissions)


def account(name: str) -> Owner:
    """Returns the account with that name or number. Root is refused as an owner."""
    try:
        found = pwd.getpwuid(int(name)) if name.isascii() and name.isdigit() else pwd.getpwnam(name)
    except (KeyError, ValueError, OverflowError):
        raise refused("owner_unknown", name.encode()) from None
    if found.pw_uid == 0:
        raise refused("owner_root", name.encode())
    return Owner(found.pw_uid, found.pw_gid, found.pw_dir)


def owner_of(steps: Sequence[Step]) -> Owner | None:
    """Returns the owner of a folder, None for root.

    Refused if a third user could have put that folder there: the owner of the parent folder could substitute another
    user's folder and so give files away in that user's name.
    """
    uid = steps[-1].status.st_uid
    if uid == 0:
        return None
    if steps[-2].status.st_uid not in (0, uid):
        raise refused("owner_unclear", steps[-1].path)
    try:
        return account(str(uid))
    except Stop:
        return Owner(uid, steps[-1].status.st_gid)


def servers_uid(steps: Sequence[Step]) -> set[int]:
    """Returns the owner of the Bot API directory, as which the container's server runs.

    Neither root nor a person, unless only root can have put that directory there: the bot's user could substitute
    another person's folder under that name to receive its content.
    """
    uid = steps[-1].status.st_uid
    with suppress(KeyError):
        if 1000 <= pwd.getpwuid(uid).pw_uid < 65534 and not all(only_roots(step.status) for step in steps[:-1]):
            return set()
    return {uid} - {0}


def _make_folder_as(owner: Owner, name: bytes, folder: int) -> None:
    """mkdir with the owner's own rights: in the service's sandbox, root has no right to write where others may."""
    closed = os.umask(0o022)  # as the bot would create it
    os.setegid(owner.gid)
    os.seteuid(owner.uid)
    try:
        os.mkdir(name, 0o755, dir_fd=folder)
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.umask(closed)


class Finder:
    """Determines roots and owner, querying systemd and Docker only for unconfigured values."""

    def __init__(self, places: Places, tree: Tree) -> None:
        self._places, self._tree = places, tree
        self._settings = read_settings(places)
        self._unit: dict[str, str] | None = None

    def owner(self) -> Owner:
        """The bot's user."""
        return self._owner_and_models(*self._models_parts(), needed=False)[0]

    def site(self, target: Sequence[bytes]) -> Site:
        """Returns the site of `target`; refuses a target outside the two directories."""
        project, models = self._models_parts()
        in_models = target[: len(models)] == models
        if target == models:
            self._make_models(project, models)
        owner, models_steps = self._owner_and_models(project, models, needed=in_models)
        parts, steps = models, models_steps
        api = self._api_parts(owner, target, in_models)
        if api and (not in_models or len(api) > len(models)):
            in_models, parts, steps = False, api, self._tree.descend(self._tree.top(), api)
        if not in_models and not api:
            raise refused("outside_roots", b"/" + b"/".join(target))
        if b"/" + b"/".join(parts) == os.fsencode(owner.home.rstrip("/")):
            raise refused("root_too_broad", steps[-1].path)
        root = Root(in_models, parts, tuple(steps))
        monitor = self._monitor()
        accepted = {owner.uid, self._places.api_uid} | ({monitor} if monitor else set())
        accepted |= set() if in_models else servers_uid(root.steps)
        return Site(root, owner, monitor, frozenset(accepted))

    def _monitor(self) -> int | None:
        try:
            return pwd.getpwnam(self._places.monitor).pw_uid
        except KeyError:
            return None

    def _ask_unit(self, name: str) -> str:
        if self._unit is None:
            self._unit = unit_properties(self._places, self._settings["bot", "unit"])
        return self._unit.get(name, "")

    def _working_directory(self) -> str:
        # systemd puts "!" before a directory that may be missing, "~" stands for the user's home.
        given = self._ask_unit("WorkingDirectory").lstrip("!-")
        return account(self._ask_unit("User")).home if given == "~" else given

    def _models_parts(self) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        models = self._settings["project", "models_dir"]
        project = self._settings["project", "dir"] or self._working_directory()
        if not project.startswith("/") and not models.startswith("/"):
            raise refused("project_unknown")
        parts = root_parts(models if models.startswith("/") else f"{project}/{models}", "project.models_dir")
        around = components(project.rstrip("/").encode()) if project.startswith("/") else ()
        if around[: len(parts)] == parts:  # the project itself: its code and its .env are no videos
            raise refused("root_too_broad", b"project.models_dir")
        return around, parts

    def _make_models(self, project: Sequence[bytes], models: Sequence[bytes]) -> None:
        """Creates a missing models directory if the bot's user could create it: directly inside that user's
        project, with that user's rights. The normal checks then apply."""
        if tuple(models[:-1]) != tuple(project):
            return
        with suppress(Stop):  # what is strange about the project is said where models is looked for
            steps = self._tree.descend(self._tree.top(), project)
            named, found = self._settings["project", "owner"], owner_of(steps)
            if found is None or (named and account(named).uid != found.uid):
                return
            with suppress(OSError), Tree.real(steps[-1]) as folder:
                _make_folder_as(found, models[-1], folder)

    def _owner_and_models(
        self, project: Sequence[bytes], models: Sequence[bytes], *, needed: bool
    ) -> tuple[Owner, list[Step]]:
        named = self._settings["project", "owner"]
        try:
            steps = self._tree.descend(self._tree.top(), models)
        except Stop as stop:
            if stop.code != "not_found":
                raise
            if needed or not named:
                raise refused("models_missing", stop.path) from None
            steps = []
        if named:
            return account(named), steps
        found = owner_of(steps)
        if found is None and (user := self._ask_unit("User")):
            found = account(user)
        if found is None and project:
            found = owner_of(self._tree.descend(self._tree.top(), project))
        if found is None:
            raise refused("owner_root", steps[-1].path)
        return found, steps

    def _api_parts(self, owner: Owner, target: Sequence[bytes], in_models: bool) -> tuple[bytes, ...]:
        """Returns the Bot API directory if it contains `target`, else ()."""
        named = self._settings["bot_api", "host_dir"]
        if in_models and not named:
            return ()  # avoids a Docker query for every file of the models directory
        if not named:
            inside = self._settings["bot_api", "container_dir"].rstrip("/")
            named = container_mount(self._places, self._settings["bot_api", "container"], inside)
        if not named and owner.home.startswith("/"):
            named = f"{owner.home.rstrip('/')}/.telegram-bot-api"
        if not named:
            return ()
        # Judged by its words first: a root that does not concern this path need not be in order.
        words = tuple(named.rstrip("/").encode().split(b"/")[1:])
        return root_parts(named, "bot_api.host_dir") if target[: len(words)] == words else ()


def check(site: Site, below: Sequence[Step]) -> None:
    """Refuses a target that must keep its owner. `below` is the root and every step down to the target."""
    target = below[-1]
    status, path = target.status, target.path
    if not (target.is_folder or stat.S_ISREG(status.st_mode)):
        raise refused("not_regular", path)
    if not all(site.root.admits(mount_of(step.fd)) for step in below):
        raise refused("other_filesystem", path)
    if not target.is_folder and status.st_nlink != 1:
        raise refused("hard_link", path)
    if not target.is_folder and status.st_mode & (stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX):
        raise refused("special_mode", path)
    if status.st_uid == 0:
        _check_roots_own(site, target, below)
    elif status.st_uid not in site.accepted:
        raise refused("wrong_owner", path)
    if target.is_folder and site.root.is_models and status.st_uid != site.owner.uid:
        check_inside(site, target)


def check_inside(site: Site, folder: Step) -> None:
    """Refuses a folder that contains an entry of root or a third user: a user with write access to the folder could
    delete or replace it. Every disk has a lost+found of root."""
    with Tree.real(folder) as fd, os.scandir(fd) as found:
        for entry in found:
            path = folder.path + b"/" + os.fsencode(entry.name)
            try:
                uid = entry.stat(follow_symlinks=False).st_uid
                disks = uid == 0 and entry.name == "lost+found" and entry.is_dir(follow_symlinks=False)
            except FileNotFoundError:
                continue
            except OSError as error:  # a file system that denies access even to root (FUSE)
                raise failed(error, path) from None
            if uid not in site.accepted and not disks:
                raise refused("wrong_owner" if uid else "roots_own", path)


def mounts(mount: int, *, others: bool) -> Admits:
    """Returns `mount` itself, and with `others` also mounts made elsewhere by root."""

    @cache
    def admits(other: int) -> bool:
        return other == mount or (others and _mounted_by_root(other))

    return admits


def _mounted_by_root(mount: int) -> bool:
    with open("/proc/self/mountinfo", "rb") as file:
        kind = mount_type(os.fsdecode(file.read(ANSWER_BYTES)), mount)
    return bool(kind) and not kind.startswith("fuse")


def mount_type(told: str, mount: int) -> str:
    """Returns the file system type of `mount` from /proc/self/mountinfo (proc(5)); "" if it is missing."""
    for line in told.splitlines():
        fields, _, rest = line.partition(" - ")
        if fields.split(" ", 1)[0] == str(mount):
            return rest.split(" ", 1)[0]
    return ""


def _check_roots_own(site: Site, target: Step, below: Sequence[Step]) -> None:
    """Refuses root's own file, which a user without read access may have moved in.

    Allowed are the root directory itself (named in the configuration); in the models directory, world-readable files
    and empty folders; in the Bot API directory, only what nobody but root can have put there: a server that runs as
    root.
    """
    if len(below) == 1:
        return
    if site.root.is_models:
        wanted = 0o005 if target.is_folder else 0o004
        allowed = target.status.st_mode & wanted == wanted or _is_empty_folder(target)
    else:
        allowed = all(only_roots(step.status) for step in (*site.root.steps, *below[1:-1]))
    if not allowed:
        raise refused("roots_own", target.path)


def _is_empty_folder(step: Step) -> bool:
    # Not an empty file: whoever has it open for writing may yet put a secret into it.
    return step.is_folder and not os.listdir(f"/proc/self/fd/{step.fd}")


# --- POSIX ACLs in the kernel's form (linux/posix_acl_xattr.h) -------------------------------

USER_OBJ, USER, GROUP_OBJ, GROUP, MASK, OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
ACCESS, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
_GROUP_CLASS = (USER, GROUP_OBJ, GROUP)
_NOBODY = 0xFFFFFFFF
_HEADER, _ENTRY = struct.Struct("<I"), struct.Struct("<HHI")
Acl = dict[tuple[int, int], int]  # (tag, id) -> permissions


def unpack_acl(data: bytes) -> Acl:
    if len(data) % _ENTRY.size != _HEADER.size or _HEADER.unpack_from(data)[0] != 2:
        raise ValueError("not an ACL of version 2")
    return {(tag, who): perm for tag, perm, who in _ENTRY.iter_unpack(data[_HEADER.size :])}


def pack_acl(acl: Acl) -> bytes:
    entries = (_ENTRY.pack(tag, perm, who) for (tag, who), perm in sorted(acl.items()))
    return _HEADER.pack(2) + b"".join(entries)


def acl_of_mode(mode: int) -> Acl:
    return {
        (USER_OBJ, _NOBODY): mode >> 6 & 7,
        (GROUP_OBJ, _NOBODY): mode >> 3 & 7,
        (OTHER, _NOBODY): mode & 7,
    }


def plain(acl: Acl) -> Acl:
    """Returns owner, group and others only, with their effective permissions."""
    mask = acl.get((MASK, _NOBODY), 7)
    return {
        (tag, who): perm & mask if tag == GROUP_OBJ else perm
        for (tag, who), perm in acl.items()
        if who == _NOBODY and tag != MASK
    }


def grant(acl: Acl, users: Mapping[int, int]) -> Acl:
    """Returns `acl` with at least those permissions for those users, and no more for anyone else.

    The mask is recomputed; permissions limited by the old mask are therefore removed from each entry first, or
    widening the mask for one user would widen it for all.
    """
    mask = acl.get((MASK, _NOBODY), 7)
    new = {key: perm & mask if key[0] in _GROUP_CLASS else perm for key, perm in acl.items()}
    for uid, perm in users.items():
        new[USER, uid] = new.get((USER, uid), 0) | perm
    return _masked(new)


def withdraw(acl: Acl, uid: int) -> Acl:
    """Returns `acl` without the entry of `uid`; a plain mode if no other entry is left."""
    mask = acl.get((MASK, _NOBODY), 7)
    new = {key: perm & mask if key[0] in _GROUP_CLASS else perm for key, perm in acl.items()}
    new.pop((USER, uid), None)
    return _masked(new)


def _masked(acl: Acl) -> Acl:
    acl.pop((MASK, _NOBODY), None)
    if any(tag in (USER, GROUP) for tag, _ in acl):
        together = 0
        for (tag, _), perm in acl.items():
            together |= perm if tag in _GROUP_CLASS else 0
        acl[MASK, _NOBODY] = together
    return acl


def read_acl(fd: int, name: str) -> Acl | None:
    try:
        return unpack_acl(os.getxattr(fd, name))
    except OSError as error:
        if error.errno in (errno.ENODATA, errno.EOPNOTSUPP):
            return None
        raise


def change_acl(fd: int, name: str, change: Callable[[Acl], Acl]) -> bool:
    """Reads, changes and writes an ACL; True if it was written.

    Without an ACL the mode is the start; for a default ACL not the mode alone: with an access ACL, its group bits are
    the mask, and new files would be open to the whole group.
    """
    status = os.fstat(fd)
    old = read_acl(fd, name)
    start = old if old is not None else plain(read_acl(fd, ACCESS) or acl_of_mode(status.st_mode))
    new = change(dict(start))
    if new == old or (old is None and new == start):
        return False
    with _keeping_setgid(status):
        os.setxattr(fd, name, pack_acl(new))
    return True


def change_mode(fd: int, status: os.stat_result, mode: int) -> None:
    """chmod. A folder's setgid bit is kept without naming it, which the service's sandbox would not allow
    (RestrictSUIDSGID=): only the ACL's permissions are written, through the ACL interface."""
    with _keeping_setgid(status):
        if not status.st_mode & stat.S_ISGID:
            os.fchmod(fd, mode)
            return
        acl = read_acl(fd, ACCESS)
        if acl is None:
            acl = acl_of_mode(mode)
        acl[USER_OBJ, _NOBODY] |= mode >> 6 & 7
        try:
            os.setxattr(fd, ACCESS, pack_acl(acl))
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.ENOSYS):
                raise
            os.fchmod(fd, mode)


@contextmanager
def _keeping_setgid(status: os.stat_result) -> Iterator[None]:
    # chmod and an access ACL drop a folder's setgid bit when its group is none of ours and
    # CAP_FSETID is missing, as it is in the service's sandbox: be of that group meanwhile.
    before = os.getegid()
    joined = bool(status.st_mode & stat.S_ISGID) and status.st_gid != before
    if joined:
        os.setegid(status.st_gid)
    try:
        yield
    finally:
        if joined:
            os.setegid(before)


# --- the way to a directory ------------------------------------------------------------------


def closed_to(folders: Iterable[Step], uid: int) -> list[Step]:
    """Returns the `folders` that `uid` may not pass."""
    return [folder for folder in folders if not _may_pass(folder, uid)]


def _may_pass(folder: Step, uid: int) -> bool:
    """The kernel's access check for x, without root's privileges (acl(5))."""
    status = folder.status
    if status.st_mode & 0o111 == 0o111:
        return True
    with Tree.real(folder) as fd:
        # With an empty mask Linux does not look at the ACL's entries at all (acl_permission_check).
        acl = (status.st_mode & 0o070 and read_acl(fd, ACCESS)) or acl_of_mode(status.st_mode)
    mask = acl.get((MASK, _NOBODY), 7)
    if uid == status.st_uid:
        return bool(acl[USER_OBJ, _NOBODY] & 1)
    if (USER, uid) in acl:
        return bool(acl[USER, uid] & mask & 1)
    mine: list[int] = []
    with suppress(KeyError):
        found = pwd.getpwuid(uid)
        mine = os.getgrouplist(found.pw_name, found.pw_gid)
    fitting = [perm for (tag, gid), perm in acl.items() if tag == GROUP and gid in mine]
    fitting += [acl[GROUP_OBJ, _NOBODY]] if status.st_gid in mine else []
    return any(perm & mask & 1 for perm in fitting) if fitting else bool(acl[OTHER, _NOBODY] & 1)


def own_parents(site: Site) -> list[Step]:
    """Returns the parent folders, all of the bot's user, that are closed to the monitor.

    Refused if another user's folder is closed to the monitor or the bot's user: a right on it would expose its other
    contents, such as another person's home or other containers' volumes.
    """
    above = site.root.steps[:-1]
    closed = closed_to(above, site.monitor) if site.monitor is not None else []
    for folder in (*closed_to(above, site.owner.uid), *closed):
        if folder.status.st_uid != site.owner.uid:
            raise refused("parent_closed", folder.path)
    return closed


# --- what is done ----------------------------------------------------------------------------

# A missing file, or one outside our scope, is not unfinished work.
_NOT_LEFT = frozenset(("not_found", "path_strange", "link_in_path", "other_filesystem"))


@dataclass(slots=True)
class Work:
    """Changes made, and failures that do not affect the rest."""

    owners: int = 0
    modes: int = 0
    acls: int = 0
    notes: set[str] = field(default_factory=set)
    left: dict[str, bytes] = field(default_factory=dict)  # by code, the first path

    def leave(self, code: str, path: bytes) -> None:
        if code not in _NOT_LEFT:
            self.left.setdefault(code, path)

    @property
    def code(self) -> str:
        return "changed" if self.owners or self.modes or self.acls else "already_right"

    @property
    def summary(self) -> str:
        more = [*sorted(self.notes), *(f"{code}={shown(path)}" for code, path in sorted(self.left.items()))]
        return " ".join((f"owner={self.owners} mode={self.modes} acl={self.acls}", *more))


def fix(argument: bytes, places: Places) -> Work:
    """Runs the one request; raises Stop if it is refused or fails.

    After any interruption, the same call completes the work, and changes nothing once all is correct.
    """
    target = components(argument)
    with Tree() as tree:
        site = Finder(places, tree).site(target)
        below = tree.descend(site.root.step, target[len(site.root.parts) :])
        check(site, below)
        parents = own_parents(site)
        work = Work()
        whole = len(below) == 1
        # Recorded first: after any interruption, granted access can be revoked.
        record(places, work, site, parents if whole else [])
        for folder in below[:-1]:
            if may_open(site, folder):
                give_access(site, folder, work)
        try:
            hand_over(site, below, work)
        except OSError as error:
            raise failed(error, below[-1].path) from None
        if whole:
            for parent in parents:
                _change(parent, site.for_monitor(1), work, default=False)
            open_folders(site, work)
        return work


def hand_over(site: Site, below: Sequence[Step], work: Work) -> None:
    """Sets owner, then mode, then ACL of the target, each on the same descriptor."""
    target, owner = below[-1], site.owner
    with Tree.real(target) as fd:
        status = os.fstat(fd)
        keeps_owner = target.is_folder and not site.root.is_models
        if status.st_uid != owner.uid and not keeps_owner:
            _change_owner(site, below, fd, status)
            work.owners += 1
            status = os.fstat(fd)
        if status.st_uid == owner.uid:
            wanted = 0o700 if target.is_folder else 0o600 if site.root.is_models else 0o400
            mode = stat.S_IMODE(status.st_mode) & (0o7777 if target.is_folder else 0o777)
            if mode | wanted != stat.S_IMODE(status.st_mode):
                change_mode(fd, status, mode | wanted)
                work.modes += 1
    hindered = give_access(site, target, work)
    # Without ACLs the owner has to do; any other hindrance may be gone the next time.
    if hindered and (hindered != "acl_unsupported" or (keeps_owner and status.st_uid != owner.uid)):
        raise Stop(FAILED, hindered, target.path)


def _change_owner(site: Site, below: Sequence[Step], fd: int, status: os.stat_result) -> None:
    """fchown. A folder is inspected right before and right after: entries that root adds in between would change
    hands with it."""
    if below[-1].is_folder:
        check_inside(site, below[-1])
    os.fchown(fd, site.owner.uid, _group(site, below))
    try:
        if below[-1].is_folder:
            check_inside(site, below[-1])
    except BaseException:
        os.fchown(fd, status.st_uid, status.st_gid)
        raise


def _group(site: Site, below: Sequence[Step]) -> int:
    """-1 keeps the group, which the Bot API server needs to read its files."""
    if not site.root.is_models:
        return -1
    above = below[-2].status if len(below) > 1 else site.root.steps[-2].status
    return above.st_gid if above.st_mode & stat.S_ISGID else site.owner.gid


def may_open(site: Site, folder: Step) -> bool:
    """True for a folder that may get the ACL entries of its root."""
    uid = folder.status.st_uid
    if uid not in site.accepted and folder is not site.root.step:
        return False
    try:
        if site.root.is_models and uid != site.owner.uid:  # entries that allow to remove what is in it
            check_inside(site, folder)
    except Stop:
        return False
    return True


def give_access(site: Site, step: Step, work: Work) -> str:
    """Sets ACL entries on one file or folder. A file system without ACLs is a note, not a failure: returns that
    note, or ""."""
    return _change(step, site.users(step.is_folder), work, default=step.is_folder)


def _change(step: Step, users: Mapping[int, int], work: Work, *, default: bool) -> str:
    note = ""
    try:
        with Tree.real(step) as fd:
            uid = os.fstat(fd).st_uid
            others = {who: perm for who, perm in users.items() if who != uid}
            if others:
                work.acls += change_acl(fd, ACCESS, lambda acl: grant(acl, others))
            if users and default:
                work.acls += change_acl(fd, DEFAULT, lambda acl: grant(acl, users))
    except OSError as error:
        unsupported = error.errno in (errno.EOPNOTSUPP, errno.ENOSYS)
        note = "acl_unsupported" if unsupported else f"acl_{failed(error).code}"
    except Stop as stop:
        note = f"acl_{stop.code}"
    except ValueError:
        note = "acl_unknown_form"
    work.notes |= {note} - {""}
    return note


def open_folders(site: Site, work: Work) -> None:
    """Sets ACLs only, on the folders down to two levels below the root."""

    def left(code: str, path: bytes) -> None:
        work.notes |= {code} & {"too_many_entries"}

    root, opens = site.root, partial(may_open, site)
    for step, _ in walk(root.step, root.admits, opens, left, levels=2, most=MOST_FOLDERS, folders_only=True):
        if step.is_folder:
            give_access(site, step, work)


# --- what was granted, and taking it back ----------------------------------------------------


def record(places: Places, work: Work, site: Site, parents: Iterable[Step]) -> None:
    """Records the directories whose ACLs name the monitor, each once."""
    if site.monitor is None:
        return
    try:
        note(places, site.monitor, tree=site.root.step, ones=parents)
    except (OSError, Stop):
        work.notes.add("not_recorded")


def note(places: Places, uid: int, *, tree: Step | None = None, ones: Iterable[Step] = ()) -> None:
    """Adds to the list: `uid` gets access to all of `tree`, and to each of `ones` alone."""
    wanted = [("tree", tree)] if tree is not None else []
    wanted += [("one", step) for step in ones]
    lines = [json.dumps({kind: os.fsdecode(step.path), "uid": uid}) + "\n" for kind, step in wanted]
    with _granted(places, create=True) as file:
        known = set(_read(file).splitlines(keepends=True))
        if new := "".join(line for line in lines if line not in known):
            os.write(file, new.encode())


def _read(file: int) -> str:
    os.lseek(file, 0, os.SEEK_SET)
    return b"".join(iter(lambda: os.read(file, 65536), b"")).decode("utf-8", "replace")


@contextmanager
def _granted(places: Places, *, create: bool) -> Iterator[int]:
    """Opens the list, locked: concurrent helpers write one after the other."""
    if create:
        with suppress(FileExistsError):
            os.mkdir(places.granted, 0o700)
    folder = _open_roots_own(places.granted, os.O_RDONLY | os.O_DIRECTORY)
    if folder is None:
        raise FileNotFoundError(errno.ENOENT, "nothing was granted", places.granted)
    try:
        flags = os.O_RDWR | os.O_APPEND | (os.O_CREAT if create else 0)
        file = _open_roots_own("granted", flags, folder)
        if file is None:
            raise FileNotFoundError(errno.ENOENT, "nothing was granted", places.granted)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)
    finally:
        os.close(folder)


def _listed(text: str, work: Work) -> list[tuple[bool, bytes, int]]:
    """Returns each line as (whether it includes everything below; path; uid), single folders first."""
    found = set()
    for line in text.splitlines():
        try:
            entry = json.loads(line)
            kind = "tree" if "tree" in entry else "one"
            found.add((kind == "tree", os.fsencode(entry[kind]), int(entry["uid"])))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            work.notes.add("list_damaged")
    return sorted(found)


def undo(places: Places, *, parents_only: bool = False) -> Work:
    """Removes the monitor's ACL entries from everything on the list, and empties it.

    Owners stay, and so do the entries of the bot's own user in the two directories, which repaired the system. That
    user's `x` on other users' parent folders, granted by 1.0.0, is removed too; only that with `parents_only`. Its
    previous state was not recorded.
    """
    work, bot = Work(), None
    with suppress(Stop, OSError), Tree() as tree:
        bot = Finder(places, tree).owner().uid
    work.notes |= {"owner_unknown"} if bot is None else set()
    with suppress(FileNotFoundError), _granted(places, create=False) as file:
        listed = _listed(_read(file), work)
        ends = time.monotonic() + UNDO_SECONDS - ASK_SECONDS
        for number, (whole, path, uid) in enumerate(listed):
            share = int((ends - time.monotonic()) / (len(listed) - number))
            if not parents_only:
                _apart(share, path, partial(take_back, path, uid, whole=whole), work)
            if not whole and bot is not None:
                _apart(share, path, partial(take_back, path, bot, whole=False, only=1), work)
        if not parents_only:
            os.ftruncate(file, 0)
    return work


def _apart(seconds: int, path: bytes, task: Callable[[Work], None], work: Work) -> None:
    """Runs `task` in a separate process: a file system that does not answer, or any other failure, does not prevent
    the rest."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(max(1, seconds))
            own = Work()
            task(own)
            os.write(writing, repr((own.acls, own.notes, own.left)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        said = told.read()
    os.waitpid(child, 0)
    acls, notes, left = ast.literal_eval(said.decode()) if said else (0, (), {"no_answer": path})
    work.acls += acls
    work.notes.update(notes)
    work.left = left | work.left


def take_back(path: bytes, uid: int, work: Work, *, whole: bool, only: int | None = None) -> None:
    """Removes the entries of `uid` from `path`, and with `whole` from everything below it; with `only`, just
    entries that grant exactly that, and none from a folder owned by that user."""
    with Tree() as tree:
        try:
            step = tree.descend(tree.top(), components(path))[-1]
        except Stop as stop:
            work.notes.add(f"passed_over_{stop.code}")
            work.leave(stop.code, path)
            return
        if only is None or step.status.st_uid != uid:
            _withdraw(step, uid, work, only)
        if not (whole and step.is_folder):
            return
        admits = mounts(mount_of(step.fd), others=True)
        for below, level in walk(step, admits, lambda step: True, work.leave, most=MOST_ENTRIES):
            _withdraw(below, uid, work)
            if below.is_folder and level == DEEPEST:
                work.leave("too_deep", below.path)


def _withdraw(step: Step, uid: int, work: Work, only: int | None = None) -> None:
    if not (step.is_folder or stat.S_ISREG(step.status.st_mode)):
        return
    try:
        with Tree.real(step) as fd:
            for name in (ACCESS, DEFAULT) if step.is_folder else (ACCESS,):
                old = read_acl(fd, name)
                if old is not None and (USER, uid) in old and only in (None, old[USER, uid]):
                    _put_back(fd, name, withdraw(old, uid))
                    work.acls += 1
    except Stop as stop:
        work.leave(stop.code, step.path)
    except OSError as error:
        work.leave(failed(error).code, step.path)
    except ValueError:
        work.leave("acl_unknown_form", step.path)


def _put_back(fd: int, name: str, acl: Acl) -> None:
    if name == DEFAULT and len(acl) == 3:  # there was none before
        os.removexattr(fd, name)
        return
    with _keeping_setgid(os.fstat(fd)):
        os.setxattr(fd, name, pack_acl(acl))


# --- the program -----------------------------------------------------------------------------

_WORDS = {DONE: ("done", 6), USAGE: ("usage", 4), REFUSED: ("refused", 4), FAILED: ("failed", 3)}


def tell(places: Places, status: int, code: str, path: bytes, more: str = "") -> int:
    """Writes one line to stderr and one entry to the journal; returns the exit status."""
    word, priority = _WORDS[status]
    line = " ".join(part for part in (f"{word}: {code}", shown(path), more) if part)
    with suppress(OSError):
        os.write(2, f"{line}\n".encode("utf-8", "backslashreplace"))
    fields = {
        "MESSAGE": line,
        "PRIORITY": str(priority),
        "SYSLOG_IDENTIFIER": "trafico-monitor-chown",
        "TRAFICO_ACCION": "fix_owner",
        "TRAFICO_RESULTADO": f"{word}:{code}",
        "TRAFICO_RUTA": shown(path),
    }
    entry = "".join(f"{name}={value}\n" for name, value in fields.items())
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.setblocking(False)  # a hanging journald must not block the helper
        journal.sendto(entry.encode("utf-8", "backslashreplace"), places.journal)
    return status


def prepare(seconds: int) -> None:
    """Resets the inherited state: open 0-2, no signal mask, no core file, a time limit."""
    while os.open("/dev/null", os.O_RDWR) <= 2:
        pass
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    signal.alarm(seconds)  # ends also a wait for a FUSE mount that a user does not answer for


ROOTS_OWN_ORDERS: Mapping[bytes, Callable[[Places], Work]] = {
    b"--undo": undo,
    b"--close-parents": partial(undo, parents_only=True),
}


def run(arguments: Sequence[bytes], places: Places, *, through_sudo: bool) -> int:
    """Runs one call: `PATH`, or by root directly `--undo` or `--close-parents`."""
    path = b""
    try:
        if len(arguments) != 1:
            return tell(places, USAGE, "one_path", b"", "usage: chown ABSOLUTE_PATH")
        path = arguments[0]
        if os.geteuid() != 0:
            raise Stop(FAILED, "not_root", path)
        if path in ROOTS_OWN_ORDERS:
            if through_sudo:
                raise refused("undo_through_sudo")
            work = ROOTS_OWN_ORDERS[path](places)
        elif not path.startswith(b"/"):
            return tell(places, USAGE, "absolute_path", path)
        else:
            work = fix(path, places)
    except Stop as stop:
        return tell(places, stop.status, stop.code, stop.path or path)
    except OSError as error:
        return tell(places, FAILED, failed(error).code, path)
    except Exception as error:  # a traceback would show whatever path it is about
        return tell(places, FAILED, "internal_error", path, type(error).__name__)
    if work.left:
        return tell(places, FAILED, "some_left", path, work.summary)
    return tell(places, DONE, work.code, path, work.summary)


def main() -> int:
    arguments = [os.fsencode(each) for each in sys.argv[1:]]
    through_sudo = "SUDO_UID" in os.environ
    prepare(UNDO_SECONDS if arguments and arguments[0] in ROOTS_OWN_ORDERS else SECONDS)
    os.environ.clear()
    return run(arguments, Places(), through_sudo=through_sudo)


if __name__ == "__main__":
    sys.exit(main())
