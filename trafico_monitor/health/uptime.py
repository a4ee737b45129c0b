"""For how long bot, Bot API server and monitor have been up on each of the last days. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

from ..model.uptime import Day, Uptime

DAYS = 90
# A restart of the monitor, which goes on where it stopped reading, or a round that came late.
SHORT = 180.0
BOT, SERVER, MONITOR = "bot", "server", "monitor"
PARTS = (BOT, SERVER, MONITOR)


class UptimeCounter:
    """`observe` takes each round of checks. The time since the one before counts as it is now; a longer time, in which
    nobody looked, is one without the monitor."""

    def __init__(self, stored: str = "") -> None:
        self._last, self._days = _read(stored)

    def observe(self, at: float, up: Mapping[str, bool | None], short: float = SHORT) -> None:
        """`up` says whether bot and server are, None where nobody knows. `short` is the longest time between two
        rounds."""
        last, self._last = self._last, at
        if last is None or at <= last:
            return  # the clock was set back
        looked = at - last <= short
        for day, seconds in _by_day(max(last, at - DAYS * 86400), at):
            for part in PARTS:
                known = looked if part == MONITOR else up.get(part) if looked else None
                if known is not None:
                    counted = self._days.setdefault(part, {}).setdefault(day, [0.0, 0.0])
                    counted[0 if known else 1] += seconds
        first = (_date(at) - timedelta(days=DAYS - 1)).isoformat()
        self._days = {part: {day: n for day, n in days.items() if day >= first} for part, days in self._days.items()}

    def view(self) -> tuple[Uptime, ...]:
        """Of each part that something is known of its days, in their order."""
        return tuple(
            Uptime(part, tuple(Day(day, round(up, 1), round(down, 1)) for day, (up, down) in sorted(days.items())))
            for part in PARTS
            if (days := self._days.get(part))
        )

    def stored(self) -> str:
        """What the next counter begins with."""
        days = {part: {day: [round(n, 1) for n in one] for day, one in of.items()} for part, of in self._days.items()}
        return json.dumps({"last": self._last, "days": days}, separators=(",", ":"))


def _read(stored: str) -> tuple[float | None, dict[str, dict[str, list[float]]]]:
    try:
        held = json.loads(stored or "{}")
        days = {
            part: {date.fromisoformat(day).isoformat(): [float(up), float(down)] for day, (up, down) in of.items()}
            for part, of in held.get("days", {}).items()
            if part in PARTS
        }
        return None if held.get("last") is None else float(held["last"]), days
    except (ValueError, TypeError, AttributeError):
        return None, {}


def _date(at: float) -> date:
    return datetime.fromtimestamp(at, UTC).astimezone().date()


def _by_day(begin: float, end: float) -> Iterator[tuple[str, float]]:
    """The seconds of [begin, end) on each day of this machine's zone."""
    while begin < end:
        day = _date(begin)
        midnight = datetime.combine(day + timedelta(days=1), datetime.min.time()).timestamp()
        until = min(end, midnight)
        yield day.isoformat(), until - begin
        begin = until
