"""Text as journal entries: a plain log file, or journalctl's short format. Pure.

A plain file is one process of the bot, one entry a line. In the short format each line carries
its own process, and PID 1 is systemd about the unit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from ..host.torn import LineRedactor
from ..model.journal_entry import JournalEntry, Origin

APART_SECONDS = 0.005
PLAIN_PID = 2
# The short format has no year; a leap year knows every date.
_YEAR = 2024
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SHORT = re.compile(
    r"(?P<month>[A-Z][a-z]{2}) (?P<day>[ 0-9]\d) (?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.\d{1,6})? "
    r"(?P<host>\S{1,255}) (?P<name>[^\[\]:]{1,255}?)(?:\[(?P<pid>\d{1,10})\])?: ?(?P<message>.*)",
    re.DOTALL,
)
_ORIGINS = {"systemd": Origin.MANAGER, "systemd-journald": Origin.JOURNALD}


def entries(lines: Iterable[str], base: float = 0.0) -> Iterator[JournalEntry]:
    """The entries of `lines` (without their line ends), redacted; cursors are `line:N` from 1.

    Empty lines and journalctl's own remarks (`-- Boot … --`) are left out. `base` is the time of
    the first line where the lines tell none, in seconds since the epoch; they are 5 ms apart.
    """
    at, door = base, LineRedactor()
    for number, raw in enumerate(lines, 1):
        line = raw.rstrip("\r\n").replace("\0", "")
        if not line.strip() or (line.startswith("-- ") and line.endswith(" --")):
            continue
        cursor = f"line:{number}"
        match = _SHORT.fullmatch(line)
        if match is None:
            at += APART_SECONDS
            text = door.line(line, PLAIN_PID)
            yield JournalEntry(text, PLAIN_PID, at, cursor, shortened=max(0, len(line) - len(text)))
            continue
        at = max(at, _time(match, at))
        name = match["name"].strip()
        pid = int(match["pid"] or 0)
        text = door.line(match["message"], pid)
        shortened = max(0, len(match["message"]) - len(text))
        yield JournalEntry(text, pid, at, cursor, _origin(name, pid), shortened=shortened)


def _origin(name: str, pid: int) -> Origin:
    if name == "systemd" and pid != 1:
        return Origin.BOT  # a user manager is not PID 1
    return _ORIGINS.get(name, Origin.BOT)


def _time(match: re.Match[str], otherwise: float) -> float:
    try:
        moment = datetime(
            _YEAR,
            _MONTHS.index(match["month"]) + 1,
            int(match["day"]),
            int(match["hour"]),
            int(match["minute"]),
            int(match["second"]),
            tzinfo=UTC,
        )
    except ValueError:
        return otherwise
    return moment.timestamp()
