"""The one door to systemd's notification socket, by the sdnotify library."""

from __future__ import annotations

import os
import time

import sdnotify

_LONGEST_STATUS = 400


class Notifier:
    """Says nothing, harmlessly, where there is no NOTIFY_SOCKET (a terminal, a test)."""

    def __init__(self) -> None:
        self._notifier = sdnotify.SystemdNotifier()

    def ready(self) -> None:
        self._notifier.notify("READY=1")

    def status(self, line: str) -> None:
        """One line for `systemctl status`; a line break would end the assignment."""
        text = " ".join(line.split())[:_LONGEST_STATUS]
        # The library encodes as Latin-1 and swallows what it cannot: UTF-8 has to go in disguised.
        self._notifier.notify(f"STATUS={text}".encode().decode("latin-1"))

    def reloading(self) -> None:
        # systemd ≥ 253 wants the monotonic time with RELOADING=1 (sd_notify(3)); 252 ignores it.
        usec = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._notifier.notify(f"RELOADING=1\nMONOTONIC_USEC={usec}")

    def stopping(self) -> None:
        self._notifier.notify("STOPPING=1")

    def watchdog(self) -> None:
        self._notifier.notify("WATCHDOG=1")


def watchdog_interval() -> float:
    """Seconds between two pings: a third of WatchdogSec; 0.0 where nobody waits for them."""
    usec = os.environ.get("WATCHDOG_USEC", "")
    if not usec.isdigit() or os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0.0
    return int(usec) / 3_000_000
