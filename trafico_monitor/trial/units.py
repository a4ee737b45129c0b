"""Units of a trial: started, bound to the trial's scope, and stopped again.

The trial runs in its own scope. A guard unit, bound to that scope, stops what the trial started; systemd does this, so
neither `kill -9` nor a closed terminal leaves anything running.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import MonitorError
from ..host import subprocesses, systemd
from ..host.accounts import Account
from ..messages import text

SCOPE = "trafico-trial.scope"
GUARD = "trafico-trial-guard.service"
MONITOR = "trafico-monitor.service"
_SECONDS = 60.0
_RUNNING = frozenset({"active", "activating", "reloading"})


class TrialError(MonitorError):
    """The trial could not be set up; nothing of it keeps running."""


@dataclass(frozen=True, slots=True)
class State:
    """Current state of a unit."""

    name: str
    there: bool
    active: bool
    result: str = ""


async def state(unit: str) -> State:
    """Returns systemd's state of `unit`."""
    said = await systemd.show_unit(unit, ("LoadState", "ActiveState", "Result")) or {}
    loaded = said.get("LoadState") == "loaded"
    return State(unit, loaded, said.get("ActiveState") in _RUNNING, said.get("Result", ""))


def in_scope() -> bool:
    """True once this process runs in the trial's scope."""
    return any(line.rstrip().endswith(f"/{SCOPE}") for line in Path("/proc/self/cgroup").read_text().splitlines())


def enter_scope(arguments: Sequence[str]) -> None:
    """Re-executes the same command inside the scope: the same process, the same terminal.

    Returns only if that is impossible; systemd reports it if another trial is running.
    """
    program = os.path.realpath(sys.argv[0])
    again = (
        [program, *arguments] if os.access(program, os.X_OK) else [sys.executable, "-m", "trafico_monitor", *arguments]
    )
    os.execvp("systemd-run", ["systemd-run", "--scope", "--quiet", "--collect", f"--unit={SCOPE}", "--", *again])


async def guard(stops: Sequence[str], reload_after: bool) -> None:
    """Makes systemd stop `stops` whenever and however the trial ends. Call it before anything is started."""
    orders = [f"/usr/bin/systemctl stop {' '.join(stops)}"] if stops else []
    if reload_after:  # the monitor forgets the project that the transient unit had named
        orders.append(f"-/usr/bin/systemctl try-reload-or-restart {MONITOR}")
    bound = [f"BindsTo={SCOPE}", f"After={SCOPE}", "Type=oneshot", "RemainAfterExit=yes"]
    properties = [*bound, *(f"ExecStop={order}" for order in orders)]
    options = [f"--property={each}" for each in properties]
    await _run("systemd-run", "--quiet", "--collect", f"--unit={GUARD}", *options, "--", "/bin/true")


async def start_transient(unit: str, project: str, user: Account, python: str) -> None:
    """Runs main.py as `unit`, which exists only until it stops."""
    await _run("systemd-run", "--quiet", "--collect", f"--unit={unit}", f"--uid={user.name}",
               f"--working-directory={project}", "--setenv=PYTHONUNBUFFERED=1", f"--property=BindsTo={SCOPE}",
               f"--property=After={SCOPE}", "--property=LogRateLimitIntervalSec=0",
               "--description=100-Tráfico (main.py), trafico-monitor trial", "--", python, "main.py")  # fmt: skip


async def start(unit: str) -> None:
    """Starts an installed unit and waits until it is active."""
    await _run("systemctl", "start", "--", unit)


async def reload(unit: str) -> None:
    """Reloads the configuration of a running unit."""
    await _run("systemctl", "reload", "--", unit)


async def stop(names: Sequence[str]) -> None:
    """Stops units one after the other; a missing one is not an error."""
    for unit in names:
        await subprocesses.run(["systemctl", "stop", "--", unit], seconds=_SECONDS)


async def _run(*argv: str) -> None:
    done = await subprocesses.run(argv, seconds=_SECONDS)
    if not done.ok:
        raise TrialError(text("trial.failed", order=" ".join(argv[:1]), reason=done.errors or str(done.code)))
