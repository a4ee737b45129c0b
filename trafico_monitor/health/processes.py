"""Processes of the bot: those of its unit by control group, and those that run its programs elsewhere."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from ..host.command_line import program
from ..host.safe_open import beginning

# systemd's own hierarchy: the unified one, or that beside the controllers of version 1.
_HIERARCHIES = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd")
_PROC = Path("/proc")
_MOST_GROUPS = 256  # below a unit: a delegated one may have made many
_SERVICE = re.compile(r"^0::(?!/user\.slice/)/(?:[^/]+\.slice/)*([^/]+\.service)(?:/|$)", re.MULTILINE)
_USER_SERVICE = re.compile(r"^0::.*/user@\d+\.service/(?:[^/]+\.slice/)*([^/]+\.service)(?:/|$)", re.MULTILINE)

_CONTAINER = re.compile(r"(?:docker-|libpod-(?:payload-)?|/docker/|/libpod/)([0-9a-f]{12})[0-9a-f]*")


@dataclass(frozen=True, slots=True)
class BotProcess:
    """A Python process that runs `program`, a script beneath the project. `began` is in seconds since the epoch;
    `control_groups` is /proc/PID/cgroup, "" where that cannot be read."""

    pid: int
    uid: int
    program: str
    began: float
    control_groups: str

    def in_unit(self, unit: str, *, of_user: bool = False) -> bool:
        """Whether the system's `unit` holds it, or the user's own (`of_user`): both may have one of that name."""
        return bool(self.user_service) is of_user and _holds(self.control_groups, unit)

    @property
    def service(self) -> str:
        """The system's service that holds it; "" for a session, a service of a user's own manager or a container."""
        return service_of(self.control_groups)

    @property
    def user_service(self) -> str:
        """The service of a user's own manager (`systemctl --user`) that holds it; "" for none."""
        found = _USER_SERVICE.search(self.control_groups)
        return found[1] if found else ""


def service_of(control_groups: str) -> str:
    """The system's service in the text of /proc/PID/cgroup; "" for none."""
    found = _SERVICE.search(control_groups)
    return found[1] if found else ""


def unit_processes(control_group: str, hierarchies: tuple[str, ...] = _HIERARCHIES) -> frozenset[int] | None:
    """The processes of the unit with `control_group` (as `systemctl show` names it), with those of groups below it.

    None when that cannot be told: no such group can be seen, or it has processes of another PID namespace, whose
    numbers mean nothing here."""
    found = [place for base in hierarchies if (place := Path(f"{base}{control_group}")).is_dir()]
    if not control_group.startswith("/") or ".." in control_group or not found:
        return None
    try:
        groups = [found[0], *(path for path in found[0].rglob("*") if path.is_dir())][:_MOST_GROUPS]
        numbers = [word for group in groups for word in (group / "cgroup.procs").read_text().split()]
        pids = frozenset(map(int, numbers))
    except (OSError, ValueError):
        return None
    return None if 0 in pids else pids


def is_in_unit(pid: int, unit: str) -> bool | None:
    """Whether `pid` belongs to `unit` ("": any), where /proc shows it; None where it does not."""
    groups = _control_groups(pid)
    return None if groups is None else not unit or _holds(groups, unit)


def _holds(control_groups: str, unit: str) -> bool:
    return any(unit in line.split("/") for line in control_groups.splitlines())


def exists(pid: int) -> bool:
    """Whether `pid` is a process, also where /proc hides those of other users (ProtectProc=invisible)."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:  # it is another user's
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True


def find_bot_processes(project: str, programs: Collection[str], uids: Collection[int]) -> list[BotProcess]:
    """The Python processes of the users `uids` that run one of `programs` (file names) beneath `project`,
    oldest first. Anybody can start one that looks like it; a set-user-ID program of somebody else's is left out.

    Where the caller may not see a process's folder, only a script that was named with its whole path is known."""
    found = list(_find(project, frozenset(programs), frozenset(uids)))
    return sorted(found, key=lambda process: (process.began, process.pid))


def container_of(project: str, programs: Collection[str]) -> str:
    """The beginning of the id of a container of Docker or Podman that runs one of `programs` of `project`, mounted or
    copied into its image: a file of the same content; "" for none. For root, who sees into containers."""
    for process in psutil.process_iter(["cmdline", "cwd"]):
        script = program(process.info["cmdline"] or ()).script
        name = script.rpartition("/")[2]
        found = _CONTAINER.search(_control_groups(process.pid) or "") if name in programs else None
        if found is not None:
            inside = os.path.normpath(Path(process.info["cwd"] or "/", script))
            text = beginning(Path(f"{_PROC}/{process.pid}/root{inside}"))
            own = (each for above in ("", "*/", "*/*/") for each in Path(project).glob(above + name))
            if text and any(beginning(each) == text for each in own):
                return found[1]
    return ""


def _find(project: str, programs: frozenset[str], uids: frozenset[int]) -> Iterator[BotProcess]:
    for process in psutil.process_iter(["uids", "cmdline", "cwd", "create_time"]):
        facts = process.info  # a value that may not be read is None
        ids = frozenset(facts["uids"] or ())
        if len(ids) != 1 or not ids <= uids:
            continue
        script = program(facts["cmdline"] or ()).script
        place = Path(os.path.normpath(Path(facts["cwd"] or "/", script)))
        if script and place.name in programs and place.is_relative_to(project):
            below, groups = str(place.relative_to(project)), _control_groups(process.pid) or ""
            yield BotProcess(process.pid, facts["uids"].real, below, facts["create_time"] or 0.0, groups)


def _control_groups(pid: int) -> str | None:
    """psutil knows nothing of them."""
    try:
        return (_PROC / str(pid) / "cgroup").read_text()
    except OSError:
        return None
