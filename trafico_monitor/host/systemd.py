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
    """True where systemd is PID 1 of this machine."""
    return _BOOTED.is_dir()


async def show_unit(unit: str, properties: Sequence[str], *, seconds: float = 5.0) -> dict[str, str] | None:
    """The properties of `unit`, as text; None where systemd does not run or does not answer.

    A unit that does not exist is an answer: LoadState=not-found.
    """
    if not unit:  # systemctl would speak of the manager itself
        return None
    done = await subprocesses.run(
        ["systemctl", "show", "--no-pager", "--timestamp=unix", "-p", ",".join(properties), "--", unit],
        seconds=seconds,
    )
    return parse_properties(done.output) if done.ok else None


def parse_properties(output: str) -> dict[str, str]:
    """`systemctl show`'s lines as a dict; a value may itself contain `=`. One that is said more than
    once (EnvironmentFiles) has a line for each."""
    found: dict[str, str] = {}
    for line in output.splitlines():
        name, equals, value = line.partition("=")
        if equals:
            found[name] = f"{found[name]}\n{value}" if name in found else value
    return found


def split_words(value: str) -> list[str]:
    """The words of a property that is a list; systemctl quotes one with a blank, and escapes in quotes."""
    return [plain or _unescaped(quoted) for quoted, plain in _WORD.findall(value)]


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: _LETTERS.get(match[1], match[1]), text)


def environment(said: Mapping[str, str]) -> dict[str, str]:
    """The unit's Environment=, of which its EnvironmentFile= take precedence (systemd.exec(5))."""
    pairs = (word.partition("=") for word in split_words(said.get("Environment", "")))
    return {name: value for name, _, value in pairs}


def environment_files(said: Mapping[str, str]) -> list[Path]:
    """The unit's EnvironmentFile=, in their order: the last one that sets a variable decides."""
    lines = said.get("EnvironmentFiles", "").splitlines()
    return [Path(line.rpartition(" (ignore_errors=")[0] or line) for line in lines]


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


INSTRUMENT_FOLDER = "/usr/lib/trafico-monitor/instrument"


def with_instrument(had: str, folder: str = INSTRUMENT_FOLDER) -> str:
    """`had` with `folder` in front and nowhere else. An empty entry stays: to Python it is the current folder."""
    others = [entry for entry in had.split(":") if entry != folder] if had else []
    return ":".join([folder, *others])


def has_instrument(path: str) -> bool:
    """True when a program that starts with this PYTHONPATH is instrumented."""
    return INSTRUMENT_FOLDER in path.split(":")
