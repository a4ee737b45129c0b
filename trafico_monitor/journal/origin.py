"""Sender of an entry: the bot, a child of it, systemd or journald, by fields that only journald can set.

A field without a leading underscore is what the sender says of itself: any account may write `UNIT=` or
`CONTAINER_NAME=`. Such a field counts only where the trusted ones prove a sender that may be believed. Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from ..host.command_line import program, split
from ..model.journal_entry import Origin

READ_LIMIT = 64 * 1024  # bytes of a value that are read; journald splits stdout lines at 48 K
SUPPRESSED = "a596d6fe7bfa4994828e72309e95d61e"  # SD_MESSAGE_JOURNAL_DROPPED of sd-messages.h
CONTAINER_PIDS = 1 << 30  # above every process id of the kernel (PID_MAX_LIMIT, 2^22)

_MOST_KNOWN = 256  # processes that are remembered
_COMM_LIMIT = 15  # characters of `_COMM` (TASK_COMM_LEN)
# journald may still show the state before the exec: `_COMM` of a Docker daemon is «(dockerd)» on systemd 257.
_DOCKER_UNITS = frozenset({"docker.service", "snap.docker.dockerd.service"})
# Programs that run another one within their own process, named among their arguments.
_RUNNERS = frozenset(
    {"cProfile", "coverage", "ddtrace-run", "debugpy", "gunicorn", "hupper", "hypercorn", "kernprof", "memray",
     "opentelemetry-instrument", "pdb", "profile", "scalene", "trace", "uvicorn", "viztracer", "watchfiles"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Watch:
    """Selection of entries: `unit` "" matches any unit, `process` "" every process of it.

    `uid` is the bot's user, and `of_user` says that the unit is one of that user's own manager. Any account can start
    a process with any command line: without a unit, only processes of `uid` match, and none if that is None. `own_pid`
    is the reading process, whose lines are always excluded. `container` is the name of a container whose lines Docker
    or Podman writes to the journal.
    """

    unit: str
    process: str
    own_pid: int = 0
    uid: int | None = None
    container: str = ""
    of_user: bool = False


class Senders:
    """Origin of each entry of a watch. For one reader: journald finds no command line of a process that has gone, so
    that of its earlier entries counts, within one run of the unit.

    `unattributed` counts the unit's entries whose process is unknown: they are taken for a child's.
    """

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.unattributed = 0
        self._known: dict[int, tuple[Origin, str]] = {}

    def of(self, raw: Mapping[str, object]) -> Origin | None:
        """Returns the sender of the entry `raw`; None: not selected."""
        watch, pid = self.watch, pid_of(raw.get("_PID"))
        if pid == 1:
            return Origin.MANAGER if _is(raw, "UNIT", watch.unit) and not watch.of_user else None
        if watch.of_user and _user_manager(raw, watch):
            return Origin.MANAGER if _is(raw, "USER_UNIT", watch.unit) else None
        if plain(raw.get("_TRANSPORT")) == "driver":
            return Origin.JOURNALD if _suppression(raw, watch) else None
        if watch.container and of_container(raw, watch):
            return Origin.BOT
        selected = _in_unit(raw, watch) if watch.unit else not watch.container and is_users(raw, watch.uid)
        if not selected or pid == watch.own_pid or _own_line(raw):
            return None
        if "_CMDLINE" in raw:
            return self.of_process(pid, plain(raw["_CMDLINE"]), plain(raw.get("_SYSTEMD_INVOCATION_ID")))
        return self._of_gone(pid, raw)

    def knows(self, pid: int) -> bool:
        """Whether an entry of `pid` has told its origin."""
        return pid in self._known

    def of_process(self, pid: int, cmdline: str, run: str) -> Origin | None:
        """Returns the origin of a selected process, and remembers it, with the unit's `run` at its first entry."""
        origin, known = self.of_running(pid, cmdline), self._known.get(pid)
        if origin is None or (known is not None and known[0] is origin):
            return origin
        if len(self._known) >= _MOST_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[pid] = origin, run if known is None else known[1]
        return origin

    def of_running(self, pid: int, cmdline: str) -> Origin | None:
        """Returns the origin of a selected process by its command line; None for one that is no part of the bot."""
        if pid == self.watch.own_pid or "-m trafico_monitor" in cmdline:
            return None  # the monitor's own command line may contain the bot's name (`--process bot_central.py`)
        if runs(cmdline, self.watch.process):
            return Origin.BOT
        return Origin.CHILD if self.watch.unit else None

    def _of_gone(self, pid: int, raw: Mapping[str, object]) -> Origin | None:
        known = self._known.get(pid)
        if not self.watch.process:
            return Origin.BOT
        if known is not None and known[1] == plain(raw.get("_SYSTEMD_INVOCATION_ID")):
            return known[0]
        if not self.watch.unit:
            return None
        comm = plain(raw.get("_COMM"))  # a zombie still has it
        if comm and comm == _stem(self.watch.process)[:_COMM_LIMIT]:
            return Origin.BOT
        self.unattributed += not comm or program([comm]).python
        return Origin.CHILD


@lru_cache(maxsize=512)
def runs(cmdline: str, process: str) -> bool:
    """Whether a process with this command line is the program `process`: as a script, as a module, by a console
    script, by a program that runs it in its own process, or by the title that it gave itself.

    Arguments are others' text: `ffprobe …/bot_central.py` is not the bot. They count only where `process` itself has
    a blank or begins with a dash."""
    if not process or re.search(r"\s|^-", process):
        return process in cmdline
    this = program(split(cmdline))
    if not this.code and process in " ".join((*this.before, this.name)):
        return True
    stem = _stem(process)
    if this.base.replace("-", "_") == stem or (this.code and process in this.name):
        return True
    if re.search(rf"(?<![\w./-]){re.escape(stem)}(?![\w./-])", this.name) and not this.code:
        return True
    return this.base in _RUNNERS and any(_names(argument, process, stem) for argument in this.arguments)


def commands_of(entries: Iterable[Mapping[str, object]]) -> Counter[str]:
    """Returns the command lines of those who wrote `entries`, with the number of their lines."""
    return Counter(plain(entry["_CMDLINE"]) for entry in entries if "_CMDLINE" in entry)


# What passes on another program's lines: the pipe behind the bot, whose lines it hides.
_RELAYS = frozenset(
    {"tee", "cat", "logger", "systemd-cat", "ts", "sed", "awk", "gawk", "mawk", "grep", "stdbuf", "unbuffer",
     "multilog", "svlogd", "cronolog", "rotatelogs"}
)  # fmt: skip


def relays(commands: Iterable[str]) -> tuple[str, ...]:
    """Returns those of the programs that only pass on what another one prints."""
    found = (program(split(command)).base for command in commands)
    return tuple(dict.fromkeys(name for name in found if name in _RELAYS))


def proposal(commands: Mapping[str, int]) -> str:
    """Returns what to name as `process` for the program that prints most, a Python one before all others; "" for none.
    A relay is no program of the bot. `commands` are command lines with the number of their lines."""
    ranked = [(program(split(command)), number) for command, number in commands.items()]
    named = [
        (one.python, number, one.base)
        for one, number in ranked
        if one.base and not one.code and one.base not in _RELAYS
    ]
    return max(named, default=(False, 0, ""))[2]


def _names(argument: str, process: str, stem: str) -> bool:
    """Whether a runner's `argument` is the program: its file, or a module as in `bot_central:app`."""
    return argument.rpartition("/")[2] == process or argument.partition(":")[0].rpartition(".")[2] == stem


def _stem(process: str) -> str:
    return process.rpartition("/")[2].removesuffix(".py").replace("-", "_")


def _is(raw: Mapping[str, object], field: str, value: str) -> bool:
    return bool(value) and plain(raw.get(field)) == value


def _user_manager(raw: Mapping[str, object], watch: Watch) -> bool:
    """The manager of the bot's user: the only process in its own scope that runs systemd."""
    return (
        is_users(raw, watch.uid)
        and _is(raw, "_SYSTEMD_USER_UNIT", "init.scope")
        and _is(raw, "_SYSTEMD_UNIT", f"user@{watch.uid}.service")
        and _is(raw, "_COMM", "systemd")
    )


def _in_unit(raw: Mapping[str, object], watch: Watch) -> bool:
    if watch.of_user:
        return _is(raw, "_SYSTEMD_USER_UNIT", watch.unit) and is_users(raw, watch.uid)
    return _is(raw, "_SYSTEMD_UNIT", watch.unit)


def is_users(raw: Mapping[str, object], uid: int | None) -> bool:
    """Whether the sender's user is `uid`; False where that is None."""
    return uid is not None and plain(raw.get("_UID")) == str(uid)


def of_container(raw: Mapping[str, object], watch: Watch) -> bool:
    """Whether Docker or Podman wrote `raw` for the watched container: a daemon of root or of the bot's user. Any
    account can write the container's name, so the sender decides."""
    if not (_is(raw, "CONTAINER_NAME", watch.container) and _is(raw, "_TRANSPORT", "journal")):
        return False
    of_root = is_users(raw, 0)
    if not (of_root or is_users(raw, watch.uid)):
        return False
    unit = plain(raw.get("_SYSTEMD_UNIT" if of_root else "_SYSTEMD_USER_UNIT"))
    return unit in _DOCKER_UNITS or _is(raw, "_COMM", "conmon")


def container_pid(raw: Mapping[str, object]) -> int:
    """Returns a number for the container, in place of its daemon's process id, which all containers share."""
    digits = plain(raw.get("CONTAINER_ID"))[:7]
    return CONTAINER_PIDS + (int(digits, 16) if re.fullmatch("[0-9a-f]{7}", digits) else 0)


def pid_of(value: object) -> int:
    """Returns `_PID` as a number; 0 if it is missing or invalid."""
    digits = value if isinstance(value, int) else plain(value)
    try:
        return int(digits)
    except ValueError:
        return 0


def _suppression(raw: Mapping[str, object], watch: Watch) -> bool:
    """journald's «Suppressed N messages from <unit>», the only trace of its rate limiting: it counts for all units of
    a user's manager together."""
    unit = f"user@{watch.uid}.service" if watch.of_user else watch.unit
    if plain(raw.get("MESSAGE_ID")) != SUPPRESSED:
        return False
    return not unit or plain(raw.get("MESSAGE")).endswith(f" from {unit}")


def _own_line(raw: Mapping[str, object]) -> bool:
    return plain(raw.get("SYSLOG_IDENTIFIER")) == "trafico-monitor" or "TRAFICO_REGISTRO" in raw


def plain(value: object) -> str:
    """Returns a field as text; the first of several values, "" for a missing one."""
    return decoded(as_bytes(first(value)))


def first(value: object) -> object:
    """Returns the first of several values of a field."""
    if isinstance(value, list):
        return value[0] if value else None
    return value


def as_bytes(value: object) -> bytes:
    """Returns a value as python-systemd gives it, in bytes."""
    if isinstance(value, bytes):
        return value
    if value is None:
        return b""
    if isinstance(value, UUID):  # python-systemd converts MESSAGE_ID
        return value.hex.encode()
    return str(value).encode("utf-8", "replace")


def decoded(data: bytes) -> str:
    """Returns at most READ_LIMIT bytes as text, without NUL."""
    text = data[:READ_LIMIT].decode("utf-8", "replace")
    return text.replace("\0", "") if "\0" in text else text
