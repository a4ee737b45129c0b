"""Visibility gaps: all current reasons, with their start. Pure.

Some reasons last until their end is reported (reader behind, journal unreadable, bot silent); others are momentary
(dropped lines) and end when none has occurred for a while. The total number of lines dropped by journald is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from ..model.finding import Finding

UNIT_SILENT = "unit_silent"
NO_ACCESS = "no_access"
# What ends a lasting reason.
ENDS: Mapping[str, str] = {"caught_up": "reader_behind", "readable": NO_ACCESS, "unit_speaks": UNIT_SILENT}
_LASTING = frozenset(ENDS.values())
# A moment of blindness is over after this long without another; a message about blindness is
# edited for this long, and after that a new one.
OVER_SECONDS = 600.0
_DROPPED = re.compile(r"Suppressed (\d{1,12}) ")


@dataclass(slots=True)
class VisibilityGap:
    """One reason: `count` is its number of reports, `dropped` the lines lost by it; `detail` is from the last
    finding, `unit` its subject."""

    code: str
    since: float
    last: float
    detail: str = ""
    unit: str = ""
    count: int = 1
    dropped: int = 0


class VisibilityGaps:
    def __init__(self) -> None:
        self.now: dict[str, VisibilityGap] = {}
        self.dropped = 0  # lines that journald has dropped, in all
        self._thread = 0.0

    def begin(self, finding: Finding) -> VisibilityGap | None:
        """Adds a reason; None if it is already open and reported."""
        dropped = _dropped(finding.message) if finding.code == "suppressed" else 0
        self.dropped += dropped
        known = self.now.get(finding.code)
        if known is None:
            blind = VisibilityGap(
                finding.code, finding.at, finding.at, finding.message, finding.rule or "", 1, dropped
            )
            self.now[finding.code] = blind
            return blind
        known.last, known.detail = max(known.last, finding.at), finding.message
        if finding.code in _LASTING:
            return None
        known.count += 1
        known.dropped += dropped
        return known

    def end(self, code: str) -> VisibilityGap | None:
        """The reason `code` is gone; None when it was not there."""
        return self.now.pop(code, None)

    def expire(self, now: float) -> tuple[VisibilityGap, ...]:
        """Takes out the moments that are over by `now`."""
        over = [one for one in self.now.values() if one.code not in _LASTING and now - one.last > OVER_SECONDS]
        return tuple(self.now.pop(one.code) for one in over)

    def thread(self, at: float) -> int:
        """The conversation that a message at `at` belongs to."""
        if not 0 <= at - self._thread <= OVER_SECONDS:
            self._thread = at
        return int(self._thread)

    @property
    def talk(self) -> int:
        """The conversation that was last spoken in."""
        return int(self._thread)

    def snapshot(self) -> dict[str, object]:
        """All of it, JSON-able."""
        return {"now": [asdict(one) for one in self.now.values()], "dropped": self.dropped, "thread": self._thread}

    def restore(self, data: Mapping[str, object]) -> None:
        """Restores a `snapshot`; missing parts count as empty."""
        now, dropped, thread = (data.get(name) for name in ("now", "dropped", "thread"))
        self.now = {one["code"]: VisibilityGap(**one) for one in now} if isinstance(now, list) else {}
        self.dropped = dropped if isinstance(dropped, int) else 0
        self._thread = float(thread) if isinstance(thread, int | float) else 0.0


def _dropped(message: str) -> int:
    match = _DROPPED.match(message)
    return int(match[1]) if match else 0
