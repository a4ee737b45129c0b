"""systemd: properties of units (`systemctl show`, with a deadline), the notification socket, the bot's PYTHONPATH."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import sdnotify

from . import subprocesses

_BOOTED = Path("/run/systemd/system")  # sd_booted(3)
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r"}


def systemd_runs() -> bool:
    """True if systemd is PID 1 of this machine."""
    return _BOOTED.is_dir()


async def show_unit(unit: str, properties: Sequence[str], *, seconds: float = 5.0) -> dict[str, str] | None:
    """Returns the properties of `unit` as text; None if systemd is not running or does not answer.

    A missing unit is an answer: LoadState=not-found.
    """
    if not unit:  # systemctl would speak of the manager itself
        return None
    done = await subprocesses.run(
        ["systemctl", "show", "--no-pager", "--timestamp=unix", "-p", ",".join(properties), "--", unit],
        seconds=seconds,
    )
    return parse_properties(done.output) if done.ok else None


def parse_properties(output: str) -> dict[str, str]:
    """Converts the lines of `systemctl show` to a dict; a value may contain `=`. A repeated property
    (EnvironmentFiles) has one line per value."""
    found: dict[str, str] = {}
    for line in output.splitlines():
        name, equals, value = line.partition("=")
        if equals:
            found[name] = f"{found[name]}\n{value}" if name in found else value
    return found


def split_words(value: str) -> list[str]:
    """Returns the words of a list property; systemctl quotes a word with a blank, and escapes inside quotes."""
    return [plain or _unescaped(quoted) for quoted, plain in _WORD.findall(value)]


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: _LETTERS.get(match[1], match[1]), text)


def environment(said: Mapping[str, str]) -> dict[str, str]:
    """Returns the unit's Environment=, which its EnvironmentFile= overrides (systemd.exec(5))."""
    pairs = (word.partition("=") for word in split_words(said.get("Environment", "")))
    return {name: value for name, _, value in pairs}


def environment_files(said: Mapping[str, str]) -> list[Path]:
    """Returns the unit's EnvironmentFile= in order: the last one that sets a variable wins."""
    lines = said.get("EnvironmentFiles", "").splitlines()
    return [Path(line.rpartition(" (ignore_errors=")[0] or line) for line in lines]


_LONGEST_STATUS = 400


class Notifier:
    """sd_notify messages; does nothing without NOTIFY_SOCKET (a terminal, a test)."""

    def __init__(self) -> None:
        self._notifier = sdnotify.SystemdNotifier()

    def ready(self) -> None:
        self._notifier.notify("READY=1")

    def status(self, line: str) -> None:
        """Sends one line for `systemctl status`; a line break would end the assignment."""
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
    """Returns the seconds between two pings: a third of WatchdogSec; 0.0 without a watchdog."""
    usec = os.environ.get("WATCHDOG_USEC", "")
    if not usec.isdigit() or os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0.0
    return int(usec) / 3_000_000


INSTRUMENT_FOLDER = "/usr/lib/trafico-monitor/instrument"


def with_instrument(had: str, folder: str = INSTRUMENT_FOLDER) -> str:
    """Returns `had` with `folder` first and nowhere else. An empty entry is kept: to Python it is the current
    folder."""
    others = [entry for entry in had.split(":") if entry != folder] if had else []
    return ":".join([folder, *others])
