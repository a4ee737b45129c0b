"""The processes of a unit, by its control group: the kernel's word, which needs no look into /proc."""

from __future__ import annotations

from pathlib import Path

# systemd's own hierarchy: the unified one, or that beside the controllers of version 1.
_HIERARCHIES = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd")
_PROC = Path("/proc")
_MOST_GROUPS = 256  # below a unit: a delegated one may have made many


def members(control_group: str, hierarchies: tuple[str, ...] = _HIERARCHIES) -> frozenset[int] | None:
    """The processes of the unit with `control_group` (as `systemctl show` names it), with those of groups below it.

    None when that cannot be told: no such group can be seen, or it has processes of another PID namespace, whose
    numbers mean nothing here."""
    found = [place for base in hierarchies if (place := Path(f"{base}{control_group}")).is_dir()]
    if not control_group.startswith("/") or ".." in control_group or not found:
        return None
    try:
        groups = [found[0], *(path for path in found[0].rglob("*") if path.is_dir())][:_MOST_GROUPS]
        said = [word for group in groups for word in (group / "cgroup.procs").read_text().split()]
        pids = frozenset(map(int, said))
    except (OSError, ValueError):
        return None
    return None if 0 in pids else pids


def belongs(pid: int, unit: str) -> bool | None:
    """Whether `pid` is of `unit` ("": any), where /proc shows it; None where it does not."""
    try:
        said = (_PROC / str(pid) / "cgroup").read_text()
    except OSError:
        return None
    return not unit or any(unit in line.split("/") for line in said.splitlines())
