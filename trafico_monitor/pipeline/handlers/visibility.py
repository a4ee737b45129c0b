"""Handler: visibility gaps open or close; each is recorded and notified in one message. Pure.

`pipeline/visibility.py` tracks the reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ...messages import text
from ...model.alert import Notification, NotificationCode, Severity
from ...model.finding import Finding
from .. import visibility
from ..changeset_builder import ChangeSetBuilder
from ..visibility import VisibilityGap, VisibilityGaps


class VisibilityHandler:
    """`lines_lost` is called when lines are irrecoverably lost."""

    def __init__(self, account: VisibilityGaps, lines_lost: Callable[[], None]) -> None:
        self._account = account
        self._lines_lost = lines_lost

    def observe(self, finding: Finding, step: ChangeSetBuilder, now: float) -> None:
        """A reason not to see, or the end of one."""
        ended = visibility.ENDS.get(finding.code)
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
        if finding.code == visibility.UNIT_SILENT:
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
    return blind.code == visibility.UNIT_SILENT


def _words(code: str, detail: str, step: ChangeSetBuilder) -> str:
    return text(f"blind.{code}", step.language, texto=detail)
