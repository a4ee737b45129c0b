"""A false clock for the monitor, of libfaketime; what waits goes by the true one. (journald does not live
with one: it stops taking lines.)"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from .machine import Machine

LIBFAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
_OFFSET = "/opt/offset"


@contextlib.contextmanager
def false_clock(machine: Machine) -> Iterator[Callable[[float], None]]:
    """Yield what sets the clock off by so many seconds."""
    machine.path("/opt/libfaketime.so.1").write_bytes(LIBFAKETIME.read_bytes())
    offset = machine.path(_OFFSET)
    offset.write_text("+0\n")
    settings = (
        f"LD_PRELOAD=/opt/libfaketime.so.1 FAKETIME_TIMESTAMP_FILE={_OFFSET} FAKETIME_NO_CACHE=1 DONT_FAKE_MONOTONIC=1"
    )
    command = machine.sh("sed -n '/^ExecStart=/,/[^\\\\]$/p' /usr/lib/systemd/system/trafico-monitor.service")
    # Not in the environment of what begins as root: its semaphore is not for the user that goes on.
    started = command.replace("/usr/bin/trafico-monitor", f"/usr/bin/env {settings} /usr/bin/trafico-monitor")
    own = machine.path("/etc/systemd/system/trafico-monitor.service.d/clock.conf")
    own.write_text(f"[Service]\nExecStart=\n{started}\n")
    restart = "systemctl daemon-reload; systemctl restart trafico-monitor"
    machine.sh(restart, seconds=60)
    try:
        yield lambda seconds: _set(offset, seconds)
    finally:
        own.unlink()
        machine.sh(restart, seconds=60)


def _set(offset: Path, seconds: float) -> None:
    offset.write_text(f"{seconds:+.0f}\n")
