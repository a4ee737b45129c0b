"""Visibility gaps: what the monitor cannot see and since when, recorded and shown in one message. Pure.

Some gaps last until their end is reported (the reader is behind, the journal may not be read, the bot is silent);
others are moments (lines were dropped), and close when none has come for a while. The number of lines that journald
has dropped is never forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from ...messages import text
from ...model.alert import Notification, NotificationCode, Severity
from ...model.finding import Finding
from ..changeset_builder import ChangeSetBuilder

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


class VisibilityHandler:
    """`lines_lost` is called when lines are irrecoverably lost."""

    def __init__(self, account: VisibilityGaps, lines_lost: Callable[[], None]) -> None:
        self._account = account
        self._lines_lost = lines_lost

    def observe(self, finding: Finding, step: ChangeSetBuilder, now: float) -> None:
        """A reason not to see, or the end of one."""
        ended = ENDS.get(finding.code)
        if ended is not None:
            gone = self._account.end(ended)
            self._see_again((gone,) if gone else (), finding.at, step)
        elif finding.code == "reopened":  # nothing was lost by it
            step.event("blind", finding.at, 6, texto=_words(finding.code, finding.message, step))
        elif self._account.begin(finding) is not None:
            self._go_blind(finding, step)

    def expire(self, step: ChangeSetBuilder, now: float) -> None:
        """The moments of blindness that are over by `now`."""
        self._see_again(self._account.expire(now), now, step)

    def _go_blind(self, finding: Finding, step: ChangeSetBuilder) -> None:
        if finding.code == "cursor_gap":
            self._lines_lost()
        detail = _words(finding.code, finding.message, step)
        told = replace(finding, message=detail)
        if finding.code == UNIT_SILENT:
            step.event("unit_silent", finding.at, 4, unidad=finding.rule or "", texto=detail)
            step.tell("silence", NotificationCode.UNIT_SILENT, Severity.RECOVERABLE, told, int(finding.at))
            return
        step.event("blind", finding.at, 4, texto=detail)
        # One message tells all that holds: another reason must not take the place of the first.
        holding = [one for one in self._account.now.values() if not _of_unit(one)]
        told = replace(finding, message="; ".join(_words(one.code, one.detail, step) for one in holding))
        step.tell("blind", NotificationCode.BLIND, Severity.RECOVERABLE, told, self._account.thread(finding.at))

    def _see_again(self, gone: Sequence[VisibilityGap], at: float, step: ChangeSetBuilder) -> None:
        """Records that visibility gaps have closed and updates the notification that announced them."""
        for one in gone:
            code = NotificationCode.UNIT_SPEAKS if _of_unit(one) else NotificationCode.SIGHTED
            fields = {"texto": _words(one.code, one.detail, step), "segundos": f"{max(0.0, at - one.since):.0f}"}
            fields["unidad"] = one.unit
            step.event(code.value, at, 5, **fields)
            if _of_unit(one):
                talk = int(one.since)
                step.notices.append(Notification("silence", code, Severity.RECOVERABLE, at, talk, fields=fields))
            elif all(map(_of_unit, self._account.now.values())):
                told = {**fields, "desde": str(one.since), "hasta": str(at)}
                told["perdidas"] = str(one.dropped) if one.dropped else ""
                talk = self._account.talk
                step.notices.append(Notification("blind", code, Severity.RECOVERABLE, at, talk, fields=told))


def _of_unit(blind: VisibilityGap) -> bool:
    return blind.code == UNIT_SILENT


def _words(code: str, detail: str, step: ChangeSetBuilder) -> str:
    return text(f"blind.{code}", step.language, texto=detail)
